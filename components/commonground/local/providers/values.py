"""Values of the provider protocol as plain Python: numbers that are whole are ints, what is not known yet is `UNKNOWN`."""

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the protocol writes a value that is not known yet (pulumi/sdk, `resource.plugin.UnknownStringValue`)."""

Properties = dict[str, Any]


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """A struct as a dict. Properties without a value are left out, as the official providers see them."""
    return {key: value for key, value in _whole(json_format.MessageToDict(struct)).items() if value is not None}


def to_struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """A dict as a struct."""
    struct = struct_pb2.Struct()
    struct.update(properties)
    return struct


def known(value: Any) -> bool:
    """Whether a value is known, all the way down."""
    if isinstance(value, dict):
        return all(known(item) for item in value.values())
    if isinstance(value, list):
        return all(known(item) for item in value)
    return bool(value != UNKNOWN)


def at(properties: Any, path: str) -> Iterator[Any]:
    """Every value at a dotted path; lists on the way are walked through. `launchTemplate.id`, `routes.cidrBlock`."""
    head, _, rest = path.partition(".")
    for item in properties if isinstance(properties, list) else [properties]:
        if isinstance(item, dict) and head in item:
            if rest:
                yield from at(item[head], rest)
            else:
                yield item[head]
        elif item == UNKNOWN:
            yield UNKNOWN


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
