"""The rules of drift fire when they should, and only then: promtool's cases."""

import json
import re
from pathlib import Path

import pytest

from commonground.metrics.rules import drift
from commonground.metrics.rules.model import MOST_GROUPS, Recording, alerts, text
from commonground.metrics.rules.windows import samples_range
from commonground.settings.metrics import Drift
from tests.metrics import promql
from tests.metrics.factory import metrics_settings
from tests.metrics.promtool import cases, check, needs_promtool, run_cases, write_rules


@needs_promtool
def test_the_rules_of_drift_are_valid_and_hold_in_every_case(tmp_path: Path) -> None:
    settings = metrics_settings()
    names = write_rules(tmp_path, {"drift": text(drift.groups(settings), runbooks=settings.runbooks)})

    checked = check(tmp_path, names, lint=False)
    ran = [run_cases(tmp_path, names, tests) for tests in cases("drift")]

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert ran
    assert all(one.returncode == 0 for one in ran), "".join(one.stdout + one.stderr for one in ran)


@needs_promtool
def test_settings_say_what_alerts(tmp_path: Path) -> None:
    settings = metrics_settings(drift=Drift(measure="jensen_shannon", warning=0.2, critical=0.3, fast="30m", slow="6h"))
    names = write_rules(tmp_path, {"drift": text(drift.groups(settings), runbooks=settings.runbooks)})
    first = cases("drift")[0]["tests"][0]
    # Three quarters where half were: a distance of 0.22.
    labels = {**first["alert_rule_test"][2]["exp_alerts"][0]["exp_labels"], "severity": "warning"}
    summary = "Feature age of model churn 2 (shop/churn) has drifted: Jensen-Shannon distance 0.22 in the last 30m, over 0.2; over 0.2 in 6h"
    expected = {"exp_labels": labels, "exp_annotations": {"summary": summary, "runbook_url": "docs/runbooks/ModelFeatureDrift.md"}}
    case = {**first, "alert_rule_test": [{"eval_time": "2h", "alertname": "ModelFeatureDrift", "exp_alerts": [expected]}]}

    ran = run_cases(tmp_path, names, {"evaluation_interval": "5m", "tests": [case]})

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_only_critical_drift_starts_a_retraining() -> None:
    found = {(alert.name, alert.severity.value, alert.labels.get("retrain")) for alert in alerts(drift.groups(metrics_settings()))}

    names = ("ModelFeatureDrift", "ModelPredictionDrift")
    assert found == {(name, *how) for name in names for how in (("critical", "true"), ("warning", None))}


@pytest.mark.parametrize(("window", "expected"), [("30m", "29m59s999ms"), ("1h", "59m59s999ms"), ("2h", "1h59m59s999ms"), ("1d", "23h59m59s999ms")])
def test_a_window_holds_its_length_of_increases_and_no_more(window: str, expected: str) -> None:
    assert samples_range(window) == expected


@needs_promtool
@pytest.mark.parametrize("team", ["payments", "platform"])
def test_every_team_is_told_and_who_belongs_to_none_as_well(team: str, tmp_path: Path) -> None:
    settings = metrics_settings()
    names = write_rules(tmp_path, {"drift": text(drift.groups(settings), runbooks=settings.runbooks)})
    case = json.loads(json.dumps(cases("drift")[0]["tests"][0]).replace('team=\\"shop\\"', f'team=\\"{team}\\"').replace('"team": "shop"', f'"team": "{team}"'))

    ran = run_cases(tmp_path, names, {"evaluation_interval": "5m", "tests": [case]})

    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("count", [0, 1, 18, 19, 300])
def test_every_team_is_in_one_share_however_many_there_are(count: int) -> None:
    teams = [f"team{number}" for number in range(count)]
    found = drift.shares(teams)

    for team in [*teams, "platform"]:
        assert sum(matches(matcher, team) for matcher in found.values()) == 1
    assert len(drift.groups(metrics_settings(teams={team: (team,) for team in teams}))) <= MOST_GROUPS


def matches(matcher: str, team: str) -> bool:
    """Whether Prometheus would find a series of this team: its expressions are anchored."""
    operator, value = re.fullmatch(r'team(=|=~|!~)"(.*)"', matcher).groups()  # type: ignore[union-attr]
    return bool(re.fullmatch(value, team)) != (operator == "!~") if "~" in operator else value == team


@pytest.mark.parametrize(("measure", "other"), [("psi", "jensen_shannon"), ("jensen_shannon", "psi")])
def test_the_measure_that_alerts_is_recorded_in_both_windows_and_the_other_in_the_fast_one(measure: str, other: str) -> None:
    rules = [rule for group in drift.groups(metrics_settings(drift=Drift(measure=measure))) for rule in group.rules]
    found = {rule.record for rule in rules if isinstance(rule, Recording)}

    assert {f"commonground:model_{measure}:{window}" for window in ("fast", "slow")} <= found
    assert f"commonground:model_{other}:fast" in found


def test_every_rule_of_a_share_reads_only_series_of_its_own() -> None:
    settings = metrics_settings()
    for name, only in drift.shares(list(settings.teams)).items():
        for group in (group for group in drift.groups(settings) if group.name.endswith(f"-{name}")):
            for rule in group.rules:
                read = [rule.expr[end:] for _, end in promql.names(rule.expr)]
                assert read
                assert all(after.startswith(f"{{{only}}}") for after in read), rule
