"""A report as one HTML file that asks no network and can be read without scripts. The same report gives the same bytes."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from commonground.preview.forms import text
from commonground.preview.forms.grouping import Group, Shared, anywhere, groups
from commonground.preview.model import Class, PropertyChange, Report

PAGE = Path(__file__).parent / "page"
HEAVY = (Class.DATA, Class.DOWNTIME, Class.WIDER)
"""Classes that a component's line names."""
FIXED = (text.LATER, text.NOTHING, "[secret]")
MARKED_FROM = 24
"""Characters from which on the part that differs is marked: in a short value it is seen."""

Parts = tuple[str, str, str]
"""A value before, in and after what differs."""


@dataclass(frozen=True)
class Row:
    """A resource's line and what is folded under it."""

    id: str
    shared: Shared
    cause: str | None
    """Id of the row of what causes it."""

    @property
    def kinds(self) -> tuple[Class, ...]:
        """Its classes, each once."""
        return tuple(dict.fromkeys(reason.kind for reason in self.shared.change.reasons))

    @property
    def properties(self) -> Iterable[tuple[tuple[str, ...], PropertyChange, Parts | None, Parts | None]]:
        """Each property with whose it is and its values; None: there is nothing."""
        return [(names, found, *_parts(found.before, found.after)) for names, found in self.shared.properties]


@dataclass
class Part:
    """A component, or several of which each is all that the one around it has."""

    name: str = ""
    rows: list[Row] = field(default_factory=list)
    inside: dict[str, "Part"] = field(default_factory=dict)

    @property
    def parts(self) -> Iterable["Part"]:
        """The components in it, in the order of their weightiest changes."""
        return [part.joined() for part in self.inside.values()]

    @property
    def total(self) -> int:
        """How many resources change in it."""
        return len(self.rows) + sum(part.total for part in self.inside.values())

    @property
    def heavy(self) -> tuple[Class, ...]:
        """The classes in it that a reviewer looks for."""
        found = self._kinds()
        return tuple(kind for kind in HEAVY if kind in found)

    def joined(self) -> "Part":
        """Itself, or with the one component that is all it holds."""
        if self.rows or len(self.inside) != 1:
            return self
        (inner,) = self.inside.values()
        deeper = inner.joined()
        return Part(f"{self.name} / {deeper.name}", deeper.rows, deeper.inside)

    def _kinds(self) -> set[Class]:
        return {kind for row in self.rows for kind in row.kinds}.union(*(part._kinds() for part in self.inside.values()))


@dataclass(frozen=True)
class View:
    """A group of environments and the component tree with its changes."""

    id: str
    group: Group
    tree: Part
    ids: dict[str, str]

    @property
    def title(self) -> str:
        """Names of the environments."""
        return ", ".join(self.group.names)

    def id_of(self, urn: str) -> str | None:
        """Id of a resource's row, if it changes."""
        return self.ids.get(anywhere(urn)) if urn else None


def render(report: Report) -> str:
    """The page. Everything of the report is in it: nothing is cut."""
    style, script = (Markup((PAGE / name).read_text()) for name in ("report.css", "report.js"))  # noqa: S704 - files of this package
    views = [_view(f"group-{index}", group) for index, group in enumerate(groups(report))]
    found = [shared.change for view in views for shared in view.group.changes]
    kinds = {reason.kind for change in found for reason in change.reasons}
    return _template().render(
        report=report,
        views=views,
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'",
        operations=[operation for operation in text.SIGNS if any(change.operation == operation for change in found)],
        kinds=[kind for kind in Class if kind in kinds],
    )


@cache
def _template() -> Template:
    made = Environment(loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown)
    made.globals.update(signs=text.SIGNS, counted_words=text.COUNTED, place=text.place, outside=text.OUTSIDE.capitalize(), number=text.number, name=text.name)
    return made.get_template("report.html.jinja")


def _shown(value: Any) -> Any:
    """Text without a character that cannot be seen, its lines kept; anything else as it is."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return "\n".join(text.plain(line) for line in value.split("\n"))


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _view(id_: str, group: Group) -> View:
    ids = {anywhere(shared.change.urn): f"{id_}-{index}" for index, shared in reversed(list(enumerate(group.changes)))}
    tree = Part()
    for index, shared in enumerate(group.changes):
        at = tree
        for name in shared.change.place:
            at = at.inside.setdefault(name, Part(name))
        at.rows.append(Row(f"{id_}-{index}", shared, ids.get(anywhere(shared.change.cause)) if shared.change.cause else None))
    return View(id_, group, tree, ids)


def _parts(before: str, after: str) -> tuple[Parts | None, Parts | None]:
    """Both values, taken apart where they differ."""
    if {before, after} & set(FIXED) or max(len(before), len(after)) < MARKED_FROM:
        return _whole(before, beside=after), _whole(after, beside=before)
    same = text.common(before, after)
    tail = min(text.common(before[::-1], after[::-1]), len(before) - same, len(after) - same)
    return _apart(before, same, tail), _apart(after, same, tail)


def _whole(value: str, *, beside: str) -> Parts | None:
    return None if value == text.NOTHING != beside else (value, "", "")


def _apart(value: str, same: int, tail: int) -> Parts:
    end = len(value) - tail
    return value[:same], value[same:end], value[end:]
