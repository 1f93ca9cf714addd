"""YAML, written the same way each time."""

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString


def written(data: Mapping[str, Any]) -> str:
    """The text of a document: keys in the order given, no line folded, texts of several lines as blocks."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 100_000
    stream = io.StringIO()
    yaml.dump(_blocks(data), stream)
    return stream.getvalue()


def _blocks(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _blocks(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_blocks(value) for value in data]
    return LiteralScalarString(data) if isinstance(data, str) and "\n" in data else data
