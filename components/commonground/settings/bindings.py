"""Bindings: what an environment is joined to. The blueprint names each one and its type; an environment binds exactly those."""

import re
from collections.abc import Callable
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated, NamedTuple

from pydantic import ConfigDict, Field, JsonValue, WithJsonSchema

from commonground.settings.base import Cloud, Settings
from commonground.settings.words import AccountId, Region


class BindingType(StrEnum):
    """What a binding is, and so what it may look like."""

    CIDR = "cidr"
    CIDRS = "cidrs"
    ROLE_ARN = "role_arn"
    ROLE_ARNS = "role_arns"
    SECRET_NAME = "secret_name"  # noqa: S105 (the name of a type, not a secret)
    CERTIFICATE_ARN = "certificate_arn"
    TOPIC_ARN = "topic_arn"
    KEY_ARN = "key_arn"
    DOMAIN = "domain"
    VPC_ID = "vpc_id"
    SUBNET_IDS = "subnet_ids"
    BUCKET_NAME = "bucket_name"
    OIDC_PROVIDER = "oidc_provider"
    CI_ENVIRONMENT = "ci_environment"
    ALERT_TARGET = "alert_target"


class Look(NamedTuple):
    """How a binding of one type is written."""

    fits: Callable[[str], bool]
    words: str
    example: str
    many: bool = False

    @property
    def written(self) -> str:
        """The example as the value of a binding."""
        return f"[{self.example}]" if self.many else self.example


def _network(text: str) -> bool:
    """Tell whether a text is an IPv4 range; host bits have a rule of their own, with a better message."""
    try:
        IPv4Network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def _like(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None


# A role's ARN, never a session's, and not a service-linked one, which EKS refuses an access entry (EKS user guide, "Create access entries").
_ROLE = _like(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/(?!aws-service-role/)([!-~]+/)?[A-Za-z0-9+=,.@_-]{1,64}")
_RANGE = "an IPv4 range, address/bits"
_ROLE_WORDS = "the ARN of an IAM role (not a user, a session or a service-linked role)"
_ROLE_EXAMPLE = "arn:aws:iam::123456789012:role/platform"
MADE_HERE = "here"
"""What an environment binds to an OIDC provider that it makes itself: the one of its account that does."""

LOOKS: dict[BindingType, Look] = {
    BindingType.CIDR: Look(_network, _RANGE, "10.16.0.0/16"),
    BindingType.CIDRS: Look(_network, _RANGE, "52.94.76.0/24", many=True),
    BindingType.ROLE_ARN: Look(_ROLE, _ROLE_WORDS, _ROLE_EXAMPLE),
    BindingType.ROLE_ARNS: Look(_ROLE, _ROLE_WORDS, _ROLE_EXAMPLE, many=True),
    BindingType.SECRET_NAME: Look(_like(r"[A-Za-z0-9/_+=.@-]{1,512}"), "the name of a Secrets Manager secret, never its value", "commonground/github-app"),
    BindingType.CERTIFICATE_ARN: Look(
        _like(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]+"),
        "the ARN of an ACM certificate",
        "arn:aws:acm:eu-central-1:123456789012:certificate/0f1e2d3c-0000-0000-0000-000000000000",
    ),
    BindingType.TOPIC_ARN: Look(
        _like(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}"), "the ARN of an SNS topic", "arn:aws:sns:eu-central-1:123456789012:alerts"
    ),
    BindingType.KEY_ARN: Look(
        _like(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-zA-Z-]+"),
        "the ARN of a KMS key",
        "arn:aws:kms:eu-central-1:123456789012:key/0f1e2d3c-0000-0000-0000-000000000000",
    ),
    BindingType.DOMAIN: Look(_like(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"), "a domain name in lower case", "platform.acme.io"),
    BindingType.VPC_ID: Look(_like(r"vpc-[0-9a-f]{8,17}"), "the id of a VPC", "vpc-0a1b2c3d4e5f60718"),
    BindingType.SUBNET_IDS: Look(_like(r"subnet-[0-9a-f]{8,17}"), "the id of a subnet", "subnet-0a1b2c3d4e5f60718", many=True),
    BindingType.BUCKET_NAME: Look(_like(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"), "the name of an S3 bucket", "acme-datasets"),
    BindingType.OIDC_PROVIDER: Look(
        _like(rf"{MADE_HERE}|arn:aws[a-z-]*:iam::[0-9]{{12}}:oidc-provider/[a-z0-9.-]+(/[A-Za-z0-9._/-]+)?"),
        f"the ARN of the account's OIDC provider, or `{MADE_HERE}` in the one environment of the account that makes it",
        MADE_HERE,
    ),
    BindingType.CI_ENVIRONMENT: Look(
        # No wildcards, no policy variables, no address of a page; what GitHub escapes in a subject is escaped here, so no `%` either.
        _like(r"""(?!.*//)[^\s*?$%'"`,;\\]([^*?$%'"`,;\\\x00-\x1f]{0,253}[^\s*?$%'"`,;\\])?"""),
        "the name of one GitHub environment, as GitHub shows it and without wildcards",
        "production",
    ),
    BindingType.ALERT_TARGET: Look(
        # SNS API reference, "Subscribe": protocols `email` and `https`.
        _like(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[!-~]*)?|[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,63}"),
        "an address of mail, or an `https://` address, that is told of alerts",
        "platform@acme.io",
    ),
}
"""How a binding of each type is written."""

BoundValue = Annotated[
    JsonValue,
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}], "description": "What the blueprint's binding of this name is bound to."}
    ),
]
"""A text or a list of texts; the blueprint's type for the name decides which."""


class Bindings(Settings):
    """What one environment is joined to: where it lives, and one value for each binding that the blueprint names."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, BoundValue]

    cloud: Cloud = Field(examples=["local"])
    """`aws`, or `local` for the local cloud on loopback: the only one that stand-ins serve live. Example: `aws`."""
    account: AccountId
    """AWS account that the environment lives in; the provider refuses any other. In quotes, since an unquoted id loses its leading zero. Example:
    `"123456789012"`."""
    region: Region
    """AWS region that the environment lives in. Changing it is another environment. Example: `eu-central-1`."""

    @property
    def values(self) -> dict[str, JsonValue]:
        """What the blueprint's bindings are bound to, by name."""
        return self.__pydantic_extra__

    def text(self, name: str) -> str:
        """Return the value of a binding of one text."""
        value = self.values[name]
        assert isinstance(value, str)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the values of a binding, whether it is one or a list."""
        value = self.values[name]
        return tuple(str(item) for item in value) if isinstance(value, list) else (str(value),)


FIXED = tuple(Bindings.model_fields)
"""Bindings that every environment has, whatever the blueprint says."""
