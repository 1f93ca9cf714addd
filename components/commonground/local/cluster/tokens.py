"""Who a token of `aws eks get-token` speaks for: the local cloud's STS and the cluster's access entries decide, as EKS' own authenticator does.

A token is a presigned call of STS' GetCallerIdentity. Whoever can sign it is that principal, and no secret leaves the client (kubernetes-sigs/
aws-iam-authenticator, README, "API Authorization from Outside a Cluster").
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
# The same project, pkg/token: how long a token is taken after it was signed.
LIFETIME = timedelta(minutes=15)
SKEW = timedelta(minutes=5)
HOSTS = re.compile(r"sts(-fips)?(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?|127\.0\.0\.1|localhost")
SIGNING = ("algorithm", "credential", "date", "expires", "security-token", "signature", "signedheaders")
PARAMETERS = frozenset({"action", "version", *(f"x-amz-{name}" for name in SIGNING)})
CREDENTIAL = re.compile(r"(?P<key>[A-Za-z0-9]+)/(?P<date>\d{8})/(?P<region>[a-z0-9-]+)/sts/aws4_request")

CALLER = re.compile(r"arn:(?P<partition>[a-z-]+):(?:iam|sts)::(?P<account>\d{12}):(?P<kind>assumed-role|user|role)/(?P<path>.+/)?(?P<name>[^/]+)")
ADMINISTRATORS = "system:masters"
CLUSTER_ADMIN = "AmazonEKSClusterAdminPolicy"
GROUP_PREFIX = "commonground:access:"


class TokenError(Exception):
    """A token that lets nobody in. `reason` says why: it reaches the API server's log, never the caller."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class SignedCall:
    """The presigned call in a token."""

    parameters: Mapping[str, str]
    """Of the query, by their names in lower case."""

    @property
    def access_key(self) -> str:
        """Whose signature it is."""
        return self.parameters["x-amz-credential"].partition("/")[0]

    @property
    def headers(self) -> dict[str, str]:
        """The signature as a header, for a service that looks for the key nowhere else."""
        given = self.parameters
        signature = f"SignedHeaders={given['x-amz-signedheaders']}, Signature={given['x-amz-signature']}"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={given['x-amz-credential']}, {signature}", "X-Amz-Date": given["x-amz-date"]}
        if token := given.get("x-amz-security-token"):
            headers["X-Amz-Security-Token"] = token
        return headers


@dataclass(frozen=True)
class Caller:
    """A principal, as STS names it."""

    arn: str
    user_id: str
    account: str
    partition: str
    kind: str
    """`assumed-role` or `user`."""
    name: str
    """Of the role or the user."""
    session: str = ""
    """Of an assumed role."""

    def is_principal(self, arn: str) -> bool:
        """Whether an access entry's principal is this one. A session's ARN lacks the role's path, so that is left out."""
        match = CALLER.fullmatch(arn)
        kind = "role" if self.kind == "assumed-role" else self.kind
        return match is not None and (match["account"], match["kind"], match["name"]) == (self.account, kind, self.name)


@dataclass(frozen=True)
class Entry:
    """An access entry with its policies."""

    username: str
    groups: tuple[str, ...]
    policies: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Name of an access policy, and the namespaces that it is for; none: the whole cluster."""


@dataclass(frozen=True)
class User:
    """Whom the API server takes the caller for."""

    name: str
    uid: str
    groups: tuple[str, ...]
    extra: Mapping[str, list[str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As TokenReview's `status.user`."""
        return {"username": self.name, "uid": self.uid, "groups": list(self.groups), "extra": dict(self.extra)}


def parse(token: str, *, now: datetime | None = None) -> SignedCall:
    """The call in a token. TokenError if it is another call, not signed for a cluster, or too old."""
    if not token.startswith(PREFIX):
        raise TokenError(f"it does not begin with {PREFIX}")
    encoded = token.removeprefix(PREFIX)
    try:
        url = urlsplit(base64.b64decode(encoded + "=" * (-len(encoded) % 4), b"-_", validate=True).decode("ascii"))
        pairs = parse_qsl(url.query, strict_parsing=True)
    except (binascii.Error, ValueError) as error:
        raise TokenError("it is no encoded URL") from error
    parameters = {name.lower(): value for name, value in pairs}
    if len(parameters) != len(pairs) or not parameters.keys() <= PARAMETERS:
        raise TokenError("its URL has parameters that such a call has not")
    if not HOSTS.fullmatch(url.hostname or "") or url.path != "/" or parameters.get("action") != "GetCallerIdentity":
        raise TokenError("it is no call of STS' GetCallerIdentity")
    if CLUSTER_HEADER not in parameters.get("x-amz-signedheaders", "").split(";"):
        raise TokenError(f"its signature leaves out the header {CLUSTER_HEADER}, so that it would be good for any cluster")
    if not CREDENTIAL.fullmatch(parameters.get("x-amz-credential", "")) or not parameters.get("x-amz-signature"):
        raise TokenError("it is not signed")
    _check_age(parameters.get("x-amz-date", ""), now or datetime.now(UTC))
    return SignedCall(parameters)


