"""What differs between two sets of inputs, property by property, and what follows from it."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from commonground.local.providers.values import UNKNOWN

MISSING = object()


@dataclass(frozen=True)
class Rules:
    """How the properties of a type are compared. Paths are dotted and leave list indexes out: `scalingConfig.minSize`."""

    replaces: Collection[str] = ()
    """A change of these, or of anything inside them, needs a new resource."""
    sets: Collection[str] = ()
    """Lists whose order means nothing."""
    kept: Collection[str] = ()
    """Taking these out of the program is no change: the service's value stays (the provider's "optional and computed")."""
    documents: Collection[str] = ()
    """Texts that are JSON: spelling and key order mean nothing."""
    spellings: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    """Texts of which several mean the same: what is compared in their place."""
    local: Collection[str] = ()
    """Known to the provider only: a change is recorded and calls nothing."""

    def same(self, path: str, before: Any, after: Any) -> bool:
        """Whether two values of a property mean the same. An unknown one never does."""
        if after == UNKNOWN:
            return False
        if before == after:
            return True
        if not isinstance(before, str) or not isinstance(after, str):
            return False
        if path in self.spellings:
            return bool(self.spellings[path](before) == self.spellings[path](after))
        return path in self.documents and same_json(before, after)


@dataclass
class Diff:
    """Changed properties by their full path (`rules[0].status`) with the kind of change: add, delete or update."""

    changes: dict[str, str] = field(default_factory=dict)
    replaces: set[str] = field(default_factory=set)
    delete_before_replace: bool = False

    @property
    def keys(self) -> set[str]:
        """Names of the top-level properties that changed."""
        return {top(path) for path in self.changes}


def top(path: str) -> str:
    """Name of the top-level property that a full path is in."""
    return path.split(".")[0].split("[")[0]


def compare(old: Mapping[str, Any], new: Mapping[str, Any], rules: Rules) -> Diff:
    """Compares old with new inputs by the rules of their type."""
    found = Diff()

    def record(path: str, plain: str, kind: str) -> None:
        found.changes[path] = kind
        if any(plain == rule or plain.startswith(f"{rule}.") for rule in rules.replaces):
            found.replaces.add(path)

    def walk(before: Any, after: Any, path: str, plain: str, *, item: bool = False) -> None:
        if before is MISSING and after is MISSING:
            return
        if before is MISSING:
            record(path, plain, "add")
        elif after is MISSING:
            if item or plain not in rules.kept:  # a list may be left out; an item that goes from one that is given has to go
                record(path, plain, "delete")
        elif isinstance(before, dict) and isinstance(after, dict):
            for key in sorted({*before, *after}):
                walk(before.get(key, MISSING), after.get(key, MISSING), f"{path}{_step(key)}", f"{plain}.{key}")
        elif isinstance(before, list) and isinstance(after, list):
            walk_list(before, after, path, plain)
        elif not rules.same(plain, before, after):
            record(path, plain, "update")

    def walk_list(before: list[Any], after: list[Any], path: str, plain: str) -> None:
        pairs = _unshared(before, after) if plain in rules.sets else [(index, index) for index in range(max(len(before), len(after)))]
        for gone, come in pairs:
            index = gone if come is None else come
            walk(_item(before, gone), _item(after, come), f"{path}[{index}]", plain, item=True)

    for key in sorted({*old, *new}):
        if not key.startswith("__"):
            walk(old.get(key, MISSING), new.get(key, MISSING), key, key)
    return found


def _step(key: str) -> str:
    """A property inside another, in a full path: one with dots or brackets in its name, such as a label, is quoted (Pulumi's property paths)."""
    quoted = key.replace('"', '\\"')
    return f'["{quoted}"]' if any(sign in key for sign in '."[]') else f".{key}"


def plain(path: str) -> str:
    """A full path without the indexes of lists, as the rules of a type have it."""
    return re.sub(r"\[\d+\]", "", path)


def same_json(one: str, other: str) -> bool:
    """Whether two texts are the same JSON."""
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False


def _item(items: list[Any], index: int | None) -> Any:
    return MISSING if index is None or index >= len(items) else items[index]


def _unshared(before: list[Any], after: list[Any]) -> list[tuple[int | None, int | None]]:
    """Where in two sets the items are that they do not share, old index and new; None where there is no counterpart.

    Items at the same index are counterparts first, so that no index stands for both an item that goes and another that changes.
    """
    come = list(range(len(after)))
    gone = []
    for index, item in enumerate(before):
        match = next((other for other in come if after[other] == item), None)
        if match is None:
            gone.append(index)
        else:
            come.remove(match)
    level = set(gone) & set(come)
    left, right = ([index for index in side if index not in level] for side in (gone, come))
    return [*((index, index) for index in sorted(level)), *zip_longest(left, right)]
