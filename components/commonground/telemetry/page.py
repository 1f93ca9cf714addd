"""The metrics contract's page, made from the contract: `python -m commonground.telemetry.page > docs/metrics-contract.md`."""

import sys
from collections.abc import Iterable

from commonground.telemetry import contract
from commonground.telemetry.baseline import LONGEST_BIN, LONGEST_NAME, MOST_CATEGORIES, MOST_EDGES, MOST_RARE
from commonground.telemetry.contract import LATENCY_BUCKETS, Metric
from commonground.telemetry.prose import ADAPTERS, BASELINE, BINS, BY_HAND, HEAD, LABELS, MODEL, SERIES, SERVICE, TARGETS, TRAINING, WORKERS

BOUNDS = {
    "route": f"{contract.MOST_ROUTES} and `other`",
    "code": "HTTP's own, then `1xx` to `5xx` and `other`",
    "model": "the developer's",
    "model_version": "one a process, or as many as it serves",
    "previous_version": "one",
    "baseline": "one a version",
    "kind": "2",
    "variable": f"{contract.MOST_VARIABLES} a model, {LONGEST_NAME} characters",
    "bin": f"{contract.MOST_BINS} a variable, {LONGEST_BIN + 1} characters",
    "score": f"{contract.MOST_SCORES} a model",
    "better": "2",
    "result": "2",
    "status": "2",
    "feature_view": f"{contract.MOST_FEATURE_VIEWS} a process",
}
"""Label -> how many values it has at most."""


def table(metrics: Iterable[Metric]) -> str:
    """Rows for metrics."""
    lines = ["| metric | type | unit | labels | what it says |", "| --- | --- | --- | --- | --- |"]
    for one in metrics:
        labels = ", ".join(f"`{label}`" for label in one.labels) or "none"
        lines.append(f"| `{one.name}` | {one.kind.value} | {one.unit} | {labels} | {one.help} |")
    return "\n".join(lines) + "\n"


def labels() -> str:
    """Rows for labels."""
    lines = ["| label | set by | values at most |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | the collector | {what} |" for name, what in TARGETS.items()]
    own = dict.fromkeys(label for one in contract.METRICS for label in one.labels)
    lines += [f"| `{label}` | the process | {BOUNDS[label]} |" for label in own]
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page's text."""
    buckets = ", ".join(f"{bound:g}" for bound in LATENCY_BUCKETS)
    bins = BINS.format(most=contract.MOST_BINS, edges=MOST_EDGES, categories=MOST_CATEGORIES, rare=f"{MOST_RARE:,}", longest=LONGEST_BIN)
    parts = [
        HEAD,
        f"## Services\n\n{SERVICE}",
        table(contract.SERVICE_METRICS),
        f"Buckets of the duration, in seconds: {buckets}.\n",
        f"## Models\n\n{MODEL}",
        table(contract.MODEL_METRICS),
        f"### Bins\n\n{bins}",
        f"### The baseline file\n\n{BASELINE}",
        f"## Training and features\n\n{TRAINING}",
        table(contract.TRAINING_METRICS),
        f"## Labels\n\n{LABELS}",
        labels(),
        f"## How many series\n\n{SERIES}",
        f"## Several processes\n\n{WORKERS}",
        f"## Without Python\n\n{BY_HAND}",
        f"## What others expose\n\n{ADAPTERS}",
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
