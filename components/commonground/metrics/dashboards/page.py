"""A dashboard's text: its panels on Grafana's grid, variables, links and annotations."""

import json
from collections.abc import Mapping

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from commonground.metrics.dashboards import panels
from commonground.metrics.dashboards.model import PREFIX, WIDTH, Dashboard, Row, Variable
from commonground.metrics.dashboards.queries import firing

SHORT_HOURS = 6
"""Up to which a page is read again every minute: over days it reads too much, and changes too little."""
_ALL = models.VariableOption(text="All", value="$__all")


class _Annotation(models.AnnotationQuery):
    """With the text of each mark: the SDK's model leaves out what is Prometheus' own (grafana/public/app/plugins/datasource/prometheus, annotations)."""

    title_format: str = ""

    def to_json(self) -> dict[str, object]:
        """As Grafana reads it."""
        return {**super().to_json(), "titleFormat": self.title_format, "step": "60s"}


class _Built(Builder[models.AnnotationQuery]):
    """A builder of the SDK's kind for what is built already."""

    def __init__(self, what: models.AnnotationQuery) -> None:
        self.what = what

    def build(self) -> models.AnnotationQuery:
        """It."""
        return self.what


def text(dashboard: Dashboard, others: Mapping[str, Dashboard], *, environment: str) -> str:
    """Compact JSON, the same each time. `others`: all dashboards by name, each of which is linked to."""
    made = (
        builders.Dashboard(f"{dashboard.title} · {environment}")
        .uid(dashboard.uid)
        .description(dashboard.description)
        .tags([PREFIX, environment])
        .readonly()
        .refresh("1m" if dashboard.hours <= SHORT_HOURS else "15m")
        .time(f"now-{dashboard.hours}h", "now")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.TOOLTIP)
    )
    for variable in dashboard.variables:
        made.with_variable(_variable(variable))
    for other in others.values():
        if other.name != dashboard.name:
            link = builders.DashboardLink(other.title).type(models.DashboardLinkType.LINK).url(f"/d/{other.uid}").tooltip(other.description)
            made.link(link.include_vars(True).keep_time(True).icon("dashboard"))
    if dashboard.deploys:
        made.annotation(_annotation("Deploys", f"commonground:deploy:new{{{dashboard.deploys}}} > 0", "blue", "{{service}} {{version}} ({{kind}})"))
    if dashboard.alerts:
        made.annotation(_annotation("Alerts", firing(dashboard.alerts), "red", "{{alertname}} ({{severity}})"))
    _lay_out(made, dashboard)
    return json.dumps(made.build(), cls=JSONEncoder, separators=(",", ":"), sort_keys=True)


def _lay_out(made: builders.Dashboard, dashboard: Dashboard) -> None:
    """Rows below each other, numbered in reading order."""
    number, y = 1, 0
    for row in dashboard.rows:
        heading = builders.Row(row.title).id(number).collapsed(row.collapsed).grid_pos(models.GridPos(h=1, w=WIDTH, x=0, y=y))
        below, height = _panels(row, number + 1, y + 1)
        if row.collapsed:
            for panel in below:
                heading.with_panel(panel)
        made.with_row(heading)
        if not row.collapsed:
            for panel in below:
                made.with_panel(panel)
        number += 1 + len(below)
        y += 1 + (0 if row.collapsed else height)


def _panels(row: Row, number: int, y: int) -> tuple[list[panels.AnyBuilder], int]:
    """The panels of a row and their height together."""
    below: list[panels.AnyBuilder] = []
    top = y
    for line in row.lines:
        x = 0
        for panel in line.panels:
            below.append(panels.build(panel, number + len(below), models.GridPos(h=line.height, w=panel.width, x=x, y=y)))
            x += panel.width
        y += line.height
    return below, y - top


def _variable(variable: Variable) -> builders.QueryVariable:
    made = (
        builders.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(panels.SOURCE)
        .query({"query": f"label_values({variable.series}, {variable.of})", "refId": variable.name})
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )
    if variable.several:
        made.multi(True).include_all(True).all_value(".*").current(_ALL)
    return made


def _annotation(name: str, expr: str, color: str, title: str) -> _Built:
    made = _Annotation(name=name, datasource=panels.SOURCE, enable=True, icon_color=color, expr=expr)
    made.title_format = title
    return _Built(made)
