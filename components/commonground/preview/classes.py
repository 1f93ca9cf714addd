"""What a change means to a reviewer, as tables: which operation or property of which type puts it in which class, and why.

What an update does is told by the services' own pages: Amazon EKS User Guide, "Update a managed node group" and "Update existing cluster to new
Kubernetes version"; Kubernetes documentation, "Performing a Rolling Update".
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from commonground.engine.report import MISSING, at
from commonground.engine.steps import Op, Step
from commonground.preview.conditions import (
    Condition,
    always,
    appears,
    becomes,
    fewer,
    goes,
    grants_less,
    grants_more,
    lowered,
    more,
    raised,
    switched_off,
    switched_on,
    was,
)
from commonground.preview.holders import HOLDS_DATA, PROTECTIONS
from commonground.preview.model import Class, Reason

COSMETIC, COST_DOWN, COST_UP, DATA = Class.COSMETIC, Class.COST_DOWN, Class.COST_UP, Class.DATA
DOWNTIME, NARROWER, OTHER, WIDER = Class.DOWNTIME, Class.NARROWER, Class.OTHER, Class.WIDER
MADE, GONE, ANEW = frozenset({Op.CREATE}), frozenset({Op.DELETE}), frozenset({Op.REPLACE})


@dataclass(frozen=True)
class Whole:
    """A class by what happens to a resource as a whole."""

    type: str
    """Type; `*` stands for any text, `|` for or."""
    ops: frozenset[Op]
    kind: Class
    why: str


@dataclass(frozen=True)
class Part:
    """A class by what happens to a property, in an update or a replacement."""

    type: str
    path: str
    """Property path without indexes; `*` stands for one name. Its whole value is looked at, whatever differs in it."""
    kind: Class
    why: str
    when: Condition = always


NODE_GROUP, CLUSTER = "aws:eks/nodeGroup:NodeGroup", "aws:eks/cluster:Cluster"
RULES_IN = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
RULES = f"{RULES_IN}|aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule|aws:ec2/securityGroupRule:SecurityGroupRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup|aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
ATTACHED = "aws:iam/*PolicyAttachment:*|aws:iam/policyAttachment:PolicyAttachment"
ACCESS = "aws:eks/accessEntry:AccessEntry|aws:eks/accessPolicyAssociation:AccessPolicyAssociation|aws:eks/podIdentityAssociation:PodIdentityAssociation"
IAM_POLICY = "aws:iam/rolePolicy:RolePolicy|aws:iam/policy:Policy|aws:iam/userPolicy:UserPolicy|aws:iam/groupPolicy:GroupPolicy"
RESOURCE_POLICY = "aws:s3/bucketPolicy:BucketPolicy|aws:kms/keyPolicy:KeyPolicy|aws:ecr/repositoryPolicy:RepositoryPolicy|aws:sns/topicPolicy:TopicPolicy"
RESOURCE_POLICY += (
    "|aws:sqs/queuePolicy:QueuePolicy|aws:ecr/registryPolicy:RegistryPolicy|aws:secretsmanager/secretPolicy:SecretPolicy|aws:lambda/permission:Permission"
)
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:*RoleBinding"
ROLE = "kubernetes:rbac.authorization.k8s.io/v1:Role|kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
NET_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock|aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
SERVING = "kubernetes:apps/v1:*|kubernetes:core/v1:Service|kubernetes:core/v1:Pod|kubernetes:networking.k8s.io/v1:Ingress|aws:lb/*|aws:alb/*|aws:ecs/*"
NETWORKING = (
    "aws:ec2/vpc:Vpc|aws:ec2/subnet:Subnet|aws:ec2/natGateway:NatGateway|aws:ec2/internetGateway:InternetGateway|aws:ec2/route*|aws:ec2/vpcEndpoint:VpcEndpoint"
)
NETWORKING += "|aws:ec2/eip:Eip|aws:ec2/vpcEndpointRouteTableAssociation:*|aws:ec2/mainRouteTableAssociation:*"
SOFTWARE = "aws:eks/addon:Addon|kubernetes:helm.sh/*|kubernetes:storage.k8s.io/*|kubernetes:scheduling.k8s.io/*"
COSTLY = f"{NODE_GROUP}|{CLUSTER}|aws:ec2/natGateway:NatGateway|aws:ec2/instance:Instance|aws:lb/loadBalancer:LoadBalancer|aws:rds/*|aws:elasticache/*"
LIGHT = "|".join(
    (
        *(RULES, ATTACHED, ACCESS, IAM_POLICY, RESOURCE_POLICY, BINDING, ROLE, NET_POLICY, BLOCK),
        "aws:ec2/launchTemplate:LaunchTemplate|aws:autoscaling/tag:Tag|aws:kms/alias:Alias|aws:ec2/tag:Tag|aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "kubernetes:core/v1:ConfigMap|kubernetes:core/v1:ResourceQuota|kubernetes:core/v1:LimitRange|pulumi:providers:*",
    )
)
"""Types whose replacement interrupts nobody."""

WHOLES: tuple[Whole, ...] = (
    Whole(RULES, MADE, WIDER, "traffic is let through that was not"),
    Whole(RULES, GONE, NARROWER, "traffic is not let through any more"),
    Whole(f"{IAM_POLICY}|{ATTACHED}", MADE, WIDER, "a role may do more"),
    Whole(f"{IAM_POLICY}|{ATTACHED}", GONE, NARROWER, "a role may do less"),
    Whole(RESOURCE_POLICY, MADE, WIDER, "it says who may use the resource"),
    Whole("aws:s3/bucketPolicy:BucketPolicy", GONE, WIDER, "what the policy refused is not refused any more"),
    Whole(ACCESS, MADE, WIDER, "a principal gets in that did not"),
    Whole(ACCESS, GONE, NARROWER, "a principal does not get in any more"),
    Whole(BINDING, MADE, WIDER, "subjects get a role in the cluster"),
    Whole(BINDING, GONE, NARROWER, "subjects lose a role in the cluster"),
    Whole(NET_POLICY, MADE, NARROWER, "pods are reached by those named only"),
    Whole(NET_POLICY, GONE, WIDER, "traffic is not refused any more"),
    Whole(BLOCK, MADE, NARROWER, "public access is refused"),
    Whole(BLOCK, GONE, WIDER, "public access is not refused any more"),
    Whole(f"{CLUSTER}|{NODE_GROUP}", GONE, DOWNTIME, "what runs on it stops"),
    Whole(SERVING, GONE, DOWNTIME, "what it serves stops"),
    Whole(NETWORKING, GONE, DOWNTIME, "traffic that took this way stops"),
    Whole(SOFTWARE, GONE, DOWNTIME, "the cluster's software goes"),
    Whole(COSTLY, MADE, COST_UP, "it costs by the hour"),
    Whole(COSTLY, GONE, COST_DOWN, "it costs nothing any more"),
)

IMAGE_PATHS = ("spec.template.spec.containers", "spec.template.spec.initContainers")

PARTS: tuple[Part, ...] = (
    # Nodes: EKS rolls them when the launch template's version, the AMI release or the Kubernetes version changes.
    *(Part(NODE_GROUP, path, DOWNTIME, "its nodes are replaced, a few at a time") for path in ("launchTemplate.version", "releaseVersion", "version")),
    Part(NODE_GROUP, "launchTemplate", DOWNTIME, "its nodes are replaced, a few at a time"),
    Part(NODE_GROUP, "scalingConfig.minSize", COST_UP, "more nodes run at all times", raised),
    Part(NODE_GROUP, "scalingConfig.minSize", COST_DOWN, "fewer nodes run at all times", lowered),
    Part(NODE_GROUP, "scalingConfig.desiredSize", COST_UP, "more nodes run", raised),
    Part(NODE_GROUP, "scalingConfig.desiredSize", DOWNTIME, "nodes are drained", lowered),
    Part(NODE_GROUP, "capacityType", COST_UP, "on demand instead of spot", becomes("ON_DEMAND")),
    Part(NODE_GROUP, "capacityType", COST_DOWN, "spot instead of on demand", becomes("SPOT")),
    # The cluster.
    Part(CLUSTER, "version", DOWNTIME, "the control plane is upgraded: its API answers from new addresses, and there is no way back"),
    Part(CLUSTER, "vpcConfig.publicAccessCidrs", WIDER, "more addresses reach its API", more),
    Part(CLUSTER, "vpcConfig.publicAccessCidrs", NARROWER, "fewer addresses reach its API", fewer),
    Part(CLUSTER, "vpcConfig.endpointPublicAccess", WIDER, "its API is public", switched_on),
    Part(CLUSTER, "vpcConfig.endpointPublicAccess", NARROWER, "its API is not public any more", switched_off),
    Part(CLUSTER, "vpcConfig.subnetIds", DOWNTIME, "the control plane's network interfaces move; EKS refuses subnets of another VPC"),
    Part(CLUSTER, "vpcConfig.endpointPrivateAccess", DOWNTIME, "nodes reach its API by another way"),
    Part(CLUSTER, "enabledClusterLogTypes", WIDER, "less of what it does is logged", fewer),
    Part(CLUSTER, "enabledClusterLogTypes", NARROWER, "more of what it does is logged", more),
    Part(CLUSTER, "upgradePolicy.supportType", COST_UP, "extended support costs by the hour", becomes("EXTENDED")),
    Part(CLUSTER, "upgradePolicy.supportType", DOWNTIME, "it is upgraded by itself when standard support ends", becomes("STANDARD")),
    Part("aws:eks/addon:Addon", "addonVersion", DOWNTIME, "its pods are replaced, a few at a time"),
    Part("aws:eks/addon:Addon", "configurationValues", DOWNTIME, "its pods are replaced, a few at a time"),
    Part("aws:eks/accessEntry:AccessEntry", "kubernetesGroups", WIDER, "the principal is in more groups", more),
    Part("aws:eks/accessEntry:AccessEntry", "kubernetesGroups", NARROWER, "the principal is in fewer groups", fewer),
    Part("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "policyArn", WIDER, "the principal has another policy"),
    Part("aws:eks/*", "principalArn", WIDER, "another principal gets in"),
    # Who may do what.
    Part(IAM_POLICY, "policy", WIDER, "it allows more", grants_more),
    Part(IAM_POLICY, "policy", NARROWER, "it allows less", grants_less),
    Part(RESOURCE_POLICY, "policy", WIDER, "it allows more", grants_more),
    Part(RESOURCE_POLICY, "policy", NARROWER, "it allows less", grants_less),
    Part("aws:iam/role:Role", "assumeRolePolicy", WIDER, "more can take the role, or under other conditions", grants_more),
    Part("aws:iam/role:Role", "assumeRolePolicy", NARROWER, "fewer can take the role, or under other conditions", grants_less),
    Part("aws:iam/role:Role", "managedPolicyArns", WIDER, "the role may do more", more),
    Part("aws:iam/role:Role", "managedPolicyArns", NARROWER, "the role may do less", fewer),
    Part("aws:iam/role:Role", "permissionsBoundary", WIDER, "nothing bounds the role any more", goes),
    Part("aws:iam/role:Role", "permissionsBoundary", NARROWER, "the role is bounded", appears),
    Part("aws:iam/role:Role", "maxSessionDuration", WIDER, "sessions last longer", raised),
    Part("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "clientIdLists", WIDER, "tokens for more audiences are taken", more),
    Part(ROLE, "rules", WIDER, "the role may do more in the cluster", more),
    Part(ROLE, "rules", NARROWER, "the role may do less in the cluster", fewer),
    Part(BINDING, "subjects", WIDER, "more subjects have the role", more),
    Part(BINDING, "subjects", NARROWER, "fewer subjects have the role", fewer),
    # What reaches what.
    *(Part(GROUP, path, WIDER, "traffic is let through that was not", more) for path in ("ingress", "egress")),
    *(Part(GROUP, path, NARROWER, "traffic is not let through any more", fewer) for path in ("ingress", "egress")),
    *(
        Part(RULES, path, WIDER, "other traffic is let through")
        for path in ("cidrIpv4", "cidrIpv6", "fromPort", "toPort", "ipProtocol", "cidrBlocks", "protocol")
    ),
    Part(NET_POLICY, "spec.ingress", WIDER, "pods are reached by more", more),
    Part(NET_POLICY, "spec.ingress", NARROWER, "pods are reached by fewer", fewer),
    Part(NET_POLICY, "spec.egress", WIDER, "pods reach more", more),
    Part(NET_POLICY, "spec.egress", NARROWER, "pods reach less", fewer),
    Part("aws:ec2/subnet:Subnet", "mapPublicIpOnLaunch", WIDER, "instances get public addresses", switched_on),
    *(
        Part(BLOCK, path, kind, why, when)
        for path in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        for kind, why, when in ((WIDER, "public access is not refused any more", switched_off), (NARROWER, "public access is refused", switched_on))
    ),
    Part("aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions.httpTokens", WIDER, "instance metadata answers without a token", was("required")),
    Part("aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions.httpTokens", NARROWER, "instance metadata wants a token", becomes("required")),
    Part("aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions.httpPutResponseHopLimit", WIDER, "pods reach the instance's metadata", raised),
    Part("aws:ecr/repository:Repository", "imageTagMutability", WIDER, "a tag can come to name another image", was("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION")),
    Part("aws:ecr/repository:Repository", "imageTagMutability", NARROWER, "a tag names one image for good", becomes("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION")),
    Part("aws:kms/key:Key", "enableKeyRotation", WIDER, "the key is not rotated any more", switched_off),
    Part("kubernetes:core/v1:Namespace", "metadata.labels.pod-security.kubernetes.io/enforce", WIDER, "pods may do more", was("restricted")),
    Part("kubernetes:core/v1:Namespace", "metadata.labels.pod-security.kubernetes.io/enforce", NARROWER, "pods may do less", becomes("restricted")),
    # What holds data.
    Part("aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration.status", DATA, "what is overwritten is lost", was("Enabled")),
    Part("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "rules", DATA, "other objects are deleted, or sooner"),
    Part("aws:ecr/lifecyclePolicy:LifecyclePolicy", "policy", DATA, "other images are deleted, or sooner"),
    Part("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", DATA, "older logs are deleted", lowered),
    Part("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", COST_UP, "more logs are kept", raised),
    Part("aws:kms/key:Key", "deletionWindowInDays", DATA, "a deleted key is lost sooner", lowered),
    *(Part(type_, path, DATA, "it goes with what is in it", switched_on) for type_, path in PROTECTIONS.items() if path.startswith("force")),
    *(
        Part(type_, path, DATA, "the service does not refuse to delete it any more", switched_off)
        for type_, path in PROTECTIONS.items()
        if path.startswith("del")
    ),
    # Workloads: Kubernetes replaces pods a few at a time; a strategy of its own says otherwise.
    *(Part("kubernetes:apps/v1:*|kubernetes:batch/v1:*", path, OTHER, "its pods are replaced, a few at a time") for path in IMAGE_PATHS),
    Part("kubernetes:apps/v1:*", "spec.replicas", DOWNTIME, "it runs no pod any more", becomes(0)),
    Part("kubernetes:apps/v1:*", "spec.strategy.type", DOWNTIME, "its pods are stopped before new ones start", becomes("Recreate")),
    # Words.
    Part("kubernetes:*", "metadata.annotations", COSMETIC, "annotations"),
    Part("kubernetes:*", "metadata.labels", COSMETIC, "labels"),
    Part("aws:eks/nodeGroup:NodeGroup", "labels", OTHER, "labels that pods may choose nodes by"),
    *(Part("aws:*", path, COSMETIC, path) for path in ("tags", "tagsAll", "description", "tagSpecifications")),
    Part("pulumi:providers:aws", "defaultTags", COSMETIC, "tags"),
)

DEFAULTS: dict[Op, tuple[Class, str]] = {
    Op.CREATE: (OTHER, "new"),
    Op.DELETE: (OTHER, "goes"),
    Op.REPLACE: (DOWNTIME, "it is made anew: what uses it is interrupted"),
    Op.UPDATE: (OTHER, "changes"),
}


@dataclass(frozen=True)
class Leaf:
    """One value that differs."""

    path: str
    before: Any
    after: Any
    replaces: bool


def leaves(step: Step) -> Iterator[Leaf]:
    """The values that differ, one at a time, by path. Where a provider names a whole object, what differs in it."""
    for path, kind in sorted(step.diff.items()):
        before, after = value_before(step, path), at(step.new, path)
        for inner, old, new in _between(path, before, after):
            yield Leaf(inner, old, new, kind.endswith("-replace"))


def value_before(step: Step, path: str) -> Any:
    """A property before the step, by its inputs, else by its outputs."""
    found = at(step.old, path)
    return at(step.was, path) if found is MISSING else found


def reasons(step: Step) -> tuple[Reason, ...]:
    """The classes of a step that changes something, each with its reasons, the weightiest first. Never empty."""
    kind = step.kind or Op.SAME
    found = [*_whole(step, kind)]
    if kind in (Op.UPDATE, Op.REPLACE):
        found += _parts(step, kind)
    if not found:
        found = [Reason(*DEFAULTS[kind])] if kind in DEFAULTS else []
    return relevant(found)


def relevant(found: Iterable[Reason]) -> tuple[Reason, ...]:
    """Reasons by weight. That something else changes too, or its words, is not worth one beside a weightier one."""
    kept = sorted(dict.fromkeys(found), key=lambda reason: (reason.kind.weight, reason.why))
    heaviest = kept[0].kind.weight if kept else 0
    return tuple(reason for reason in kept if reason.kind not in (OTHER, COSMETIC) or reason.kind.weight == heaviest)


def _whole(step: Step, kind: Op) -> Iterator[Reason]:
    if kind in (Op.REPLACE, Op.DELETE) and step.type in HOLDS_DATA:
        yield Reason(DATA, f"{HOLDS_DATA[step.type]} would be lost")
    elif kind is Op.REPLACE and not matches(LIGHT, step.type):
        yield Reason(*DEFAULTS[Op.REPLACE])
    if step.protects is False:
        yield Reason(DATA, "its protection is lifted")
    yield from (Reason(row.kind, row.why) for row in WHOLES if kind in row.ops and matches(row.type, step.type))


def _parts(step: Step, kind: Op) -> Iterator[Reason]:
    rows = [row for row in PARTS if matches(row.type, step.type)]
    for leaf in leaves(step):
        told = False
        for row in rows:
            path = inside(row.path, leaf.path)
            if path is None or not row.when(value_before(step, path), at(step.new, path)):
                continue
            told = True
            yield Reason(row.kind, row.why)
        if not told and kind is Op.UPDATE:
            yield Reason(OTHER, f"{leaf.path} changes")
    if step.protects is True:
        yield Reason(OTHER, "it is protected from now on")


@cache
def matches(pattern: str, type_: str) -> bool:
    """Whether a type is one of a table's pattern."""
    return any(re.fullmatch(re.escape(part).replace(r"\*", ".*"), type_) for part in pattern.split("|"))


