"""What a scrape says of training runs and feature views."""

from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from commonground.telemetry import contract
from commonground.telemetry.contract import MOST_FEATURE_VIEWS
from commonground.telemetry.errors import TelemetryError
from commonground.telemetry.training import Features, Training
from tests.telemetry.samples import named, scrape

NOON, ONE = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 13, tzinfo=UTC)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_runs_are_there_as_zero_from_the_start(registry: CollectorRegistry) -> None:
    Training("churn", registry=registry)
    assert named(scrape(registry), contract.TRAINING_RUNS, model="churn") == {"succeeded": 0, "failed": 0}


def test_a_run_has_a_start_an_end_a_status_and_a_duration(registry: CollectorRegistry) -> None:
    training = Training("churn", registry=registry)
    training.started(NOON)
    training.ended(True, ONE)
    samples = scrape(registry)
    assert named(samples, contract.TRAINING_RUNS, model="churn") == {"succeeded": 1, "failed": 0}
    assert named(samples, contract.TRAINING_STARTED, model="churn") == {"": NOON.timestamp()}
    assert named(samples, contract.TRAINING_ENDED, model="churn") == {"succeeded": ONE.timestamp()}
    assert named(samples, contract.TRAINING_DURATION, model="churn") == {"": 3600}


def test_a_run_that_an_exception_leaves_failed(registry: CollectorRegistry) -> None:
    training = Training("churn", registry=registry)
    with pytest.raises(ValueError, match="no data"), training.run():
        raise ValueError("no data")
    with training.run():
        pass
    assert named(scrape(registry), contract.TRAINING_RUNS, model="churn") == {"succeeded": 1, "failed": 1}


def test_feature_views_have_the_time_of_their_newest_value_and_an_end(registry: CollectorRegistry) -> None:
    features = Features(registry=registry)
    for number in range(MOST_FEATURE_VIEWS):
        features.updated(f"view{number}", NOON)
    features.updated("view0", ONE)
    assert named(scrape(registry), contract.FEATURES_UPDATED)["view0"] == ONE.timestamp()
    with pytest.raises(TelemetryError, match="expected at most 200, found another: 'more'"):
        features.updated("more", NOON)


def test_a_time_without_its_zone_is_refused(registry: CollectorRegistry) -> None:
    with pytest.raises(TelemetryError, match="newest: expected a datetime with its zone"):
        Features(registry=registry).updated("view", datetime(2026, 1, 1))
