"""Lives of EKS: clusters, access, node groups, add-ons, pod identities."""

import json
from typing import Any

from tests.local.providers.aws.lives import Life

POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


def role(engine: Any, service: str, *policies: str) -> Any:
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": ["sts:AssumeRole", "sts:TagSession"]}]}
    made = engine.create("aws:iam/role:Role", {"assumeRolePolicy": json.dumps(trust)})
    for policy in policies:
        engine.create("aws:iam/rolePolicyAttachment:RolePolicyAttachment", {"role": made.id, "policyArn": f"arn:aws:iam::aws:policy/{policy}"})
    return made


def subnets(engine: Any) -> list[str]:
    vpc = engine.create("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"})
    zones = ("euc1-az1", "euc1-az2")
    return [
        engine.create("aws:ec2/subnet:Subnet", {"vpcId": vpc.id, "cidrBlock": f"10.0.{n}.0/24", "availabilityZoneId": zone}).id for n, zone in enumerate(zones)
    ]


def cluster_inputs(engine: Any) -> dict[str, Any]:
    return {
        "roleArn": role(engine, "eks.amazonaws.com", "AmazonEKSClusterPolicy").outputs["arn"],
        "version": "1.35",
        "vpcConfig": {"subnetIds": subnets(engine), "endpointPrivateAccess": True, "endpointPublicAccess": False},
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        "bootstrapSelfManagedAddons": False,
        "enabledClusterLogTypes": ["api", "audit"],
        "upgradePolicy": {"supportType": "STANDARD"},
        "deletionProtection": False,
    }


def cluster(engine: Any) -> Any:
    return engine.create("aws:eks/cluster:Cluster", cluster_inputs(engine))


def node_group_inputs(engine: Any) -> dict[str, Any]:
    made = cluster(engine)
    return {
        "clusterName": made.id,
        "nodeRoleArn": role(engine, "ec2.amazonaws.com", "AmazonEKSWorkerNodePolicy").outputs["arn"],
        "subnetIds": made.inputs["vpcConfig"]["subnetIds"],
        "scalingConfig": {"minSize": 1, "desiredSize": 1, "maxSize": 3},
        "instanceTypes": ["m7i.large"],
        "amiType": "AL2023_x86_64_STANDARD",
        "labels": {"a": "1", "b": "2"},
        "taints": [{"key": "dedicated", "value": "x", "effect": "NO_SCHEDULE"}],
        "updateConfig": {"maxUnavailable": 1},
    }


def addon_inputs(engine: Any) -> dict[str, Any]:
    return {
        "clusterName": cluster(engine).id,
        "addonName": "vpc-cni",
        "configurationValues": json.dumps({"env": {"WARM_PREFIX_TARGET": "1"}}),
        "podIdentityAssociations": [{"roleArn": role(engine, "pods.eks.amazonaws.com").outputs["arn"], "serviceAccount": "aws-node"}],
        "resolveConflictsOnCreate": "OVERWRITE",
    }


def entry_inputs(engine: Any) -> dict[str, Any]:
    return {"clusterName": cluster(engine).id, "principalArn": role(engine, "ec2.amazonaws.com").outputs["arn"]}


def association_inputs(engine: Any) -> dict[str, Any]:
    inputs = entry_inputs(engine)
    engine.create("aws:eks/accessEntry:AccessEntry", inputs)
    return {**inputs, "policyArn": POLICY, "accessScope": {"type": "cluster"}}


def identity_inputs(engine: Any) -> dict[str, Any]:
    arn = role(engine, "pods.eks.amazonaws.com").outputs["arn"]
    return {"clusterName": cluster(engine).id, "namespace": "shop", "serviceAccount": "api", "roleArn": arn}


def eks(engine: Any) -> Any:
    return engine.client("eks")


LIVES = (
    Life(
        "aws:eks/cluster:Cluster",
        inputs=cluster_inputs,
        seen=lambda engine, made: eks(engine).describe_cluster(name=made.id),
        update={"version": "1.36", "enabledClusterLogTypes": ["api", "audit", "scheduler"], "upgradePolicy": {"supportType": "EXTENDED"}, "tags": {"b": "2"}},
        replace={"bootstrapSelfManagedAddons": True},
        wrong=("upgradePolicy", {"supportType": "FOREVER"}),
    ),
    Life(
        "aws:eks/nodeGroup:NodeGroup",
        inputs=node_group_inputs,
        seen=lambda engine, made: eks(engine).describe_nodegroup(clusterName=made.id.split(":")[0], nodegroupName=made.id.split(":")[1]),
        update={
            "scalingConfig": {"minSize": 2, "desiredSize": 2, "maxSize": 4},
            "labels": {"a": "3"},
            "taints": [{"key": "dedicated", "value": "y", "effect": "NO_SCHEDULE"}],
            "tags": {"b": "2"},
        },
        replace={"instanceTypes": ["m7i.xlarge"]},
        wrong=("amiType", "AL2023_X86"),
    ),
    Life(
        "aws:eks/addon:Addon",
        inputs=addon_inputs,
        seen=lambda engine, made: eks(engine).describe_addon(clusterName=made.id.split(":")[0], addonName=made.id.split(":")[1]),
        update={"configurationValues": json.dumps({"env": {"WARM_PREFIX_TARGET": "2"}}), "podIdentityAssociations": [], "tags": {"b": "2"}},
        replace={"addonName": "kube-proxy"},
        wrong=("configurationValues", "{not json"),
    ),
    Life(
        "aws:eks/accessEntry:AccessEntry",
        inputs=entry_inputs,
        seen=lambda engine, made: eks(engine).describe_access_entry(clusterName=made.inputs["clusterName"], principalArn=made.inputs["principalArn"]),
        update={"kubernetesGroups": ["viewers"], "tags": {"b": "2"}},
        replace={"type": "EC2_LINUX"},
        wrong=("kubernetesGroups", "viewers"),
    ),
    Life(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        inputs=association_inputs,
        seen=lambda engine, made: eks(engine).list_associated_access_policies(clusterName=made.inputs["clusterName"], principalArn=made.inputs["principalArn"])[
            "associatedAccessPolicies"
        ],
        replace={"accessScope": {"type": "namespace", "namespaces": ["shop"]}},
        wrong=("accessScope", {"type": "galaxy"}),
    ),
    Life(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        inputs=identity_inputs,
        seen=lambda engine, made: eks(engine).describe_pod_identity_association(clusterName=made.inputs["clusterName"], associationId=made.id),
        update={"disableSessionTags": True, "tags": {"b": "2"}},
        replace={"serviceAccount": "worker"},
        wrong=("disableSessionTags", "perhaps"),
    ),
)
