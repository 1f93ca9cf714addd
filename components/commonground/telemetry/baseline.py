"""What training saw, as bins with their ratios: the file that a model server loads, and where a value belongs. Needs only the standard library."""

import hashlib
import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from commonground.telemetry.contract import LAST, MISSING, MOST_BINS, MOST_VARIABLES, OTHER, UNSEEN
from commonground.telemetry.errors import Mistake, WrongBaselineError
from commonground.telemetry.shapes import plain

VERSION = 1
"""Of the file's format."""
KINDS = ("feature", "prediction")
MOST_EDGES = MOST_BINS - 2
"""Edges of a numeric variable at most: one bin more than edges, and `missing`."""
MOST_CATEGORIES = MOST_BINS - 3
"""Categories with a bin of their own at most: `other`, `unseen` and `missing` have one each."""
MOST_RARE = 1000
"""Categories without a bin of their own that are remembered, so that `other` and `unseen` are told apart; of a variable with more, all are `other`."""
LONGEST_NAME, LONGEST_BIN = 200, 64
"""Characters of a variable's name, and of a category's bin."""
PLAIN_SERIES = 5
"""Of any model: its information, the end of its data, predictions, outcomes that were right, and that were wrong."""
TOLERANCE = 1e-6
"""How far from 1 the sum of a variable's ratios may be: other tools round."""

ESCAPE = "="
RESERVED = frozenset({MISSING, UNSEEN, OTHER, LAST, ""})


def category(value: object) -> str | None:
    """A category's text, the same in training and serving; None where there is no value. 1, 1.0 and "1" are one category, True is `true`."""
    if isinstance(value, str):
        return value
    value = plain(value)
    try:
        if value is None or value != value:  # NaN is what differs from itself
            return None
    except (TypeError, ValueError):  # pandas' NA does not say
        return None
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):  # numpy 1 and 2
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if getattr(value, "is_integer", bool)():
        return str(int(value))  # type: ignore[call-overload]
    return str(value)


def category_bin(text: str) -> str:
    """The bin's label of a category: itself; escaped where it is reserved or empty (an empty label is none to Prometheus), shortened where it is long."""
    if len(text) > LONGEST_BIN:
        digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]
        text = f"{text[: LONGEST_BIN - 9]}~{digest}"
    escaped = ESCAPE + text if text in RESERVED or text.startswith(ESCAPE) else text
    return escaped.encode("utf-8", "replace").decode()


def edge_bin(edge: float) -> str:
    """The bin's label of an upper bound: `3`, `0.25`, `1e+16`."""
    return repr(edge + 0.0).removesuffix(".0")  # + 0.0: no -0


@dataclass(frozen=True)
class NumericVariable:
    """A number: bins end at edges, which they include; the outermost are open."""

    kind: str
    name: str
    edges: tuple[float, ...]
    ratios: tuple[float, ...]
    """One more than edges."""
    missing: float
    low: float | None
    """The least that training saw; None: no value at all."""
    high: float | None

    @property
    def bins(self) -> dict[str, float]:
        """Label -> ratio, in order."""
        return {**dict(zip((*map(edge_bin, self.edges), LAST), self.ratios, strict=True)), MISSING: self.missing}

    def place(self, value: object) -> int:
        """The index of a value's bin. Whatever is no number is missing."""
        number = as_number(value)
        return len(self.ratios) if number is None else bisect_left(self.edges, number)

    def outside(self, value: object) -> bool:
        """Whether a number is less or more than anything that training saw."""
        number = as_number(value)
        return number is not None and self.low is not None and self.high is not None and not self.low <= number <= self.high

    def data(self) -> dict[str, Any]:
        """As the file has it."""
        own = {"edges": list(self.edges), "ratios": list(self.ratios), "missing": self.missing, "min": self.low, "max": self.high}
        return {"kind": self.kind, "name": self.name, "type": "numeric", **own}


