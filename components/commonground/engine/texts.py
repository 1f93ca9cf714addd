"""What differs between two versions of a long text, by place in it: of rules, alert routes, scrape configurations, dashboards, policies.

A reviewer asks which alert's threshold, which panel's query; a text of a thousand lines beside another one does not say.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from commonground.engine.steps import MISSING

MOST = 12
"""Differences of one text that are told one by one."""
NAMED = 4
"""How many of the things in which the others are, are named."""
LONGEST = 500_000
"""Characters of a text that is looked into."""
NAMES = ("alert", "record", "name", "job_name", "title", "Sid", "sid", "refId", "receiver")
"""Keys by which things in a list are told apart: Prometheus', Alertmanager's, Grafana's, IAM's."""
PLACES = ("gridPos", "id")
"""Where a dashboard has a panel: what stands below a new one moves, which nobody has to read."""
MOVED = 2
MOST_LINES = 5_000


@dataclass(frozen=True)
class Difference:
    """One value in a text."""

    path: str
    """Example: `data.groups[drift-slow].rules[ModelFeatureDrift critical].expr`."""
    before: Any
    after: Any
    within: str = ""
    """The innermost named thing that it stands in. Example: `ModelFeatureDrift critical`."""


def differences(path: str, before: Any, after: Any) -> tuple[tuple[Difference, ...], str]:
    """What differs of a property, at most `MOST` values, and in words how much more; whatever is no long text, as it is."""
    found = list(_texts(path, before, after, "")) if _is_long(before) and _is_long(after) else []
    if not found:
        return (Difference(path, before, after),), ""
    ordered = sorted(found, key=_weight)
    number = min(MOST, sum(_weight(one) < MOVED for one in ordered) or MOST)
    return tuple(ordered[:number]), _rest(ordered[number:])


def _is_long(text: Any) -> bool:
    return isinstance(text, str) and len(text) <= LONGEST and ("\n" in text or text.startswith(("{", "[")))


def _weight(difference: Difference) -> int:
    """What comes or goes first, what has only moved last."""
    if any(difference.path.endswith(f".{place}") or f".{place}." in difference.path for place in PLACES):
        return MOVED
    return 0 if MISSING in (difference.before, difference.after) else 1


def _rest(left: Sequence[Difference]) -> str:
    if not left:
        return ""
    names = list(dict.fromkeys(difference.within for difference in left if difference.within))
    where = f", in {', '.join(names[:NAMED])}" if names else ""
    return f"{len(left):,} more values differ{where}" + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")


def _texts(path: str, before: str, after: str, within: str) -> Iterator[Difference]:
    old, new = _parsed(before), _parsed(after)
    found = list(_values(path, old, new, within)) if old is not None and new is not None else []
    yield from found or _lines(path, before, after, within)


def _parsed(text: str) -> dict[str, Any] | list[Any] | None:
    """What a text says as JSON or YAML, numbers of YAML as texts; None: it is neither, or nothing but words."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        # An anchor can make a short text as long as it likes.
        if "\n" not in text or " &" in text or text.startswith("&"):
            return None
        from ruamel.yaml import YAML  # its parser takes long to import, and most previews have no such text
        from ruamel.yaml.error import YAMLError

        try:
            found = YAML(typ="base").load(text)
        except (YAMLError, ValueError, RecursionError):
            return None
    return found if isinstance(found, dict | list) else None


def _values(path: str, before: Any, after: Any, within: str) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            name = f'["{key}"]' if "." in str(key) else f".{key}"
            yield from _values(f"{path}{name}", before.get(key, MISSING), after.get(key, MISSING), within)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(path, before, after, within)
    elif _is_long(before) and _is_long(after):
        yield from _texts(path, before, after, within)
    else:
        yield Difference(path, before, after, within)


def _lists(path: str, before: list[Any], after: list[Any], within: str) -> Iterator[Difference]:
    """Things that have names by those; others by their place, without what is alike at both ends."""
    old, new = _by_name(before), _by_name(after)
    if old is not None and new is not None:
        for name in dict.fromkeys((*old, *new)):
            yield from _values(f"{path}[{name}]", old.get(name, MISSING), new.get(name, MISSING), name)
        if sorted(old) == sorted(new) and list(old) != list(new):
            yield Difference(path, list(old), list(new), within)
    elif len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _values(f"{path}[{index}]", one, other, within)
    else:
        start = alike(before, after)
        tail = min(alike(before[::-1], after[::-1]), len(before) - start, len(after) - start)
        left, came = before[start : len(before) - tail], after[start : len(after) - tail]
        yield Difference(f"{path}[{start}]", left or MISSING, came or MISSING, within)


def _by_name(items: list[Any]) -> dict[str, Any] | None:
    """Things of a list by name, with their severity where they have one, and with a number where that is not enough; None: they have no names."""
    found: dict[str, Any] = {}
    seen: Counter[str] = Counter()
    for item in items:
        name = next((item[key] for key in NAMES if isinstance(item.get(key), str)), None) if isinstance(item, dict) else None
        if name is None:
            return None
        labels = item.get("labels")
        severity = labels.get("severity") if isinstance(labels, dict) else None
        title = f"{name} {severity}" if isinstance(severity, str) else str(name)
        seen[title] += 1
        found[title if seen[title] == 1 else f"{title} {seen[title]}"] = item
    return found


def alike(one: Sequence[Any], other: Sequence[Any]) -> int:
    """With how many items two lists, or characters two texts, begin alike."""
    return next((index for index, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), min(len(one), len(other)))


def _lines(path: str, before: str, after: str, within: str) -> Iterator[Difference]:
    """The lines that differ, by their number before; of a text of one line all."""
    old, new = before.splitlines(), after.splitlines()
    if old == new or not 1 < max(len(old), len(new)) <= MOST_LINES:
        yield Difference(path, before, after, within)
        return
    for what, start, end, first, last in SequenceMatcher(None, old, new).get_opcodes():
        if what != "equal":
            left, came = "\n".join(old[start:end]), "\n".join(new[first:last])
            yield Difference(f"{path}[line {start + 1}]", left if end > start else MISSING, came if last > first else MISSING, within)
