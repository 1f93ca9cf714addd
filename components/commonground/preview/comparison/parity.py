"""Parity: whether two environments have one shape, and what scale, bindings and lock make of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from commonground.engine.steps import Step
from commonground.preview.comparison.rules import RESOURCE, RULES, Owner, Rule
from commonground.preview.comparison.shape import ABSENT, NOT_KNOWN, PRINCIPAL, Group, Key, shape
from commonground.preview.facts import Facts
from commonground.preview.model import ParityReport

PARENT = "the parent"
THERE = "there"


@dataclass(frozen=True)
class Difference:
    """One property of one group of resources that is not the same."""

    type: str
    name: str
    """Collapsed logical name."""
    path: str
    """Property path; `RESOURCE` where the other environment has no such resource, `PARENT` where it hangs elsewhere."""
    values: tuple[str, str]
    rule: Rule | None = None
    """The rule that lets it differ; none: it is a difference of shape."""

    def __str__(self) -> str:
        return f"{self.name} ({self.type}), {self.path}: {self.values[0]} | {self.values[1]}"


@dataclass(frozen=True)
class Parity:
    """What two environments have in common, and what not."""

    names: tuple[str, str]
    groups: int
    shape: tuple[Difference, ...]
    """Differences of shape."""
    moved: tuple[Difference, ...]
    """What rules let differ."""
    counts: dict[Key, tuple[int, int]] = field(default_factory=dict)
    """Groups of which there are more instances in one than in the other."""

    def by_rule(self) -> dict[Rule, list[Difference]]:
        """What each rule lets differ; rules that were not used are not there."""
        found: dict[Rule, list[Difference]] = {}
        for difference in self.moved:
            if difference.rule is not None:
                found.setdefault(difference.rule, []).append(difference)
        return found


def compare(first: tuple[Facts, Iterable[Step]], second: tuple[Facts, Iterable[Step]], rules: Sequence[Rule] = RULES) -> Parity:
    """Compares the steps of two offline previews."""
    left, right = (shape(steps, facts) for facts, steps in (first, second))
    found: list[Difference] = []
    for key in sorted(left.keys() | right.keys()):
        found += _between(key, left.get(key), right.get(key), rules)
    counts = {key: (left[key].count, right[key].count) for key in sorted(left.keys() & right.keys()) if left[key].count != right[key].count}
    return Parity(
        names=(first[0].name, second[0].name),
        groups=len(left.keys() | right.keys()),
        shape=tuple(difference for difference in found if difference.rule is None),
        moved=tuple(difference for difference in found if difference.rule is not None),
        counts=counts,
    )


def parity_report(first: tuple[Facts, Iterable[Step]], second: tuple[Facts, Iterable[Step]]) -> ParityReport:
    """The same as data of a report, lines without indentation."""
    found = compare(first, second)
    return ParityReport(*found.names, shape=tuple(str(difference) for difference in found.shape), scale=tuple(_moved(found)))


def render(parity: Parity) -> str:
    """The report: every difference of shape, then shortly what scale, bindings and lock let differ. The same bytes each time."""
    return "".join(f"{line}\n" for line in _lines(parity))


def _lines(parity: Parity) -> Iterator[str]:
    first, second = parity.names
    number = len(parity.shape)
    yield f"{first} | {second}: " + (f"{number} difference{'s' if number > 1 else ''} of shape" if number else f"one shape, {parity.groups} kinds of resources")
    yield from (f"  {difference}" for difference in parity.shape)
    yield from (f"  {line}" for line in _moved(parity))


def _moved(parity: Parity) -> Iterator[str]:
    """What is not of shape, by whose it is."""
    moved: dict[Owner, list[str]] = {owner: [] for owner in Owner}
    for (type_, name), (left, right) in parity.counts.items():
        moved[_counted_by(name)].append(f"{name} ({type_}): {left} | {right}")
    for rule, differences in parity.by_rule().items():
        moved[rule.owner] += [f"{rule.why}: {difference}" for difference in differences]
    for owner, lines in moved.items():
        yield from (f"{owner}: {line}" for line in sorted(lines))


def _counted_by(name: str) -> Owner:
    return Owner.BINDINGS if PRINCIPAL in name else Owner.SCALE


def _between(key: Key, left: Group | None, right: Group | None, rules: Sequence[Rule]) -> Iterator[Difference]:
    if left is None or right is None:
        there = (ABSENT if left is None else THERE, ABSENT if right is None else THERE)
        yield Difference(*key, RESOURCE, there, next((rule for rule in rules if rule.covers(key[0], RESOURCE, there)), None))
        return
    if left.parents != right.parents:
        yield Difference(*key, PARENT, (_shown(left.parents), _shown(right.parents)))
    for path in sorted(left.properties.keys() | right.properties.keys()):
        values = left.properties.get(path, {ABSENT}), right.properties.get(path, {ABSENT})
        if values[0] != values[1] and not any(NOT_KNOWN in value for value in values[0] | values[1]):
            rule = next((rule for rule in rules if rule.covers(key[0], path, values[0] | values[1])), None)
            yield Difference(*key, path, (_shown(values[0]), _shown(values[1])), rule)


def _shown(values: set[str]) -> str:
    return ", ".join(sorted(values))
