"""What may differ between environments of one shape, as data: what is collapsed, and which properties scale, bindings or lock move."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Owner(StrEnum):
    """Whose a value is that may differ."""

    SCALE = "scale"
    BINDINGS = "bindings"
    LOCK = "lock"


@dataclass(frozen=True)
class Rule:
    """A property that may have another value, or be more or fewer, in another environment."""

    type: str
    """Resource type; `*`: any."""
    path: str
    """Property path; `*` stands for one key or index. JSON in a string counts as properties."""
    owner: Owner
    why: str
    """What of the owner's moves it. Example: `protect`."""
    values: str = ".*"
    """What all its values look like, as JSON: another one is a difference of shape."""

    def covers(self, type_: str, path: str, values: Iterable[str]) -> bool:
        """Whether it lets a property have these values."""
        if self.type not in ("*", type_) or re.fullmatch(_pattern(self.path), path) is None:
            return False
        return all(re.fullmatch(self.values, value) for value in values)


def _pattern(path: str) -> str:
    return re.escape(path).replace(r"\*", r"[^.\[\]]+")


COLLAPSED: tuple[tuple[str, str], ...] = ((r"[a-z]+[0-9]*-az[0-9]+", "<zone>"),)
"""Parts of logical names that count instances, and what stands in their place. Zone ids: EC2 user guide, "Availability Zone IDs"."""

QUOTA = "kubernetes:core/v1:ResourceQuota"
CLUSTER, NODE_GROUP, ADDON = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup", "aws:eks/addon:Addon"
ROLE_ARN = r'"arn:[a-z-]+:iam::<account>:role/[^"]+"'
# A bound one: one of the foundation's own stands there by its name, in angle brackets.
DEPLOYER_OR_KEY = rf'{ROLE_ARN}|"arn:[a-z-]+:kms:[^":]+:[^":]+:key/[0-9A-Za-z-]+"'
PROVIDER = r'"(<[a-z0-9-]+-provider>|arn:[a-z-]+:iam::<account>:oidc-provider/[^"]+)"'
ACCOUNT_PART = "account part, made by one environment of an account"
RESOURCE = "the resource"
"""Path of a resource that only one of two environments has."""
# How many a node has, and which: `nvidia-l4`, `l4`, `rtx-pro-6000`. No other word of a hint, such as a pool's name or purpose.
GPUS = r'"([0-9]+|nvidia-[a-z0-9-]+|([a-z]{1,2}[0-9]|rtx-)[a-z0-9-]*)"'
# `pods` is none of them: it closes the foundation's priorities to a team.
QUOTAS = (
    *(f"requests.{name}" for name in ("cpu", "memory", "storage", "nvidia.com/gpu")),
    "limits.memory",
    *(f"{name}.nvidia.com.deviceclass.resource.k8s.io/devices" for name in ("gpu", "mig")),
)
BOUNDS = "aws:amp/workspaceConfiguration:WorkspaceConfiguration"
# The one rule file that has numbers of the scale, and nothing else.
LIMITS = r'"groups:\\n- name: limits\\n  interval: 1m\\n  rules:\\n(  - record: commonground:[a-z_]+:limit\\n    expr: vector\([0-9]+\)\\n)*"'
CONFIG = "spec.template.metadata.annotations.commonground.dev/config"
AMOUNT = r'"[0-9]+(m|k|Mi|Gi|Ti)?"'

# An id that no resource of the foundation's has as its own: the security group that EKS makes for a cluster.
OF_THE_CLUSTER = r'"sg-[0-9a-f]{17}"'
NUMBER = "[0-9]+"

