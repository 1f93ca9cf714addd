"""Who may do what: typed policy statements, the documents made of them, and the identities that permissions are granted to."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import pulumi
import pulumi_aws as aws


class Effect(StrEnum):
    """What a statement does with the requests that it matches."""

    ALLOW = "Allow"
    DENY = "Deny"


class PrincipalKind(StrEnum):
    """What a principal of a resource policy is (IAM user guide, "AWS JSON policy elements: Principal")."""

    AWS = "AWS"
    SERVICE = "Service"
    FEDERATED = "Federated"


@dataclass(frozen=True)
class Principals:
    """Whom a statement of a resource policy, or of a role's trust, is about."""

    kind: PrincipalKind
    names: Sequence[pulumi.Input[str]]
    """ARNs, service names or provider ARNs, by kind; `*` alone is everybody."""

    @staticmethod
    def everybody() -> "Principals":
        """All principals, the anonymous ones too: for denials."""
        return Principals(PrincipalKind.AWS, ("*",))

    @staticmethod
    def service(*names: str) -> "Principals":
        """AWS services, by name. Example: `Principals.service("logging.s3.amazonaws.com")`."""
        return Principals(PrincipalKind.SERVICE, names)

    @staticmethod
    def arns(*names: pulumi.Input[str]) -> "Principals":
        """Roles, users or accounts, by ARN."""
        return Principals(PrincipalKind.AWS, names)

    @staticmethod
    def account(number: pulumi.Input[str]) -> "Principals":
        """Everybody in an account whom the account's own policies let (`arn:aws:iam::NUMBER:root`)."""
        return Principals.arns(pulumi.Output.concat("arn:aws:iam::", number, ":root"))


Conditions = Mapping[str, Mapping[str, pulumi.Input[str] | Sequence[pulumi.Input[str]]]]
"""Operator -> key -> value or values. Example: `{"StringLike": {"s3:prefix": "shop/*"}}`."""


@dataclass(frozen=True)
class Statement:
    """One statement of an IAM document. Its parts may be Outputs."""

    sid: str
    """Why it exists, in letters and digits: IAM takes no other characters."""
    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]] = ("*",)
    """ARNs. None at all for a trust policy, which has no resources."""
    principals: Principals | None = None
    """None in a policy of an identity, whose principal is the identity."""
    conditions: Conditions = field(default_factory=dict)
    effect: Effect = Effect.ALLOW
    optional: bool = False
    """Whether it is left out where its one resource is an Output that comes to None."""

    def __post_init__(self) -> None:
        if not (self.sid.isascii() and self.sid.isalnum()):
            raise StatementError(self.sid, expected="letters and digits only")
        if not self.actions:
            raise StatementError(self.sid, expected="at least one action")

    def element(self) -> dict[str, Any]:
        """The statement as IAM's JSON has it; lists of one are plain values, as AWS gives them back."""
        element: dict[str, Any] = {"Sid": self.sid, "Effect": self.effect.value}
        if self.principals is not None:
            element["Principal"] = _principal(self.principals)
        element["Action"] = _one_or_many(self.actions)
        if self.resources:
            element["Resource"] = _one_or_many(self.resources)
        if self.conditions:
            element["Condition"] = {operator: {key: _plain(value) for key, value in keys.items()} for operator, keys in self.conditions.items()}
        return element


class StatementError(ValueError):
    """A statement that IAM would refuse, or that says nothing."""

    def __init__(self, sid: str, *, expected: str) -> None:
        super().__init__(f"statement {sid!r}: expected {expected}")
        self.sid = sid
        self.expected = expected


class RoleLike(Protocol):
    """What a grant needs of a role: an `aws.iam.Role` has it, and so has an `ExistingRole`."""

    @property
    def name(self) -> pulumi.Input[str]: ...

    @property
    def arn(self) -> pulumi.Input[str]: ...


@dataclass(frozen=True)
class ExistingRole:
    """A role that is there already, or that another stack made."""

    name: pulumi.Input[str]
    arn: pulumi.Input[str]
    opts: pulumi.ResourceOptions | None = None
    """Options of what is granted to it by what is no component: a provider, or a parent that has one. None: the default provider."""


@dataclass(frozen=True)
class Identity:
    """Who is granted something: `storage["models"].grant_read(identity, prefix="shop/")`."""

    name: str
    """Names the grants, so it is unique among those who are granted the same thing. Example: `shop`."""
    role: RoleLike
    namespace: pulumi.Input[str] | None = None
    """Kubernetes namespace of the pods that take the role by pod identity; None for an identity outside the cluster."""
    service_account: pulumi.Input[str] | None = None


# IAM user guide, "IAM and AWS STS quotas", name requirements.
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_+=,.@-]")


