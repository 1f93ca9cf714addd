"""A change to the real foundation's program for each policy, all in one run: what a hurried pull request would do."""

import json
from collections.abc import Callable
from typing import Any

Props = dict[str, Any]


def _statement(props: Props, key: str, **changes: Any) -> Props:
    """A policy document's last statement changed, where it is known already."""
    if not isinstance(props[key], str):
        return props
    document = json.loads(props[key])
    document["Statement"][-1] |= changes
    return {**props, key: json.dumps(document)}


def _without(props: Props, name: str) -> Props:
    return {key: value for key, value in props.items() if key != name}


# Policy -> the resource of the real foundation (type, logical name) and what happens to its properties.
CHANGED: dict[str, tuple[str, str, Callable[[Props], Props]]] = {
    "encryption-at-rest": (
        "aws:ec2/launchTemplate:LaunchTemplate",
        "general-template",
        lambda props: {**props, "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 100, "encrypted": "false"}}]},
    ),
    "customer-keys": ("aws:ecr/repository:Repository", "shop-repository", lambda props: {**props, "encryptionConfigurations": [{"encryptionType": "AES256"}]}),
    "no-public-buckets": ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "models-access-block", lambda props: {**props, "blockPublicAcls": False}),
    "no-public-endpoints": (
        "aws:eks/cluster:Cluster",
        "cluster",
        lambda props: {**props, "vpcConfig": {**props["vpcConfig"], "publicAccessCidrs": ["0.0.0.0/0"]}},
    ),
    "tls-only": ("aws:s3/bucketPolicy:BucketPolicy", "models-policy", lambda props: _statement(props, "policy", Action="s3:GetObject")),
    "no-ssh-from-anywhere": (
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "network-endpoints",
        lambda props: {**props, "cidrIpv4": "0.0.0.0/0", "fromPort": 22, "toPort": 22},
    ),
    "no-wildcard-actions": ("aws:iam/rolePolicy:RolePolicy", "cluster-secrets", lambda props: _statement(props, "policy", Action="kms:*")),
    "no-wildcard-resources": (
        "aws:iam/rolePolicy:RolePolicy",
        "network-flow-logs",
        lambda props: _statement(props, "policy", Action="logs:PutLogEvents", Resource="*"),
    ),
    "no-admin-on-workloads": (
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "cluster-nodes-worker",
        lambda props: {**props, "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    ),
    "ci-trust-bound": ("aws:iam/role:Role", "delivery-deploy", lambda props: _statement(props, "assumeRolePolicy", Condition=_ANY_REPOSITORY)),
    "imdsv2": ("aws:ec2/launchTemplate:LaunchTemplate", "system-template", lambda props: {**props, "metadataOptions": {"httpTokens": "optional"}}),
    "node-ami-supported": (
        "aws:eks/nodeGroup:NodeGroup",
        "general-nodes",
        lambda props: {key: value for key, value in props.items() if key != "releaseVersion"},
    ),
    "control-plane-logs": ("aws:eks/cluster:Cluster", "cluster", lambda props: {**props, "enabledClusterLogTypes": ["api"]}),
    "kubernetes-supported": ("aws:eks/nodeGroup:NodeGroup", "system-nodes", lambda props: {**props, "version": "1.33"}),
    "gpu-instance-types": ("aws:eks/nodeGroup:NodeGroup", "gpu-nodes", lambda props: {**props, "instanceTypes": ["p5.48xlarge"]}),
    "gpu-budget": ("aws:eks/nodeGroup:NodeGroup", "gpu-nodes", lambda props: {**props, "scalingConfig": {**props["scalingConfig"], "maxSize": 30}}),
    "immutable-tags": ("aws:ecr/repository:Repository", "models/churn-repository", lambda props: {**props, "imageTagMutability": "MUTABLE"}),
    "deletion-protection": ("aws:s3/bucket:Bucket", "datasets-bucket", lambda props: {**props, "forceDestroy": True}),
    "single-zone": ("aws:eks/nodeGroup:NodeGroup", "general-nodes", lambda props: {**props, "subnetIds": props["subnetIds"][:1]}),
    "required-tags": ("aws:ec2/vpc:Vpc", "network-vpc", lambda props: {**props, "tags": {**props["tags"], "commonground:project": ""}}),
}
_ANY_REPOSITORY = {
    "StringLike": {"token.actions.githubusercontent.com:sub": "repo:your-organization/*"},
    "StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
}
MADE = ("gpu-pods", "pods-resources", "pods-probes", "pods-non-root", "pods-read-only-root", "images-pinned", "images-from-registries", "parity")
"""Policies that a pod beside the foundation violates, which the program below makes."""
PUBLIC = "no-public-repositories"
SECRET = "seeded-secret-value"


def seed(args: Any) -> Any:
    """A transform of the whole stack."""
    import pulumi

    changes = [change for type_, name, change in CHANGED.values() if (type_, name) == (args.type_, args.name)]
    if args.type_ == "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate":
        changes.append(lambda props: {**props, "repositoryPolicy": _EVERYBODY})
    if not changes:
        return None
    props = dict(args.props)
    for change in changes:
        props = change(props)
    return pulumi.ResourceTransformResult(props=props, opts=args.opts)


_EVERYBODY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]})
