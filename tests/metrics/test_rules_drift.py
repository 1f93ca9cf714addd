"""The rules of drift fire when they should, and only then: promtool's cases."""

from pathlib import Path

import pytest

from commonground.metrics.rules import drift
from commonground.metrics.rules.model import alerts, text
from commonground.settings.metrics import Drift
from tests.metrics.factory import metrics_settings
from tests.metrics.promtool import cases, check, needs_promtool, run_cases, write_rules


@needs_promtool
def test_the_rules_of_drift_are_valid_and_hold_in_every_case(tmp_path: Path) -> None:
    settings = metrics_settings()
    names = write_rules(tmp_path, {"drift": text(drift.groups(settings), runbooks=settings.runbooks)})

    checked = check(tmp_path, names)
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


@pytest.mark.parametrize(("window", "expected"), [("30m", "29m59s"), ("1h", "59m59s"), ("2h", "1h59m59s"), ("1d", "23h59m59s")])
def test_a_window_holds_its_length_of_increases_and_no_more(window: str, expected: str) -> None:
    assert drift.samples_range(window) == expected
