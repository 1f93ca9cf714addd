"""From a baseline file's text to a baseline, with all mistakes at once."""

import json
import sys
from collections.abc import Iterator
from typing import Any

from commonground.telemetry.baseline import VERSION, Baseline, CategoricalVariable, NumericVariable, Variable
from commonground.telemetry.errors import Mistake, WrongBaselineError

NUMERIC = {"kind": str, "name": str, "type": str, "edges": list, "ratios": list, "missing": float, "min": (float, type(None)), "max": (float, type(None))}
CATEGORICAL = {
    "kind": str,
    "name": str,
    "type": str,
    "categories": list,
    "ratios": list,
    "other": float,
    "others": (list, type(None)),
    "missing": float,
}
TOP = ("version", "rows", "variables")
KEYS: dict[str, dict[str, Any]] = {"numeric": NUMERIC, "categorical": CATEGORICAL}
WORDS: dict[Any, str] = {str: "a text", list: "a list", float: "a number", (float, type(None)): "a number or null", (list, type(None)): "a list or null"}
ITEMS: dict[str, Any] = {"edges": float, "ratios": float, "categories": str, "others": str}
MOST = sys.float_info.max
AGAIN = "make it again with `commonground baseline`"


def read(text: str, file: str) -> Baseline:
    """A baseline. Raises `WrongBaselineError`."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise WrongBaselineError(file, (Mistake("", "JSON", f"{error.msg} in line {error.lineno}", AGAIN),)) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; lists in lists in lists
        found = "lists or objects nested too deep" if isinstance(error, RecursionError) else "a number with too many digits"
        raise WrongBaselineError(file, (Mistake("", "JSON", found, AGAIN),)) from error
    if not isinstance(data, dict) or data.get("version") != VERSION:
        found = f"version {data.get('version')!r}" if isinstance(data, dict) else type(data).__name__
        raise WrongBaselineError(file, (Mistake("", f"a baseline of version {VERSION}", found, f"{AGAIN} of this version"),))
    rows: Any = data.get("rows")
    variables: Any = data.get("variables")
    mistakes = [Mistake("", f"the keys {', '.join(TOP)}, and no other", repr(key), "remove it") for key in sorted(data.keys() - set(TOP))]
    if not _is(rows, int) or rows < 0:
        mistakes.append(Mistake("", "rows, a number from 0", repr(rows), AGAIN))
    if not isinstance(variables, list):
        mistakes.append(Mistake("", "variables, a list", repr(variables)[:40], AGAIN))
    else:
        mistakes += [mistake for number, one in enumerate(variables) for mistake in _shape(number, one)]
    if mistakes:
        raise WrongBaselineError(file, tuple(mistakes))
    return Baseline.checked(rows, tuple(map(_variable, variables)), file)


def _shape(number: int, data: Any) -> Iterator[Mistake]:
    """What is wrong with the shape of one variable's data."""
    data = data if isinstance(data, dict) else {}
    name = data.get("name")
    name = name if isinstance(name, str) and name else f"number {number + 1}"
    if data.get("type") not in KEYS:
        yield Mistake(name, "type numeric or categorical", repr(data.get("type")), AGAIN)
        return
    keys = KEYS[data["type"]]
    wrong = [Mistake(name, f"the keys {', '.join(keys)}, and no other", repr(key), "remove it") for key in sorted(data.keys() - keys.keys())]
    for key, kind in keys.items():
        found = data.get(key, ...)
        item = ITEMS.get(key)
        if not _is(found, kind):
            wrong.append(Mistake(name, f"{key}, {WORDS[kind]}", "nothing" if found is ... else repr(found)[:40], AGAIN))
        elif item and not all(_is(one, item) for one in found or ()):
            wrong.append(Mistake(name, f"{key}, each {WORDS[item]}", repr(found)[:40], AGAIN))
        elif _too_large(found):
            wrong.append(Mistake(name, f"{key}, not beyond {MOST:.2g}", "a larger number", AGAIN))
    yield from wrong
    if not wrong:
        wanted = len(data["edges"]) + 1 if data["type"] == "numeric" else len(data["categories"])
        if len(data["ratios"]) != wanted:
            yield Mistake(name, f"{wanted} ratios, {'one more than edges' if data['type'] == 'numeric' else 'one a category'}", str(len(data["ratios"])), AGAIN)


def _too_large(found: Any) -> bool:
    """Whether a number, or one in a list, is none that a float can be."""
    return any(isinstance(one, int) and abs(one) > MOST for one in (found if isinstance(found, list) else (found,)))


def _is(value: Any, kind: Any) -> bool:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    wide = (*kinds, int) if float in kinds else kinds
    return isinstance(value, wide) and not isinstance(value, bool)


def _variable(data: dict[str, Any]) -> Variable:
    kind, name, ratios, missing = data["kind"], data["name"], tuple(map(float, data["ratios"])), float(data["missing"])
    if data["type"] == "numeric":
        low, high = (None if data[key] is None else float(data[key]) for key in ("min", "max"))
        return NumericVariable(kind, name, tuple(map(float, data["edges"])), ratios, missing, low, high)
    others = None if data["others"] is None else tuple(data["others"])
    return CategoricalVariable(kind, name, tuple(data["categories"]), ratios, float(data["other"]), others, missing)