@cache
def inside(pattern: str, path: str) -> str | None:
    """The property that a table's path names, if a value's path is that or lies in it: `tags` of `tags.Name`, `rules` of `rules[0].id`."""
    prefix = re.escape(pattern).replace(r"\*", r"[^.\[\]]+")
    # A name with dots in it is quoted: `labels["a.b/c"]`.
    plain = re.sub(r'\["([^"]+)"\]', r".\1", path)
    found = re.match(rf"{prefix}(?=$|\.|\[)", plain)
    if not found:
        return None
    return found[0] if plain == path else _quoted(found[0], path)


def _quoted(plain: str, path: str) -> str:
    """The beginning of `path` that says the same as `plain`."""
    for end in range(len(path), 0, -1):
        if re.sub(r'\["([^"]+)"\]', r".\1", path[:end]) == plain:
            return path[:end]
    return path


def _between(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after} - {"__defaults"}, key=str):
            old, new = before.get(key, MISSING), after.get(key, MISSING)
            if old != new:
                name = f'["{key}"]' if "." in str(key) else f".{key}"
                yield from _between(f"{path}{name}", old, new)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            if old != new:
                yield from _between(f"{path}[{index}]", old, new)
    else:
        yield path, before, after


def all_types() -> Iterable[str]:
    """Every type or pattern that a table names."""
    return {part for row in (*WHOLES, *PARTS) for part in row.type.split("|")} | HOLDS_DATA.keys()
