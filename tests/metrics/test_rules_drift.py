"""The rules of drift fire when they should, and only then: promtool's cases."""

from pathlib import Path

from commonground.metrics.rules import drift
from commonground.metrics.rules.model import text
from tests.metrics.factory import metrics_settings
from tests.metrics.promtool import cases, check, needs_promtool, run_cases, write_rules


@needs_promtool
def test_the_rules_of_drift_are_valid_and_hold_in_every_case(tmp_path: Path) -> None:
    settings = metrics_settings()
    names = write_rules(tmp_path, {"drift": text(drift.groups(settings), runbooks=settings.runbooks)})

    checked = check(tmp_path, names)
    ran = run_cases(tmp_path, names, cases("drift"))

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert ran.returncode == 0, ran.stdout + ran.stderr
