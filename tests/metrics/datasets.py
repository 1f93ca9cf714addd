"""Public data sets that packages ship (scikit-learn, statsmodels), and shifts to plant in a stream of one half, seen from a baseline of the other."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import statsmodels.api as statsmodels
from sklearn import datasets as sklearn

from commonground.telemetry.baseline import CategoricalVariable, NumericVariable, Variable
from commonground.telemetry.make import BINS, columns

Array = Any
UNIT_ERROR = 1000
"""Grams in place of kilograms."""
PREDICTION = "prediction"


@dataclass(frozen=True)
class Dataset:
    """One data set in two halves."""

    name: str
    variables: Mapping[str, Variable]
    """Features, and `prediction`: a linear model's of the label, fitted on the first half."""
    stream: Mapping[str, Array]
    """Column -> the other half's values."""
    labels: Array
    """Of the other half."""
    rows: int
    """Of the baseline."""


@dataclass(frozen=True)
class Shift:
    """Something that goes wrong, in one variable of a stream."""

    name: str
    applies: Callable[[Dataset, str], bool]
    values: Callable[[Dataset, str, float], Array]
    """Data set, variable, how much of the shift (0 to 1) -> the values that the variable then has."""
    gradual: bool = False
    """Grows from nothing to all of it in a week."""


# Name -> label, columns of names (not of amounts), columns that are left out.
_STATSMODELS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "fair": ("affairs", ("rate_marriage", "religious", "educ", "occupation", "occupation_husb"), ()),
    "randhie": ("mdvis", ("idp", "physlm", "hlthg", "hlthf", "hlthp"), ()),
    "anes96": ("vote", ("TVnews", "selfLR", "ClinLR", "DoleLR", "PID", "educ", "income"), ("logpopul",)),
}
_SKLEARN = ("load_digits", "load_breast_cancer", "load_diabetes", "load_wine", "load_iris")
SETS = (*_STATSMODELS, *(name.removeprefix("load_") for name in _SKLEARN))


def seed(*names: object) -> Any:
    """A generator of random numbers that is the same for the same names."""
    return np.random.default_rng(zlib.crc32("/".join(map(str, names)).encode()))


@cache
def load(name: str, bins: int = BINS) -> Dataset:
    """A data set by its name, numbers in so many bins."""
    if name in _STATSMODELS:
        label, categorical, left_out = _STATSMODELS[name]
        frame = getattr(statsmodels.datasets, name).load_pandas().data
        features = {column: frame[column].to_numpy(float) for column in frame.columns if column not in (label, *left_out)}
        return _halves(name, features, frame[label].to_numpy(float), categorical, bins)
    loaded = getattr(sklearn, f"load_{name}")()
    names = [str(one).replace(" (cm)", "").replace(" ", "_") for one in loaded.feature_names]
    varied = [index for index in range(loaded.data.shape[1]) if len(np.unique(loaded.data[:, index])) > 1]
    return _halves(name, {names[index]: loaded.data[:, index].astype(float) for index in varied}, loaded.target.astype(float), (), bins)