@dataclass(frozen=True)
class CategoricalVariable:
    """A word: a bin for each of the most frequent, and one for all others."""

    kind: str
    name: str
    categories: tuple[str, ...]
    ratios: tuple[float, ...]
    """One for each category."""
    other: float
    others: tuple[str, ...] | None
    """What training saw beside these. None: too many to remember, and nothing counts as unseen."""
    missing: float

    @property
    def bins(self) -> dict[str, float]:
        """Label -> ratio, in order."""
        named = dict(zip(map(category_bin, self.categories), self.ratios, strict=True))
        other = {} if self.others == () else {OTHER: self.other}
        unseen = {} if self.others is None else {UNSEEN: 0.0}
        return {**named, **other, **unseen, MISSING: self.missing}

    @cached_property
    def places(self) -> dict[str, int]:
        """Category -> index of its bin."""
        return {name: index for index, name in enumerate((*self.categories,))} | dict.fromkeys(self.others or (), len(self.categories))

    @cached_property
    def elsewhere(self) -> int:
        """Index of the bin of a category that `places` lacks: `unseen`, or `other` where all that is rare is other."""
        return len(self.bins) - 2

    def place(self, value: object) -> int:
        """The index of a value's bin."""
        text = category(value)
        return len(self.bins) - 1 if text is None else self.places.get(text, self.elsewhere)

    def data(self) -> dict[str, Any]:
        """As the file has it."""
        others = None if self.others is None else list(self.others)
        own = {"categories": list(self.categories), "ratios": list(self.ratios), "other": self.other, "others": others, "missing": self.missing}
        return {"kind": self.kind, "name": self.name, "type": "categorical", **own}


Variable = NumericVariable | CategoricalVariable


def as_number(value: object) -> float | None:
    """A number; None for no value, NaN, and what is none."""
    try:
        number = float(plain(value))
    except (TypeError, ValueError, ArithmeticError):
        return None
    return None if number != number else number


@dataclass(frozen=True)
class Baseline:
    """What training saw of each feature and prediction."""

    rows: int
    """Of the training data."""
    variables: tuple[Variable, ...]
    """By kind and name."""

    @cached_property
    def text(self) -> str:
        """The file: JSON, the same bytes for the same baseline."""
        data = {"version": VERSION, "rows": self.rows, "variables": [one.data() for one in self.variables]}
        return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @cached_property
    def digest(self) -> str:
        """The label `baseline`: the first 8 digits of `sha256sum FILE`, however the file that was read was formatted."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:8]

    def of(self, kind: str) -> dict[str, Variable]:
        """Name -> variable, of one kind."""
        return {one.name: one for one in self.variables if one.kind == kind}

    @property
    def series(self) -> int:
        """Series of one version of a model with this baseline, without quality: two for each bin, one for each number's out of range, `PLAIN_SERIES`."""
        return sum(2 * len(one.bins) + isinstance(one, NumericVariable) for one in self.variables) + PLAIN_SERIES

    def save(self, file: Path | str) -> None:
        """Writes the file."""
        Path(file).write_text(self.text, "utf-8")

    @classmethod
    def load(cls, file: Path | str) -> "Baseline":
        """Reads a file. Raises `WrongBaselineError` with all that is wrong in it, or `OSError`."""
        return cls.parse(Path(file).read_text("utf-8", "surrogateescape"), str(file))

    @classmethod
    def parse(cls, text: str, file: str = "baseline") -> "Baseline":
        """Reads a text; `file` names it in errors. Raises `WrongBaselineError`."""
        from commonground.telemetry.reading import read  # not needed by who makes one

        return read(text, file)

    @classmethod
    def checked(cls, rows: int, variables: tuple[Variable, ...], file: str = "baseline") -> "Baseline":
        """One in its order. Raises `WrongBaselineError`."""
        mistakes = [mistake for one in variables for mistake in check(one)]
        keys = [(one.kind, one.name) for one in variables]
        mistakes += [Mistake(name, f"one {kind} of this name", "several", "name each once") for kind, name in sorted({k for k in keys if keys.count(k) > 1})]
        if not 0 < len(variables) <= MOST_VARIABLES:
            mistakes.append(Mistake("", f"1 to {MOST_VARIABLES} variables", str(len(variables)), "leave out what the model does not use"))
        if mistakes:
            raise WrongBaselineError(file, tuple(mistakes))
        return cls(rows, tuple(sorted(variables, key=lambda one: (one.kind, one.name))))


