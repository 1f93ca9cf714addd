"""Every query of every panel, asked of real Prometheus in two synthetic environments: one that has everything, and one with a single application."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from commonground.metrics import dashboards
from commonground.metrics.dashboards.model import Table
from tests.metrics import dashboardjson, world_series
from tests.metrics.dashboardjson import Asked
from tests.metrics.factory import metrics_settings
from tests.metrics.prometheus import Prometheus, needs_prometheus
from tests.metrics.promtool import needs_promtool
from tests.metrics.world import BARE, FULL, World, running

pytestmark = [needs_promtool, needs_prometheus]

SETTINGS = metrics_settings()
BOARDS = dashboardjson.load(dashboards.files(SETTINGS))
QUERIES = [asked for name, board in BOARDS.items() for asked in dashboardjson.queries(name, board)]
MODEL_PAGE = {"team": "shop", "service": "churn", "model": "churn", "model_version": "2.0.0", "kind": "feature", "variable": "amount"}
APPLICATION_PAGE = {"team": "shop", "service": "api", "model": "", "model_version": "", "kind": "", "variable": ""}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Everything is there."""
    yield from _world(tmp_path_factory, FULL)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """One application."""
    yield from _world(tmp_path_factory, BARE)


def _world(folders: pytest.TempPathFactory, world: World) -> Iterator[Prometheus]:
    with running(folders.mktemp("world"), SETTINGS, world_series.exposed(world), world_series.recorded(world)) as server:
        yield server


def _chosen(server: Prometheus, asked: Asked, page: Mapping[str, str]) -> dict[str, str]:
    """What a reader chose: on one service's page that service, elsewhere every value by name, since `.*` would match a label that is not there."""
    if asked.dashboard == "service":
        return dict(page)
    return {variable["name"]: "|".join(_values(server, variable, {"team": ".*", "set": ".*"})) for variable in BOARDS[asked.dashboard]["templating"]["list"]}


def _values(server: Prometheus, variable: Mapping[str, Any], chosen: Mapping[str, str]) -> list[str]:
    """What a variable offers."""
    asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
    assert asked, variable
    values: list[str] = server.get(f"/api/v1/label/{asked[2]}/values", **{"match[]": dashboardjson.filled(asked[1], chosen)})
    return values


def _labels(server: Prometheus, asked: Asked, page: Mapping[str, str]) -> list[Mapping[str, str]]:
    """Labels of what it returns now."""
    return [sample.labels for sample in server.query(dashboardjson.filled(asked.expr, _chosen(server, asked, page)))]


def _any(server: Prometheus, asked: Asked) -> list[Mapping[str, str]]:
    """On one service's page: of the model's, or else of the application's, which has what a model has not."""
    return _labels(server, asked, MODEL_PAGE) or _labels(server, asked, APPLICATION_PAGE)


def test_every_query_of_every_panel_returns_data_where_everything_is_there(full: Prometheus) -> None:
    nothing = [f"{asked.name}: {asked.expr}" for asked in QUERIES if not _any(full, asked)]
    assert not nothing, "\n".join(nothing)


def test_what_is_drawn_over_time_has_values_over_time(full: Prometheus) -> None:
    """Rules have recorded the last seconds only, and the hour before is scraped: a line has at least two values."""
    end = full.query("time()")[0].value
    wrong = []
    for asked in (one for one in QUERIES if not one.instant):
        for page in (MODEL_PAGE, APPLICATION_PAGE):
            lines = full.range(dashboardjson.filled(asked.expr, _chosen(full, asked, page)), end - 60, end, 5)
            if lines and max(len(values) for _, values in lines) > 1:
                break
        else:
            wrong.append(asked.name)
    assert not wrong, "\n".join(wrong)


def test_legends_name_labels_that_the_series_have(full: Prometheus) -> None:
    wrong = []
    for asked in QUERIES:
        named = set(re.findall(r"{{(\w+)}}", asked.legend))
        for labels in _any(full, asked):
            wrong += [f"{asked.name}: no label {label}" for label in named if not labels.get(label)]
    assert not wrong, "\n".join(sorted(set(wrong)))


def test_no_two_series_of_a_panel_have_the_same_legend(full: Prometheus) -> None:
    wrong = []
    for asked in QUERIES:
        if asked.panel["type"] in ("stat", "timeseries"):
            names = [re.sub(r"{{(\w+)}}", lambda match, labels=labels: labels.get(match[1], ""), asked.legend) for labels in _any(full, asked)]
            if len(names) != len(set(names)):
                wrong.append(f"{asked.name}: {sorted(names)}")
    assert not wrong, "\n".join(wrong)


def test_rows_of_tables_have_just_their_columns_labels(full: Prometheus) -> None:
    wrong = []
    for name, board in dashboards.dashboards(SETTINGS).items():
        keys = {panel.title: {key.label for key in panel.keys} for panel in board.panels() if isinstance(panel, Table)}
        for asked in (one for one in QUERIES if one.dashboard == name and one.panel["title"] in keys):
            found = {label for labels in _any(full, asked) for label in labels}
            if found - keys[asked.panel["title"]]:
                wrong.append(f"{asked.name}: {sorted(found)}")
    assert not wrong, "\n".join(wrong)


def test_a_panel_that_has_nothing_to_show_for_a_single_application_says_why(bare: Prometheus) -> None:
    """A column of a table may be empty where another is not, a line of a chart may not."""
    shown: dict[str, list[bool]] = {}
    for asked in QUERIES:
        if "noValue" not in asked.panel["fieldConfig"]["defaults"]:
            shown.setdefault(f"{asked.dashboard}, {asked.panel['type']} {asked.panel['title']!r}", []).append(bool(_labels(bare, asked, APPLICATION_PAGE)))
    assert not [name for name, some in shown.items() if not (any(some) if ", table " in name else all(some))]


def test_a_panel_that_says_why_it_may_be_empty_is_empty_there(bare: Prometheus) -> None:
    shown: dict[str, bool] = {}
    for asked in QUERIES:
        if "noValue" in asked.panel["fieldConfig"]["defaults"]:
            name = f"{asked.dashboard}, panel {asked.panel['title']!r}"
            shown[name] = shown.get(name, True) and bool(_labels(bare, asked, APPLICATION_PAGE))
    assert not [name for name, every in shown.items() if every]


def test_every_variable_offers_what_the_environment_has(full: Prometheus) -> None:
    offered = {f"{name}: {one['name']}": _values(full, one, MODEL_PAGE) for name, board in BOARDS.items() for one in board["templating"]["list"]}
    assert not [name for name, values in offered.items() if not values]
    assert offered["overview: team"] == ["payments", "platform", "shop"]
    assert offered["service: service"] == ["api", "churn", "trainer"]
    assert offered["service: kind"] == ["feature", "prediction"]
    assert offered["service: variable"] == ["amount", "country"]
