"""Why things are replaced: which replacement makes which others, and which ones stand at the beginning."""

from collections.abc import Iterable, Mapping
from typing import Any

from commonground.engine.report import at
from commonground.engine.steps import Op, Step
from commonground.preview.classing.classes import value_before
from commonground.preview.classing.subjects import subject

NAMES = ("id", "arn", "name")
"""Outputs by which others refer to a resource."""
SHORTEST = 6
"""A shorter value may be in another one by accident."""


def causes(steps: Iterable[Step]) -> dict[str, str]:
    """URN of what is replaced -> URN of the replacement that makes it: the one whose id, ARN or name stood in what replaces it."""
    replaced = [step for step in steps if step.kind is Op.REPLACE]
    known, made = _references(replaced), _made(replaced)
    found: dict[str, str] = {}
    for step in replaced:
        cause = _cause(step, known) or _cause(step, made, whole=True) or _provider(step, replaced)
        if cause:
            found[step.urn] = cause
    return found


def roots(found: Mapping[str, str], replaced: Iterable[str]) -> dict[str, list[str]]:
    """The replacements that no other one makes -> all that follow from each."""
    following: dict[str, list[str]] = {}
    for urn in replaced:
        root, seen = urn, [urn]
        while root in found and found[root] not in seen:
            root = found[root]
            seen.append(root)
        if root in found:
            # They name each other: one of them stands for all.
            root = min(seen[seen.index(found[root]) :])
        following.setdefault(root, [])
        if root != urn:
            following[root].append(urn)
    return following


def replacing(step: Step) -> list[str]:
    """Paths of the properties that replace it."""
    return sorted(path for path, kind in step.diff.items() if kind.endswith("-replace"))


def _references(steps: Iterable[Step]) -> dict[str, str]:
    """A value that names a replaced resource -> its URN. One that two of them have names none."""
    return _unique((step.urn, [name for name in _names(step) if name != _about(step)]) for step in steps)


def _names(step: Step) -> list[Any]:
    return [*(found.get(name) for name in NAMES for found in (step.was, step.old)), step.id]


def _about(step: Step) -> Any:
    """The name of what it is about, which may be its own id too: a bucket's settings have the bucket's."""
    row = subject(step.type)
    return at(step.old, row.path) if row else None


def _made(steps: Iterable[Step]) -> dict[str, str]:
    """The same of all that only its provider knew. Example: the auto scaling group of a node group."""
    return _unique((step.urn, set(_texts(step.was)) - set(_texts(step.old))) for step in steps)


def _unique(values: Iterable[tuple[str, Iterable[Any]]]) -> dict[str, str]:
    found: dict[str, str] = {}
    twice: set[str] = set()
    for urn, names in values:
        for name in names:
            if isinstance(name, str) and len(name) >= SHORTEST and found.setdefault(name, urn) != urn:
                twice.add(name)
    return {name: urn for name, urn in found.items() if name not in twice}


def _cause(step: Step, known: Mapping[str, str], *, whole: bool = False) -> str | None:
    """`whole`: whether only a whole value names another resource, not a part of one."""
    for path in replacing(step):
        before, after = value_before(step, path), at(step.new, path)
        for text in _texts(before):
            urn = known.get(text) or next((known[part] for part in ([] if whole else _parts(text)) if part in known), None)
            if urn and urn != step.urn and before != after:
                return urn
    return None


def _provider(step: Step, replaced: Iterable[Step]) -> str | None:
    """Where nothing of its own replaces it: its provider, if that is replaced."""
    provider = step.provider.rpartition("::")[0]
    return next((other.urn for other in replaced if other.urn == provider), None) if not replacing(step) else None


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    return [text for inner in value for text in _texts(inner)] if isinstance(value, list) else []


def _parts(text: str) -> list[str]:
    """Names inside an ARN or a path."""
    return [part for piece in text.split(":") for part in piece.split("/") if len(part) >= SHORTEST]
