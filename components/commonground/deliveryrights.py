"""What CI's roles may do, as tables: `preview` reads what the foundation is made of, `deploy` becomes the deployer. Both reach one environment's state."""

from collections.abc import Iterator, Sequence

import pulumi

from commonground.grants import READ_OBJECT_ACTIONS
from commonground.iam import Effect, Statement
from commonground.settings.environment import DeliverySettings, StateSettings

# What the official AWS provider calls to read a resource of a type that the foundation has (terraform-provider-aws, internal/service/*), by IAM's name of
# it. Sid -> actions -> what on; an action that IAM ties to no resource is on all of them (service authorization reference).
READS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "SeeWhatHasNoName": (
        (
            "autoscaling:DescribeTags",
            "ec2:DescribeAddresses",
            "ec2:DescribeAddressesAttribute",
            "ec2:DescribeFlowLogs",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:DescribeLaunchTemplates",
            "ec2:DescribeNatGateways",
            "ec2:DescribeNetworkAcls",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribePrefixLists",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroupRules",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcs",
            "ecr:DescribePullThroughCacheRules",
            "ecr:DescribeRepositoryCreationTemplates",
            "kms:ListAliases",
            "logs:DescribeLogGroups",
            "sns:GetSubscriptionAttributes",
        ),
        ("*",),
    ),
    "SeeRegistries": (
        ("ecr:DescribeRepositories", "ecr:GetLifecyclePolicy", "ecr:GetRepositoryPolicy", "ecr:ListTagsForResource"),
        ("arn:aws:ecr:{region}:{account}:repository/*",),
    ),
    "SeeClusters": (
        (
            "eks:DescribeAccessEntry",
            "eks:DescribeAddon",
            "eks:DescribeCluster",
            "eks:DescribeNodegroup",
            "eks:DescribePodIdentityAssociation",
            "eks:ListAssociatedAccessPolicies",
        ),
        tuple(f"arn:aws:eks:{{region}}:{{account}}:{kind}/*" for kind in ("cluster", "nodegroup", "addon", "access-entry", "podidentityassociation")),
    ),
    "SeeRoles": (
        ("iam:GetOpenIDConnectProvider", "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"),
        ("arn:aws:iam::{account}:role/*", "arn:aws:iam::{account}:oidc-provider/*"),
    ),
    "SeeKeys": (
        ("kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"),
        ("arn:aws:kms:{region}:{account}:key/*",),
    ),
    "SeeMetrics": (
        (
            "aps:DescribeAlertManagerDefinition",
            "aps:DescribeLoggingConfiguration",
            "aps:DescribeQueryLoggingConfiguration",
            "aps:DescribeRuleGroupsNamespace",
            "aps:DescribeScraper",
            "aps:DescribeScraperLoggingConfiguration",
            "aps:DescribeWorkspace",
            "aps:DescribeWorkspaceConfiguration",
            "aps:ListTagsForResource",
        ),
        tuple(f"arn:aws:aps:{{region}}:{{account}}:{kind}/*" for kind in ("workspace", "rulegroupsnamespace", "scraper")),
    ),
    "SeeTopics": (("sns:GetTopicAttributes", "sns:ListTagsForResource"), ("arn:aws:sns:{region}:{account}:commonground-{environment}-alerts-*",)),
    "SeeLogGroups": (("logs:ListTagsForResource",), ("arn:aws:logs:{region}:{account}:log-group:*",)),
}

# Settings of buckets. ListBucket is what HeadBucket asks for: the names of objects are seen with it, what is in them is not.
BUCKET_READS = (
    "s3:GetAccelerateConfiguration",
    "s3:GetBucketAcl",
    "s3:GetBucketCORS",
    "s3:GetBucketLocation",
    "s3:GetBucketLogging",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketRequestPayment",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetBucketWebsite",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
)

# Refused by name, so that no policy that somebody attaches later opens them (ReadOnlyAccess has two of them).
SECRETS = (
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "ssm:GetParameterHistory",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
)
BECOMING_ANOTHER = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity", "sts:GetFederationToken", "sts:GetSessionToken")

# Files of one stack in a bucket (pulumi/pkg v3.274, backend/diy: store.go, stack_tags.go, lock.go). The endings keep `dev` apart from `dev2`.
META = ".pulumi/meta.yaml"
STACK = (".pulumi/stacks/{project}/{stack}.json*", ".pulumi/stacks/{project}/{stack}.pulumi-tags")
AROUND = (".pulumi/locks/organization/{project}/{stack}/*", ".pulumi/history/{project}/{stack}/*", ".pulumi/backups/{project}/{stack}/*")


def preview_statements(settings: DeliverySettings, *, buckets: Sequence[pulumi.Input[str]], project: str) -> list[Statement]:
    """Reading, without a secret's value, what is in a bucket, or another environment's state. A preview locks nothing and writes nothing (backend/diy).

    `buckets`: ARNs of the environment's. `project`: Pulumi's, which names the state's files.
    """
    place = {"account": settings.account, "environment": settings.environment, "region": settings.region}
    reads = [Statement(sid, actions, tuple(resource.format(**place) for resource in on)) for sid, (actions, on) in READS.items()]
    if buckets:
        objects = tuple(pulumi.Output.concat(arn, "/*") for arn in buckets)
        reads += [Statement("SeeBuckets", BUCKET_READS, buckets), Statement("RefuseObjects", READ_OBJECT_ACTIONS, objects, effect=Effect.DENY)]
    return [
        *reads,
        *_state(settings, project, write=False),
        Statement("RefuseSecrets", SECRETS, effect=Effect.DENY),
        Statement("RefuseOtherRoles", BECOMING_ANOTHER, effect=Effect.DENY),
    ]


def deploy_statements(settings: DeliverySettings, *, project: str) -> list[Statement]:
    """Becoming the deployer, which has all the rights (decision 6), and keeping the state, which the engine does as whoever runs it."""
    return [Statement("BecomeTheDeployer", ("sts:AssumeRole", "sts:TagSession"), (settings.deployer_arn,)), *_state(settings, project, write=True)]


def _state(settings: DeliverySettings, project: str, *, write: bool) -> Iterator[Statement]:
    """Without the list S3 says 403 of what is not there, which the engine takes for a failure; it shows names of states, not what is in them."""
    if settings.state is None:
        return
    arn = f"arn:aws:s3:::{settings.state.bucket}"
    stack = tuple(f"{arn}/{file.format(project=project, stack=settings.environment)}" for file in (*STACK, *(AROUND if write else ())))
    yield Statement("ListState", ("s3:ListBucket",), (arn,))
    yield Statement("ReadState", ("s3:GetObject",), (f"{arn}/{META}", *stack))
    if write:
        yield Statement("WriteState", ("s3:DeleteObject", "s3:PutObject"), stack)
    yield from _state_key(settings.state, write=write)


def _state_key(state: StateSettings, *, write: bool) -> Iterator[Statement]:
    if state.key_arn is not None:
        yield Statement("DecryptState", ("kms:Decrypt",), (state.key_arn,))
        if write:
            yield Statement("EncryptState", ("kms:Encrypt", "kms:GenerateDataKey"), (state.key_arn,))
