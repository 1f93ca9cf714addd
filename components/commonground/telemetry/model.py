"""What a model server says of its model: what comes in, what goes out, how good it is, and what training saw beside it."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from prometheus_client import CollectorRegistry

from commonground.telemetry import contract
from commonground.telemetry.baseline import LONGEST_NAME, Baseline, NumericVariable
from commonground.telemetry.contract import MOST_SCORES
from commonground.telemetry.errors import ShapeError, TelemetryError, UnknownNameError, WrongArgumentError, shown
from commonground.telemetry.metrics import label, metrics, seconds
from commonground.telemetry.shapes import column, mapping
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
ROW, COLUMNS = "a mapping, name -> value", "a mapping of columns, name -> as many values as rows"
"""What observations are: one, and many."""
BETTER = ("higher", "lower")


class Model:
    """One version of a model, in the process that serves it.

    `baseline`: made by `commonground baseline` from what this version was trained on. `previous_version`: the one that it took over from. `trained`: the
    end of the data that it was trained on, with its time zone. `quality`: score -> its value at training, and whether `higher` or `lower` is better.
    `strict`: raises where it would log: for tests. Otherwise no method raises: it answers requests.

    Raises `TelemetryError` for what could never be right; it has registered nothing then.
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
        if not isinstance(baseline, Baseline):
            raise WrongArgumentError(
                "baseline", "a Baseline", shown(baseline), 'Baseline.load("baseline.json"), of the file that `commonground baseline` wrote'
            )
        previous = label("previous_version", previous_version) if previous_version is not None else ""
        end = None if trained is None else seconds("trained", trained)
        scores = _scores(quality or {})
        self._metrics = made = metrics(registry)
        labels = (name, version)
        self._features = self._variables("feature")
        self._predictions = self._variables("prediction")
        self._counted = made.counter(contract.PREDICTIONS).labels(*labels)
        self._outcomes = {right: made.counter(contract.OUTCOMES).labels(*labels, result) for right, result in ((True, "right"), (False, "wrong"))}
        made.gauge(contract.MODEL_INFO).labels(*labels, previous, baseline.digest).set(1)
        if end is not None:
            made.gauge(contract.TRAINED).labels(*labels).set(end)
        for score, value, better in scores:
            made.gauge(contract.QUALITY_BASELINE).labels(*labels, score, better).set(value)
        self._scores = {score for score, _, _ in scores}
        self._told: set[tuple[str, str]] = set()
        self._wrong: set[tuple[str, str]] = set()
        self._failures: set[type[Exception]] = set()

    def observe(self, features: Mapping[str, Any], predictions: Mapping[str, Any] = NOTHING) -> None:
        """Counts one prediction and its values. None and NaN are missing values; a name that is not there is not counted."""
        try:
            self._observe(self._features, "feature", features)
            self._observe(self._predictions, "prediction", predictions)
            self._counted.inc()
        except Exception as error:
            if self.strict:
                raise
            self._failed(error)

    def observe_batch(self, features: Columns, predictions: Columns = NOTHING) -> None:
        """Counts many predictions and their values: name -> as many values. Numpy's arrays, columns of pandas and lists; a data frame, too.

        A list of rows is no mapping of columns and is not counted, nor is a column that is longer or shorter than most of them.
        """
        try:
            batch = {"feature": self._columns("feature", features), "prediction": self._columns("prediction", predictions)}
            lengths = Counter(len(values) for columns in batch.values() for values in columns.values())
            rows = lengths.most_common(1)[0][0] if lengths else 0
            self._observe_batch(self._features, "feature", batch["feature"], rows)
            self._observe_batch(self._predictions, "prediction", batch["prediction"], rows)
            self._counted.inc(rows)
        except Exception as error:
            if self.strict:
                raise
            self._failed(error)

    def outcome(self, right: bool, count: int = 1) -> None:
        """Counts predictions of which became known whether they were right."""
        try:
            if right not in (True, False):
                raise WrongArgumentError("right", "True or False", shown(right), "compare the outcome with the prediction")
            self._outcomes[bool(right)].inc(_number("count", count, 0))
        except Exception as error:
            if self.strict:
                raise
            self._refused("outcome", "", error)

    def quality(self, score: str, value: float) -> None:
        """Sets a score, by whoever knows the outcomes. Of more than `MOST_SCORES`, further ones are not taken."""
        try:
            name, number = label("score", score), _number(f"quality {score!r}", value)
            if len(self._scores) < MOST_SCORES:
                self._scores.add(name)
            if name in self._scores:
                self._metrics.gauge(contract.QUALITY).labels(self.name, self.version, name).set(number)
            else:
                self._tell("score", name)
        except Exception as error:
            if self.strict:
                raise
            self._refused("quality", score if isinstance(score, str) and score in self._scores else "", error)

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
        try:
            left = len(mapping(values, ROW))
        except ShapeError as error:
            self._refused(f"{kind}s", "", error)
            return
        for name, variable in variables.items():
            if name in values:
                left -= 1
                try:
                    variable.count(values[name])
                except ShapeError as error:
                    self._refused(kind, name, error)
        if left:
            self._unknown(variables, kind, values)

    def _columns(self, kind: str, values: Columns) -> dict[str, Sequence[Any]]:
        """Name -> a column, without what is none. Those that the baseline lacks have rows as well."""
        found: dict[str, Sequence[Any]] = {}
        try:
            names = mapping(values, COLUMNS)
        except ShapeError as error:
            self._refused(f"{kind}s", "", error)
            return found
        variables = self._features if kind == "feature" else self._predictions
        self._unknown(variables, kind, names)
        for name in names:
            try:
                found[name] = column(values[name])
            except ShapeError as error:
                if name in variables:
                    self._refused(kind, name, error)
        return found

    def _observe_batch(self, variables: dict[str, Values], kind: str, columns: Columns, rows: int) -> None:
        for name, values in columns.items():
            if name not in variables:
                continue
            try:
                if len(values) != rows:
                    raise ShapeError(f"{rows} values, as most columns have", str(len(values)))
                variables[name].count_all(values)
            except ShapeError as error:
                self._refused(kind, name, error)

    def _unknown(self, variables: dict[str, Values], kind: str, names: Mapping[str, Any]) -> None:
        for name in names:
            if name not in variables:
                self._tell(kind, name)

    def _refused(self, what: str, name: str, error: Exception) -> None:
        """What was given wrongly is told once for each name, and not counted."""
        where = f"{what} {name!r}" if name else what
        if self.strict and isinstance(error, ShapeError):
            raise ShapeError(error.expected, error.found, where) from error
        if (what, name) not in self._wrong:
            self._wrong.add((what, name))
            text = str(error) if isinstance(error, TelemetryError) else f"{type(error).__name__}: {error}"
            logger.error("model %s %s: %s; it is not counted", self.name, self.version, f"{where}: {text}" if isinstance(error, ShapeError) else text)

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