def check(variable: Variable) -> Iterator[Mistake]:
    """What is wrong with a variable."""
    name = variable.name
    if variable.kind not in KINDS:
        yield Mistake(name, "kind feature or prediction", repr(variable.kind), "name one of these")
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        yield Mistake(name[:LONGEST_NAME], f"a name of 1 to {LONGEST_NAME} printable characters", f"{len(name)} characters", "rename it")
    yield from _check_numeric(variable) if isinstance(variable, NumericVariable) else _check_categorical(variable)
    labels = variable.bins
    wrong = [ratio for ratio in labels.values() if not 0 <= ratio <= 1]
    if wrong:
        yield Mistake(name, "ratios from 0 to 1", str(wrong[0]), "give each bin's share of the training rows")
    elif abs(sum(labels.values()) - 1) > TOLERANCE:
        yield Mistake(name, "ratios that sum to 1, `missing` and `other` included", f"{sum(labels.values()):.6g}", "give each bin's share of the training rows")


def _check_numeric(variable: NumericVariable) -> Iterator[Mistake]:
    name, edges = variable.name, variable.edges
    if list(edges) != sorted(set(edges)) or not all(edge - edge == 0 for edge in edges):
        yield Mistake(name, "finite edges, each more than the one before", str(list(edges)), "sort them, each once")
    if len(edges) > MOST_EDGES:
        yield Mistake(name, f"at most {MOST_EDGES} edges", str(len(edges)), f"make it with --bins {MOST_EDGES + 1} or less")
    low, high = variable.low, variable.high
    if low is not None and high is not None and len(variable.ratios) == len(edges) + 1:
        ends, begins = (*edges, float("inf")), (float("-inf"), *edges)
        never = [share for share, begin, end in zip(variable.ratios, begins, ends, strict=True) if (end < low or begin > high) and share > TOLERANCE]
        if never:
            yield Mistake(
                name, "min and max on either side of all bins with a ratio", f"{low} and {high}, and a ratio {never[0]} beyond", "give what training saw"
            )
    bounds = [bound for bound in (variable.low, variable.high) if bound is not None]
    if len(bounds) == 1 or bounds != sorted(bounds) or not all(bound - bound == 0 for bound in bounds):
        yield Mistake(name, "min and max, finite and in this order, or both null", f"{variable.low} and {variable.high}", "give what training saw")


def _check_categorical(variable: CategoricalVariable) -> Iterator[Mistake]:
    name, others = variable.name, variable.others or ()
    every = (*variable.categories, *others)
    if len(set(every)) != len(every):
        yield Mistake(name, "each category once", "one more often", "name each once, in categories or others")
    elif len(set(map(category_bin, variable.categories))) != len(variable.categories):
        yield Mistake(name, "categories that differ in their bins", "two with one", "rename one")
    if len(variable.categories) > MOST_CATEGORIES:
        yield Mistake(name, f"at most {MOST_CATEGORIES} categories", str(len(variable.categories)), "put the rare ones in others")
    if len(others) > MOST_RARE:
        yield Mistake(name, f"at most {MOST_RARE} others", str(len(others)), "set others to null: all that is rare is `other`")
    broken = [text for text in every if not _is_text(text)]
    if broken:
        yield Mistake(name, "categories of Unicode text", ascii(broken[0]), "write the file as UTF-8")
    if variable.others == () and variable.other:
        yield Mistake(name, "other 0, since others is empty", str(variable.other), "name the rare categories in others, or set it to null")


def _is_text(text: str) -> bool:
    """Whether it can be written: half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def ratios(counts: Mapping[str, int]) -> dict[str, float]:
    """Shares of counts; zeros where there are none."""
    total = sum(counts.values())
    return {name: count / total if total else 0.0 for name, count in counts.items()}
