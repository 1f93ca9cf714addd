"""The metrics contract as data: what an application and a model expose, and with which labels. Rules, dashboards and telemetry take the names from here."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Prometheus' types."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class Metric:
    """One metric, as a process exposes it."""

    name: str
    kind: Kind
    unit: str
    """What one is. Example: `requests`, `seconds`."""
    labels: tuple[str, ...]
    """Those that the process sets. The collector adds `TARGET_LABELS`."""
    help: str


TARGET_LABELS = ("team", "namespace", "service", "version", "pod")
"""Set by the collector, never by the process, so that nobody can speak for another team: the team by the namespace, `service` by the pod's label
`app.kubernetes.io/name`, `version` by `app.kubernetes.io/version`."""

SERVICE = ("team", "namespace", "service")
"""What names a service, in rules, alerts and dashboards."""
MODEL = (*SERVICE, "model", "model_version")
"""What names one version of a model. A model's values have `baseline` beside them: a digest of the bins, which may change with the version."""
VARIABLE = (*MODEL, "kind", "variable")
"""What names one input or output of a model. `kind` is `feature` or `prediction`."""

MISSING, UNSEEN, OTHER, LAST = "missing", "unseen", "other", "+Inf"
"""Reserved bins: no value; a category that training did not see; categories too rare for a bin of their own; the last numeric bin.

A numeric bin is labelled with its upper bound, which it includes, as Prometheus' `le`, but bins are not cumulative; a category with itself.
"""

MOST_BINS = 20
"""Bins of a variable at most, reserved ones included."""
MOST_VARIABLES = 200
"""Features and predictions of a model at most: 200 x 20 bins are 4,000 counters a process."""
MOST_ROUTES = 50
"""Routes of a service at most; further ones are counted as `other`."""
MOST_SCORES = 20
"""Quality scores of a model at most."""
MOST_FEATURE_VIEWS = 200
"""Feature views of a process at most."""

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds."""

_VERSION = ("model", "model_version")
_VALUES = (*_VERSION, "baseline", "kind", "variable", "bin")

REQUESTS = Metric("commonground_requests_total", Kind.COUNTER, "requests", ("route", "code"), "Requests answered. `route` is a template, `code` the status.")
DURATION = Metric("commonground_request_duration_seconds", Kind.HISTOGRAM, "seconds", ("route",), "From a request's arrival to its answer.")
IN_FLIGHT = Metric("commonground_requests_in_flight", Kind.GAUGE, "requests", (), "Requests that are being answered.")
IN_FLIGHT_LIMIT = Metric("commonground_requests_in_flight_limit", Kind.GAUGE, "requests", (), "Requests answered at once at most: threads or workers.")
CHANGE = Metric(
    "commonground_change_timestamp_seconds",
    Kind.GAUGE,
    "seconds since 1970",
    (),
    "When what runs was changed: the commit, or a model's data cut.",
)

MODEL_INFO = Metric("commonground_model_info", Kind.GAUGE, "1", (*_VERSION, "previous_version", "baseline"), "The model that this process serves.")
TRAINED = Metric("commonground_model_trained_timestamp_seconds", Kind.GAUGE, "seconds since 1970", _VERSION, "The end of the data that it was trained on.")
PREDICTIONS = Metric("commonground_model_predictions_total", Kind.COUNTER, "predictions", _VERSION, "Predictions made.")
VALUES = Metric("commonground_model_values_total", Kind.COUNTER, "values", _VALUES, "Values of a feature or prediction, by bin.")
BASELINE_RATIO = Metric("commonground_model_baseline_ratio", Kind.GAUGE, "ratio", _VALUES, "Share of the training data in a bin.")
OUT_OF_RANGE = Metric(
    "commonground_model_out_of_range_total",
    Kind.COUNTER,
    "values",
    (*_VERSION, "kind", "variable"),
    "Numbers outside of what training saw.",
)
QUALITY = Metric("commonground_model_quality", Kind.GAUGE, "score", (*_VERSION, "score"), "A quality score, by whoever knows the outcomes.")
QUALITY_BASELINE = Metric(
    "commonground_model_quality_baseline",
    Kind.GAUGE,
    "score",
    (*_VERSION, "score", "better"),
    "The score at training. `better` is `higher` or `lower`.",
)
OUTCOMES = Metric("commonground_model_outcomes_total", Kind.COUNTER, "outcomes", (*_VERSION, "result"), "Outcomes that became known: `right` or `wrong`.")

TRAINING_RUNS = Metric("commonground_training_runs_total", Kind.COUNTER, "runs", ("model", "status"), "Training runs that ended: `succeeded` or `failed`.")
TRAINING_STARTED = Metric("commonground_training_started_timestamp_seconds", Kind.GAUGE, "seconds since 1970", ("model",), "When the last run started.")
TRAINING_ENDED = Metric(
    "commonground_training_ended_timestamp_seconds", Kind.GAUGE, "seconds since 1970", ("model", "status"), "When the last run of this status ended."
)
TRAINING_DURATION = Metric("commonground_training_duration_seconds", Kind.GAUGE, "seconds", ("model",), "How long the last run took that ended.")
FEATURES_UPDATED = Metric(
    "commonground_feature_updated_timestamp_seconds", Kind.GAUGE, "seconds since 1970", ("feature_view",), "Event time of the newest value of a feature view."
)

SERVICE_METRICS = (REQUESTS, DURATION, IN_FLIGHT, IN_FLIGHT_LIMIT, CHANGE)
MODEL_METRICS = (MODEL_INFO, TRAINED, PREDICTIONS, VALUES, BASELINE_RATIO, OUT_OF_RANGE, QUALITY, QUALITY_BASELINE, OUTCOMES)
TRAINING_METRICS = (TRAINING_RUNS, TRAINING_STARTED, TRAINING_ENDED, TRAINING_DURATION, FEATURES_UPDATED)
METRICS = (*SERVICE_METRICS, *MODEL_METRICS, *TRAINING_METRICS)
