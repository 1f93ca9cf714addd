"""The rules of models fire when they should, and only then: promtool's cases. Those of input data read what the rules of drift record."""

from pathlib import Path

from commonground.metrics.rules import drift, models
from commonground.metrics.rules.model import text
from tests.metrics.factory import metrics_settings
from tests.metrics.promtool import cases, check, needs_promtool, run_cases, write_rules


@needs_promtool
def test_the_rules_of_models_are_valid_and_hold_in_every_case(tmp_path: Path) -> None:
    settings = metrics_settings()
    files = {name: text(groups(settings), runbooks=settings.runbooks) for name, groups in (("drift", drift.groups), ("models", models.groups))}
    names = write_rules(tmp_path, files)

    checked = check(tmp_path, names, lint=False)
    ran = [run_cases(tmp_path, names, tests) for tests in cases("models")]

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert ran
    assert all(one.returncode == 0 for one in ran), "".join(one.stdout + one.stderr for one in ran)
