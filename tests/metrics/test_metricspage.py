"""docs/metrics.md says what the settings and the shipped blueprint say."""

import re

import pytest

from commonground.metrics.rules.model import Alert
from commonground.metrics.rules.namespaces import NAMESPACES
from tests.metrics import metricspage
from tests.metrics.factory import metrics_settings


def test_the_page_has_every_setting_and_who_is_told() -> None:
    """If not: `python -m tests.metrics.metricspage`."""
    page = metricspage.FILE.read_text("utf-8")
    assert page == metricspage.placed(page)


def test_a_page_without_its_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="no markers 'settings'"):
        metricspage.placed("# Metrics")


def test_the_page_names_the_alerts_that_are_a_reason_to_train() -> None:
    section = metricspage.FILE.read_text("utf-8").partition("## Start a retraining")[2].partition("**Nothing subscribes")[0]
    rules = [rule for groups in NAMESPACES.values() for group in groups(metrics_settings()) for rule in group.rules]
    told = {(rule.name, rule.severity.value) for rule in rules if isinstance(rule, Alert) and rule.labels.get("retrain") == "true"}
    rows = re.findall(r"^\| (`.+?) \| (critical|warning) \|", section, re.MULTILINE)
    assert {(name, severity) for names, severity in rows for name in re.findall(r"`(\w+)`", names)} == told
