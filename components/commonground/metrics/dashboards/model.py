"""What a dashboard is made of, as data: a panel without title, description, unit or legend is refused."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

WIDTH = 24
"""Columns of Grafana's grid."""
PREFIX = "commonground"
"""Beginning of every dashboard's uid, and the tag of all."""


class Unit(StrEnum):
    """Grafana's names of units (grafana-data, valueFormats/categories.ts)."""

    NONE = "none"
    SHORT = "short"
    RATIO = "percentunit"
    PERCENT = "percent"
    SECONDS = "s"
    HOURS = "h"
    REQUESTS = "reqps"
    PER_SECOND = "cps"
    BYTES = "bytes"
    BYTES_PER_SECOND = "Bps"
    WATTS = "watt"
    CELSIUS = "celsius"


class Empty(StrEnum):
    """Why a panel may have nothing to show though nothing is wrong: the panel says it instead of "No data"."""

    MODEL = "This service serves no model: an application has only the panels above."
    MODELS = "No model is served here."
    OUTCOMES = "Nobody exposes a quality score of this model: see the metrics contract."
    FEATURES = "No feature view exposes its freshness: see the metrics contract."
    TRAINING = "No training run exposes the metrics contract."
    LIMIT = "The service does not expose how many requests it can answer at once."
    CHANGE = "No version was first seen in this time."
    RECOVERED = "No failure began in this time."
    ALERTS = "Nothing fires."
    JOBS = "No Job exists in these namespaces."
    GPUS = "No node has a GPU."
    KUEUE = "Kueue is not installed, or is not scraped."
    ARC = "No runner scale set of GitHub's Actions Runner Controller is scraped."
    GITLAB = "No GitLab Runner is scraped."
    JENKINS = "No Jenkins is scraped."
    RUNNERS = "No runner runs in the cluster."
    STORAGE = "No volume is claimed."
    UNUSED = "Every volume is in use, or none is claimed."
    QUOTA = "No namespace has a quota."


class BadPanelError(ValueError):
    """A panel, row or dashboard that a reader could not use."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


@dataclass(frozen=True)
class Link:
    """Where a click on a value leads."""

    title: str
    url: str


@dataclass(frozen=True)
class Thresholds:
    """Colours by value. `steps` ascend; the first colour holds below all of them."""

    base: str
    steps: tuple[tuple[float, str], ...]


def above(warning: float, critical: float) -> Thresholds:
    """The more, the worse."""
    return Thresholds("green", ((warning, "orange"), (critical, "red")))


def below(warning: float, critical: float) -> Thresholds:
    """The less, the worse."""
    return Thresholds("red", ((critical, "orange"), (warning, "green")))


@dataclass(frozen=True)
class Query:
    """PromQL with Grafana's variables, and what its series are called."""

    expr: str
    legend: str


@dataclass(frozen=True, kw_only=True)
class Panel(ABC):
    """What all panels have."""

    title: str
    description: str
    """One or two sentences: what it shows, and what to do with it."""
    unit: Unit
    width: int
    decimals: int | None = None
    thresholds: Thresholds | None = None
    links: Sequence[Link] = ()
    empty: Empty | None = None

    def __post_init__(self) -> None:
        for part in ("title", "description"):
            if not getattr(self, part).strip():
                raise BadPanelError(f"panel {self.title!r}", f"it has no {part}")
        if not self.queries():
            raise BadPanelError(f"panel {self.title!r}", "it has no query")
        for query in self.queries():
            if not query.legend.strip():
                raise BadPanelError(f"panel {self.title!r}", f"this query has no legend: {query.expr}")

    @abstractmethod
    def queries(self) -> Sequence[Query]:
        """All queries, in order."""

    @abstractmethod
    def instant(self) -> bool:
        """Whether only the newest values are asked for."""


@dataclass(frozen=True, kw_only=True)
class Stat(Panel):
    """One number, or a few, each with its name."""

    values: Sequence[Query]
    trend: bool = False
    """Whether its course is drawn behind it. A number over the whole time range has none."""

    def queries(self) -> Sequence[Query]:
        """All queries, in order."""
        return self.values

    def instant(self) -> bool:
        """Whether only the newest values are asked for."""
        return not self.trend


