"""What a model server says of its model: what comes in, what goes out, how good it is, and what training saw beside it."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from prometheus_client import CollectorRegistry

from commonground.telemetry import contract
from commonground.telemetry.baseline import LONGEST_NAME, Baseline, NumericVariable
from commonground.telemetry.contract import MOST_SCORES
from commonground.telemetry.errors import TelemetryError, UnknownNameError
from commonground.telemetry.metrics import label, metrics
from commonground.telemetry.values import Categories, Numbers

MOST_UNKNOWN = 20
"""Unknown names that are told, once each."""

UNKNOWN = {
    "feature": "its baseline has no {} {!r}",
    "prediction": "its baseline has no {} {!r}",
    "score": f"it has {MOST_SCORES} scores already, and no room for the {{}} {{!r}}",
}

logger = logging.getLogger("commonground.telemetry")

Better = Literal["higher", "lower"]
Values = Numbers | Categories
Columns = Mapping[str, Sequence[object]]
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Model:
    """One version of a model, in the process that serves it.

    `baseline`: made by `commonground baseline` from what this version was trained on. `previous_version`: the one that it took over from. `trained`: the
    end of the data that it was trained on, with its time zone. `quality`: score -> its value at training, and whether `higher` or `lower` is better.
    `strict`: raises where it would log: for tests. Otherwise nothing that is observed raises: it answers requests.

    Raises `TelemetryError` for what could never be right.
    """

    def __init__(
        self,
        name: str,
        version: str,
        baseline: Baseline,
        *,
        previous_version: str | None = None,
        trained: datetime | None = None,
        quality: Mapping[str, tuple[float, Better]] | None = None,
        strict: bool = False,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self.name, self.version, self.baseline, self.strict = label("model", name), label("model_version", version), baseline, strict
        self._metrics = made = metrics(registry)
        labels = (name, version)
        self._features = self._variables("feature")
        self._predictions = self._variables("prediction")
        self._counted = made.counter(contract.PREDICTIONS).labels(*labels)
        self._outcomes = {right: made.counter(contract.OUTCOMES).labels(*labels, result) for right, result in ((True, "right"), (False, "wrong"))}
        previous = label("previous_version", previous_version) if previous_version is not None else ""
        made.gauge(contract.MODEL_INFO).labels(*labels, previous, baseline.digest).set(1)
        if trained is not None:
            if trained.tzinfo is None:
                raise TelemetryError(f"trained: expected a time with its zone, found {trained!r}. Fix: datetime(..., tzinfo=UTC)")
            made.gauge(contract.TRAINED).labels(*labels).set(trained.timestamp())
        self._scores: set[str] = set()
        for score, (value, better) in (quality or {}).items():
            if better not in ("higher", "lower"):
                raise TelemetryError(f"quality {score!r}: expected higher or lower, found {better!r}")
            if not self._is_score(score):
                raise TelemetryError(f"quality: expected at most {MOST_SCORES} scores, found {len(quality or {})}")
            made.gauge(contract.QUALITY_BASELINE).labels(*labels, label("score", score), better).set(value)
        self._told: set[tuple[str, str]] = set()
        self._failures: set[type[Exception]] = set()

    def observe(self, features: Mapping[str, Any], predictions: Mapping[str, Any] = NOTHING) -> None:
        """Counts the values of one prediction. A name that is not there is a missing value."""
        try:
            self._observe(self._features, "feature", features)
            self._observe(self._predictions, "prediction", predictions)
            self._counted.inc()
        except Exception as error:
            if self.strict:
                raise
            self._failed(error)

    def observe_batch(self, features: Columns, predictions: Columns = NOTHING) -> None:
        """Counts the values of many predictions: name -> as many values. Numpy's arrays, columns of pandas and lists; a data frame, too."""
        try:
            rows = max((len(columns[name]) for columns in (features, predictions) for name in columns), default=0)
            self._observe_batch(self._features, "feature", features, rows)
            self._observe_batch(self._predictions, "prediction", predictions, rows)
            self._counted.inc(rows)
        except Exception as error:
            if self.strict:
                raise
            self._failed(error)

    def outcome(self, right: bool, count: int = 1) -> None:
        """Counts predictions of which became known whether they were right."""
        self._outcomes[bool(right)].inc(count)

    def quality(self, score: str, value: float) -> None:
        """Sets a score, by whoever knows the outcomes. Of more than `MOST_SCORES`, further ones are not taken. Raises `TelemetryError` for a wrong name."""
        if self._is_score(score):
            self._metrics.gauge(contract.QUALITY).labels(self.name, self.version, label("score", score)).set(value)
        else:
            self._tell("score", score)

    def _is_score(self, score: str) -> bool:
        if len(self._scores) < MOST_SCORES:
            self._scores.add(score)
        return score in self._scores

    def _variables(self, kind: str) -> dict[str, Values]:
        """Name -> what counts its values; every bin is there from the start, as 0, with its ratio beside it."""
        counter, ratio, outside = (
            self._metrics.counter(contract.VALUES),
            self._metrics.gauge(contract.BASELINE_RATIO),
            self._metrics.counter(contract.OUT_OF_RANGE),
        )
        found: dict[str, Values] = {}
        for name, variable in self.baseline.of(kind).items():
            labels = (self.name, self.version, self.baseline.digest, kind, name)
            counters = []
            for bin_, share in variable.bins.items():
                counters.append(counter.labels(*labels, bin_))
                ratio.labels(*labels, bin_).set(share)
            if isinstance(variable, NumericVariable):
                found[name] = Numbers(variable, counters, outside.labels(self.name, self.version, kind, name))
            else:
                found[name] = Categories(variable, counters)
        return found

    def _observe(self, variables: dict[str, Values], kind: str, values: Mapping[str, Any]) -> None:
        left = len(values)
        for name, variable in variables.items():
            if name in values:
                left -= 1
                variable.count(values[name])
            else:
                variable.count(None)
        if left:
            self._unknown(variables, kind, values)

    def _observe_batch(self, variables: dict[str, Values], kind: str, columns: Columns, rows: int) -> None:
        for name, variable in variables.items():
            column = columns.get(name, ())
            variable.count_all(column)
            variable.count_missing(rows - len(column))
        self._unknown(variables, kind, columns)

    def _unknown(self, variables: dict[str, Values], kind: str, names: Mapping[str, Any]) -> None:
        for name in names:
            if name not in variables:
                self._tell(kind, name)

    def _failed(self, error: Exception) -> None:
        """What cannot be counted does not stop an answer."""
        if type(error) not in self._failures:
            self._failures.add(type(error))
            logger.error("model %s %s: values were not counted", self.name, self.version, exc_info=error)

    def _tell(self, kind: str, name: object) -> None:
        if self.strict:
            raise UnknownNameError(self.name, kind, str(name))
        key = kind, str(name)[:LONGEST_NAME]
        if key not in self._told and len(self._told) < MOST_UNKNOWN:
            self._told.add(key)
            logger.warning("model %s %s: %s; it is not counted", self.name, self.version, UNKNOWN[kind].format(*key))
