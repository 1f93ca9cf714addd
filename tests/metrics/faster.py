"""The same rules and routes on a faster clock: every duration divided by one number. No expression, threshold or order changes."""

import io
import re
from collections.abc import Callable
from typing import Any

from ruamel.yaml import YAML

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_PART = re.compile(r"(\d+)(ms|[smhdw])")
_DURATION = r"((?:\d+(?:ms|[smhdw]))+)"
_RANGE = re.compile(rf"\[{_DURATION}(?::{_DURATION})?\]")
_OFFSET = re.compile(rf"\boffset {_DURATION}")
# Of rule groups, rules, routes.
_KEYS = ("interval", "for", "group_wait", "group_interval", "repeat_interval")


def shorter(duration: str, times: int) -> str:
    """`5m`, 150 times shorter: `2s`. Whole milliseconds, at least one unless it is 0."""
    milliseconds = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(duration))
    if _PART.sub("", duration) or (milliseconds % times and milliseconds // times < 100):
        raise ValueError(f"{duration!r} cannot be {times} times shorter")
    return f"{milliseconds // times}ms"


def faster(text: str, times: int) -> str:
    """A rule file, or Alertmanager's configuration, whose durations are all shorter."""
    yaml = YAML()
    yaml.width = 100_000
    stream = io.StringIO()
    yaml.dump(_walked(yaml.load(text), lambda duration: shorter(duration, times)), stream)
    return stream.getvalue()


def _walked(value: Any, short: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_walked(one, short) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: short(one) if key in _KEYS else _walked(one, short) for key, one in value.items()}
    if "expr" in found:
        found["expr"] = _expression(found["expr"], short)
    return found


def _expression(text: str, short: Callable[[str], str]) -> str:
    ranges = _RANGE.sub(lambda match: f"[{short(match[1])}{f':{short(match[2])}' if match[2] else ''}]", text)
    return _OFFSET.sub(lambda match: f"offset {short(match[1])}", ranges)
