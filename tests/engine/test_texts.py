"""What differs in long texts, as a reviewer reads it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metrics.factory import metrics_settings

from commonground.engine.report import render
from commonground.engine.steps import MISSING, Step
from commonground.engine.texts import MOST, differences
from commonground.metrics.dashboards.catalog import files as dashboards
from commonground.metrics.rules.namespaces import files
from commonground.settings.metrics import Drift

RULES = "groups:\n- name: disk\n  rules:\n{}"
ALERT = "  - alert: {}\n    expr: {}\n    labels: {{severity: {}}}\n"


def rules(*alerts: tuple[str, str, str]) -> str:
    return RULES.format("".join(ALERT.format(*alert) for alert in alerts))


def told(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    """Path, before and after of each difference."""
    return [(one.path, one.before, one.after) for one in differences("data", before, after)[0]]


def test_a_threshold_is_told_by_group_alert_and_severity() -> None:
    before, after = (rules(("Full", "disk > 0.8", "warning"), ("Full", f"disk > {bound}", "critical")) for bound in ("0.9", "0.95"))
    assert told(before, after) == [("data.groups[disk].rules[Full critical].expr", "disk > 0.9", "disk > 0.95")]


def test_a_rule_that_comes_goes_or_moves_is_told_by_its_name() -> None:
    full, slow = ("Full", "a", "warning"), ("Slow", "b", "warning")
    ((path, before, after),) = told(rules(full), rules(full, slow))
    assert (path, before, after["expr"]) == ("data.groups[disk].rules[Slow warning]", MISSING, "b")
    ((path, before, after),) = told(rules(slow, full), rules(full))
    assert (path, before["expr"], after) == ("data.groups[disk].rules[Slow warning]", "b", MISSING)
    assert told(rules(full, slow), rules(slow, full)) == [
        ("data.groups[disk].rules", ["Full warning", "Slow warning"], ["Slow warning", "Full warning"]),
    ]


def test_a_changed_threshold_of_drift_names_its_four_alerts_and_nothing_else() -> None:
    before, after = (files(metrics_settings(drift=Drift(warning=bound)))["drift"] for bound in (0.1, 0.15))
    named = {path.split(".")[2] for path, _, _ in told(before, after)}
    assert named == {f"rules[Model{what}Drift {severity}]" for what in ("Feature", "Prediction") for severity in ("warning", "critical")}


def test_of_a_new_panel_it_is_told_and_of_those_below_it_only_that_they_moved() -> None:
    text = dashboards(metrics_settings())["service.json"]
    data = json.loads(text)
    data["panels"].insert(1, {**data["panels"][1], "title": "Something new"})
    for panel in data["panels"][2:]:
        panel["gridPos"]["y"] += 8
        panel["id"] += 1
    found, rest = differences("data", text, json.dumps(data))
    assert [one.path for one in found] == ["data.panels[Something new]"]
    assert "more values differ, in " in rest


def test_a_document_of_another_kind_altogether_is_bounded() -> None:
    found, rest = differences("data", *(json.dumps({"panels": [{"title": f"{n}", "expr": f"{name}{n}"} for n in range(100)]}) for name in "ab"))
    assert len(found) == MOST
    assert rest == "88 more values differ, in 12, 13, 14, 15 and 84 more"


def test_a_text_in_a_text_is_looked_into() -> None:
    before, after = (f"alertmanager_config: |\n  route:\n    receiver: {name}\n    group_wait: 30s\n" for name in ("shop", "pager"))
    assert told(before, after) == [("data.alertmanager_config.route.receiver", "shop", "pager")]


def test_an_item_without_a_name_is_told_by_its_place() -> None:
    assert told('{"a": [1, 2, 3]}', '{"a": [1, 9, 2, 3]}') == [("data.a[1]", MISSING, [9])]
    assert told('{"a": [1, 2]}', '{"a": [1, 9]}') == [("data.a[1]", 2, 9)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("#!/bin/sh\necho a\nexit\n", "#!/bin/sh\necho b\nexit\n", [("data[line 2]", "echo a", "echo b")]),
        ("# one\na: 1\n", "# two\na: 1\n", [("data[line 1]", "# one", "# two")]),
        ("a: &x [1]\nb: *x\n", "a: &x [2]\nb: *x\n", [("data[line 1]", "a: &x [1]", "a: &x [2]")]),
        ("a: 1\nb: 2\n", "a: 1\n", [("data.b", "2", MISSING)]),
    ],
)
def test_what_is_no_document_is_told_by_its_lines(before: str, after: str, expected: list[tuple[str, Any, Any]]) -> None:
    assert told(before, after) == expected


@pytest.mark.parametrize(("before", "after"), [("a", "b"), (1, 2), (MISSING, "a: 1\nb: 2\n"), ("{broken", "{worse"), ('{"a":1}', '{"a": 1}'), ([1], [2])])
def test_anything_else_is_told_as_a_whole(before: Any, after: Any) -> None:
    assert told(before, after) == [("data", before, after)]


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 5_000 + "\n", "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(99))])
def test_a_text_that_is_made_to_hurt_does_not(text: str) -> None:
    assert told(text, f"{text}\nb")


texts = st.text("a:- \n{}[]\"1&*|>#'", max_size=30)


@given(texts, texts)
def test_any_two_texts_can_be_compared_and_two_that_differ_do(before: str, after: str) -> None:
    found, _ = differences("data", before, after)
    assert found
    assert before == after or all(one.before != one.after for one in found)


def test_before_an_up_a_change_in_a_long_text_is_a_few_short_lines() -> None:
    before, after = (files(metrics_settings(drift=Drift(warning=bound)))["drift"] for bound in (0.1, 0.15))
    changed = Step("update", "urn:pulumi:dev::p::a:b:C::rules", "a:b:C", custom=True, old={"data": before}, new={"data": after}, diff={"data": "update"})
    lines = render([changed], title="dev").splitlines()
    assert sum("rules[ModelFeatureDrift warning].expr: " in line for line in lines) == 1
    assert len(lines) < 20 and max(map(len, lines)) < 700
