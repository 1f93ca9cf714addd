"""A preview as text: what would happen to each resource, down to its properties. The same steps give the same bytes."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from commonground.engine.steps import MASK, MISSING, UNKNOWN, Op, Step, count, summary
from commonground.engine.texts import alike, differences

SIGNS: dict[Op, str] = {Op.CREATE: "+", Op.UPDATE: "~", Op.REPLACE: "±", Op.DELETE: "-", Op.SAME: " "}
LATER = "known after up"
LONGEST, LEAD = 240, 40
"""Characters of a value inside a text that are shown, and how many of them stand before the first that differs."""
ESCAPED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
PART = re.compile(r'\["(?P<quoted>(?:[^"\\]|\\.)*)"\]|\[(?P<index>\d+)\]|\.?(?P<plain>[^.\[\]]+)')


def render(steps: Iterable[Step], *, title: str, creates_in_full: bool = True, first: Sequence[str] = ()) -> str:
    """A report with a line for each resource that is made, changed or taken away, by component, and the properties that differ.

    `creates_in_full`: whether a new resource is shown with its properties too. `first`: lines on what to look at first.
    """
    steps = sorted(steps, key=lambda step: (step.urn, step.op))
    shown = [step for step in steps if step.changes and step.custom]
    lines = [f"{title}: {summary(count(steps), would=True)}", *(["look at first:", *(f"  {line}" for line in first)] if first else [])]
    heading = None
    for step in sorted(shown, key=lambda step: (_path(step), step.type, step.name, step.op)):
        if _path(step) != heading:
            heading = _path(step)
            lines += ["", heading or "(outside of any component)"]
        lines += _resource(step, creates_in_full=creates_in_full)
    return "\n".join(map(printable, lines)) + "\n"


def printable(text: str) -> str:
    """A text on one line in which every character can be seen: control, formatting and lone surrogate characters by their number.

    What others wrote must not move a terminal's cursor, hide what stands beside it, or be no UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _numbered(character) for character in text)


def value(found: Any) -> str:
    """A property's value in one line; what is not known yet is said in words."""
    if found is MISSING:
        return "nothing"
    if isinstance(found, str) and found in UNKNOWN:
        return LATER
    if found == MASK:
        return MASK
    return json.dumps(_known(found), ensure_ascii=False, sort_keys=True)


def _numbered(character: str) -> str:
    return ESCAPED.get(character) or (f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}")


def outputs(found: dict[str, Any]) -> str:
    """A stack's outputs as indented text, sorted."""
    return "\n".join(_indented(found, 0)) + "\n" if found else ""


def _resource(step: Step, *, creates_in_full: bool) -> list[str]:
    kind = step.kind or Op.SAME
    lines = [f"  {SIGNS[kind]} {kind.value} {step.name} ({step.type}){' [protected]' if step.protected else ''}"]
    if step.protects is not None:
        lines.append(f"      protection: {'off -> on' if step.protects else 'on -> off'}")
    if kind in (Op.UPDATE, Op.REPLACE):
        lines += [line for path, kind_of in sorted(step.diff.items()) for line in _difference(step, path, kind_of)]
    if kind is Op.CREATE and creates_in_full:
        lines += [f"      {key}: {value(found)}" for key, found in sorted(step.new.items()) if not key.startswith("__")]
    return lines


def _difference(step: Step, path: str, kind: str) -> list[str]:
    before = at(step.old, path)
    before = at(step.was, path) if before is MISSING else before
    why = "  (replaces it)" if kind.endswith("-replace") else ""
    after = at(step.new, path)
    told, rest = differences(path, before, after)
    if len(told) == 1 and told[0].path == path:
        return [f"      {path}: {value(before)} -> {value(after)}{why}"]
    lines = [f"      {one.path}: {' -> '.join(_short(value(one.before), value(one.after)))}{why}" for one in told]
    return [*lines, *([f"      {path}: {rest}{why}"] if rest else [])]


def _short(before: str, after: str) -> list[str]:
    """Two values from shortly before they differ on, and not much of them."""
    start = max(0, alike(before, after) - LEAD) if max(len(before), len(after)) > LONGEST else 0
    return [f"{'...' if start else ''}{text[start : start + LONGEST]}{'...' if len(text) > start + LONGEST else ''}" for text in (before, after)]


def at(properties: Any, path: str) -> Any:
    """The value at a property path such as `tags.Name`, `rules[0].id` or `tags["a.b"]`."""
    for match in PART.finditer(path):
        key: Any = int(match["index"]) if match["index"] else match["quoted"] or match["plain"]
        if properties == MASK or (isinstance(properties, str) and properties in UNKNOWN):
            return properties
        try:
            properties = properties[key]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return properties


def _path(step: Step) -> str:
    """Names of the types that it stands in, from the outside: what a URN says of a resource's ancestors."""
    parents = step.urn.split("::")[2].split("$")[:-1]
    inner = step.component.rsplit("::", 1)[-1] if step.component else ""
    return " / ".join([*(parent.rsplit(":", 1)[-1] for parent in parents[:-1]), inner]) if inner else ""


def _known(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: _known(inner) for key, inner in found.items() if not key.startswith("__")}
    if isinstance(found, list):
        return [_known(inner) for inner in found]
    return f"<{LATER}>" if isinstance(found, str) and found in UNKNOWN else found


def _indented(found: dict[str, Any], depth: int) -> list[str]:
    lines = []
    for key, inner in sorted(found.items()):
        if isinstance(inner, dict) and inner:
            lines += [f"{'  ' * depth}{key}:", *_indented(inner, depth + 1)]
        else:
            lines.append(f"{'  ' * depth}{key}: {inner if isinstance(inner, str) and inner not in UNKNOWN else value(inner)}")
    return lines
