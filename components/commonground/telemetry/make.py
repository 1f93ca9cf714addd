"""Making a baseline of training data, by numpy and pyarrow: the extra `baseline`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.csv  # type: ignore[import-untyped]
import pyarrow.dataset  # type: ignore[import-untyped]

from commonground.telemetry.baseline import (
    MOST_CATEGORIES,
    MOST_EDGES,
    MOST_RARE,
    Baseline,
    CategoricalVariable,
    NumericVariable,
    Variable,
    category,
    edge_bin,
)
from commonground.telemetry.errors import Mistake, TelemetryError, WrongBaselineError

BINS = 10
"""Bins of a number by default: what PSI's usual bounds were found with (Siddiqi, "Credit Risk Scorecards", 2006)."""
SHORT = 6
"""Characters of an edge that is not shortened."""
MOST_DISTINCT = 0.5
"""Of a word's rows, the share of distinct values from which it is taken for an identifier, if it has more of them than a baseline remembers."""


LEAST_ROWS = 100
"""Rows below which whole numbers that differ are no sign of an identifier."""
SEPARATORS = ";\t|"
"""Of columns, where it is no comma."""


class MakeError(TelemetryError):
    """Data of which no baseline can be made."""


@dataclass(frozen=True)
class Choice:
    """What the user said of the columns."""

    predictions: Sequence[str] = ()
    """Columns that the model's answers are in."""
    categorical: Sequence[str] = ()
    """Columns of numbers that are names: a postcode."""
    exclude: Sequence[str] = ()
    """Columns that the model does not use."""
    bins: int = BINS
    numeric: Sequence[str] = ()
    """Columns of whole numbers that look like identifiers, and are none: an amount in cents."""

    def check(self, columns: Sequence[str], file: str) -> None:
        """Raises `WrongBaselineError` with all names that are no columns."""
        named = {"--prediction": self.predictions, "--categorical": self.categorical, "--numeric": self.numeric, "--exclude": self.exclude}
        mistakes = [
            Mistake("", f"{option}: a column: {', '.join(columns[:20])}", name, _meant(name, columns))
            for option, names in named.items()
            for name in names
            if name not in columns
        ]
        for name in dict.fromkeys((*self.exclude, *self.numeric)):
            several = [option for option, names in named.items() if name in names]
            if ("--exclude" in several and len(several) > 1) or {"--numeric", "--categorical"} <= set(several):
                mistakes.append(Mistake(name, "one option", " and ".join(several), "give one of them"))
        if not 2 <= self.bins <= MOST_EDGES + 1:
            mistakes.append(Mistake("", f"--bins from 2 to {MOST_EDGES + 1}", str(self.bins), "choose one of these: PSI's bounds are meant for 10"))
        if mistakes:
            raise WrongBaselineError(file, tuple(mistakes))


@dataclass(frozen=True)
class Made:
    """A baseline, and the columns that are not in it."""

    baseline: Baseline
    left_out: dict[str, str]
    """Column -> why."""


class Source(Protocol):
    """Where columns come from, one at a time."""

    name: str

    def types(self) -> Mapping[str, Any]:
        """Column -> Arrow's type."""

    def column(self, name: str) -> Any:
        """A chunked array."""


class TableSource:
    """Columns that are in memory."""

    def __init__(self, table: Any, name: str) -> None:
        self._table, self.name = table, name

    def types(self) -> Mapping[str, Any]:
        """Column -> Arrow's type."""
        return {field.name: field.type for field in self._table.schema}

    def column(self, name: str) -> Any:
        """A chunked array."""
        return self._table.column(name)


class DatasetSource:
    """Columns of Parquet: a file, or a folder of files. One at a time is read, so that memory is that of the largest."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._dataset = pa.dataset.dataset(path, format="parquet")

    def types(self) -> Mapping[str, Any]:
        """Column -> Arrow's type."""
        return {field.name: field.type for field in self._dataset.schema}

    def column(self, name: str) -> Any:
        """A chunked array."""
        return self._dataset.to_table(columns=[name]).column(0)


def _meant(name: str, columns: Sequence[str]) -> str:
    guess = get_close_matches(name, columns, 1)
    return f"did you mean `{guess[0]}`?" if guess else "name one of these"


