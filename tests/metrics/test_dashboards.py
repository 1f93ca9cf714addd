"""What dashboards promise their readers, from their JSON alone."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard as GrafanaDashboard

from commonground.dcgm import COUNTERS
from commonground.metrics import dashboards, drops
from commonground.metrics.dashboards.model import BadPanelError, Line, Query, Stat, TimeSeries, Unit
from commonground.metrics.rules.model import Group, Recording, text
from commonground.metrics.rules.namespaces import NAMESPACES
from commonground.settings.metrics import Drift
from commonground.telemetry.contract import METRICS
from tests.metrics import boardsdoc, dashboardjson, promtool
from tests.metrics.factory import metrics_settings
from tests.metrics.promtool import needs_promtool

SETTINGS = metrics_settings()
FILES = dashboards.files(SETTINGS)
BOARDS = dashboardjson.load(FILES)
PANELS = [(name, panel) for name, board in BOARDS.items() for panel in dashboardjson.panels(board)]
DRAWN = [(name, panel) for name, panel in PANELS if panel["type"] != "row"]
QUERIES = [asked for name, board in BOARDS.items() for asked in dashboardjson.queries(name, board)]
MOST_BYTES = 700_000
MANY = {"pod", "variable", "route", "gpu", "feature_view", "service", "model", "persistentvolumeclaim", "instance_type", "job_name"}
"""Labels with more values than a person can tell apart by colour."""


def test_each_question_of_the_product_has_a_page() -> None:
    assert list(FILES) == [f"{name}.json" for name in ("overview", "service", "training", "gpus", "delivery", "cost", "runners")]


@pytest.mark.parametrize(("name", "panel"), [pytest.param(name, panel, id=f"{name}-{panel['id']}") for name, panel in DRAWN])
def test_a_panel_has_title_description_unit_and_legend(name: str, panel: Mapping[str, Any]) -> None:
    assert panel["title"].strip()
    assert len(panel["description"]) > 15
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert all(target["legendFormat"].strip() not in ("", "__auto") for target in panel["targets"])
    if panel["type"] == "table":
        columns = {one["matcher"]["options"]: [each["id"] for each in one["properties"]] for one in panel["fieldConfig"]["overrides"]}
        assert all("unit" in columns[target["legendFormat"]] for target in panel["targets"])


def test_uids_are_stable_and_unique_and_panels_have_numbers_of_their_own() -> None:
    assert [board["uid"] for board in BOARDS.values()] == [f"commonground-{name}" for name in BOARDS]
    for name, board in BOARDS.items():
        numbers = [panel["id"] for panel in dashboardjson.panels(board)]
        assert len(numbers) == len(set(numbers)), name


def _links(board: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(address, where it is) of all links into Grafana."""
    yield from ((link["url"], "top") for link in board["links"])
    for panel in dashboardjson.panels(board):
        config = panel.get("fieldConfig", {"defaults": {}, "overrides": []})
        found = [*config["defaults"].get("links", ())]
        found += [link for one in config["overrides"] for each in one["properties"] if each["id"] == "links" for link in each["value"]]
        yield from ((link["url"], panel["title"]) for link in found)


def test_links_lead_to_dashboards_and_variables_that_exist() -> None:
    offered = {board["uid"]: {one["name"] for one in board["templating"]["list"]} for board in BOARDS.values()}
    for name, board in BOARDS.items():
        for url, where in _links(board):
            path, _, query = url.partition("?")
            uid = path.removeprefix("/d/")
            assert uid in offered, f"{name}, {where}: {url}"
            passed = set(re.findall(r"var-(\w+)=", query)) | set(re.findall(r"\$\{(\w+):queryparam\}", query))
            assert passed <= offered[uid], f"{name}, {where}: {url}"


def test_every_dashboard_leads_to_every_other_and_keeps_team_and_time() -> None:
    for name, board in BOARDS.items():
        assert [link["url"] for link in board["links"]] == [f"/d/commonground-{other}" for other in BOARDS if other != name]
        assert all(link["includeVars"] and link["keepTime"] for link in board["links"])
        assert "team" in {one["name"] for one in board["templating"]["list"]}


def test_a_link_in_a_row_reads_columns_of_its_table() -> None:
    for name, panel in DRAWN:
        if panel["type"] == "table":
            columns = {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]}
            columns |= {column for one in panel["transformations"] if one["id"] == "organize" for column in one["options"]["renameByName"].values()}
            asked = set(re.findall(r'__data\.fields\["(.+?)"\]', json.dumps(panel).replace('\\"', '"')))
            assert asked <= columns, f"{name}, {panel['title']}"