@dataclass(frozen=True, kw_only=True)
class TimeSeries(Panel):
    """Lines over time."""

    lines: Sequence[Query]
    stacked: bool = False
    bars: bool = False
    """Bars instead of lines: for what is counted in each step."""
    maximum: float | None = None
    minimum: float | None = 0
    step: str | None = None
    """The smallest step. Example: `5m`."""

    def queries(self) -> Sequence[Query]:
        """All queries, in order."""
        return self.lines

    def instant(self) -> bool:
        """Whether only the newest values are asked for."""
        return False


@dataclass(frozen=True)
class Key:
    """A column with a label's values."""

    label: str
    name: str
    links: Sequence[Link] = ()


@dataclass(frozen=True)
class Value:
    """A column with a query's values. It returns one sample for each combination of the keys' labels, and no other label."""

    name: str
    expr: str
    unit: Unit
    decimals: int | None = None
    thresholds: Thresholds | None = None


@dataclass(frozen=True, kw_only=True)
class Table(Panel):
    """A row for each combination of its keys."""

    unit: Unit = Unit.NONE
    keys: Sequence[Key]
    columns: Sequence[Value]
    sort: str
    """Name of the column that it is sorted by."""
    descending: bool = True
    over_time: bool = False
    """Whether each step in which something happened is a row of its own, with its time."""

    def __post_init__(self) -> None:
        super().__post_init__()
        names = ["Time"] if self.over_time else []
        names += [*(key.name for key in self.keys), *(column.name for column in self.columns)]
        if len(names) != len(set(names)):
            raise BadPanelError(f"panel {self.title!r}", "two columns have the same name")
        if self.sort not in names:
            raise BadPanelError(f"panel {self.title!r}", f"it has no column {self.sort!r} to sort by")

    def queries(self) -> Sequence[Query]:
        """All queries, in order."""
        return [Query(column.expr, column.name) for column in self.columns]

    def instant(self) -> bool:
        """Whether only the newest values are asked for."""
        return not self.over_time


@dataclass(frozen=True, kw_only=True)
class Bars(Panel):
    """Groups of bars, a group for each value of one label, ordered by the label `order`."""

    groups: Sequence[Query]
    label: str
    order: str
    """A label of all queries that holds a number, or nothing; it is not shown."""

    def queries(self) -> Sequence[Query]:
        """All queries, in order."""
        return self.groups

    def instant(self) -> bool:
        """Whether only the newest values are asked for."""
        return True


@dataclass(frozen=True)
class Line:
    """Panels beside each other: their widths sum to 24."""

    height: int
    panels: Sequence[Panel]

    def __post_init__(self) -> None:
        width = sum(panel.width for panel in self.panels)
        if width != WIDTH:
            raise BadPanelError(f"line of {', '.join(panel.title for panel in self.panels)}", f"widths sum to {width}: expected {WIDTH}")


@dataclass(frozen=True)
class Row:
    """Lines under one heading."""

    title: str
    lines: Sequence[Line]
    collapsed: bool = False
    """Closed until somebody opens it: it asks nothing until then."""


@dataclass(frozen=True)
class Variable:
    """A choice at the top of the page."""

    name: str
    label: str
    series: str
    """Where the values come from: a series selector. Example: `kube_pod_info`."""
    of: str
    """The label that has the values."""
    several: bool = False
    """Whether more than one may be chosen, and all."""


@dataclass(frozen=True)
class Dashboard:
    """One page. Its uid is `commonground-NAME`."""

    name: str
    title: str
    description: str
    """What it answers."""
    rows: Sequence[Row]
    variables: Sequence[Variable] = ()
    hours: int = 6
    """How far back it looks at first."""
    deploys: str = ""
    """Selector of deploys that are marked in time. Empty: none."""
    alerts: str = ""
    """Selector of alerts that are marked in time. Empty: none."""

    @property
    def uid(self) -> str:
        """What links name."""
        return f"{PREFIX}-{self.name}"

    def panels(self) -> list[Panel]:
        """All panels, in reading order."""
        return [panel for row in self.rows for line in row.lines for panel in line.panels]
