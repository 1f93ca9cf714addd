"""Panels, built with Grafana's own builders."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from grafana_foundation_sdk.builders import barchart, common, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import common as words
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from commonground.metrics.dashboards.model import Bars, Link, Panel, Stat, Table, Thresholds, TimeSeries

SOURCE = models.DataSourceRef(type_val="prometheus", uid="prometheus")
"""The data source that Grafana is provisioned with."""
MOST_STEPS = 100
"""Steps of a table over time at most: each is a row for what happened in it."""

Builder = TypeVar("Builder", stat.Panel, timeseries.Panel, table.Panel, barchart.Panel)
AnyBuilder = stat.Panel | timeseries.Panel | table.Panel | barchart.Panel


def build(panel: Panel, number: int, place: models.GridPos) -> AnyBuilder:
    """A panel of Grafana, at a place of the grid."""
    made = _BUILDERS[type(panel)](panel)
    return made.id(number).grid_pos(place)


def _common(builder: Builder, panel: Panel, format_: PromQueryFormat = PromQueryFormat.TIME_SERIES) -> Builder:
    builder.title(panel.title).description(panel.description).datasource(SOURCE).unit(panel.unit.value)
    for number, query in enumerate(panel.queries()):
        target = prometheus.Dataquery().ref_id(_ref(number)).expr(query.expr).legend_format(query.legend).format(format_).datasource(SOURCE)
        builder.with_target(target.instant() if panel.instant() else target.range())
    if panel.decimals is not None:
        builder.decimals(panel.decimals)
    if panel.thresholds:
        builder.thresholds(_thresholds(panel.thresholds))
    if panel.links:
        builder.data_links([_link(link) for link in panel.links])
    if panel.empty:
        builder.no_value(panel.empty.value)
    return builder


def _stat(panel: Panel) -> stat.Panel:
    assert isinstance(panel, Stat)
    made = _common(stat.Panel(), panel)
    made.graph_mode(words.BigValueGraphMode.AREA if panel.trend else words.BigValueGraphMode.NONE)
    made.color_mode(words.BigValueColorMode.VALUE if panel.thresholds else words.BigValueColorMode.NONE)
    if any("{{" in query.legend for query in panel.values):
        made.text_mode(words.BigValueTextMode.VALUE_AND_NAME)
    made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return made


def _time_series(panel: Panel) -> timeseries.Panel:
    assert isinstance(panel, TimeSeries)
    made = _common(timeseries.Panel(), panel)
    made.color_scheme(builders.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    made.line_width(1).show_points(words.VisibilityMode.NEVER).fill_opacity(100 if panel.bars else 25 if panel.stacked else 5)
    if panel.bars:
        made.draw_style(words.GraphDrawStyle.BARS)
    if panel.stacked:
        made.stacking(common.StackingConfig().mode(words.StackingMode.NORMAL).group("A"))
    if panel.thresholds:
        made.thresholds_style(common.GraphThresholdsStyleConfig().mode(words.GraphThresholdsStyleMode.DASHED))
    if panel.minimum is not None:
        made.min(panel.minimum)
    if panel.maximum is not None:
        made.max(panel.maximum)
    if panel.step:
        made.interval(panel.step)
    made.tooltip(common.VizTooltipOptions().mode(words.TooltipDisplayMode.MULTI).sort(words.SortOrder.DESCENDING))
    made.legend(
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(words.LegendDisplayMode.TABLE)
        .placement(words.LegendPlacement.BOTTOM)
        .calcs(["sum"] if panel.bars else ["lastNotNull", "max"])
    )
    return made


def _table(panel: Panel) -> table.Panel:
    assert isinstance(panel, Table)
    made = _common(table.Panel().align(words.FieldTextAlignment.AUTO).inspect(False), panel, PromQueryFormat.TABLE)
    many = len(panel.columns) > 1
    columns = {f"Value #{_ref(number)}" if many else "Value": column.name for number, column in enumerate(panel.columns)}
    # Grafana calls the only query that returns something `Value`, whatever its letter is.
    names = {**{key.label: key.name for key in panel.keys}, "Value": panel.columns[0].name, **columns}
    shown = ["Time"] if panel.over_time else []
    order = {name: place for place, name in enumerate([*shown, *names])}
    if many:
        made.with_transformation(models.DataTransformerConfig("merge", options={}))
    hidden = {} if panel.over_time else {"Time": True}
    made.with_transformation(models.DataTransformerConfig("organize", options={"excludeByName": hidden, "indexByName": order, "renameByName": names}))
    for key in panel.keys:
        if key.links:
            made.override_by_name(key.name, [models.DynamicConfigValue("links", [_link(link).build() for link in key.links])])
    for column in panel.columns:
        properties = [models.DynamicConfigValue("unit", column.unit.value)]
        if column.decimals is not None:
            properties.append(models.DynamicConfigValue("decimals", column.decimals))
        if column.thresholds:
            properties.append(models.DynamicConfigValue("thresholds", _thresholds(column.thresholds).build()))
            properties.append(models.DynamicConfigValue("custom.cellOptions", {"type": "color-text"}))
        made.override_by_name(column.name, properties)
    made.sort_by([common.TableSortByFieldState().display_name(panel.sort).desc(panel.descending)])
    if panel.over_time:
        made.max_data_points(MOST_STEPS).interval("1m")
    return made


def _bars(panel: Panel) -> barchart.Panel:
    assert isinstance(panel, Bars)
    made = _common(barchart.Panel(), panel, PromQueryFormat.TABLE)
    names = {f"Value #{_ref(number)}": query.legend for number, query in enumerate(panel.groups)}
    made.with_transformation(models.DataTransformerConfig("merge", options={}))
    numbers = {"conversions": [{"targetField": panel.order, "destinationType": "number"}], "fields": {}}
    made.with_transformation(models.DataTransformerConfig("convertFieldType", options=numbers))
    made.with_transformation(models.DataTransformerConfig("sortBy", options={"fields": {}, "sort": [{"field": panel.order}]}))
    hidden = {"Time": True, panel.order: True}
    order = {name: place for place, name in enumerate([panel.label, *names])}
    made.with_transformation(models.DataTransformerConfig("organize", options={"excludeByName": hidden, "indexByName": order, "renameByName": names}))
    made.x_field(panel.label).x_tick_label_max_length(12).min(0).line_width(1).fill_opacity(80).gradient_mode(words.GraphGradientMode.NONE).show_value(
        words.VisibilityMode.NEVER
    )
    made.tooltip(common.VizTooltipOptions().mode(words.TooltipDisplayMode.MULTI).sort(words.SortOrder.NONE))
    made.legend(common.VizLegendOptions().show_legend(True).display_mode(words.LegendDisplayMode.LIST).placement(words.LegendPlacement.BOTTOM).calcs([]))
    return made


_BUILDERS: dict[type[Panel], Callable[[Panel], AnyBuilder]] = {Stat: _stat, TimeSeries: _time_series, Table: _table, Bars: _bars}


def _ref(number: int) -> str:
    return chr(ord("A") + number)


def _thresholds(thresholds: Thresholds) -> builders.ThresholdsConfig:
    steps: Sequence[tuple[float | None, str]] = ((None, thresholds.base), *thresholds.steps)
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps([models.Threshold(value=value, color=color) for value, color in steps])


def _link(link: Link) -> builders.DashboardLink:
    return builders.DashboardLink(link.title).url(link.url).type(models.DashboardLinkType.LINK)