def _halves(name: str, features: Mapping[str, Array], labels: Array, categorical: Sequence[str], bins: int) -> Dataset:
    order = seed(name).permutation(len(labels))
    first, second = order[: len(order) // 2], order[len(order) // 2 :]
    matrix = np.column_stack([np.ones(len(labels)), *features.values()])
    weights = np.linalg.lstsq(matrix[first], labels[first], rcond=None)[0]
    predictions = np.round(matrix @ weights, 6)
    made = columns(
        {column: values[first].tolist() for column, values in features.items()}, {PREDICTION: predictions[first].tolist()}, categorical=categorical, bins=bins
    ).baseline
    stream = {column: values[second] for column, values in {**features, PREDICTION: predictions}.items()}
    shown = name if bins == BINS else f"{name}, {bins} bins"
    return Dataset(shown, {one.name: one for one in made.variables}, stream, labels[second], len(first))


def distribution(variable: Variable, values: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """Ratios of values, and of the baseline, by bin, both in the order of the bins."""
    if isinstance(variable, NumericVariable):
        numbers = np.asarray(values, float)
        places = np.searchsorted(np.asarray(variable.edges), numbers, side="left")
        places[np.isnan(numbers)] = len(variable.ratios)
    else:
        places = np.array([variable.place(value) for value in np.asarray(values, dtype=object)])
    counts = np.bincount(places, weights=weights, minlength=len(variable.bins))
    return counts / counts.sum(), np.array(list(variable.bins.values()))


def _numeric(data: Dataset, name: str) -> bool:
    """A number with more than two values."""
    return name != PREDICTION and isinstance(data.variables[name], NumericVariable) and len(np.unique(data.stream[name])) > 2


def _categorical(data: Dataset, name: str) -> bool:
    return isinstance(data.variables[name], CategoricalVariable)


def _feature(data: Dataset, name: str) -> bool:
    return name != PREDICTION


def _prediction(data: Dataset, name: str) -> bool:
    return name == PREDICTION


def _partner(data: Dataset, name: str) -> str:
    """The next column of the same type; itself where there is none."""
    same = [one for one in data.stream if one != PREDICTION and type(data.variables[one]) is type(data.variables[name])]
    return same[(same.index(name) + 1) % len(same)]


def _add(deviations: float) -> Callable[[Dataset, str, float], Array]:
    return lambda data, name, share: data.stream[name] + share * deviations * data.stream[name].std()


def _spread(data: Dataset, name: str, share: float) -> Array:
    values = data.stream[name]
    return values.mean() + (values - values.mean()) * np.sqrt(1 + share)


def _replace(by: object, part: float) -> Callable[[Dataset, str, float], Array]:
    """A part of the values, chosen by chance, is something else."""

    def replaced(data: Dataset, name: str, share: float) -> Array:
        values = np.asarray(data.stream[name], dtype=object).copy()
        values[seed(data.name, name, by).random(len(values)) < part * share] = by
        return values

    return replaced


def _double(data: Dataset, name: str, share: float) -> Array:
    """The category whose share is nearest to a fifth, twice as often."""
    values = data.stream[name]
    found, counts = np.unique(values, return_counts=True)
    chosen = found[np.argmin(np.abs(counts / len(values) - 0.2))]
    part = np.mean(values == chosen)
    wanted = min(2 * part, 0.95)
    other = values[values != chosen]
    return np.concatenate([other, np.full(round(len(other) * wanted / (1 - wanted)), chosen)])


def _labels_doubled(data: Dataset, name: str, share: float) -> Array:
    """The upper half of the labels comes twice as often: what is seen of it is the prediction."""
    upper = data.stream[name][data.labels > np.median(data.labels)]
    upper = upper if len(upper) else data.stream[name][data.labels == data.labels.max()]
    return np.concatenate([data.stream[name], upper])


def _constant(data: Dataset, name: str, share: float) -> Array:
    return np.full(len(data.stream[name]), np.median(data.stream[name]))


SHIFTS = (
    Shift("mean + 0.5 sd", _numeric, _add(0.5)),
    Shift("mean + 1 sd", _numeric, _add(1)),
    Shift("variance x 2", _numeric, _spread),
    Shift("unit error x 1000", _numeric, lambda data, name, share: data.stream[name] * UNIT_ERROR),
    Shift("missing + 10 %", _feature, _replace(None, 0.1)),
    Shift("missing + 2 %", _feature, _replace(None, 0.02)),
    Shift("a category twice as often", _categorical, _double),
    Shift("a new category, 5 %", _categorical, _replace("never seen", 0.05)),
    Shift(
        "columns swapped", lambda data, name: name != PREDICTION and _partner(data, name) != name, lambda data, name, share: data.stream[_partner(data, name)]
    ),
    Shift("mean + 1 sd, over a week", _numeric, _add(1), gradual=True),
    Shift("labels: upper half twice as often", _prediction, _labels_doubled),
    Shift("predictions + 0.5 sd", _prediction, _add(0.5)),
    Shift("predictions: all the same", _prediction, _constant),
)
