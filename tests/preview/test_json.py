"""The report for programs: every one keeps the committed schema, and the schema says what each field holds."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator, ValidationError
from tests.preview import reports
from tests.preview.strategies import reports as any_report

from commonground.preview.forms import jsonreport
from commonground.preview.model import Report

SAMPLES = (reports.one_environment, reports.three_environments, reports.failed, reports.nothing, reports.evil)
COMMITTED = json.loads((Path(__file__).parents[2] / jsonreport.SCHEMA).read_text())
VALIDATOR = Draft202012Validator(COMMITTED)


def test_the_committed_schema_is_current() -> None:
    assert (Path(__file__).parents[2] / jsonreport.SCHEMA).read_text() == jsonreport.schema_text()


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(COMMITTED)


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_report_keeps_the_schema(sample: Any) -> None:
    VALIDATOR.validate(json.loads(jsonreport.render(sample())))


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_report)
def test_any_report_keeps_the_schema_in_ascii(report: Report) -> None:
    text = jsonreport.render(report)
    assert text.isascii()
    VALIDATOR.validate(json.loads(text))


@pytest.mark.parametrize(
    ("place", "value"),
    [(("environments", 0, "changes", 0, "operation"), "update"), (("environments", 0, "changes", 0, "reasons", 0, "kind"), "dangerous"), (("version",), "1")],
)
def test_what_is_no_report_does_not_keep_it(place: tuple[Any, ...], value: object) -> None:
    form = json.loads(jsonreport.render(reports.one_environment()))
    *way, last = place
    owner = form
    for step in way:
        owner = owner[step]
    owner[last] = value
    with pytest.raises(ValidationError):
        VALIDATOR.validate(form)


def test_a_field_that_is_missing_does_not_keep_it() -> None:
    form = json.loads(jsonreport.render(reports.one_environment()))
    del form["environments"][0]["changes"][0]["lifted"]
    with pytest.raises(ValidationError, match="lifted"):
        VALIDATOR.validate(form)


def test_what_a_later_release_adds_keeps_it() -> None:
    form = json.loads(jsonreport.render(reports.one_environment()))
    VALIDATOR.validate({**form, "added": 1})


def test_fields_say_what_they_hold() -> None:
    described = COMMITTED["$defs"]["Change"]["properties"]
    assert described["cause"]["description"] == "URN of the resource whose replacement makes this one's."
    assert COMMITTED["properties"]["version"]["description"].startswith("Of this form.")
    assert COMMITTED["properties"]["version"].get("const") is None
    assert "security wider" in COMMITTED["$defs"]["Class"]["enum"]


def test_the_version_comes_first_and_the_changes_in_the_reports_order() -> None:
    text = jsonreport.render(reports.three_environments())
    assert text.startswith('{\n  "version": 1,')
    assert [found["environment"] for found in json.loads(text)["environments"]] == ["dev", "staging", "prod"]
