"""botocore's service models: what an argument may be, and its way into a request and out of an answer."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from typing import Any

from botocore.loaders import create_loader
from botocore.model import OperationModel, ServiceModel, Shape

from commonground.local.providers.values import UNKNOWN

NO_FIELDS: Mapping[str, str] = {}
LOADER = create_loader()
"""Reads each model once: EC2's takes a third of a second."""


@cache
def service(name: str) -> ServiceModel:
    """The model of a service, by boto3's name."""
    return ServiceModel(LOADER.load_service_model(name, "service-2"), name)


@cache
def operation(service_name: str, name: str) -> OperationModel:
    """The model of an operation. Raises botocore's OperationNotFoundError for an unknown one."""
    return service(service_name).operation_model(name)


@cache
def shape(service_name: str, path: str) -> Shape:
    """The shape of an operation's input at a path like `CreateSubnet.CidrBlock`. KeyError if there is none."""
    name, *members = path.split(".")
    found = operation(service_name, name).input_shape
    for member in members:
        found = found.member if found.type_name == "list" else found
        found = found.members[member]
    return found


def camel(member: str) -> str:
    """An API member as Pulumi writes it: `SSEAlgorithm` is `sseAlgorithm`, `KMSMasterKeyID` is `kmsMasterKeyId`."""
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", member)).split(" ")
    return "".join([words[0].lower(), *(word.capitalize() if word.isupper() else word for word in words[1:])])


@cache
def _by_fold(structure: Shape) -> dict[str, str]:
    return {member.lower(): member for member in structure.members}


def member_of(structure: Shape, name: str, fields: Mapping[str, str]) -> str | None:
    """The member of a structure for a Pulumi name; None if there is none."""
    return fields.get(name) or _by_fold(structure).get(name.lower())


def wrong(of: Shape, value: Any, path: str, fields: Mapping[str, str] = NO_FIELDS) -> Iterator[tuple[str, str]]:
    """What is wrong with a value: property path and reason. Unknown values are never wrong."""
    if value == UNKNOWN:
        return
    if of.type_name == "structure":
        if isinstance(value, list) and (only := _only_list(of)):  # where the API has an object around a list, Pulumi has the list
            yield from wrong(of.members[only], value, path, fields)
        elif isinstance(value, list) and len(value) == 1:  # where the API has the one, Pulumi may have a list of it
            yield from wrong(of, value[0], f"{path}[0]", fields)
        else:
            yield from _wrong_structure(of, value, path, fields)
    elif of.type_name == "list" and isinstance(value, dict) and _is_tags(of):
        yield from wrong_tags(value, path)
    elif of.type_name == "list":
        if isinstance(value, dict):  # where the API has a list of one, Pulumi has the one
            yield from wrong(of.member, value, path, fields)
            return
        if not isinstance(value, list):
            yield path, f"expected a list, got {_said(value)}"
            return
        for index, item in enumerate(value):
            yield from wrong(of.member, item, f"{path}[{index}]", fields)
    elif of.type_name == "map":
        yield from _wrong_map(of, value, path)
    else:
        yield from _wrong_scalar(of, value, path)


_LOCAL: Mapping[str, tuple[str, type | tuple[type, ...]]] = {
    "string": ("text", str),
    "boolean": ("true or false", bool),
    "integer": ("a whole number", int),
    "strings": ("a list of texts", list),
    "tags": ("a map", dict),
    "object": ("an object", dict),
    "objects": ("a list of objects", list),
}
_ITEMS: Mapping[str, type] = {"strings": str, "objects": dict}


def _list(value: Any) -> list[Any]:
    return list(value)