def opened(path: Path) -> Source:
    """A file's columns: CSV by its ending, Parquet otherwise. Raises `MakeError`."""
    try:
        if path.suffix.lower() in (".csv", ".tsv"):
            parse = pa.csv.ParseOptions(delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
            return TableSource(pa.csv.read_csv(path, parse_options=parse, convert_options=pa.csv.ConvertOptions(strings_can_be_null=True)), str(path))
        return DatasetSource(path)
    except (pa.ArrowException, OSError) as error:
        found = "an empty file" if path.is_file() and not path.stat().st_size else f"a file that Arrow cannot read so ({_reason(error)})"
        raise MakeError(
            f"{path}: expected Parquet, or CSV with the ending .csv or .tsv, found {found}. Fix: write the training data as one of these"
        ) from error


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")


def columns(
    features: Mapping[str, Any],
    predictions: Mapping[str, Any] | None = None,
    *,
    categorical: Sequence[str] = (),
    numeric: Sequence[str] = (),
    bins: int = BINS,
) -> Made:
    """A baseline of what a training program has in memory: name -> as many values. Raises `WrongBaselineError`, `MakeError`."""
    predictions = predictions or {}
    kinds = {"feature": features, "prediction": predictions}
    found = [(kind, *_of_memory(kind, values, Choice((), categorical, (), bins, numeric))) for kind, values in kinds.items() if values]
    rows = {made[1] for made in found}
    if len(rows) > 1:
        raise MakeError(f"expected as many predictions as rows of features, found {' and '.join(map(str, sorted(rows)))}")
    variables = tuple(one for made in found for one in made[2])
    return Made(Baseline.checked(rows.pop() if rows else 0, variables, "columns"), {name: why for made in found for name, why in made[3].items()})


def _of_memory(kind: str, values: Mapping[str, Any], choice: Choice) -> tuple[int, tuple[Variable, ...], dict[str, str]]:
    try:
        table = pa.table({name: pa.array(column, from_pandas=True) for name, column in values.items()})
    except (pa.ArrowException, ValueError) as error:
        raise MakeError(f"{kind}s: expected columns of one type and length, found others: {str(error).splitlines()[0]}") from error
    predictions = tuple(values) if kind == "prediction" else ()
    categorical, numeric = ([name for name in names if name in values] for names in (choice.categorical, choice.numeric))
    own = Choice(predictions, categorical, (), choice.bins, numeric)
    variables, left_out = _variables(TableSource(table, "columns"), own)
    return table.num_rows, variables, left_out


def make(source: Source, choice: Choice) -> Made:
    """A baseline of a file's columns. Raises `WrongBaselineError`, `MakeError`."""
    names = list(source.types())
    separators = [one for one in SEPARATORS if len(names) == 1 and one in names[0]]
    if separators:
        raise MakeError(
            f"{source.name}: expected columns with a comma between them, found one column {names[0]!r}. "
            f"Fix: is the separator `{separators[0]}`? Write the data with commas, or as Parquet"
        )
    if names and not len(source.column(names[0])):
        raise MakeError(f"{source.name}: expected rows, found 0 rows of {len(names)} columns. Fix: give it the training data")
    variables, left_out = _variables(source, choice)
    if not variables:
        raise MakeError(f"{source.name}: expected a column of numbers or words, found none" + "".join(f"\n  {name}: {why}" for name, why in left_out.items()))
    rows = len(source.column(variables[0].name))
    return Made(Baseline.checked(rows, variables, source.name), left_out)


def _variables(source: Source, choice: Choice) -> tuple[tuple[Variable, ...], dict[str, str]]:
    types = source.types()
    choice.check(list(types), source.name)
    variables: list[Variable] = []
    left_out: dict[str, str] = {}
    for name, type_ in types.items():
        if name in choice.exclude:
            continue
        wanted = name in (*choice.predictions, *choice.categorical, *choice.numeric)
        found = _variable(source, name, type_, choice)
        if not isinstance(found, str):
            variables.append(found)
        elif wanted:
            raise WrongBaselineError(source.name, (Mistake(name, "numbers or words", found, "convert it, or do not name it"),))
        else:
            left_out[name] = found
    return tuple(variables), left_out


def _variable(source: Source, name: str, type_: Any, choice: Choice) -> Variable | str:
    """A variable, or why a column is none."""
    kind = "prediction" if name in choice.predictions else "feature"
    type_ = type_.value_type if pa.types.is_dictionary(type_) else type_
    words = pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_) or pa.types.is_boolean(type_)
    numbers = pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_)
    if pa.types.is_null(type_):
        return "it has no value at all"
    if not (words or numbers):
        return f"its type is {type_}, neither a number nor a word{_instead(type_)}"
    column = source.column(name)
    if numbers and name not in choice.categorical:
        if pa.types.is_integer(type_) and name not in (*choice.predictions, *choice.numeric) and _all_differ(column):
            return f"it looks like an identifier: {len(column):,} distinct whole numbers in {len(column):,} rows (--numeric {name} takes it)"
        return _numeric(source.name, kind, name, column, type_, choice.bins)
    return _categorical(kind, name, column, wanted=name in (*choice.categorical, *choice.predictions))


