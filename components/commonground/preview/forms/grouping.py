"""Environments that change alike are told once: what they share without a name, what differs with its environments' names."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from commonground.preview.forms.text import cost
from commonground.preview.model import Change, Class, EnvironmentReport, PolicyFinding, PropertyChange, Report

Told = TypeVar("Told")
Said = tuple[tuple[str, ...], Told]
"""What is said, and the environments that it is said of: none of them by name where it is all of the group."""


@dataclass(frozen=True)
class Shared:
    """A change that every environment of a group has."""

    change: Change
    """The first environment's."""
    properties: tuple[Said[PropertyChange], ...]
    """A property with other values in another environment stands there once for each of its values."""

    @property
    def going(self) -> bool:
        """Whether it takes away what holds data: nothing is looked at earlier."""
        return self.change.holds_data and self.change.operation in ("replace", "delete")

    @property
    def kind(self) -> Class:
        """The weightiest of its classes."""
        return self.change.reasons[0].kind if self.change.reasons else Class.OTHER


@dataclass(frozen=True)
class Group:
    """Environments whose changes are the same but for the properties' values."""

    environments: tuple[EnvironmentReport, ...]
    changes: tuple[Shared, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the environments."""
        return tuple(environment.environment for environment in self.environments)

    def lines(self, attribute: str) -> tuple[Said[str], ...]:
        """What the environments say in one of their lists of lines, each line once."""
        return _said(self.names, [getattr(environment, attribute) for environment in self.environments])

    def against(self) -> tuple[Said[str], ...]:
        """What the previews were made against."""
        return _said(self.names, [[environment.against or "against the real state"] for environment in self.environments])

    def costs(self) -> tuple[Said[str], ...]:
        """What node groups may cost at most, of the environments in which that changes."""
        return _said(self.names, [[cost(environment.cost)] if environment.cost and cost(environment.cost) else [] for environment in self.environments])

    def findings(self, *, mandatory: bool) -> tuple[Said[PolicyFinding], ...]:
        """The mandatory or the advisory policy findings, each once; URNs are those of the first environment that has it."""
        listed = [[finding for finding in environment.findings if finding.mandatory is mandatory] for environment in self.environments]
        found = _said(self.names, [[replace(finding, urn=anywhere(finding.urn)) for finding in own] for own in listed])
        first = {replace(finding, urn=anywhere(finding.urn)): finding for own in reversed(listed) for finding in reversed(own)}
        return tuple((names, first[finding]) for names, finding in found)


def groups(report: Report) -> tuple[Group, ...]:
    """The report's environments by what they change, in the order of each group's first environment."""
    alike: dict[object, list[EnvironmentReport]] = {}
    for environment in report.environments:
        alike.setdefault(tuple(_outline(change) for change in environment.changes), []).append(environment)
    return tuple(Group(tuple(members), _shared(members)) for members in alike.values())


def anywhere(urn: str | None) -> str:
    """A URN without the stack's name: the same for one resource in every environment."""
    return (urn or "").split("::", 1)[-1]


def _outline(change: Change) -> object:
    """All of a change but the values of its properties."""
    return replace(
        change,
        urn=anywhere(change.urn),
        cause=None if change.cause is None else anywhere(change.cause),
        properties=tuple(replace(found, before="", after="") for found in change.properties),
    )


def _shared(members: list[EnvironmentReport]) -> tuple[Shared, ...]:
    names = tuple(member.environment for member in members)
    made = []
    for alike in zip(*(member.changes for member in members), strict=True):
        properties = tuple(
            said for values in zip(*(change.properties for change in alike), strict=True) for said in _said(names, [[value] for value in values])
        )
        made.append(Shared(alike[0], properties))
    return tuple(made)


def _said(names: tuple[str, ...], lists: list[list[Told]] | list[tuple[Told, ...]]) -> tuple[Said[Told], ...]:
    """Each line once with who says it, in the order of who says it first. What one says twice stands there twice."""
    found: dict[tuple[int, Told], list[str]] = {}
    for name, lines in zip(names, lists, strict=True):
        for key in _numbered(lines):
            found.setdefault(key, []).append(name)
    return tuple((() if len(sayers) == len(names) else tuple(sayers), line) for (_, line), sayers in found.items())


def _numbered(lines: Iterable[Told]) -> Iterable[tuple[int, Told]]:
    seen: dict[Told, int] = {}
    for line in lines:
        seen[line] = seen.get(line, 0) + 1
        yield seen[line], line