RULES: tuple[Rule, ...] = (
    Rule(CLUSTER, "deletionProtection", Owner.SCALE, "protect"),
    Rule("aws:ecr/repository:Repository", "forceDelete", Owner.SCALE, "protect"),
    Rule("aws:kms/key:Key", "deletionWindowInDays", Owner.SCALE, "protect"),
    Rule("aws:s3/bucket:Bucket", "forceDestroy", Owner.SCALE, "protect"),
    Rule("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", Owner.SCALE, "log_retention_days"),
    Rule(CLUSTER, "upgradePolicy.supportType", Owner.SCALE, "support"),
    Rule(CLUSTER, "zonalShiftConfig.enabled", Owner.SCALE, "zonal_shift"),
    Rule(NODE_GROUP, "capacityType", Owner.SCALE, "pools: capacity"),
    Rule(NODE_GROUP, "instanceTypes[*]", Owner.SCALE, "pools: instance types"),
    Rule("aws:autoscaling/tag:Tag", "tag.value", Owner.SCALE, "pools: GPUs of the instance types", GPUS),
    Rule(NODE_GROUP, "labels.k8s.amazonaws.com/accelerator", Owner.SCALE, "pools: GPUs of the instance types", GPUS),
    Rule(NODE_GROUP, "labels.commonground.dev/gpu-*", Owner.SCALE, "pools: GPUs of the instance types", GPUS),
    *(Rule(QUOTA, f"spec.hard.{name}", Owner.SCALE, "teams: quotas", AMOUNT) for name in QUOTAS),
    Rule(NODE_GROUP, "scalingConfig.*", Owner.SCALE, "pools: sizes"),
    Rule(CLUSTER, "vpcConfig.publicAccessCidrs[*]", Owner.BINDINGS, "clients of the cluster's API"),
    Rule("aws:eks/accessEntry:AccessEntry", "principalArn", Owner.BINDINGS, "principals", ROLE_ARN),
    Rule("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "principalArn", Owner.BINDINGS, "principals", ROLE_ARN),
    Rule("aws:iam/rolePolicy:RolePolicy", "policy.Statement[*].Resource", Owner.BINDINGS, "deployer, or the state's key", DEPLOYER_OR_KEY),
    Rule("aws:iam/openIdConnectProvider:OpenIdConnectProvider", RESOURCE, Owner.BINDINGS, ACCOUNT_PART),
    Rule("aws:iam/role:Role", "assumeRolePolicy.Statement[*].Principal.Federated", Owner.BINDINGS, ACCOUNT_PART, PROVIDER),
    Rule("pulumi:providers:aws", "assumeRoles[*].roleArn", Owner.BINDINGS, "deployer", ROLE_ARN),
    Rule("pulumi:providers:kubernetes", "kubeconfig.users[*].user.exec.args[*]", Owner.BINDINGS, "deployer", ROLE_ARN),
    Rule(ADDON, "addonVersion", Owner.LOCK, "releases of add-ons"),
    Rule(CLUSTER, "version", Owner.LOCK, "Kubernetes version"),
    Rule(NODE_GROUP, "version", Owner.LOCK, "Kubernetes version"),
    Rule(NODE_GROUP, "releaseVersion", Owner.LOCK, "releases of AMIs"),
    Rule("aws:ec2/launchTemplate:LaunchTemplate", "vpcSecurityGroupIds[*]", Owner.LOCK, "incarnation: EKS' security group of the cluster", OF_THE_CLUSTER),
    Rule("aws:amp/scraper:Scraper", "source.eks.securityGroupIds[*]", Owner.LOCK, "incarnation: EKS' security group of the cluster", OF_THE_CLUSTER),
    Rule(BOUNDS, "retentionPeriodInDays", Owner.SCALE, "metrics: retention_days", NUMBER),
    Rule(BOUNDS, "limitsPerLabelSets[*].limits.maxSeries", Owner.SCALE, "metrics: platform_series, team_series", NUMBER),
    Rule("aws:amp/ruleGroupNamespace:RuleGroupNamespace", "data", Owner.SCALE, "metrics: platform_series, team_series", LIMITS),
    Rule("aws:sns/topicSubscription:TopicSubscription", "endpoint", Owner.BINDINGS, "who is told of alerts"),
    # Its configuration itself is compared, too.
    Rule("kubernetes:apps/v1:Deployment", CONFIG, Owner.BINDINGS, "a digest of its configuration", r'"[0-9a-f]{16}"'),
)
