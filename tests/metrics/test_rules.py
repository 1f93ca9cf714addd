"""What holds for every rule, whatever it is about: Prometheus takes it, Amazon Managed Prometheus' limits hold, cases and runbooks exist."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from commonground.metrics.rules import model
from commonground.metrics.rules.namespaces import NAMESPACES, files
from commonground.telemetry.contract import METRICS, Kind
from tests.metrics import promql, promtool
from tests.metrics.factory import metrics_settings

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
FILES = files(metrics_settings())
ALWAYS_FIRES = "Watchdog"

Case = dict[str, Any]


def groups(namespace: str) -> list[dict[str, Any]]:
    """As Prometheus reads them."""
    loaded: dict[str, Any] = YAML(typ="safe").load(FILES[namespace])
    return list(loaded["groups"])


def rules(namespace: str) -> Iterator[dict[str, Any]]:
    for group in groups(namespace):
        yield from group["rules"]


def alerts() -> list[tuple[str, dict[str, Any]]]:
    return [(namespace, rule) for namespace in NAMESPACES for rule in rules(namespace) if "alert" in rule]


def recorded() -> set[str]:
    return {rule["record"] for namespace in NAMESPACES for rule in rules(namespace) if "record" in rule}


def asked(namespace: str) -> list[Case]:
    tests = chain.from_iterable(file["tests"] for file in promtool.cases(namespace))
    return list(chain.from_iterable(test.get("alert_rule_test", ()) for test in tests))


def names() -> list[str]:
    return sorted({rule["alert"] for _, rule in alerts()})


each_alert = pytest.mark.parametrize(
    ("namespace", "rule"), alerts(), ids=lambda one: f"{one['alert']}-{one['labels']['severity']}" if isinstance(one, dict) else one
)
each_namespace = pytest.mark.parametrize("namespace", NAMESPACES)


@promtool.needs_promtool
def test_prometheus_takes_every_rule_file(tmp_path: Path) -> None:
    checked = promtool.check(tmp_path, promtool.write_rules(tmp_path, FILES), lint=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@promtool.needs_promtool
def test_no_two_rules_record_the_same_for_the_same_team(tmp_path: Path) -> None:
    checked = promtool.check(tmp_path, promtool.write_rules(tmp_path, files(metrics_settings(teams={}))))
    assert checked.returncode == 0, checked.stdout + checked.stderr


@promtool.needs_promtool
@each_namespace
def test_every_case_holds(namespace: str, tmp_path: Path) -> None:
    written = promtool.write_rules(tmp_path, {name: FILES[name] for name in promtool.with_what_it_reads(namespace, FILES)})
    for cases in promtool.cases(namespace):
        done = promtool.run_cases(tmp_path, written, cases)
        assert done.returncode == 0, done.stdout + done.stderr


@each_alert
def test_every_alert_has_a_case_in_which_it_fires(namespace: str, rule: dict[str, Any]) -> None:
    assert any(_fires(case, rule) for case in asked(namespace))


@each_alert
def test_every_alert_has_a_case_in_which_it_does_not_fire(namespace: str, rule: dict[str, Any]) -> None:
    if rule["alert"] == ALWAYS_FIRES:
        pytest.skip("it always fires")
    assert any(case["alertname"] == rule["alert"] and not _fires(case, rule) for case in asked(namespace))


def _fires(case: Case, rule: dict[str, Any]) -> bool:
    fired = [one["exp_labels"] for one in case.get("exp_alerts") or () if case["alertname"] == rule["alert"]]
    return any(labels["severity"] == rule["labels"]["severity"] for labels in fired)


@each_namespace
def test_cases_say_what_a_person_would_read(namespace: str) -> None:
    for case in asked(namespace):
        for fired in case.get("exp_alerts") or ():
            assert {"summary", "runbook_url"} <= set(fired["exp_annotations"]), case


@each_alert
def test_an_alert_says_how_soon_whose_and_what(namespace: str, rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in set(model.Severity)
    assert rule["labels"].get("team") or all("team" in fired["exp_labels"] for case in asked(namespace) if _fires(case, rule) for fired in case["exp_alerts"])
    summary = rule["annotations"]["summary"]
    assert "{{ $" in summary
    assert "\n" not in summary
    assert not summary.endswith(".")


@each_alert
def test_an_alert_has_a_runbook(namespace: str, rule: dict[str, Any]) -> None:
    assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{rule['alert']}.md"
    assert (RUNBOOKS / f"{rule['alert']}.md").is_file()


def test_every_runbook_belongs_to_an_alert() -> None:
    assert sorted(page.stem for page in RUNBOOKS.glob("*.md") if page.stem != "README") == names()


@pytest.mark.parametrize("alert", names())
def test_a_runbook_is_short_and_says_what_to_look_at_and_do(alert: str) -> None:
    text = (RUNBOOKS / f"{alert}.md").read_text()
    lines = text.splitlines()
    assert lines[0] == f"# {alert}"
    assert 12 <= len(lines) <= 60
    assert len([line for line in lines if line.startswith("## ")]) >= 3
    assert "```" in text


@pytest.mark.parametrize("alert", names())
def test_series_that_a_runbook_asks_for_exist(alert: str) -> None:
    text = (RUNBOOKS / f"{alert}.md").read_text()
    found = {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"\b(?:commonground:[\w:]+|commonground_\w+)", text)}
    assert {name for name in found if ":" in name} <= recorded()
    assert {name for name in found if ":" not in name} <= {metric.name for metric in METRICS}


def test_an_alert_has_one_rule_for_each_severity() -> None:
    both = [(rule["alert"], rule["labels"]["severity"]) for _, rule in alerts()]
    assert len(both) == len(set(both))


def test_an_alerts_name_is_in_one_namespace() -> None:
    assert len({(namespace, rule["alert"]) for namespace, rule in alerts()}) == len(names())


@each_namespace
def test_recorded_series_are_named_by_the_scheme(namespace: str) -> None:
    for rule in rules(namespace):
        if "record" in rule:
            assert re.fullmatch(r"commonground:[a-z][a-z0-9_]*:[a-z0-9_]+", rule["record"]), rule["record"]


@each_namespace
def test_rules_read_recorded_series_that_are_recorded(namespace: str) -> None:
    for rule in rules(namespace):
        assert {name for name in _read(rule["expr"]) if name.startswith("commonground:")} <= recorded()


@each_namespace
def test_what_another_group_records_every_five_minutes_is_read_over_a_range(namespace: str) -> None:
    """An instant read looks back five minutes, and misses it while the group that records it is late."""
    slow = [group for name in NAMESPACES for group in groups(name) if group["interval"] == "5m"]
    late: dict[str, set[str]] = {}
    for group in slow:
        for rule in group["rules"]:
            late.setdefault(rule.get("record", ""), set()).add(group["name"])
    for group in groups(namespace):
        for rule in group["rules"]:
            at_once = {expr for expr in _instant(rule["expr"]) if group["name"] not in late.get(expr, {group["name"]})}
            assert at_once == set(), rule


def _instant(expr: str) -> set[str]:
    return {expr[start:end] for start, end in promql.names(expr) if not re.match(r"\s*(\{[^}]*\}\s*)?\[", expr[end:])}


def test_a_read_over_a_range_is_told_from_an_instant_one() -> None:
    assert _instant('last_over_time(a{b="c"}[10m]) + sum_over_time(d[1h]) > e{f="g"} and h offset 5m') == {"e", "h"}


@each_namespace
def test_rules_read_metrics_of_the_contract_by_their_names(namespace: str) -> None:
    exposed = set(chain.from_iterable(_series(metric.name, metric.kind) for metric in METRICS))
    for rule in rules(namespace):
        assert {name for name in _read(rule["expr"]) if name.startswith("commonground_")} <= exposed


def _series(name: str, kind: Kind) -> tuple[str, ...]:
    return (f"{name}_bucket", f"{name}_count", f"{name}_sum") if kind == Kind.HISTOGRAM else (name,)


def _read(expr: str) -> set[str]:
    return {expr[start:end] for start, end in promql.names(expr)}


def test_amazon_managed_prometheus_would_take_them() -> None:
    assert len(FILES) <= model.MOST_NAMESPACES
    for namespace, text in FILES.items():
        assert len(text.encode()) <= model.MOST_BYTES
        assert len(groups(namespace)) <= model.MOST_GROUPS
        for group in groups(namespace):
            assert len(group["rules"]) <= model.MOST_RULES


def test_a_groups_name_is_in_one_namespace() -> None:
    found = [group["name"] for namespace in NAMESPACES for group in groups(namespace)]
    assert len(found) == len(set(found))


@each_namespace
def test_groups_are_evaluated_every_minute_every_five_or_every_hour(namespace: str) -> None:
    assert {group["interval"] for group in groups(namespace)} <= {"1m", "5m", "1h"}


def test_rules_are_the_same_each_time() -> None:
    assert files(metrics_settings()) == FILES