def _check_age(signed: str, now: datetime) -> None:
    try:
        moment = datetime.strptime(signed, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise TokenError("it does not say when it was signed") from error
    if now > moment + LIFETIME or now < moment - SKEW:
        raise TokenError(f"it was signed at {signed}: a token is good for {LIFETIME.seconds // 60} minutes")


def caller(identity: Mapping[str, str]) -> Caller:
    """The principal of GetCallerIdentity's answer. TokenError for keys that belong to no role and no user."""
    arn = identity["Arn"]
    match = CALLER.fullmatch(arn)
    if match is None or (match["kind"] == "user" and ":iam:" not in arn):
        raise TokenError(f"{arn} is neither a role's session nor an IAM user")
    if match["kind"] != "assumed-role":
        return Caller(arn, identity["UserId"], match["account"], match["partition"], match["kind"], match["name"])
    role = (match["path"] or "").rstrip("/")
    return Caller(arn, identity["UserId"], match["account"], match["partition"], match["kind"], role, match["name"])


def user(who: Caller, entry: Entry, access_key: str) -> User:
    """Name and groups by the entry: its own groups, and one for each access policy.

    Real EKS has an authoriser of its own for access policies; here a group stands for each, which `access` binds to a role.
    """
    # EKS user guide, "Create access entries": a session name's @ becomes -, except in {{SessionNameRaw}}.
    name = entry.username.replace("{{SessionNameRaw}}", who.session).replace("{{SessionName}}", who.session.replace("@", "-"))
    name = name.replace("{{AccountID}}", who.account)
    groups = [*entry.groups, *(group for policy, namespaces in entry.policies for group in policy_groups(policy, namespaces))]
    canonical = who.arn if who.kind == "user" else f"arn:{who.partition}:iam::{who.account}:role/{who.name}"
    extra = {"accessKeyId": [access_key], "arn": [who.arn], "canonicalArn": [canonical], "principalId": [who.user_id], "sessionName": [who.session]}
    unique = f"aws-iam-authenticator:{who.account}:{who.user_id.partition(':')[0]}"
    return User(name, unique, tuple(dict.fromkeys(groups)), extra)


def policy_groups(policy: str, namespaces: tuple[str, ...]) -> list[str]:
    """The groups that stand for an access policy: the administrators' for the cluster's, else one, or one a namespace."""
    if policy == CLUSTER_ADMIN and not namespaces:
        return [ADMINISTRATORS]
    return [group_of(policy, namespace) for namespace in namespaces or ("",)]


class Authenticator:
    """Turns tokens for one cluster into users.

    `identify` sends a signed call to STS and gives its answer; `find` gives the caller's access entry, None where there is none; `allow` is told of each
    policy that the entry has, before the user is let in.
    """

    def __init__(
        self,
        identify: Callable[[SignedCall], Mapping[str, str]],
        find: Callable[[Caller], Entry | None],
        allow: Callable[[str, tuple[str, ...]], None] = lambda policy, namespaces: None,
    ) -> None:
        self._identify = identify
        self._find = find
        self._allow = allow

    def user(self, token: str) -> User:
        """The token's user. TokenError where it lets nobody in."""
        call = parse(token)
        who = caller(self._identify(call))
        entry = self._find(who)
        if entry is None:
            raise TokenError(f"{who.arn} has no access entry")
        for policy, namespaces in entry.policies:
            self._allow(policy, namespaces)
        return user(who, entry, call.access_key)

    def review(self, review: Mapping[str, Any]) -> dict[str, Any]:
        """TokenReview's answer to TokenReview."""
        try:
            status: dict[str, Any] = {"authenticated": True, "user": self.user(str(review["spec"]["token"])).to_json()}
        except TokenError as error:
            status = {"authenticated": False, "error": f"the token lets nobody in: {error.reason}"}
        return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}


def group_of(policy: str, namespace: str = "") -> str:
    """The Kubernetes group that stands for an access policy, of a namespace where one is given."""
    return f"{GROUP_PREFIX}{policy}:{namespace}" if namespace else f"{GROUP_PREFIX}{policy}"
