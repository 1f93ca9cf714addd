"""The JSON Schemas that editors use are fresh, take the shipped files, and refuse what the check refuses."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from commonground.settings import schema
from tests.settings.conftest import ENVIRONMENTS, FOUNDATION

FILES = [("blueprint.schema.json", "blueprint.yaml"), *(("environment.schema.json", f"Pulumi.{name}.yaml") for name in ENVIRONMENTS)]


def load(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path)


@pytest.mark.parametrize("name", schema.SCHEMAS)
def test_the_committed_schema_is_what_would_be_written(name: str) -> None:
    assert (schema.FOLDER / name).read_text() == schema.text(name), "run: python -m commonground.settings.schema"


@pytest.mark.parametrize(("name", "file"), FILES)
def test_a_shipped_file_is_valid_and_names_its_schema(name: str, file: str) -> None:
    validator = jsonschema.Draft202012Validator(schema.SCHEMAS[name]())
    validator.check_schema(validator.schema)
    validator.validate(load(FOUNDATION / file))
    first = (FOUNDATION / file).read_text().splitlines()[0]
    assert (FOUNDATION / first.partition("$schema=")[2]).resolve() == (schema.FOLDER / name).resolve()


@pytest.mark.parametrize(
    ("name", "file", "path", "value"),
    [
        ("blueprint.schema.json", "blueprint.yaml", ["network", "natt"], True),
        ("blueprint.schema.json", "blueprint.yaml", ["buckets", "models", "purpose"], "model"),
        ("blueprint.schema.json", "blueprint.yaml", ["cluster", "kubernetes"], [1.3]),
        ("environment.schema.json", "Pulumi.dev.yaml", ["config", "commonground:scale", "zones"], 1),
        ("environment.schema.json", "Pulumi.dev.yaml", ["config", "commonground:scales"], {}),
        ("environment.schema.json", "Pulumi.dev.yaml", ["config", "commonground:bindings", "account"], 12345678901),
    ],
)
def test_an_editor_shows_a_mistake(name: str, file: str, path: list[str], value: object) -> None:
    data = load(FOUNDATION / file)
    holder = data
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    assert list(jsonschema.Draft202012Validator(schema.SCHEMAS[name]()).iter_errors(data))


def test_every_setting_says_what_it_does_and_gives_an_example() -> None:
    def settings_of(node: Any) -> Any:
        if isinstance(node, dict):
            for key, item in node.get("properties", {}).items():
                yield key, item
            for item in node.values():
                yield from settings_of(item)

    for name in schema.SCHEMAS:
        for key, item in settings_of(schema.SCHEMAS[name]()):
            if key not in ("config", "commonground:scale", "commonground:bindings", "cluster", "network"):
                assert "Example:" in item["description"] or "Default:" in item["description"], key
