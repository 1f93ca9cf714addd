"""Tags: who a thing belongs to."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from policies.policy import EXAMPLE, Note, Policy, Resource, Severity, Thresholds, example, resource
from policies.values import HIDDEN, at

# Types that can be tagged, of those that a platform is made of (pulumi_aws 7.51: they have `tags`; a test holds this to it). Of other types only those are
# looked at that have tags, since the engine does not say which could.
TAGGABLE = (
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:dynamodb/table:Table",
    "aws:ebs/volume:Volume",
    "aws:ec2/eip:Eip",
    "aws:ec2/flowLog:FlowLog",
    "aws:ec2/instance:Instance",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ecr/repository:Repository",
    "aws:efs/fileSystem:FileSystem",
    "aws:eks/accessEntry:AccessEntry",
    "aws:eks/addon:Addon",
    "aws:eks/cluster:Cluster",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "aws:iam/policy:Policy",
    "aws:iam/role:Role",
    "aws:kms/key:Key",
    "aws:lambda/function:Function",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:rds/cluster:Cluster",
    "aws:rds/instance:Instance",
    "aws:s3/bucket:Bucket",
    "aws:secretsmanager/secret:Secret",
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
)


def tags_of(one: Resource) -> dict[str, Any] | None:
    """All tags that a thing will have, the provider's default ones too; None where they are not all known."""
    found: dict[str, Any] = {}
    for tags in (_default_tags(one), at(one.props, "tags"), at(one.props, "tagsAll")):
        if tags is HIDDEN or (tags is not None and not isinstance(tags, dict)):
            return None
        found |= tags or {}
    return found


def _default_tags(one: Resource) -> Any:
    """The provider's `defaultTags`, which the engine hands on as JSON."""
    found = at(one.provider, "defaultTags")
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            return HIDDEN
    return at(found, "tags")


def required_tags(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Things without a tag that policies.yaml asks for (`required_tags`), or with an empty one."""
    if not thresholds.required_tags or not one.type.startswith("aws:") or not (one.type in TAGGABLE or {"tags", "tagsAll"} & one.props.keys()):
        return
    found = tags_of(one)
    if found is not None and (lacking := [name for name in thresholds.required_tags if found.get(name) in (None, "")]):
        yield f"has no tag {', '.join(lacking)}"


_ASKED = replace(EXAMPLE, required_tags=("team", "environment"))
_TAGS = {"team": "shop", "environment": "prod"}
_VPC, _EIP = "aws:ec2/vpc:Vpc", "aws:ec2/eip:Eip"
_DEFAULTS = {"defaultTags": json.dumps({"tags": {"environment": "prod"}})}

POLICIES = (
    Policy(
        id="required-tags",
        title="Things say whom they belong to",
        severity=Severity.MEDIUM,
        why="What has no owner is neither paid for nor cleaned up by anybody.",
        fix="Set the AWS provider's default tags, or the tags of the thing.",
        types=("aws:*",),
        check=required_tags,
        passing=lambda: (
            example("tagged", resource(_VPC, {"tags": _TAGS}), thresholds=_ASKED),
            example("by the provider", resource(_VPC, {"tags": {"team": "shop"}}, provider=_DEFAULTS), thresholds=_ASKED),
            example("what has no tags", resource("aws:ec2/route:Route", {}), thresholds=_ASKED),
            example("none asked for", resource(_VPC, {})),
        ),
        failing=lambda: (
            example("none", resource(_EIP, {}), thresholds=_ASKED),
            example("one is missing", resource(_VPC, {"tags": {"team": "shop"}}), thresholds=_ASKED),
            example("one is empty", resource(_VPC, {"tags": {**_TAGS, "team": ""}}), thresholds=_ASKED),
            example("another type", resource("aws:fsx/lustreFileSystem:LustreFileSystem", {"tagsAll": {"team": "shop"}}), thresholds=_ASKED),
        ),
    ),
)