def _number(where: str, value: object, least: float = float("-inf")) -> float:
    """A number. Raises `WrongArgumentError`."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ArithmeticError):
        number = float("nan")
    if isinstance(value, str) or number != number or number < least:
        raise WrongArgumentError(where, "a number" if least < 0 else f"a number from {least:g}", shown(value), "give what was measured, or do not call it")
    return number


def _scores(quality: Mapping[str, tuple[float, Better]]) -> list[tuple[str, float, Better]]:
    """Score, value at training, which is better. Raises `TelemetryError`."""
    example = 'quality={"auc": (0.91, "higher")}'
    if not isinstance(quality, Mapping):
        raise WrongArgumentError("quality", "score -> its value at training and whether higher or lower is better", shown(quality), example)
    if len(quality) > MOST_SCORES:
        raise WrongArgumentError("quality", f"at most {MOST_SCORES} scores", str(len(quality)), "leave out what nobody watches")
    found: list[tuple[str, float, Better]] = []
    for score, pair in quality.items():
        where = f"quality {label('score', score)!r}"
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise WrongArgumentError(where, "its value at training and whether higher or lower is better", shown(pair), example)
        if pair[1] not in BETTER:
            raise WrongArgumentError(where, "higher or lower", repr(pair[1]), example)
        found.append((score, _number(where, pair[0]), pair[1]))
    return found
