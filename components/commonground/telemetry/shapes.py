"""One value, or one a row, out of what numpy, pandas and lists make of it."""

from collections.abc import Mapping, Sequence, Set
from math import prod
from typing import Any

from commonground.telemetry.errors import ShapeError

PLAIN = frozenset({float, int, str, bool, type(None)})
"""Types of which each is one value; looked at first, since nearly all are."""
DATES = frozenset("mM")
"""Numpy's kinds of dates and durations, which are no numbers."""
NO_COLUMNS = (str, bytes, Mapping, Set)
"""These have a length, and are no column."""


def single(value: Any) -> Any:
    """One value: itself, or the only one of an array or list. Raises `ShapeError`."""
    if value.__class__ in PLAIN:
        return value
    if isinstance(value, list | tuple):
        if len(value) == 1:
            return single(value[0])
        raise ShapeError("one value", f"a {type(value).__name__} of {len(value)}")
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple):
        return value
    if prod(shape) == 1:
        return plain(value if not shape else value.reshape(-1)[0])
    raise ShapeError("one value", f"an array of shape {tuple(shape)}")


def plain(value: Any) -> Any:
    """A value of numpy's as Python has it, so that float32's 0.1 is what it is in the training data; None of what is masked; a date or duration as text."""
    if value.__class__ in PLAIN:
        return value
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind in DATES:
        return str(value) if value == value else None
    return value.tolist() if kind and hasattr(value, "tolist") else value  # not item(): that is a masked value's data


def column(values: Any) -> Sequence[Any]:
    """As many values as rows: itself; of an array of n rows and one column, its column. Raises `ShapeError`."""
    shape = getattr(values, "shape", None)
    if isinstance(shape, tuple):
        if len(shape) == 2 and shape[1] == 1 and hasattr(values, "reshape"):
            values = values.reshape(-1)
        elif len(shape) != 1:
            raise ShapeError("a column, one value a row", f"an array of shape {tuple(shape)}")
    elif isinstance(values, NO_COLUMNS) or not hasattr(values, "__len__"):
        raise ShapeError("a column, one value a row", f"one {type(values).__name__}")
    found: Sequence[Any] = values
    return found


def mapping(values: Any, expected: str) -> Mapping[str, Any]:
    """Itself, where it has names: a dictionary, a data frame, a row of one. Raises `ShapeError`."""
    if values.__class__ is not dict and not hasattr(values, "keys"):
        length = f" of {len(values)}" if hasattr(values, "__len__") else ""
        raise ShapeError(expected, f"{'None' if values is None else f'a {type(values).__name__}{length}'}")
    found: Mapping[str, Any] = values
    return found