def test_variables_that_are_used_are_defined() -> None:
    for name, board in BOARDS.items():
        known = {one["name"] for one in board["templating"]["list"]} | set(dashboardjson.BUILT_IN)
        earlier: set[str] = set()
        for one in board["templating"]["list"]:
            assert dashboardjson.variables(one["query"]["query"]) <= earlier, f"{name}: {one['name']} is chosen before what it needs"
            earlier.add(one["name"])
        texts = [asked.expr for asked in dashboardjson.queries(name, board)] + [one["expr"] for one in dashboardjson.marks(board)]
        texts += [panel["title"] for panel in dashboardjson.panels(board)]
        for used in texts:
            assert dashboardjson.variables(used) <= known, f"{name}: {used}"


def test_panels_fill_each_line_of_the_grid_and_none_lies_on_another() -> None:
    for name, board in BOARDS.items():
        taken: dict[int, dict[int, int]] = {}
        for panel in dashboardjson.panels(board):
            place = panel["gridPos"]
            folded = any(panel in row.get("panels", ()) for row in board["panels"])
            for y in range(place["y"], place["y"] + place["h"]):
                for x in range(place["x"], place["x"] + place["w"]):
                    cell = taken.setdefault(y + (10_000 * panel["id"] if folded else 0), {})
                    assert x not in cell, f"{name}: {panel['title']} lies on panel {cell.get(x)}"
                    cell[x] = panel["id"]
        assert all(sorted(cells) == list(range(24)) for y, cells in taken.items() if y < 10_000), name


def test_a_folded_row_is_filled_too() -> None:
    for name, board in BOARDS.items():
        for row in board["panels"]:
            lines: dict[int, int] = {}
            for panel in row.get("panels", ()):
                lines[panel["gridPos"]["y"]] = lines.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]
            assert set(lines.values()) <= {24}, f"{name}: {row['title']}"


def test_grafanas_own_models_read_everything_that_is_written() -> None:
    register_default_plugins()
    for name, board in dashboardjson.load(FILES).items():
        again = json.loads(json.dumps(GrafanaDashboard.from_json(json.loads(FILES[f"{name}.json"])), cls=JSONEncoder))
        for annotation in dashboardjson.marks(board):
            # Prometheus' own, which the SDK's model of an annotation does not have.
            del annotation["titleFormat"], annotation["step"]
        assert again == board, name


def test_everything_is_asked_of_the_one_data_source() -> None:
    source = {"type": "prometheus", "uid": "prometheus"}
    for _, panel in DRAWN:
        assert panel["datasource"] == source
        assert all(target["datasource"] == source for target in panel["targets"])


def test_files_are_small_and_the_same_each_time() -> None:
    assert dashboards.files(metrics_settings()) == FILES
    assert max(map(len, FILES.values())) < MOST_BYTES


@needs_promtool
def test_every_query_and_every_mark_is_promql(tmp_path: Path) -> None:
    expressions = [(asked.name, asked.expr) for asked in QUERIES]
    expressions += [(name, one["expr"]) for name, board in BOARDS.items() for one in dashboardjson.marks(board)]
    names = {one["name"]: "some" for board in BOARDS.values() for one in board["templating"]["list"]}
    rules = [Recording(f"query:{number}", dashboardjson.filled(expr, names)) for number, (_, expr) in enumerate(expressions)]
    groups = [Group(str(start), rules[start : start + 20]) for start in range(0, len(rules), 20)]
    found = promtool.check(tmp_path, promtool.write_rules(tmp_path, {"queries": text(groups, runbooks="x")}))
    assert found.returncode == 0, found.stdout + found.stderr


def test_nothing_that_a_dashboard_reads_is_dropped_by_the_collector() -> None:
    read = {name for asked in QUERIES for name in re.findall(r"\b([a-zA-Z_]\w*)(?=[{\[)])", asked.expr) if "_" in name}
    assert {"kube_pod_info", "container_cpu_usage_seconds_total", "kueue_pending_workloads"} & read
    dropping = [
        regex
        for name, regex in vars(drops).items()
        if name.isupper() and name != "RESERVED" and not name.startswith("_") and regex["source_labels"] == ["__name__"]
    ]
    assert dropping
    assert not [name for name in read for one in dropping if re.fullmatch(one["regex"], name)]


