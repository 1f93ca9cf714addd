"""What is exposed is what Prometheus takes."""

import subprocess
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest

from commonground.telemetry import Features, Model, Service, Training, contract, scraped
from tests.metrics.promtool import needs_promtool
from tests.telemetry.samples import BASELINE, parsed

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def everything() -> str:
    """A scrape of a process that says all that the contract names."""
    registry = CollectorRegistry()
    model = Model("churn", "7", BASELINE, registry=registry, quality={"auc": (0.9, "higher")}, trained=NOW, previous_version="6")
    model.quality("auc", 0.8)
    Service(limit=3, changed=NOW, registry=registry).observe("/predict", 200, 0.1)
    training = Training("churn", registry=registry)
    training.started(NOW)
    training.ended(True, NOW)
    Features(registry=registry).updated("view", NOW)
    return generate_latest(scraped(registry)).decode()


@needs_promtool
def test_promtool_finds_nothing_to_say_of_it() -> None:
    checked = subprocess.run(["promtool", "check", "metrics"], input=everything(), capture_output=True, text=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_it_is_all_that_the_contract_names_with_the_labels_that_it_names() -> None:
    exposed = {name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum"): labels for name, labels in parsed(everything())}
    assert exposed.keys() == {metric.name for metric in contract.METRICS}
    for metric in contract.METRICS:
        assert {label for label, _ in exposed[metric.name]} - {"le"} == set(metric.labels)