def wrong_local(kind: str, value: Any, path: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the value of an argument that no operation has; `kind` is one of the table's local types."""
    expected, types = _LOCAL[kind]
    spelled_out = kind == "boolean" and value in ("true", "false")
    if value == UNKNOWN or spelled_out:
        return
    if not isinstance(value, types) or (kind == "integer" and isinstance(value, bool)):
        yield path, f"expected {expected}, got {_said(value)}"
        return
    for index, item in enumerate(_list(value) if kind in _ITEMS else []):
        if item != UNKNOWN and not isinstance(item, _ITEMS[kind]):
            yield f"{path}[{index}]", f"expected {expected}, got {_said(item)} in it"


def _wrong_structure(of: Shape, value: Any, path: str, fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, f"expected an object, got {_said(value)}"
        return
    given = set()
    for name, item in value.items():
        member = member_of(of, name, fields)
        if member is None:
            close = get_close_matches(name, [camel(known) for known in of.members], 1)
            yield f"{path}.{name}", "is not a known property" + (f"; did you mean {close[0]}?" if close else "")
            continue
        given.add(member)
        yield from wrong(of.members[member], item, f"{path}.{name}", fields)
    for member in of.required_members:
        if member not in given:
            yield f"{path}.{camel(member)}", "is required"


def _wrong_map(of: Shape, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, f"expected a map, got {_said(value)}"
        return
    for key, item in value.items():
        for _, reason in wrong(of.key, key, path):
            yield path, f"key {key!r}: {reason}"
        yield from wrong(of.value, item, f"{path}.{key}")


MOST_TAGS, KEY_LENGTH, VALUE_LENGTH = 50, 128, 256
"""Limits of tags (AWS General Reference, "Tag naming limits and requirements")."""


def wrong_tags(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """What is wrong with tags, a map of text: property path and reason."""
    if value == UNKNOWN:
        return
    if not isinstance(value, dict):
        yield path, f"expected a map of tags, got {_said(value)}"
        return
    if len(value) > MOST_TAGS:
        yield path, f"has {len(value)} tags, expected at most {MOST_TAGS}"
    for key, text in value.items():
        if not 1 <= len(key) <= KEY_LENGTH:
            yield path, f"key {key!r} is {len(key)} characters, expected 1 to {KEY_LENGTH}"
        if key.lower().startswith("aws:"):
            yield f"{path}.{key}", "begins with aws:, which AWS keeps for itself"
        if not isinstance(text, str):
            yield f"{path}.{key}", f"expected text, got {_said(text)}"
        elif len(text) > VALUE_LENGTH and text != UNKNOWN:
            yield f"{path}.{key}", f"is {len(text)} characters, expected at most {VALUE_LENGTH}"


def _wrong_scalar(of: Shape, value: Any, path: str) -> Iterator[tuple[str, str]]:
    kind = of.type_name
    if kind in ("integer", "long"):
        number = int(value) if isinstance(value, str) and re.fullmatch(r"-?\d+", value) else value
        if isinstance(number, bool) or not isinstance(number, int):
            yield path, f"expected a whole number, got {_said(value)}"
        else:
            yield from _out_of_bounds(of, number, path, "")
    elif kind == "boolean":
        if not isinstance(value, bool) and value not in ("true", "false"):
            yield path, f"expected true or false, got {_said(value)}"
    elif kind in ("float", "double"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield path, f"expected a number, got {_said(value)}"
    elif kind == "string":
        yield from _wrong_string(of, value, path)


def _wrong_string(of: Shape, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, str):
        yield path, f"expected text, got {_said(value)}"
    elif of.enum and value not in of.enum:
        close = get_close_matches(value, of.enum, 1)
        some = ", ".join(of.enum[:12]) + (", ..." if len(of.enum) > 12 else "")
        yield path, f"{value!r} is not one of {some}" + (f"; did you mean {close[0]}?" if close else "")
    else:
        yield from _out_of_bounds(of, len(value), path, " characters")
        pattern = of.metadata.get("pattern")
        if pattern and not _matches(pattern, value):
            yield path, f"{value!r} does not match {pattern}"
        elif not pattern and (reason := _wrong_arn(path, value)):
            yield path, reason


_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws)?:.+")
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")


def _wrong_arn(path: str, value: str) -> str | None:
    """Most models say nothing of an ARN's form, but its name does. A `keyArn` may be an alias (API reference, EKS Provider)."""
    name = path.rpartition(".")[2].lower()
    if name.endswith("rolearn"):
        return None if _ROLE_ARN.fullmatch(value) else f"{value!r} is not the ARN of a role, arn:aws:iam::ACCOUNT:role/NAME"
    if name.endswith("arn") and name != "keyarn" and not _ARN.fullmatch(value):
        return f"{value!r} is not an ARN"
    return None


def _out_of_bounds(of: Shape, size: int, path: str, unit: str) -> Iterator[tuple[str, str]]:
    least, most = of.metadata.get("min"), of.metadata.get("max")
    if least is not None and size < least:
        yield path, f"is {size}{unit}, expected at least {least}"
    if most is not None and size > most:
        yield path, f"is {size}{unit}, expected at most {most}"


def _matches(pattern: str, value: str) -> bool:
    """Older models leave the anchors out and mean the whole text; `\\w` is ASCII there."""
    anchored = pattern.startswith("^") or pattern.endswith("$")
    try:
        return (re.search if anchored else re.fullmatch)(pattern, value, re.ASCII | re.DOTALL) is not None
    except re.error:  # a few of the models' patterns are Java's
        return True


def _only_list(structure: Shape) -> str | None:
    """The member of a structure that has no other, if it is a list."""
    members = list(structure.members.items())
    return str(members[0][0]) if len(members) == 1 and members[0][1].type_name == "list" else None


def _said(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"


def _is_tags(of: Shape) -> bool:
    item = of.member
    return item.type_name == "structure" and set(_by_fold(item)) == {"key", "value"}


def to_api(of: Shape, value: Any, fields: Mapping[str, str] = NO_FIELDS) -> Any:
    """A Pulumi value as a request's: names in the API's spelling, tags as a list, numbers and booleans typed."""
    if of.type_name == "structure":
        if isinstance(value, list) and (only := _only_list(of)):
            return {only: to_api(of.members[only], value, fields)}
        (value,) = value if isinstance(value, list) else (value,)
        return {member_of(of, name, fields): to_api(of.members[member_of(of, name, fields)], item, fields) for name, item in value.items()}
    if of.type_name == "list":
        if isinstance(value, dict) and _is_tags(of):
            names = _by_fold(of.member)
            return [{names["key"]: key, names["value"]: item} for key, item in sorted(value.items())]
        return [to_api(of.member, item, fields) for item in (value if isinstance(value, list) else [value])]
    if of.type_name == "boolean" and isinstance(value, str):
        return value == "true"
    if of.type_name in ("integer", "long") and isinstance(value, str):
        return int(value)
    return value


def from_api(of: Shape | None, value: Any, names: Mapping[str, str] = NO_FIELDS) -> Any:
    """An answer's value as Pulumi's: members in camelCase or as `names` says (by API name), tags as a map, times as RFC 3339.

    A map's keys are the user's and stay as they are. A document that botocore has decoded (IAM's policies) is text again.
    """
    if value is None:
        return None
    kind = of.type_name if of is not None else ""
    if of is not None and kind == "structure":
        given = {member: item for member, item in value.items() if member in of.members and item is not None}
        return {names.get(member) or camel(member): from_api(of.members[member], item, names) for member, item in given.items()}
    if of is not None and kind == "list":
        if _is_tags(of):
            spelled = _by_fold(of.member)
            return {item[spelled["key"]]: item[spelled["value"]] for item in value}
        return [from_api(of.member, item, names) for item in value]
    if kind == "map" or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps(value) if isinstance(value, dict) else str(value)
