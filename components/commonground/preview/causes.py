"""Why things are replaced: which replacement makes which others, and which ones stand at the beginning."""

from collections.abc import Iterable, Mapping
from typing import Any

from commonground.engine.report import at
from commonground.engine.steps import Op, Step
from commonground.preview.classes import value_before

NAMES = ("id", "arn", "name")
"""Outputs by which others refer to a resource."""
SHORTEST = 6
"""A shorter value may be in another one by accident."""


def causes(steps: Iterable[Step]) -> dict[str, str]:
    """URN of what is replaced -> URN of the replacement that makes it: the one whose id, ARN or name stood in what replaces it."""
    replaced = [step for step in steps if step.kind is Op.REPLACE]
    known = _references(replaced)
    found: dict[str, str] = {}
    for step in replaced:
        cause = _cause(step, known)
        if cause:
            found[step.urn] = cause
    return found


def roots(found: Mapping[str, str], replaced: Iterable[str]) -> dict[str, list[str]]:
    """The replacements that no other one makes -> all that follow from each."""
    following: dict[str, list[str]] = {}
    for urn in replaced:
        root, seen = urn, {urn}
        while root in found and found[root] not in seen:
            root = found[root]
            seen.add(root)
        following.setdefault(root, [])
        if root != urn:
            following[root].append(urn)
    return following


def replacing(step: Step) -> list[str]:
    """Paths of the properties that replace it."""
    return sorted(path for path, kind in step.diff.items() if kind.endswith("-replace"))


def _references(steps: Iterable[Step]) -> dict[str, str]:
    """A value that names a replaced resource -> its URN. One that two of them have names none."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for step in steps:
        own = {value for name in NAMES for value in (step.was.get(name), step.old.get(name)) if isinstance(value, str) and len(value) >= SHORTEST}
        for value in own | ({step.id} if len(step.id) >= SHORTEST else set()):
            twice |= {value} if found.setdefault(value, step.urn) != step.urn else set()
    return {value: urn for value, urn in found.items() if value not in twice}


def _cause(step: Step, known: Mapping[str, str]) -> str | None:
    own = {step.urn}
    for path in replacing(step):
        before, after = value_before(step, path), at(step.new, path)
        for text in _texts(before):
            urn = known.get(text) or next((known[part] for part in _parts(text) if part in known), None)
            if urn and urn not in own and before != after:
                return urn
    if replacing(step):
        return None
    # Nothing of its own: its provider is replaced, or what it depends on was deleted before.
    return next((urn for urn in known.values() if step.provider and urn == step.provider.rpartition("::")[0]), None)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    return [text for inner in value for text in _texts(inner)] if isinstance(value, list) else []


def _parts(text: str) -> list[str]:
    """Names inside an ARN or a path."""
    return [part for piece in text.split(":") for part in piece.split("/") if len(part) >= SHORTEST]
