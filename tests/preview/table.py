"""Kinds of change as data (`kinds/*.yaml`): what a user does, and the report that it must give. Rows of one run are disjoint, and are previewed together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from tests.preview.stage import COMPONENTS, Patch

from commonground.preview.model import Change

FOLDER = Path(__file__).parent / "kinds"
STACK = "stacks/foundation/"


@dataclass(frozen=True)
class Expected:
    """What the report says of some resources."""

    pattern: str
    """Kind and logical name; `*` stands for any text. Example: `NodeGroup general-nodes`."""
    operation: str
    classes: frozenset[str]
    why: tuple[str, ...]
    """Parts of the reasons."""
    number: int = 1
    cause: str | None = None
    """Name of what replaces it."""
    shows: tuple[str, ...] = ()
    """Paths of the properties that differ, all of them. Empty: not looked at."""

    def matches(self, change: Change) -> bool:
        return fnmatchcase(_title(change), self.pattern)

    def problems(self, found: Sequence[Change]) -> Iterator[str]:
        """How the report differs from it."""
        if len(found) != self.number:
            yield f"{self.pattern}: expected {self.number}, found {sorted(map(_title, found))}"
        for change in found:
            said = " | ".join(reason.why for reason in change.reasons)
            classes = frozenset(reason.kind.value for reason in change.reasons)
            cause = change.cause.rpartition("::")[2] if change.cause else None
            if (change.operation, classes, cause) != (self.operation, self.classes, self.cause):
                yield f"{_title(change)}: expected {self.operation}, {sorted(self.classes)}, cause {self.cause}; found {told(change)}"
            yield from (f"{_title(change)}: expected {part!r} in {said!r}" for part in self.why if part not in said)
            yield from self._unshown(change)

    def _unshown(self, change: Change) -> Iterator[str]:
        paths = [found.path for found in change.properties]
        if self.shows and sorted(paths) != sorted(self.shows):
            yield f"{_title(change)}: expected {list(self.shows)} to differ, found {paths}"


@dataclass(frozen=True)
class Kind:
    """One kind of change."""

    name: str
    does: str
    patches: tuple[Patch, ...]
    changes: tuple[Expected, ...]
    first: tuple[str, ...]
    """What to look at first, all of it, were the change alone."""
    nodes: int = 0
    """How many more there may be at most."""
    gpus: int = 0
    lifted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trial:
    """Kinds of change that are previewed together."""

    name: str
    base: str
    kinds: tuple[Kind, ...]
    before: tuple[Patch, ...] = ()
    """What was changed, and brought up, before."""
    problem: str = ""
    """A part of why the preview fails. Empty: it does not."""

    @property
    def components(self) -> bool:
        """Whether the components themselves are changed."""
        return any(patch.file.startswith(COMPONENTS) for kind in self.kinds for patch in kind.patches)


@dataclass
class Share:
    """Changes of a report, by the row that they belong to."""

    of: dict[str, list[Change]] = field(default_factory=dict)
    nobodys: list[Change] = field(default_factory=list)


def share(trial: Trial, changes: Iterable[Change]) -> Share:
    """Each change goes to the one row that expects it."""
    found = Share({kind.name: [] for kind in trial.kinds})
    for change in changes:
        owners = [kind.name for kind in trial.kinds if any(expected.matches(change) for expected in kind.changes)]
        assert len(owners) < 2, f"{_title(change)} belongs to {owners}"
        (found.of[owners[0]] if owners else found.nobodys).append(change)
    return found


def problems(kind: Kind, changes: Sequence[Change]) -> list[str]:
    """How the changes of a row differ from what it expects. The first pattern that fits counts."""
    found: dict[int, list[Change]] = {}
    for change in changes:
        found.setdefault(next(place for place, expected in enumerate(kind.changes) if expected.matches(change)), []).append(change)
    return [text for place, expected in enumerate(kind.changes) for text in expected.problems(found.get(place, []))]


def told(change: Change) -> str:
    """A change in one line."""
    cause = f", cause {change.cause.rpartition('::')[2]}" if change.cause else ""
    return f"{change.operation} {_title(change)}: {' | '.join(f'{reason.kind.value}: {reason.why}' for reason in change.reasons)}{cause}"


def _title(change: Change) -> str:
    return f"{change.type.rpartition(':')[2]} {change.name}"


def trials() -> tuple[Trial, ...]:
    """The whole table."""
    return tuple(_trial(data) for file in sorted(FOLDER.glob("*.yaml")) for data in YAML(typ="safe").load(file))


def _trial(data: dict[str, Any]) -> Trial:
    return Trial(data["run"], data["base"], tuple(map(_kind, data["kinds"])), _patches(data.get("before", ())), data.get("fails", ""))


def _kind(data: dict[str, Any]) -> Kind:
    return Kind(
        data["kind"],
        data["does"],
        _patches(data["patches"]),
        tuple(_expected(pattern, said) for pattern, said in (data.get("changes") or {}).items()),
        tuple(data.get("first", ())),
        data.get("nodes", 0),
        data.get("gpus", 0),
        tuple(data.get("lifted", ())),
    )


def _expected(pattern: str, said: dict[str, Any]) -> Expected:
    """`{create: [class, ...], why: text or texts, number: 2, cause: name, shows: [path, ...]}`"""
    operation = next(iter(said))
    why = said.get("why", ())
    return Expected(
        pattern,
        operation,
        frozenset(said[operation]),
        (why,) if isinstance(why, str) else tuple(why),
        said.get("number", 1),
        said.get("cause"),
        tuple(said.get("shows", ())),
    )


def _patches(data: Iterable[dict[str, Any]]) -> tuple[Patch, ...]:
    """A file without a folder is one of the foundation's."""
    return tuple(Patch(one["in"] if "/" in one["in"] else STACK + one["in"], one["from"], one["to"], one.get("all", False)) for one in data)
