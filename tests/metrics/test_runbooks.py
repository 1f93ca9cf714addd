"""What somebody who is woken finds on a runbook's page: the same headings everywhere, and queries that can be pasted."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commonground.dcgm import COUNTERS
from commonground.metrics import dashboards, drops
from commonground.metrics.rules.model import Group, Recording, text
from commonground.metrics.rules.namespaces import NAMESPACES
from commonground.telemetry.contract import METRICS
from tests.metrics import dashboardjson, promql, promtool
from tests.metrics.factory import metrics_settings
from tests.metrics.promtool import needs_promtool

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
PAGES = {page.stem: page.read_text("utf-8") for page in sorted(RUNBOOKS.glob("*.md"))}
HEADINGS = ["What it means", "Look at", "Likely causes", "What to do"]
OPTIONAL = "When to silence"
SETTINGS = metrics_settings()
# What exporters have beside what rules and dashboards read (Kubernetes Metrics Reference; kube-state-metrics, docs/metrics; node exporter, collector timex).
OTHERS = {
    "aggregator_unavailable_apiservice_total",
    "apiserver_storage_objects",
    "kube_deployment_status_replicas_updated",
    "kube_pod_container_info",
    "kube_pod_container_resource_limits",
    "kube_pod_container_status_ready",
    "kube_pod_container_status_terminated_reason",
    "kubelet_server_expiration_renew_errors",
    "kubelet_volume_stats_available_bytes",
    "node_timex_sync_status",
    "scheduler_pending_pods",
    "scrape_duration_seconds",
    "workqueue_adds_total",
}

# RESERVED is for what anybody's pods expose.
DROPPING = [
    rule["regex"]
    for name, rule in vars(drops).items()
    if name.isupper() and not name.startswith("_") and rule["source_labels"] == ["__name__"] and rule is not drops.RESERVED
]

each_page = pytest.mark.parametrize("page", PAGES)


def queries(page: str) -> list[str]:
    """All PromQL of a page, a line each."""
    blocks = re.findall(r"^ *```promql\n(.*?)^ *```", PAGES[page], re.DOTALL | re.MULTILINE)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def read(expr: str) -> set[str]:
    """Names of the series that an expression reads; the step of a subquery is none."""
    return {name for start, end in promql.names(expr) if not (name := expr[start:end]).startswith(":")}


def asked_by_dashboards() -> Iterator[str]:
    boards = dashboardjson.load(dashboards.files(SETTINGS))
    values = {one["name"]: "some" for board in boards.values() for one in board["templating"]["list"]}
    yield from (dashboardjson.filled(asked.expr, values) for name, board in boards.items() for asked in dashboardjson.queries(name, board))


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Series that rules record or read, that dashboards read, that DCGM's exporter and the contract have, and those that are listed here."""
    rules = [rule for groups in NAMESPACES.values() for group in groups(SETTINGS) for rule in group.rules]
    recorded = {rule.record for rule in rules if isinstance(rule, Recording)}
    exprs = [*(rule.expr for rule in rules), *asked_by_dashboards()]
    contract = {f"{metric.name}{suffix}" for metric in METRICS for suffix in ("", "_bucket", "_count", "_sum")}
    return recorded | {name for expr in exprs for name in read(expr)} | contract | {counter.field for counter in COUNTERS} | OTHERS


@each_page
def test_a_page_has_the_same_headings_in_the_same_order(page: str) -> None:
    found = re.findall(r"^## (.+)$", PAGES[page], re.MULTILINE)
    assert found in (HEADINGS, [*HEADINGS, OPTIONAL])


@each_page
def test_a_page_has_a_query_and_steps(page: str) -> None:
    assert queries(page)
    assert re.search(r"^1\. ", PAGES[page].partition("## What to do")[2], re.MULTILINE)


@each_page
def test_what_a_page_asks_for_exists_and_is_kept_by_the_collector(page: str, known: set[str]) -> None:
    names = {name for query in queries(page) for name in read(query)}
    assert not names - known
    assert len(DROPPING) == 8
    assert not [name for name in names for regex in DROPPING if re.fullmatch(regex, name)]


@needs_promtool
def test_every_query_of_every_page_is_promql(tmp_path: Path) -> None:
    """Words in capitals stand inside of quotes: each query is one as it is."""
    exprs = [query for page in PAGES for query in queries(page)]
    rules = [Recording(f"query:{number}", expr) for number, expr in enumerate(exprs)]
    groups = [Group(str(start), rules[start : start + 20]) for start in range(0, len(rules), 20)]
    found = promtool.check(tmp_path, promtool.write_rules(tmp_path, {"queries": text(groups, runbooks="x")}))
    assert found.returncode == 0, found.stdout + found.stderr


@needs_promtool
@pytest.mark.parametrize(("page", "kind"), [("ModelFeatureDrift", "feature"), ("ModelPredictionDrift", "prediction")])
def test_which_bins_moved_is_told_of_a_model_that_two_namespaces_serve(tmp_path: Path, page: str, kind: str) -> None:
    (query,) = [one for one in queries(page) if "model_baseline" in one]
    shares, series = {"0": 0.75, "1": 0.25}, []
    for namespace in ("shop", "shop-jobs"):
        labels = f'{{team="shop",namespace="{namespace}",service="churn",model="MODEL",model_version="7",kind="{kind}",variable="VARIABLE",baseline="b"'
        for name, share in shares.items():
            series.append((f'commonground:model_values:ratio_fast{labels},bin="{name}"}}', share))
            series.append((f'commonground:model_baseline:ratio{labels},bin="{name}"}}', 0.5))
    expected = [
        {"labels": f'{{namespace="{namespace}",bin="{name}"}}', "value": share - 0.5} for namespace in ("shop", "shop-jobs") for name, share in shares.items()
    ]
    case: dict[str, Any] = {
        "interval": "1m",
        "input_series": [{"series": name, "values": f"{value}x5"} for name, value in series],
        "promql_expr_test": [{"expr": f"sum by (namespace, bin) ({query})", "eval_time": "5m", "exp_samples": expected}],
    }
    found = promtool.run_cases(tmp_path, [], {"tests": [case]})
    assert found.returncode == 0, found.stdout + found.stderr


@each_page
def test_links_of_a_page_lead_somewhere(page: str) -> None:
    for target, heading in re.findall(r"\]\(([^)#:]+)(?:#([^)]+))?\)", PAGES[page]):
        file = RUNBOOKS / target
        assert file.is_file(), target
        if heading:
            anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)}
            assert heading in anchors, f"{target}#{heading}"


@each_page
def test_a_page_that_speaks_of_silencing_says_how(page: str) -> None:
    if re.search(r"When to silence|\b[Ss]ilence it\b", PAGES[page]):
        assert "../metrics.md#silence-an-alert" in PAGES[page]
