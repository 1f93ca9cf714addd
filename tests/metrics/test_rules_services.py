"""Services that have objectives of their own are measured by these, and no others are: promtool's cases, on rules of settings that have some."""

from pathlib import Path

from commonground.metrics.rules import services
from commonground.metrics.rules.model import text
from commonground.settings.metrics import Objectives, OwnObjective
from tests.metrics.factory import metrics_settings
from tests.metrics.promtool import cases, check, needs_promtool, run_cases, write_rules

OWN = Objectives(
    services={
        "shop/web": OwnObjective(availability_percent=99),
        "shop/churn": OwnObjective(availability_percent=99.5, latency_percent=95, latency_milliseconds=1000),
        "payments/churn": OwnObjective(latency_milliseconds=100),
    }
)


@needs_promtool
def test_a_service_may_have_an_objective_of_its_own(tmp_path: Path) -> None:
    settings = metrics_settings(objectives=OWN)
    names = write_rules(tmp_path, {"services": text(services.groups(settings), runbooks=settings.runbooks)})

    checked = check(tmp_path, names)
    ran = [run_cases(tmp_path, names, tests) for tests in cases("services-own")]

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert ran
    assert all(one.returncode == 0 for one in ran), "".join(one.stdout + one.stderr for one in ran)
