"""The metrics contract's page says what the contract says."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from commonground.telemetry import contract, page
from commonground.telemetry.model import Model
from commonground.telemetry.service import Service
from tests.telemetry.samples import BASELINE, scrape

NOW = datetime.now(UTC)
FILE = Path(__file__).parents[2] / "docs" / "metrics-contract.md"


def test_the_page_is_that_of_the_contract_as_it_is_now() -> None:
    """If not: `python -m commonground.telemetry.page > docs/metrics-contract.md`."""
    assert FILE.read_text("utf-8") == page.page()


@pytest.mark.parametrize("metric", contract.METRICS, ids=lambda metric: metric.name)
def test_every_metric_has_a_row_with_its_type_and_labels(metric: contract.Metric) -> None:
    row = next(line for line in page.page().splitlines() if line.startswith(f"| `{metric.name}` |"))
    assert f"| {metric.kind.value} | {metric.unit} |" in row
    assert all(f"`{label}`" in row for label in metric.labels)


def test_every_label_has_a_row_with_its_bound() -> None:
    labels = {label for metric in contract.METRICS for label in metric.labels} | set(contract.TARGET_LABELS)
    assert labels == set(re.findall(r"^\| `(\w+)` \| the (?:process|collector)", page.page(), re.MULTILINE))


def test_the_number_of_series_is_what_the_page_says() -> None:
    registry = CollectorRegistry()
    model = Model("churn", "7", BASELINE, registry=registry, quality={"auc": (0.9, "higher")}, trained=NOW)
    model.quality("auc", 0.8)
    found = len(scrape(registry))
    assert BASELINE.series == 2 * sum(len(one.bins) for one in BASELINE.variables) + 2 + 5
    assert found == BASELINE.series + 2 * 1
    registry = CollectorRegistry()
    service = Service(registry=registry, limit=1, changed=NOW)
    for number in range(10):
        for code in (200, 404, 500):
            service.observe(f"/{number}", code, 0.1)
    assert len(scrape(registry)) == (10 + 1) * (3 + 14) + 10 + 3 == 200