def test_what_dashboards_read_of_ours_is_recorded_by_a_rule_or_stands_in_the_contract() -> None:
    text_of_all = "\n".join([*(asked.expr for asked in QUERIES), *(one["expr"] for board in BOARDS.values() for one in dashboardjson.marks(board))])
    text_of_all += "\n".join(one["query"]["query"] for board in BOARDS.values() for one in board["templating"]["list"])
    recorded = {rule.record for groups in NAMESPACES.values() for group in groups(SETTINGS) for rule in group.rules if isinstance(rule, Recording)}
    exposed = {metric.name for metric in METRICS} | {counter.field for counter in COUNTERS}
    assert not set(re.findall(r"\bcommonground:[\w:]+", text_of_all)) - recorded
    assert not {re.sub("_bucket$", "", name) for name in re.findall(r"\b(?:commonground_|DCGM_)\w+", text_of_all)} - exposed


def test_counters_are_read_over_the_step_or_the_whole_time_range() -> None:
    for asked in QUERIES:
        windows = re.findall(r"\b(?:rate|increase)\([^\[]*\[([^\]]+)\]", asked.expr)
        assert set(windows) <= {"$__rate_interval", "$__range"}, asked.name


def test_what_is_asked_over_the_whole_time_range_is_asked_once() -> None:
    for asked in QUERIES:
        if re.search(r"\[\$__range(:\w+)?\](?! @ end\(\))", asked.expr) and asked.panel["type"] != "timeseries":
            assert asked.instant, asked.name


def test_no_panel_draws_more_series_than_a_person_tells_apart() -> None:
    for asked in QUERIES:
        labels = set(re.findall(r"{{(\w+)}}", asked.legend))
        if asked.panel["type"] == "timeseries" and labels & MANY:
            assert "topk(" in asked.expr, asked.name


def test_drift_is_coloured_by_the_thresholds_of_the_settings() -> None:
    files = dashboardjson.load(dashboards.files(metrics_settings(drift=Drift(warning=0.17, critical=0.42, measure="jensen_shannon", fast="2h"))))
    drifting = [panel for panel in dashboardjson.panels(files["service"]) if panel["title"].startswith("Drift in 2h")]
    steps = drifting[0]["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [step["value"] for step in steps] == [None, 0.17, 0.42]
    assert "commonground:model_jensen_shannon:fast" in drifting[0]["targets"][0]["expr"]
    assert "model_psi" not in json.dumps(files)


def test_an_alert_leads_to_its_runbook_where_runbooks_have_an_address() -> None:
    assert "Open runbook" not in FILES["overview.json"]
    files = dashboards.files(metrics_settings(runbooks="https://git.acme.io/runbooks"))
    assert 'https://git.acme.io/runbooks/${__data.fields[\\"Alert\\"]}.md' in files["overview.json"]
    assert 'https://git.acme.io/runbooks/${__data.fields[\\"Alert\\"]}.md' in files["service.json"]


def test_a_service_page_marks_deploys_and_alerts_in_time() -> None:
    marks = {one["name"]: one for one in dashboardjson.marks(BOARDS["service"])}
    assert marks["Deploys"]["expr"].startswith('commonground:deploy:new{team="$team", service="$service"}')
    assert marks["Deploys"]["titleFormat"] == "{{service}} {{version}} ({{kind}})"
    assert "ALERTS" in marks["Alerts"]["expr"]


def test_the_same_page_shows_an_applications_requests_and_a_models_drift() -> None:
    titles = [panel["title"] for name, panel in DRAWN if name == "service"]
    assert {"Requests by version", "Errors by version", "Duration", "Saturation", "Version mix", "Quality", "Now beside training"} <= set(titles)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"title": " "}, "no title"),
        ({"description": ""}, "no description"),
        ({"values": ()}, "no query"),
        ({"values": (Query("up", ""),)}, "no legend"),
    ],
)
def test_a_panel_without_what_a_reader_needs_is_refused(change: dict[str, Any], problem: str) -> None:
    whole: dict[str, Any] = {"title": "Up", "description": "What answers.", "unit": Unit.NONE, "width": 24, "values": (Query("up", "Up"),)}
    Stat(**whole)
    with pytest.raises(BadPanelError, match=problem):
        Stat(**{**whole, **change})


def test_a_panel_without_unit_cannot_be_written() -> None:
    with pytest.raises(TypeError, match="unit"):
        TimeSeries(title="Up", description="What answers.", width=24, lines=(Query("up", "Up"),))  # type: ignore[call-arg]


def test_a_line_whose_widths_do_not_sum_to_24_is_refused() -> None:
    panel = Stat(title="Up", description="What answers.", unit=Unit.NONE, width=8, values=(Query("up", "Up"),))
    with pytest.raises(BadPanelError, match="sum to 16"):
        Line(4, (panel, panel))


def test_the_page_about_dashboards_tells_of_every_panel() -> None:
    """Written by `python -m tests.metrics.boardsdoc`."""
    assert boardsdoc.PAGE.read_text() == boardsdoc.page()
