"""Machines: how they answer for their credentials, and the images that nodes start from."""

from collections.abc import Iterator
from typing import Any

from policies.policy import Note, Policy, Resource, Severity, Thresholds, example, having, resource
from policies.samples import INSTANCE_PROPS, NODES
from policies.tokens import INSTANCE, NODE_GROUP, TEMPLATE
from policies.values import HIDDEN, at, dicts, missing, text

CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
DEFAULTS = "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults"
NODE_CLASS = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass"


def imdsv2(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Machines that hand out their role's credentials to whatever makes them fetch a URL. Karpenter's own default is `required`."""
    options = at(one.props, "spec", "metadataOptions") if one.type == NODE_CLASS else one.props if one.type == DEFAULTS else at(one.props, "metadataOptions")
    if at(options, "httpEndpoint") in ("disabled", HIDDEN) or (one.type == NODE_CLASS and missing(options, "httpTokens")):
        return
    if missing(options, "httpTokens"):
        yield "takes requests for credentials without a token: metadataOptions.httpTokens is not set"
    elif text(options, "httpTokens") in ("optional", "no-preference"):
        yield f"takes requests for credentials without a token: httpTokens is {text(options, 'httpTokens')}"


def supported_amis(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Nodes on Amazon Linux 2, whose EKS images ended with Kubernetes 1.32 (Amazon EKS user guide, "EKS AL2 & AL2-Accelerated AMIs transition guide"), and
    nodes whose release is whatever is newest on the day that they start.
    """
    if one.type == NODE_CLASS:
        yield from _node_class(one)
        return
    kind = text(one.props, "amiType")
    if kind is not None and kind.startswith("AL2_"):
        yield f"{kind} is Amazon Linux 2, which is out of support"
    elif (kind is not None or missing(one.props, "amiType")) and kind != "CUSTOM" and missing(one.props, "releaseVersion"):
        yield "its AMI is not pinned: releaseVersion is not set"


def _node_class(one: Resource) -> Iterator[str]:
    if text(one.props, "spec", "amiFamily") == "AL2":
        yield "its amiFamily is Amazon Linux 2, which is out of support"
    for term in dicts(one.props, "spec", "amiSelectorTerms"):
        alias = text(term, "alias")
        if alias is not None and alias.startswith("al2@"):
            yield "its AMI is Amazon Linux 2, which is out of support"
        elif alias is not None and alias.endswith("@latest"):
            yield f"its AMI is not pinned: {alias[:60]}"


def _node(**spec: Any) -> dict[str, Any]:
    return {"spec": {"amiSelectorTerms": [{"alias": "al2023@v20260101"}], **spec}}


_IMDS_TYPES = (TEMPLATE, INSTANCE, CONFIGURATION)

POLICIES = (
    Policy(
        id="imdsv2",
        title="Machines answer for their credentials only to who has a token (IMDSv2)",
        severity=Severity.ALWAYS,
        why="Without the token any request that a server can be made to send (SSRF) fetches the role's credentials.",
        fix='Set metadataOptions.httpTokens to "required".',
        types=(*_IMDS_TYPES, DEFAULTS, NODE_CLASS),
        check=imdsv2,
        passing=lambda: (
            *(example("required", resource(type_, INSTANCE_PROPS)) for type_ in _IMDS_TYPES),
            example("no endpoint", resource(INSTANCE, having(INSTANCE_PROPS, metadataOptions={"httpEndpoint": "disabled"}))),
            example("Karpenter's default", resource(NODE_CLASS, _node())),
        ),
        failing=lambda: (
            *(example("nothing said", resource(type_, having(INSTANCE_PROPS, metadataOptions=None))) for type_ in _IMDS_TYPES),
            *(example("optional", resource(type_, having(INSTANCE_PROPS, metadataOptions={"httpTokens": "optional"}))) for type_ in _IMDS_TYPES),
            example("optional in the account", resource(DEFAULTS, {"httpTokens": "optional"})),
            example("optional", resource(NODE_CLASS, _node(metadataOptions={"httpTokens": "optional"}))),
        ),
    ),
    Policy(
        id="node-ami-supported",
        title="Nodes run a pinned release of an image that AWS supports",
        severity=Severity.MEDIUM,
        why="An image out of support gets no fixes; one that is not pinned makes nodes differ by the day that they started, and no change shows it.",
        fix="Take an AL2023 or Bottlerocket type, and pin releaseVersion (the lock does: `commonground lock`).",
        types=(NODE_GROUP, NODE_CLASS),
        check=supported_amis,
        passing=lambda: (
            example("pinned", resource(NODE_GROUP, NODES)),
            example("an image of ours", resource(NODE_GROUP, having(NODES, amiType="CUSTOM", releaseVersion=None))),
            example("pinned", resource(NODE_CLASS, _node())),
        ),
        failing=lambda: (
            example("Amazon Linux 2", resource(NODE_GROUP, having(NODES, amiType="AL2_x86_64"))),
            example("Amazon Linux 2 for GPUs", resource(NODE_GROUP, having(NODES, amiType="AL2_x86_64_GPU"))),
            example("not pinned", resource(NODE_GROUP, having(NODES, releaseVersion=None))),
            example("neither", resource(NODE_GROUP, having(NODES, amiType=None, releaseVersion=None))),
            example("Amazon Linux 2", resource(NODE_CLASS, _node(amiFamily="AL2"))),
            example("Amazon Linux 2", resource(NODE_CLASS, _node(amiSelectorTerms=[{"alias": "al2@v20250101"}]))),
            example("not pinned", resource(NODE_CLASS, _node(amiSelectorTerms=[{"alias": "al2023@latest"}]))),
        ),
    ),
)
