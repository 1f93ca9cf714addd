"""Properties as the engine sends them."""

import json
from typing import Any

from google.protobuf import json_format, struct_pb2
from policies.values import SIGNATURE

SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270"}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def struct(properties: dict[str, Any]) -> struct_pb2.Struct:
    """A struct of plain values."""
    return json_format.Parse(json.dumps(properties), struct_pb2.Struct())


def secret(value: Any) -> dict[str, Any]:
    """How the engine writes a secret."""
    return {**SECRET, "value": value}
