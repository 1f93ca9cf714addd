"""Numbers that dashboards make of what rules recorded, for a history in which they are known."""

from collections.abc import Iterator

import pytest

from commonground.metrics import dashboards
from tests.metrics import dashboardjson
from tests.metrics.factory import metrics_settings
from tests.metrics.prometheus import Prometheus, needs_prometheus
from tests.metrics.promtool import needs_promtool
from tests.metrics.world import Series, remembering

pytestmark = [needs_promtool, needs_prometheus]

BOARDS = dashboardjson.load(dashboards.files(metrics_settings()))
CHOSEN = {"team": "shop", "service": "api", "kind": "application|model", "__range": "5h", "__range_s": "18000"}
API = {"team": "shop", "namespace": "shop", "service": "api"}
MINUTE, HOUR = 60, 3_600
FIRST, SECOND = HOUR, 9_000
"""Deploys, in seconds since the beginning. After the first the service failed for half an hour, after the second it did not."""
FAILED_FROM, FAILED_TO = FIRST + 7 * MINUTE, FIRST + 37 * MINUTE


def _history() -> Iterator[Series]:
    for version, at, lead in (("1", FIRST, 5_400.0), ("2", SECOND, 1_800.0)):
        labels = {**API, "version": version, "kind": "application"}
        yield Series("commonground:deploy:new", labels, lambda now, at=at: 1.0 if now == at else None)
        yield Series("commonground:deploy_lead:seconds", labels, lambda now, at=at, lead=lead: lead if now == at else None)
    yield Series("commonground:service_failing:bool", API, lambda now: 1.0 if FAILED_FROM <= now < FAILED_TO else 0.0)
    yield Series("commonground:gpu_allocated:count", {"team": "shop", "namespace": "shop"}, lambda now: 2.0 if now < 2 * HOUR else None)
    yield Series("commonground:gpu_capacity:count", {"pool": "gpu"}, lambda now: 4.0 if now < 2 * HOUR else None)
    used = {"team": "shop", "namespace": "shop", "pod": "churn-1", "node": "gpu-1", "gpu": "0"}
    yield Series("commonground:gpu_used:ratio", used, lambda now: 0.25 if now < 2 * HOUR else None)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It knows that history."""
    with remembering(tmp_path_factory.mktemp("history"), _history()) as running:
        yield running


@pytest.mark.parametrize(
    ("dashboard", "panel", "legend", "value"),
    [
        ("delivery", "Deploys", "{{kind}}", 2),
        ("delivery", "Lead time, median", "{{kind}}", 3_600),
        ("delivery", "Deploys that failed", "{{kind}}", 0.5),
        ("delivery", "Failures", "Failures", 1),
        ("delivery", "Time to recover, mean", "Recovery", 1_800),
        ("delivery", "Services", "Deploys a day", 2 / 5 * 24),
        ("delivery", "Services", "Time failing", 1_800),
        ("cost", "GPU hours held", "Held", 4),
        ("cost", "GPU hours that nobody held", "Nobody's", 4),
        ("cost", "Teams", "GPU hours held", 4),
        ("cost", "Teams", "GPU hours used", 0.5),
    ],
)
def test_a_number_is_what_happened(server: Prometheus, dashboard: str, panel: str, legend: str, value: float) -> None:
    every = dashboardjson.queries(dashboard, BOARDS[dashboard])
    asked = next(one for one in every if (one.panel["title"], one.legend) == (panel, legend) and one.panel["type"] != "timeseries")
    assert server.value(dashboardjson.filled(asked.expr, CHOSEN)) == pytest.approx(value, rel=1e-6)
