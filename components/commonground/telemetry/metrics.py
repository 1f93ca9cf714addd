"""The contract's metrics in a registry, made once for each."""

import os
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Literal
from weakref import WeakKeyDictionary

import prometheus_client
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric as Family

from commonground.telemetry import contract
from commonground.telemetry.contract import Kind, Metric
from commonground.telemetry.errors import NoMultiprocessDirectoryError, WrongArgumentError, WrongLabelError, shown

LONGEST_LABEL = 200
DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"

Mode = Literal["livemostrecent", "livesum", "mostrecent"]
# How the values of several processes become one (prometheus_client's documentation, "Multiprocess Mode"). What is the same in each of them must not be
# added up, and ends with the last process that says it; a worker that only inherited it has it as 0, never set, which is more than a score below 0.
# What one of them learns stays.
MODES: MappingProxyType[str, Mode] = MappingProxyType(
    {
        contract.IN_FLIGHT.name: "livesum",
        contract.IN_FLIGHT_LIMIT.name: "livesum",
        contract.QUALITY.name: "mostrecent",
        contract.TRAINING_STARTED.name: "mostrecent",
        contract.TRAINING_ENDED.name: "mostrecent",
        contract.TRAINING_DURATION.name: "mostrecent",
        contract.FEATURES_UPDATED.name: "mostrecent",
    }
)
SAME: Mode = "livemostrecent"


def _without_created(families: Iterable[Family]) -> list[Family]:
    """Without `_created`, which would double the series of counters and tell Prometheus nothing that it needs."""
    kept = list(families)
    for family in kept:
        family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
    return kept


class Counter(prometheus_client.Counter):
    """A counter of one series."""

    def collect(self) -> Iterable[Family]:
        """All samples."""
        return _without_created(super().collect())


class Histogram(prometheus_client.Histogram):
    """A histogram of buckets, count and sum."""

    def collect(self) -> Iterable[Family]:
        """All samples."""
        return _without_created(super().collect())


Made = Counter | Histogram | prometheus_client.Gauge


class Metrics:
    """All that the contract names, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._made: dict[str, Made] = {}
        self._lock = Lock()

    def counter(self, metric: Metric) -> Counter:
        """The contract's counter."""
        made = self._once(metric, lambda: Counter(metric.name, metric.help, metric.labels, registry=self._registry))
        assert isinstance(made, Counter) and metric.kind is Kind.COUNTER
        return made

    def gauge(self, metric: Metric) -> prometheus_client.Gauge:
        """The contract's gauge."""
        mode = MODES.get(metric.name, SAME)
        made = self._once(metric, lambda: prometheus_client.Gauge(metric.name, metric.help, metric.labels, registry=self._registry, multiprocess_mode=mode))
        assert isinstance(made, prometheus_client.Gauge) and metric.kind is Kind.GAUGE
        return made

    def histogram(self, metric: Metric, buckets: tuple[float, ...]) -> Histogram:
        """The contract's histogram."""
        made = self._once(metric, lambda: Histogram(metric.name, metric.help, metric.labels, registry=self._registry, buckets=buckets))
        assert isinstance(made, Histogram) and metric.kind is Kind.HISTOGRAM
        return made

    def _once(self, metric: Metric, make: Callable[[], Made]) -> Made:
        """A registry takes each name once."""
        with self._lock:
            if metric.name not in self._made:
                self._made[metric.name] = make()
            return self._made[metric.name]


_METRICS: WeakKeyDictionary[CollectorRegistry, Metrics] = WeakKeyDictionary()
_LOCK = Lock()


def metrics(registry: CollectorRegistry | None = None) -> Metrics:
    """The contract's metrics of a registry; prometheus_client's own by default. Raises `NoMultiprocessDirectoryError`."""
    directory = os.environ.get(DIRECTORY)
    if directory is not None and not (directory and Path(directory).is_dir()):  # an empty text would be the current directory
        raise NoMultiprocessDirectoryError(directory)
    registry = registry or prometheus_client.REGISTRY
    with _LOCK:
        return _METRICS.setdefault(registry, Metrics(registry))


def are_made() -> bool:
    """Whether this process has any of the contract's metrics yet."""
    return bool(_METRICS)


def label(name: str, value: str) -> str:
    """A label's value. Raises `WrongLabelError`: an empty one is none to Prometheus."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_LABEL or not value.isprintable():
        raise WrongLabelError(name, value)
    return value


def seconds(name: str, when: datetime) -> float:
    """A time, as Prometheus has it. Raises `WrongArgumentError` for what is none, or has no time zone."""
    if isinstance(when, datetime) and when.tzinfo is not None:
        return when.timestamp()
    fix = "datetime.now(UTC), or datetime(..., tzinfo=UTC)"
    if isinstance(when, str):
        fix = 'datetime.fromisoformat("2026-11-01T00:00:00+00:00")'
    found = f"{when.isoformat()} without one" if isinstance(when, datetime) else shown(when)
    raise WrongArgumentError(name, "a datetime with its zone", found, fix)
