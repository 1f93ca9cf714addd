"""JSON Schema of the files that people write, for editors: `python -m commonground.settings.schema` writes it beside this module."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from commonground.settings.bindings import Bindings
from commonground.settings.blueprint import Blueprint
from commonground.settings.descriptions import description
from commonground.settings.files import BINDINGS, SCALE
from commonground.settings.scale import Scale

DRAFT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path(__file__).parent


def blueprint() -> dict[str, Any]:
    """Return the schema of blueprint.yaml."""
    return {"$schema": DRAFT, "title": "Commonground blueprint", **_of(Blueprint)}


def environment() -> dict[str, Any]:
    """Return the schema of Pulumi.ENVIRONMENT.yaml: the environment's block strictly, whatever else Pulumi keeps there freely."""
    scale, bindings = _of(Scale), _of(Bindings)
    definitions = {**scale.pop("$defs"), **bindings.pop("$defs")}
    block = {"type": "object", "required": [SCALE, BINDINGS], "properties": {SCALE: scale, BINDINGS: bindings}}
    return {
        "$schema": DRAFT,
        "title": "Commonground environment",
        "description": "One environment: its scale and its bindings.",
        "type": "object",
        "required": ["config"],
        "properties": {"config": {**block, "patternProperties": {"^commonground:(?!scale$|bindings$)": False}}},
        "$defs": dict(sorted(definitions.items())),
    }


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {"blueprint.schema.json": blueprint, "environment.schema.json": environment}
"""Each committed file, and what makes it."""


def text(name: str) -> str:
    """Return the text of one of the committed files."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"


class Described(GenerateJsonSchema):
    """The schema with what each setting is for."""

    def model_schema(self, schema: Any) -> dict[str, Any]:
        """One model's."""
        made = super().model_schema(schema)
        for name, settings in made.get("properties", {}).items():
            if text := description(schema["cls"], name):
                settings["description"] = text
        return made


def _of(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(schema_generator=Described)
    schema.pop("title", None)
    tidied: dict[str, Any] = _tidy(schema)
    return tidied


def _tidy(value: Any, *, names: bool = False) -> Any:
    """Descriptions on one line, and no titles that only repeat the key. `names`: the keys are a user's words."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: item for key, item in value.items() if names or key != "title"}
    return {
        key: " ".join(item.split()) if key == "description" and isinstance(item, str) else _tidy(item, names=key in ("properties", "$defs"))
        for key, item in kept.items()
    }


def main() -> None:
    """Write the files."""
    for name in SCHEMAS:
        (FOLDER / name).write_text(text(name), encoding="utf-8")


if __name__ == "__main__":
    main()
