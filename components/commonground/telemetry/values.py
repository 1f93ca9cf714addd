"""Counting values into bins: one, or a column. Numpy's arrays are counted by numpy, which whoever made them has imported."""

import sys
from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Iterable, Sequence
from typing import Any

from commonground.telemetry.baseline import CategoricalVariable, NumericVariable, as_number
from commonground.telemetry.metrics import Counter
from commonground.telemetry.shapes import DATES, PLAIN, single

FEW = 32
"""Values of a list below which numpy takes longer than a loop."""


NUMBERS = frozenset("fiub")
"""Numpy's kinds of numbers; complex ones, dates and durations are none here."""


def _are_numbers(numpy: Any, values: Sequence[Any]) -> bool:
    """Whether numpy takes each value for the number that `as_number` takes it for."""
    if isinstance(values, numpy.ma.MaskedArray):
        return False
    kind = getattr(getattr(values, "dtype", None), "kind", "")
    return kind in NUMBERS if kind and kind != "O" else set(map(type, values)) <= {float, int, bool, type(None), numpy.float64, numpy.float32, numpy.int64}


class Numbers:
    """Counts the values of a numeric variable."""

    def __init__(self, variable: NumericVariable, counters: Sequence[Counter], outside: Counter) -> None:
        self._edges = variable.edges
        self._low = float("-inf") if variable.low is None else variable.low
        self._high = float("inf") if variable.high is None else variable.high
        self._counters = [counter.inc for counter in counters]
        self._missing = counters[-1].inc
        self._outside = outside.inc

    def count(self, value: Any) -> None:
        """Counts one value. Raises `ShapeError`."""
        if value.__class__ is not float:
            value = as_number(single(value))
            if value is None:
                self._missing()
                return
        if value != value:
            self._missing()
            return
        self._counters[bisect_left(self._edges, value)]()
        if not self._low <= value <= self._high:
            self._outside()

    def count_all(self, values: Sequence[Any]) -> None:
        """Counts a column: all of it, or nothing where it raises `ShapeError`."""
        if self._count_array(values):
            return
        counts = [0] * len(self._counters)
        outside, edges, low, high, missing = 0, self._edges, self._low, self._high, len(counts) - 1
        for value in values:
            number = as_number(single(value))
            if number is None:
                counts[missing] += 1
            else:
                counts[bisect_left(edges, number)] += 1
                outside += not low <= number <= high
        self._add(counts, outside)

    def _count_array(self, values: Sequence[Any]) -> bool:
        """Counts a column by numpy; whether it could."""
        numpy = sys.modules.get("numpy")
        if numpy is None or len(values) < FEW or not _are_numbers(numpy, values):
            return False
        try:
            array = numpy.asarray(values, dtype=float)
        except (TypeError, ValueError, OverflowError):  # something in it is no number
            return False
        places = numpy.searchsorted(self._edges, array, side="left")
        places[numpy.isnan(array)] = len(self._counters) - 1
        outside = numpy.count_nonzero(array < self._low) + numpy.count_nonzero(array > self._high)
        self._add(numpy.bincount(places, minlength=len(self._counters)).tolist(), int(outside))
        return True

    def _add(self, counts: Iterable[int], outside: int) -> None:
        for add, count in zip(self._counters, counts, strict=True):
            if count:
                add(count)
        if outside:
            self._outside(outside)


class Categories:
    """Counts the values of a categorical variable."""

    def __init__(self, variable: CategoricalVariable, counters: Sequence[Counter]) -> None:
        self._place = variable.place
        self._counters = [counter.inc for counter in counters]
        self._texts = {text: self._counters[index] for text, index in variable.places.items()}
        self._elsewhere = self._counters[variable.elsewhere]

    def count(self, value: Any) -> None:
        """Counts one value. Raises `ShapeError`."""
        if value.__class__ is str:
            self._texts.get(value, self._elsewhere)()
        else:
            self._counters[self._place(single(value))]()

    def count_all(self, values: Sequence[Any]) -> None:
        """Counts a column: all of it, or nothing where it raises `ShapeError`."""
        dates = getattr(getattr(values, "dtype", None), "kind", "") in DATES  # as a list, some are their nanoseconds
        listed = values.tolist() if hasattr(values, "tolist") and not dates else values
        counts: Iterable[tuple[Any, int]] = ((value, 1) for value in listed)
        if set(map(type, listed)) <= PLAIN:
            counts = ((value, count) for (_, value), count in Counts(zip(map(type, listed), listed, strict=True)).items())  # 1 == True
        placed = [0] * len(self._counters)
        for value, count in counts:
            placed[self._place(single(value))] += count
        for add, count in zip(self._counters, placed, strict=True):
            if count:
                add(count)
