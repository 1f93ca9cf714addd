"""What a process that lives on says of training and of features: a job that ends is gone before anybody scrapes it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from prometheus_client import CollectorRegistry

from commonground.telemetry import contract
from commonground.telemetry.contract import MOST_FEATURE_VIEWS
from commonground.telemetry.errors import TelemetryError
from commonground.telemetry.metrics import label, metrics, seconds

STATUSES = {True: "succeeded", False: "failed"}


def _seconds(when: datetime | None) -> float:
    return time.time() if when is None else seconds("at", when)


class Training:
    """Training runs of one model. Raises `TelemetryError` for a time without a zone."""

    def __init__(self, model: str, *, registry: CollectorRegistry | None = None) -> None:
        self._model = label("model", model)
        self._made = metrics(registry)
        self._runs = {ok: self._made.counter(contract.TRAINING_RUNS).labels(model, status) for ok, status in STATUSES.items()}
        self._started: float | None = None

    def started(self, at: datetime | None = None) -> None:
        """A run started: now by default."""
        self._started = _seconds(at)
        self._made.gauge(contract.TRAINING_STARTED).labels(self._model).set(self._started)

    def ended(self, succeeded: bool, at: datetime | None = None) -> None:
        """The run that started last ended: now by default."""
        end = _seconds(at)
        self._runs[bool(succeeded)].inc()
        self._made.gauge(contract.TRAINING_ENDED).labels(self._model, STATUSES[bool(succeeded)]).set(end)
        if self._started is not None:
            self._made.gauge(contract.TRAINING_DURATION).labels(self._model).set(max(0.0, end - self._started))

    @contextmanager
    def run(self) -> Iterator[None]:
        """A run: it succeeded unless an exception leaves it."""
        self.started()
        try:
            yield
        except BaseException:
            self.ended(False)
            raise
        self.ended(True)


class Features:
    """How fresh feature views are. Of more than `MOST_FEATURE_VIEWS`, further ones raise `TelemetryError`."""

    def __init__(self, *, registry: CollectorRegistry | None = None) -> None:
        self._gauge = metrics(registry).gauge(contract.FEATURES_UPDATED)
        self._views: set[str] = set()

    def updated(self, feature_view: str, newest: datetime) -> None:
        """The event time of a view's newest value."""
        since = seconds("newest", newest)
        if feature_view not in self._views and len(self._views) >= MOST_FEATURE_VIEWS:
            raise TelemetryError(f"feature views: expected at most {MOST_FEATURE_VIEWS}, found another: {feature_view!r}")
        self._views.add(label("feature_view", feature_view))
        self._gauge.labels(feature_view).set(since)
