"""What a scrape says, and baselines to observe values with."""

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from commonground.telemetry.baseline import Baseline, CategoricalVariable, NumericVariable
from commonground.telemetry.contract import Metric

AGE = NumericVariable("feature", "age", (30.0, 50.0), (0.5, 0.25, 0.15), 0.1, 18.0, 90.0)
PLAN = CategoricalVariable("feature", "plan", ("free", "pro"), (0.6, 0.2), 0.1, ("team", "trial"), 0.1)
SCORE = NumericVariable("prediction", "score", (0.5,), (0.5, 0.5), 0.0, 0.0, 1.0)
BASELINE = Baseline.checked(1000, (AGE, PLAN, SCORE))

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Samples:
    """Name and labels -> value."""
    return {(one.name, frozenset(one.labels.items())): one.value for family in text_string_to_metric_families(text) for one in family.samples}


def scrape(registry: CollectorRegistry) -> Samples:
    """What a process exposes."""
    return parsed(generate_latest(registry).decode())


def named(samples: Samples, metric: Metric, **labels: str) -> dict[str, float]:
    """What is left of the labels -> value, of a metric's samples that have these labels. One label: its value alone."""
    found: dict[str, float] = {}
    for (name, pairs), value in samples.items():
        if name == metric.name and labels.items() <= dict(pairs).items():
            found[",".join(text for key, text in sorted(pairs) if key not in labels)] = value
    return found


def bins(samples: Samples, metric: Metric, variable: str, **labels: str) -> dict[str, float]:
    """Bin -> value, of one variable."""
    found: dict[str, float] = {}
    for (name, pairs), value in samples.items():
        have: Mapping[str, Any] = dict(pairs)
        if name == metric.name and have["variable"] == variable and labels.items() <= have.items():
            found[have["bin"]] = value
    return found