def _instead(type_: Any) -> str:
    """What to observe in the place of a type."""
    if pa.types.is_temporal(type_):
        return " (a date is always new: observe an age in its place)"
    if pa.types.is_nested(type_):
        return " (observe its parts, each as a column of its own)"
    return ""


def _all_differ(column: Any) -> bool:
    """Whether enough rows have a value each, and no two the same."""
    return len(column) >= LEAST_ROWS and not column.null_count and pc.count_distinct(column).as_py() == len(column)


def _numeric(file: str, kind: str, name: str, column: Any, type_: Any, bins: int) -> Variable:
    values = column.cast(type_).cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    known = values[~np.isnan(values)]
    infinite = int(np.count_nonzero(np.isinf(known)))
    if infinite:
        raise WrongBaselineError(file, (Mistake(name, "finite numbers, or none", f"{infinite} infinite", f"replace them by nothing, or --exclude {name}"),))
    distinct, counts = np.unique(known, return_counts=True)
    edges = cuts(distinct, counts, bins)
    placed = np.bincount(np.searchsorted(edges, distinct, side="left"), weights=counts, minlength=len(edges) + 1)
    shares = tuple((placed / len(values)).tolist())
    low, high = (_bounds(distinct, type_)) if len(distinct) else (None, None)
    return NumericVariable(kind, name, edges, shares, (len(values) - len(known)) / len(values), low, high)


def _bounds(distinct: Any, type_: Any) -> tuple[float, float]:
    """Least and most. Of 32 bits, as wide as their decimal text is: a server that has 0.3 in 64 bits is not outside of 0.3 in 32."""
    low, high = float(distinct[0]), float(distinct[-1])
    if not pa.types.is_float32(type_):
        return low, high
    return min(low, float(str(np.float32(low)))), max(high, float(str(np.float32(high))))


def cuts(distinct: Any, counts: Any, bins: int) -> tuple[float, ...]:
    """The edges that cut sorted values into bins of as equal shares as their repetition lets: quantiles, each once.

    A value that is frequent has a bin to itself, and the rest is shared among the others; with no more values than bins, each has its own. A constant is an
    edge, so that more than it is another bin.
    """
    last = max(1, len(distinct) - 1)
    found = range(min(last, len(distinct))) if len(distinct) <= bins else _equal(np.cumsum(counts), bins)
    return tuple(_between(float(distinct[index]), float(distinct[index + 1]) if index + 1 < len(distinct) else None) for index in found)


def _equal(sums: Any, bins: int) -> list[int]:
    """Indexes of the last value of each bin but the last."""
    found: list[int] = []
    total, done, first = float(sums[-1]), 0.0, 0
    while len(found) < bins - 1:
        target = done + (total - done) / (bins - len(found))
        index = int(np.searchsorted(sums, target))
        if index > first and target - sums[index - 1] <= sums[index] - target:
            index -= 1
        if index >= len(sums) - 1:
            break
        found.append(index)
        done, first = float(sums[index]), index + 1
    return found


def _between(value: float, after: float | None) -> float:
    """The shortest number from a value to the next: it separates the same, and is a label that can be read. A short value stays as it is."""
    if after is None or len(edge_bin(value)) <= SHORT:
        return value
    for digits in range(1, 17):
        for candidate in (float(f"{value:.{digits}g}"), float(f"{value + (after - value) / 2:.{digits}g}")):
            if value <= candidate < after:
                return candidate + 0.0
    return value


def _categorical(kind: str, name: str, column: Any, *, wanted: bool) -> Variable | str:
    rows = len(column)
    found: dict[str, int] = {}
    missing = 0
    for item in pc.value_counts(column).to_pylist():
        text = category(item["values"])
        if text is None:
            missing += item["counts"]
        else:
            found[text] = found.get(text, 0) + item["counts"]
    if not found:
        return "it has no value at all"
    if len(found) > MOST_RARE and len(found) > MOST_DISTINCT * (rows - missing) and not wanted:
        return f"it looks like an identifier: {len(found):,} distinct values in {rows - missing:,} rows (--categorical {name} takes it)"
    ordered = sorted(found, key=lambda text: (-found[text], text))
    named, rare = ordered[:MOST_CATEGORIES], sorted(ordered[MOST_CATEGORIES:])
    others = tuple(rare) if len(rare) <= MOST_RARE else None
    other = sum(found[text] for text in rare) / rows
    return CategoricalVariable(kind, name, tuple(named), tuple(found[text] / rows for text in named), other, others, missing / rows)
