"""The classes of a change, by the tables."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from commonground.engine.report import at
from commonground.engine.steps import MISSING, Op, Step
from commonground.preview.classing.conditions import fewer, is_known, is_known_throughout, more
from commonground.preview.classing.holders import held
from commonground.preview.classing.tables import DEFAULTS, LIGHT, PARTS, WHOLES, Part
from commonground.preview.model import Class, Reason

SECURITY = (Class.WIDER, Class.NARROWER)
ANEW = (Class.OTHER, "it is made anew, which interrupts nobody")
UNSEEN = (Class.OTHER, "nothing of its own differs: what its provider will find is known after up")


@dataclass(frozen=True)
class Leaf:
    """One value that differs."""

    path: str
    before: Any
    after: Any
    replaces: bool


def leaves(step: Step) -> Iterator[Leaf]:
    """The values that differ, one at a time, by path. Where a provider names a whole object, what differs in it."""
    for path, kind in sorted(step.diff.items()):
        before, after = value_before(step, path), at(step.new, path)
        for inner, old, new in _between(path, before, after):
            yield Leaf(inner, old, new, kind.endswith("-replace"))


def value_before(step: Step, path: str) -> Any:
    """A property before the step, by its inputs, else by its outputs."""
    found = at(step.old, path)
    return at(step.was, path) if found is MISSING else found


def reasons(step: Step) -> tuple[Reason, ...]:
    """The classes of a step that changes something, each with its reasons, the weightiest first. Never empty."""
    kind = step.kind or Op.SAME
    found = [*_whole(step, kind)]
    if kind in (Op.UPDATE, Op.REPLACE):
        found += _parts(step, kind)
    if step.op.startswith("import"):
        return (Reason(Class.OTHER, "it is there already, and is imported"),)
    if not found:
        found = [Reason(*DEFAULTS[kind])] if kind in DEFAULTS else []
    return relevant(found)


def relevant(found: Iterable[Reason]) -> tuple[Reason, ...]:
    """Reasons by weight. That something else changes too, or its words, is not worth one beside a weightier one."""
    kept = sorted(dict.fromkeys(found), key=lambda reason: (reason.kind.weight, reason.why))
    heaviest = kept[0].kind.weight if kept else 0
    return tuple(reason for reason in kept if reason.kind not in (Class.OTHER, Class.COSMETIC) or reason.kind.weight == heaviest)


def _whole(step: Step, kind: Op) -> Iterator[Reason]:
    rows = [row for row in WHOLES if kind in row.ops and matches(row.type, step.type) and row.when(*_sides(step, row.path))]
    if kind in (Op.REPLACE, Op.DELETE) and (lost := held(step.type)):
        yield Reason(Class.DATA, f"{lost} would be lost")
    elif kind is Op.REPLACE and not rows:
        yield Reason(*(ANEW if matches(LIGHT, step.type) else DEFAULTS[Op.REPLACE]))
    if step.protects is False:
        yield Reason(Class.DATA, "its protection is lifted")
    yield from (Reason(row.kind, row.why) for row in rows)


def _sides(step: Step, path: str) -> tuple[Any, Any]:
    """A property before and after; all of it where a row names none."""
    before, after = (at(found, path) if path and found else MISSING for found in (step.old, step.new))
    return before, after


def _parts(step: Step, kind: Op) -> Iterator[Reason]:
    rows = [row for row in PARTS if matches(row.type, step.type)]
    for leaf in leaves(step):
        told = False
        for row in rows:
            path = inside(row.path, leaf.path)
            if path is None or not _applies(row, value_before(step, path), at(step.new, path)):
                continue
            told = True
            # What is made anew is interrupted by that.
            if not (kind is Op.REPLACE and row.kind is Class.DOWNTIME):
                yield Reason(row.kind, row.why)
        if not told and kind is Op.UPDATE:
            yield Reason(Class.OTHER, f"{leaf.path} changes")
    if kind is Op.UPDATE and not step.diff and step.protects is None:
        yield Reason(*UNSEEN)
    if step.protects is True:
        yield Reason(Class.OTHER, "it is protected from now on")


def _applies(row: Part, before: Any, after: Any) -> bool:
    """A value that is secret, or not known yet, makes nothing wider or narrower."""
    known = is_known if row.when in (more, fewer) else is_known_throughout
    return row.when(before, after) and (row.kind not in SECURITY or (known(before) and known(after)))


@cache
def matches(pattern: str, type_: str) -> bool:
    """Whether a type is one of a table's pattern."""
    return any(re.fullmatch(re.escape(part).replace(r"\*", ".*"), type_) for part in pattern.split("|"))


@cache
def inside(pattern: str, path: str) -> str | None:
    """The property that a table's path names, if a value's path is that or lies in it: `tags` of `tags.Name`, `rules` of `rules[0].id`."""
    prefix = re.escape(pattern).replace(r"\*", r"[^.\[\]]+")
    # A name with dots in it is quoted: `labels["a.b/c"]`.
    plain = re.sub(r'\["([^"]+)"\]', r".\1", path)
    found = re.match(rf"{prefix}(?=$|\.|\[)", plain)
    if not found:
        return None
    return found[0] if plain == path else _quoted(found[0], path)


def _quoted(plain: str, path: str) -> str:
    """The beginning of `path` that says the same as `plain`."""
    for end in range(len(path), 0, -1):
        if re.sub(r'\["([^"]+)"\]', r".\1", path[:end]) == plain:
            return path[:end]
    return path


def _between(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after} - {"__defaults"}, key=str):
            old, new = before.get(key, MISSING), after.get(key, MISSING)
            if old != new:
                name = f'["{key}"]' if "." in str(key) else f".{key}"
                yield from _between(f"{path}{name}", old, new)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            if old != new:
                yield from _between(f"{path}[{index}]", old, new)
    else:
        yield path, before, after
