"""A report as JSON for programs, and its schema: `python -m commonground.preview.forms.jsonreport` writes it to docs/preview-report.schema.json."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from commonground.preview.model import Report

DRAFT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA = Path("docs/preview-report.schema.json")


def render(report: Report) -> str:
    """The report as JSON in ASCII, its version first. The same report gives the same bytes."""
    form = asdict(report)
    return json.dumps({"version": form.pop("version"), **form}, indent=2) + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema that every rendered report of this version keeps."""
    from pydantic import TypeAdapter
    from pydantic.json_schema import GenerateJsonSchema

    from commonground.settings.descriptions import description

    class Described(GenerateJsonSchema):
        """The schema with what each field holds."""

        def dataclass_schema(self, schema: Any) -> dict[str, Any]:
            """One dataclass's: every field is always there."""
            made = super().dataclass_schema(schema)
            for name, field in made["properties"].items():
                field.pop("default", None)
                field.pop("title", None)
                if text := description(schema["cls"], name):
                    field["description"] = text
            return {**made, "required": list(made["properties"]), "additionalProperties": True}

    made = TypeAdapter(Report).json_schema(mode="serialization", schema_generator=Described)
    return {"$schema": DRAFT, **made, "title": "Commonground preview report"}


def schema_text() -> str:
    """The text of the committed schema."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema_text())