def document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """An IAM policy document as JSON, its statements in the order given.

    Raises `StatementError` if two statements have the same Sid.
    """
    seen: set[str] = set()
    for statement in statements:
        if statement.sid in seen:
            raise StatementError(statement.sid, expected="a Sid of its own in the document")
        seen.add(statement.sid)
    elements: Any = [statement.element() for statement in statements]
    optional = [statement.optional for statement in statements]
    if any(optional):
        elements = pulumi.Output.from_input(elements).apply(lambda known: _about_something(known, optional))
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": elements})


def trust_service(service: str, *, account: pulumi.Input[str] | None = None) -> pulumi.Output[str]:
    """The trust policy of a role that an AWS service assumes, on behalf of `account` only where it is given.

    Example: `trust_service("ec2.amazonaws.com")`. The account stops the confused deputy (IAM user guide, "The confused deputy problem");
    not every service sends it, EC2 and EKS node roles go without.
    """
    conditions: Conditions = {} if account is None else {"StringEquals": {"aws:SourceAccount": account}}
    return document([Statement("AssumedByService", ("sts:AssumeRole",), (), Principals.service(service), conditions)])


def trust_pod_identity(*, account: pulumi.Input[str] | None = None, cluster_arn: pulumi.Input[str] | None = None) -> pulumi.Output[str]:
    """The trust policy of a role that pods take by EKS Pod Identity, of one account or one cluster only where they are given."""
    conditions: dict[str, dict[str, pulumi.Input[str] | Sequence[pulumi.Input[str]]]] = {}
    if account is not None:
        conditions["StringEquals"] = {"aws:SourceAccount": account}
    if cluster_arn is not None:
        conditions["ArnEquals"] = {"aws:SourceArn": cluster_arn}
    return document([_taken_by_pods("AssumedByPods", conditions)])


def by_service_account(
    sid: str,
    service_account: pulumi.Input[str],
    *,
    namespaces: pulumi.Input[str] | Sequence[pulumi.Input[str]],
    cluster: Mapping[str, pulumi.Input[str]],
) -> Statement:
    """Lets the pods of this service account take a role by EKS Pod Identity, in these namespaces of this cluster only, whatever else is associated with it.

    `cluster`: its `eks-cluster-name` or `eks-cluster-arn`. Source: EKS user guide, "Create IAM role with trust policy required by EKS Pod Identity",
    conditions.
    """
    who = {**cluster, "kubernetes-namespace": namespaces, "kubernetes-service-account": service_account}
    return _taken_by_pods(sid, {"StringEquals": {f"aws:RequestTag/{tag}": value for tag, value in who.items()}})


def _taken_by_pods(sid: str, conditions: Conditions) -> Statement:
    """TagSession is needed beside AssumeRole: the session is tagged with cluster, namespace and service account (EKS user guide, "Grant Pods access to
    AWS resources based on tags")."""
    return Statement(sid, ("sts:AssumeRole", "sts:TagSession"), (), Principals.service("pods.eks.amazonaws.com"), conditions)


def grant(name: str, identity: Identity, statements: Sequence[Statement], *, opts: pulumi.ResourceOptions | None = None) -> aws.iam.RolePolicy:
    """An inline policy of the identity's role, under the logical name `<name>-<identity>`.

    What IAM takes in no name becomes a dot, a slash before all: the physical name is made of the logical one. Without `opts` it belongs to the role, and
    so has the role's provider.
    """
    label = _NOT_IN_NAMES.sub(".", f"{name}-{identity.name}")
    return aws.iam.RolePolicy(label, role=identity.role.name, policy=document(statements), opts=opts or _options(identity.role))


def _about_something(elements: Sequence[dict[str, Any]], optional: Sequence[bool]) -> list[dict[str, Any]]:
    return [element for element, may_go in zip(elements, optional, strict=True) if not (may_go and element["Resource"] is None)]


def _options(role: RoleLike) -> pulumi.ResourceOptions | None:
    if isinstance(role, ExistingRole):
        return role.opts
    return pulumi.ResourceOptions(parent=role) if isinstance(role, pulumi.Resource) else None


def _principal(principals: Principals) -> Any:
    """Everybody is a bare star: `{"AWS": "*"}` means the same and is another text."""
    if tuple(principals.names) == ("*",):
        return "*"
    return {principals.kind.value: _one_or_many(principals.names)}


def _plain(value: pulumi.Input[str] | Sequence[pulumi.Input[str]]) -> Any:
    """Pulumi looks for Outputs in lists, not in tuples."""
    return list(value) if isinstance(value, tuple) else value


def _one_or_many(values: Sequence[Any]) -> Any:
    return values[0] if len(values) == 1 else list(values)
