"""Calls that several rows share."""

import hashlib
import ipaddress
import re
from collections.abc import Callable
from typing import Any

from commonground.local.providers.aws.api import Api
from commonground.local.providers.values import UNKNOWN, Properties


def unchangeable(_api: Api, _id: str, _old: Properties, _new: Properties, _changed: set[str]) -> None:
    """The update of a type whose every argument replaces it."""


def put_again(put: Callable[[Api, Properties], str]) -> Callable[[Api, str, Properties, Properties, set[str]], None]:
    """The update of a type that is put whole each time."""

    def update(api: Api, _id: str, _old: Properties, new: Properties, _changed: set[str]) -> None:
        put(api, new)

    return update


def retag_ec2(api: Api, id_: str, old: Properties, new: Properties) -> None:
    """Brings an EC2 resource's tags from old to new."""

    def tag(tags: dict[str, str]) -> None:
        api.call("CreateTags", Resources=[id_], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])

    def untag(keys: list[str]) -> None:
        api.call("DeleteTags", Resources=[id_], Tags=[{"Key": key} for key in keys])

    api.retag(old, new, tag=tag, untag=untag)


def found_by_tags(api: Api, operation: str, path: str, id_name: str, inputs: Properties, **filters: str) -> str | None:
    """Id of the one EC2 resource that has all the tags (and what `filters` say); None where there is none or more than one.

    Tags name project, environment and logical resource, so they are a natural key: a create whose answer got lost is found again.
    """
    tags = inputs.get("tagsAll", {})
    if not tags:
        return None
    wanted: list[dict[str, Any]] = [{"Name": f"tag:{key}", "Values": [value]} for key, value in sorted(tags.items())]
    wanted += [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    found = api.ask(operation, path, Filters=wanted) or []
    return str(found[0][id_name]) if len(found) == 1 else None


def retag_by_arn(api: Api, arn: str, old: Properties, new: Properties) -> None:
    """Brings the tags of what a service tags by ARN and as a map (EKS, logs) from old to new."""

    def tag(tags: dict[str, str]) -> None:
        api.call("TagResource", resourceArn=arn, tags=tags)

    def untag(keys: list[str]) -> None:
        api.call("UntagResource", resourceArn=arn, tagKeys=keys)

    api.retag(old, new, tag=tag, untag=untag)


def planned_id(prefix: str, of: str) -> str:
    """Plan mode: an id that looks like EC2's, always the same for the same resource."""
    return f"{prefix}-{hashlib.sha256(f'{prefix} {of}'.encode()).hexdigest()[:17]}"


def not_a_range(value: Any, version: int) -> str | None:
    """Why a value is not an IP range that AWS keeps as it is given; None if it is one or not known yet."""
    if not isinstance(value, str) or value == UNKNOWN:
        return None
    try:
        found = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return f"{value!r} is not an IPv{version} range"
    if found.version != version or "/" not in value:
        return f"{value!r} is not an IPv{version} range"
    return None if ipaddress.ip_interface(value).ip == found.network_address else f"{value!r} has bits set behind its prefix; the range is {found}"


def not_a_version(value: Any) -> str | None:
    """Why a value is not a Kubernetes version as EKS writes it; None if it is one, not given or not known yet."""
    if not isinstance(value, str) or value == UNKNOWN or re.fullmatch(r"1\.\d\d", value):
        return None
    return f"{value!r} is not a Kubernetes version like 1.35"
