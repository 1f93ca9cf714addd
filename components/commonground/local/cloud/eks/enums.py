"""Values that EKS' model does not list: refused as EKS does, since clients send them unchecked."""

from collections.abc import Iterator, Mapping
from typing import Any

from moto.core.utils import get_service_model

from .errors import InvalidParameter


def check(operation: str, params: Mapping[str, Any]) -> None:
    """Refuses a parameter whose value is not one of its enumeration (botocore's model)."""
    shape = get_service_model("eks").operation_model(operation).input_shape
    for path, value, allowed in _strangers(shape, params, ""):
        raise InvalidParameter(f"{path.lstrip('.')}: {value} is not one of [{', '.join(allowed)}]")


def _strangers(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str, list[str]]]:
    if value is None or shape is None:
        return
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from _strangers(member, value.get(name), f"{path}.{name}")
    elif shape.type_name == "list":
        for item in value:
            yield from _strangers(shape.member, item, path)
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield path, value, list(shape.enum)
