"""What is scraped, and which labels a series gets: by real Prometheus' relabelling."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from commonground.metrics import dashboards
from commonground.metrics.rules import monitoring
from commonground.metrics.rules.namespaces import NAMESPACES
from commonground.metrics.scrape import configuration
from commonground.telemetry.baseline import LONGEST_NAME
from commonground.telemetry.contract import BASELINE_RATIO, LATENCY_BUCKETS, METRICS, MOST_BINS, MOST_ROUTES, MOST_SCORES, MOST_VARIABLES, VALUES
from tests.metrics import promql
from tests.metrics.dashboardjson import VARIABLE, queries
from tests.metrics.discovered import Pod, Port, api_server, exposed, node, replaced
from tests.metrics.factory import metrics_settings
from tests.metrics.prometheus import Prometheus, needs_prometheus, prometheus, wait_for
from tests.metrics.promtool import needs_promtool

APP = "app.kubernetes.io/name"
VERSION = "app.kubernetes.io/version"

PODS = "# TYPE requests_total counter\nrequests_total 1\ncommonground_requests_created 1\n"
SPOOF = 'requests_total{team="payments",namespace="payments",service="pay",pod="pay-1",version="9"} 1\n'
# What pages somebody, or silences others, where the cluster says it; and `up`, which Prometheus says of the pod itself.
PRETENCE = """\
kube_node_status_condition{node="node-1",condition="Ready",status="true"} 0
node_filesystem_avail_bytes{device="/dev/sda"} 0
kubelet_certificate_manager_server_ttl_seconds 0
container_memory_working_set_bytes{pod="pay-1"} 9e12
apiserver_storage_size_bytes 9e9
aggregator_unavailable_apiservice{name="v1beta1.metrics"} 1
scheduler_schedule_attempts_total{result="error"} 9
machine_cpu_cores 0
DCGM_FI_DEV_XID_ERRORS{gpu="0"} 79
ALERTS{alertname="NodeNotReady",alertstate="firing",severity="critical"} 1
ALERTS_FOR_STATE{alertname="NodeNotReady"} 1
commonground:model_psi:fast{model="churn"} 9
up 0
scrape_samples_post_metric_relabeling 1000000
"""
# What somebody's servers may well have: names that only look like those.
HONEST = """\
vllm:num_requests_running 1
kueue_pending_workloads 1
gha_running_jobs 1
nodejs_eventloop_lag_seconds 1
upstream_requests_total 1
commonground_requests_in_flight 1
"""
BINS = [*(f"{index}.5" for index in range(MOST_BINS - 2)), "+Inf", "missing"]
VARIABLES = [f"{index:03}".ljust(LONGEST_NAME, "x") for index in range(MOST_VARIABLES)]
LARGEST = "".join(
    f'{metric}{{model="churn",model_version="7",baseline="b1",kind="feature",variable="{variable}",bin="{one}"}} 0\n'
    for metric in (VALUES.name, BASELINE_RATIO.name)
    for variable in VARIABLES
    for one in BINS
)
CADVISOR = """\
container_memory_working_set_bytes{namespace="shop-jobs",pod="train-1",container="train"} 1
container_memory_working_set_bytes{namespace="kube-system",pod="coredns-1",container="coredns"} 2
container_memory_working_set_bytes{id="/kubepods.slice"} 3
container_tasks_state{namespace="shop",pod="web-1",container="web",state="running"} 4
machine_cpu_cores 4
"""
STATE = """\
kube_pod_status_phase{namespace="payments",pod="pay-1",phase="Running",node="node-9"} 1
kube_pod_status_phase{namespace="monitoring",pod="grafana-1",phase="Running"} 1
kube_pod_tolerations{namespace="payments",pod="pay-1"} 1
kube_configmap_info{namespace="payments",configmap="rules"} 1
kube_secret_info{namespace="payments",secret="key"} 1
kube_node_info{node="node-1"} 1
"""
DCGM = """\
DCGM_FI_DEV_GPU_UTIL{gpu="0",Hostname="node-1",namespace="shop",pod="churn-1",container="churn"} 97
DCGM_FI_DEV_GPU_UTIL{gpu="1",Hostname="node-1",namespace="",pod="",container=""} 0
"""
NODE_EXPORTER = 'node_load1 1\nnode_arp_entries{device="eth0"} 1\n'
API = (
    'apiserver_request_total{verb="GET"} 1\napiserver_request_duration_seconds_bucket{le="1"} 1\n'
    'apiserver_request_sli_duration_seconds_bucket{le="1"} 1\napiserver_request_duration_seconds_sum 1\n'
)
SCHEDULER = 'scheduler_pending_pods{queue="active"} 2\nkube_pod_resource_request{pod="a"} 1\n'
CONTROLLERS = 'workqueue_depth{name="job"} 1\nworkqueue_queue_duration_seconds_bucket{name="job",le="1"} 1\n'
KUBELET = "kubelet_running_pods 3\nstorage_operation_duration_seconds_bucket 1\n"

PAGES = {
    "/metrics": PODS,
    "/own": PODS,
    "/spoof": SPOOF,
    "/pretence": PRETENCE + HONEST,
    "/largest": LARGEST,
    "/state": STATE,
    "/api/v1/nodes/node-1/proxy/metrics": KUBELET,
    "/api/v1/nodes/node-1/proxy/metrics/cadvisor": CADVISOR,
    "/apis/metrics.eks.amazonaws.com/v1/ksh/container/metrics": SCHEDULER,
    "/apis/metrics.eks.amazonaws.com/v1/kcm/container/metrics": CONTROLLERS,
}


def pods(port: int) -> list[Pod]:
    """Pods whose ports are one server's."""
    scrape = {"prometheus.io/scrape": "true", "prometheus.io/port": str(port)}
    web = {APP: "web", VERSION: "v1.4.0"}
    return [
        Pod("web-1", "shop", [Port(port, "http"), Port(9999, "admin")], web, scrape),
        Pod("both-1", "shop", [Port(port, "metrics"), Port(9999, "http")], {APP: "both"}, {**scrape, "prometheus.io/path": "/own"}),
        Pod("named-1", "shop-jobs", [Port(port, "metrics"), Port(9999, "http")], {APP: "named"}),
        Pod("sidecar-1", "shop", [Port(port, "metrics", init=True), Port(None)], {APP: "sidecar"}),
        Pod("spoof-1", "shop", [Port(port, "http")], {APP: "spoof"}, {**scrape, "prometheus.io/path": "/spoof"}),
        Pod("pretends-1", "shop", [Port(port, "http")], {APP: "pretends"}, {**scrape, "prometheus.io/path": "/pretence"}),
        Pod("largest-1", "shop", [Port(port, "http")], {APP: "largest"}, {**scrape, "prometheus.io/path": "/largest"}),
        Pod("silent-1", "shop", [Port(port, "http")], {APP: "silent"}),
        Pod("refuses-1", "shop", [Port(port, "metrics")], {APP: "refuses"}, {"prometheus.io/scrape": "false"}),
        Pod("nowhere-1", "shop", [Port(port, "http")], {APP: "nowhere"}, {"prometheus.io/scrape": "true"}),
        Pod("done-1", "shop", [Port(port, "metrics")], {APP: "done"}, phase="Succeeded"),
        Pod("waits-1", "shop", [Port(port, "metrics")], {APP: "waits"}, phase="Pending"),
        Pod("agent-1", "kube-system", [Port(port, "metrics")], {APP: "agent"}),
        Pod("https-1", "payments", [Port(port, "http")], {APP: "https"}, {**scrape, "prometheus.io/scheme": "https"}),
        # Somebody who says that it is what speaks of others.
        Pod("liar-1", "shop", [Port(8080, "http")], {APP: "kube-state-metrics"}),
        Pod("state-1", "kube-state-metrics", [Port(8080, "http"), Port(8081, "metrics")], {APP: "kube-state-metrics"}),
        Pod("node-1", "prometheus-node-exporter", [Port(9100, "metrics")], {APP: "prometheus-node-exporter"}),
        Pod("dcgm-1", "accelerators", [Port(9400, "metrics")], {APP: "dcgm-exporter"}, {"prometheus.io/scrape": "true", "prometheus.io/port": "9400"}),
    ]


@dataclass
class Scraped:
    """What a Prometheus found with the configuration."""

    server: Prometheus

    def targets(self, job: str) -> dict[str, dict[str, str]]:
        """Labels of a job's targets, by the address that is asked."""
        active = self.server.get("/api/v1/targets", state="active")["activeTargets"]
        found = [one for one in active if one["scrapePool"] == job]
        assert len({one["scrapeUrl"] for one in found}) == len(found) or job == "pods"
        return {one["labels"].get("pod", one["scrapeUrl"]): {**one["labels"], "url": one["scrapeUrl"]} for one in found}

    def count(self, job: str) -> int:
        return len([one for one in self.server.get("/api/v1/targets", state="active")["activeTargets"] if one["scrapePool"] == job])

    def series(self, expression: str) -> list[dict[str, str]]:
        """Labels of what an expression finds, once it finds something."""
        return [dict(one.labels) for one in wait_for(expression, lambda: self.server.query(expression))]


@pytest.fixture(scope="module")
def scraped() -> Iterator[Scraped]:
    """Every job, with ports that charts fix moved to where somebody listens: discovery's labels, by which jobs choose, keep them."""
    with ExitStack() as running:
        pages = (PAGES, {"/metrics": STATE}, {"/metrics": NODE_EXPORTER}, {"/metrics": DCGM}, {**PAGES, "/metrics": API})
        port, state, exporter, gpus, api = (running.enter_context(exposed(one)) for one in pages)
        found = [one for pod in pods(port) for one in pod.found()]
        moved = {
            ("kube-state-metrics", "127.0.0.1:8080"): state,
            ("prometheus-node-exporter", "127.0.0.1:9100"): exporter,
            ("accelerators", "127.0.0.1:9400"): gpus,
        }
        places = [(one["__meta_kubernetes_namespace"], one["__address__"]) for one in found]
        found = [{**one, "__address__": f"127.0.0.1:{moved[place]}"} if place in moved else one for one, place in zip(found, places, strict=True)]
        roles = {"pod": found, "node": [node("node-1")], "endpoints": [api_server(f"127.0.0.1:{api}"), api_server(f"localhost:{api}")]}
        with prometheus(replaced(configuration(metrics_settings()), roles, api=f"127.0.0.1:{api}")) as server:
            wait_for("all targets asked once", lambda: _all_asked(server))
            yield Scraped(server)


def _all_asked(server: Prometheus) -> bool:
    active = server.get("/api/v1/targets", state="active")["activeTargets"]
    return bool(active) and all(one["health"] != "unknown" for one in active)


@needs_prometheus
def test_pods_are_scraped_by_annotation_or_by_a_port_named_metrics_and_only_while_they_run(scraped: Scraped) -> None:
    assert set(scraped.targets("pods")) == {"web-1", "both-1", "named-1", "spoof-1", "pretends-1", "largest-1", "agent-1", "https-1"}


@needs_prometheus
def test_a_pod_that_says_it_twice_is_scraped_once_and_where_its_annotation_says(scraped: Scraped) -> None:
    assert scraped.count("pods") == len(scraped.targets("pods"))
    assert scraped.targets("pods")["both-1"]["url"].endswith("/own")
    assert scraped.targets("pods")["https-1"]["url"].startswith("https://")


@needs_prometheus
def test_a_series_of_a_pod_says_whose_it_is(scraped: Scraped) -> None:
    (web,) = scraped.series('requests_total{service="web"}')
    assert {key: web[key] for key in ("job", "team", "namespace", "service", "version", "pod", "node")} == {
        "job": "pods",
        "team": "shop",
        "namespace": "shop",
        "service": "web",
        "version": "v1.4.0",
        "pod": "web-1",
        "node": "node-1",
    }
    teams = {name: labels["team"] for name, labels in scraped.targets("pods").items()}
    assert {name: teams[name] for name in ("web-1", "named-1", "agent-1", "https-1")} == {
        "web-1": "shop",
        "named-1": "shop",
        "agent-1": "platform",
        "https-1": "payments",
    }


@needs_prometheus
def test_no_pod_speaks_for_another_team_whatever_labels_it_exposes(scraped: Scraped) -> None:
    (spoof,) = scraped.series('requests_total{pod="spoof-1"}')
    assert (spoof["team"], spoof["namespace"], spoof["service"]) == ("shop", "shop", "spoof")
    assert not scraped.server.query('requests_total{team="payments"}')


@needs_prometheus
def test_a_pod_that_calls_itself_an_exporter_is_not_believed(scraped: Scraped) -> None:
    assert scraped.count("kube-state-metrics") == 1


@needs_prometheus
def test_no_pod_says_what_only_the_cluster_and_the_rules_say(scraped: Scraped) -> None:
    """Or anybody could page the platform, and silence others."""
    kept = {one["__name__"] for one in scraped.series('{pod="pretends-1"}')}
    written = {"up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added"}
    assert kept == {line.split()[0] for line in HONEST.splitlines()} | written
    assert scraped.server.value('up{pod="pretends-1"}') == 1
    assert scraped.server.value('scrape_samples_post_metric_relabeling{pod="pretends-1"}') == len(HONEST.splitlines())


@needs_prometheus
def test_the_largest_model_of_the_contract_is_scraped(scraped: Scraped) -> None:
    wait_for("the largest model", lambda: scraped.server.value('up{pod="largest-1"}') == 1)
    assert scraped.server.value(f'count({VALUES.name}{{service="largest"}})') == MOST_VARIABLES * MOST_BINS


@needs_prometheus
def test_what_prometheus_client_writes_beside_each_counter_is_not_kept(scraped: Scraped) -> None:
    assert scraped.series("requests_total")
    assert not scraped.server.query("commonground_requests_created")


@needs_prometheus
def test_containers_belong_to_their_namespaces_team_and_slices_are_not_kept(scraped: Scraped) -> None:
    found = {one["pod"]: one for one in scraped.series("container_memory_working_set_bytes")}
    assert {pod: one["team"] for pod, one in found.items()} == {"train-1": "shop", "coredns-1": "platform"}
    assert found["train-1"]["node"] == found["train-1"]["instance"] == "node-1"
    assert (found["train-1"]["pool"], found["train-1"]["capacity"]) == ("gpu", "SPOT")
    assert not scraped.server.query("container_tasks_state")
    assert "team" not in scraped.series("machine_cpu_cores")[0]


@needs_prometheus
def test_kubernetes_state_speaks_of_others_and_each_belongs_to_its_team(scraped: Scraped) -> None:
    found = {one["pod"]: one for one in scraped.series("kube_pod_status_phase")}
    assert (found["pay-1"]["team"], found["pay-1"]["namespace"], found["pay-1"]["node"]) == ("payments", "payments", "node-9")
    assert found["grafana-1"]["team"] == "platform"
    assert "team" not in scraped.series("kube_node_info")[0]
    for name in ("kube_pod_tolerations", "kube_configmap_info", "kube_secret_info"):
        assert not scraped.server.query(name)


@needs_prometheus
def test_a_gpu_belongs_to_the_team_that_holds_it_or_to_the_platform(scraped: Scraped) -> None:
    held, free = sorted(scraped.series("DCGM_FI_DEV_GPU_UTIL"), key=lambda one: one["gpu"])
    assert (held["team"], held["namespace"], held["pod"], held["node"], held["gpu_product"]) == ("shop", "shop", "churn-1", "node-1", "l4")
    assert free["team"] == "platform"
    assert not {"namespace", "pod"} & set(free)


@needs_prometheus
@pytest.mark.parametrize(("job", "series"), [("kubelet", "kubelet_running_pods"), ("node-exporter", "node_load1")])
def test_a_nodes_series_say_which_node_it_is_and_of_what_kind(scraped: Scraped, job: str, series: str) -> None:
    (found,) = scraped.series(series)
    labels = {key: value for key, value in found.items() if key != "__name__"}
    of_node = {"node": "node-1", "instance": "node-1", "pool": "gpu", "instance_type": "g6.xlarge", "capacity": "SPOT", "zone": "eu-central-1a"}
    assert labels == {"job": job, "gpu_product": "l4", **of_node}


@needs_prometheus
def test_what_each_api_server_answers_for_one_leader_is_counted_once(scraped: Scraped) -> None:
    assert scraped.count("apiserver") == 2
    assert scraped.count("kube-scheduler") == scraped.count("kube-controller-manager") == 1
    assert scraped.series("scheduler_pending_pods") and scraped.series("workqueue_depth")
    assert not scraped.server.query("kube_pod_resource_request")


@needs_prometheus
def test_histograms_that_nobody_reads_are_not_kept_and_their_sums_are(scraped: Scraped) -> None:
    assert len(scraped.series("apiserver_request_sli_duration_seconds_bucket")) == len(scraped.series("apiserver_request_duration_seconds_sum")) == 2
    for name in ("apiserver_request_duration_seconds_bucket", "storage_operation_duration_seconds_bucket", "node_arp_entries"):
        assert not scraped.server.query(name)


@needs_promtool
def test_promtool_takes_the_configuration(tmp_path: Path) -> None:
    """Apart from discovery, which Debian's promtool does not know, and the token, which is the collector's."""
    (tmp_path / "prometheus.yml").write_text(replaced(configuration(metrics_settings()), {}, api="127.0.0.1:443", seconds=30))
    told = subprocess.run(["promtool", "check", "config", "prometheus.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("seconds", [30, 60])
def test_the_managed_collector_would_take_it(seconds: int) -> None:
    """Its limits: user guide, "Using an AWS managed collector"."""
    data: dict[str, Any] = YAML(typ="safe").load(configuration(metrics_settings(scrape_seconds=seconds)))
    assert set(data) == {"global", "scrape_configs"}
    assert data["global"]["scrape_interval"] == f"{seconds}s"
    token = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    for job in data["scrape_configs"]:
        assert job.get("authorization", {"credentials_file": token}) == {"credentials_file": token}
        assert not {"tls_config", "basic_auth", "oauth2", "proxy_url", "scrape_interval"} & set(job)
        (discovery,) = job["kubernetes_sd_configs"]
        assert set(discovery) <= {"role", "namespaces", "attach_metadata"}
        addresses = {rule["replacement"] for rule in job["relabel_configs"] if rule.get("target_label") == "__address__"}
        assert addresses <= {"kubernetes.default.svc:443", "$1:$2"}


# Whose names belong to pods: the contract's, Feast's, and those of the controllers and servers that dashboards show.
OF_PODS = ("commonground_", "feast_", "gha_", "kueue_", "gitlab_runner_", "default_jenkins_")


@cache
def jobs() -> dict[str, dict[str, Any]]:
    data: dict[str, Any] = YAML(typ="safe").load(configuration(metrics_settings()))
    return {job["job_name"]: job for job in data["scrape_configs"]}


def is_dropped(job: str, name: str) -> bool:
    steps = jobs()[job].get("metric_relabel_configs", ())
    return any(step.get("action") == "drop" and step["source_labels"] == ["__name__"] and re.fullmatch(step["regex"], name) for step in steps)


@cache
def read() -> set[str]:
    """Names of all series that rules and dashboards read, but for those whose job they name: a pod's is `pods`, whatever it says."""
    settings = metrics_settings()
    rules = [rule.expr for groups in NAMESPACES.values() for group in groups(settings) for rule in group.rules]
    shown = [asked.expr for name, text in dashboards.files(settings).items() for asked in queries(name, json.loads(text))]
    # A panel's variables are no PromQL, and a subquery's step is no name.
    exprs = [*rules, *(VARIABLE.sub("1m", expr) for expr in shown)]
    return {expr[start:end] for expr in exprs for start, end in promql.names(expr) if not expr[end:].startswith('{job="')} - {":10m"}


def test_nothing_that_a_rule_or_a_dashboard_reads_is_dropped() -> None:
    names = read()
    assert {"kube_node_status_condition", "apiserver_request_total", "node_filesystem_avail_bytes", "DCGM_FI_DEV_GPU_UTIL", "gha_running_jobs"} <= names
    assert not {(job, name) for job in set(jobs()) - {"pods"} for name in names if is_dropped(job, name)}
    assert not {name for name in names if name.startswith(OF_PODS) and is_dropped("pods", name)}
    assert not {one.name for one in METRICS if is_dropped("pods", one.name)}


def test_whatever_rules_and_dashboards_read_of_the_cluster_no_pod_can_say() -> None:
    assert not {name for name in read() if not name.startswith(OF_PODS) and not is_dropped("pods", name)}


@pytest.mark.parametrize(
    ("job", "name"),
    [
        ("kube-state-metrics", "kube_configmap_info"),
        ("kube-state-metrics", "kube_secret_labels"),
        ("kube-state-metrics", "kube_lease_owner"),
        ("kube-state-metrics", "kube_replicaset_created"),
        ("cadvisor", "container_network_tcp_usage_total"),
        ("cadvisor", "container_fs_io_time_seconds_total"),
        ("kubelet", "kubelet_runtime_operations_duration_seconds_bucket"),
        ("apiserver", "etcd_request_duration_seconds_bucket"),
        ("kube-scheduler", "scheduler_plugin_execution_duration_seconds_bucket"),
        ("node-exporter", "node_softnet_dropped_total"),
    ],
)
def test_what_is_expensive_and_read_by_nobody_is_not_kept(job: str, name: str) -> None:
    assert is_dropped(job, name)
    assert name not in read()


def test_a_pod_may_have_two_versions_of_the_largest_model_and_its_team_is_warned_before_it_has_too_much() -> None:
    """While a version is rolled out, one server has both. Series of each: docs/metrics-contract.md, "How many series"."""
    model = 2 * MOST_VARIABLES * MOST_BINS + MOST_VARIABLES + 2 * MOST_SCORES + 5
    codes = 10
    service = (MOST_ROUTES + 1) * (codes + len(LATENCY_BUCKETS) + 3) + 3
    assert model < monitoring.MOST_SAMPLES < 2 * model + service <= jobs()["pods"]["sample_limit"]


@pytest.mark.parametrize("job", jobs())
def test_every_job_has_a_bound_and_lets_the_longest_names_through(job: str) -> None:
    """A control group's path, as cAdvisor tells it, has some 250 characters."""
    made = jobs()[job]
    assert 20_000 <= made["sample_limit"] <= 500_000
    assert made["label_value_length_limit"] >= max(LONGEST_NAME, 512)
    assert (made["label_limit"] >= 30, made["label_name_length_limit"] >= 64) == (True, True)


@pytest.mark.parametrize("seconds", [30, 60])
def test_a_target_has_at_least_as_long_as_prometheus_gives_it_and_is_not_asked_twice_at_once(seconds: int) -> None:
    """Prometheus docs, "Configuration": `scrape_timeout` is 10s where nobody says it, and at most the interval."""
    data: dict[str, Any] = YAML(typ="safe").load(configuration(metrics_settings(scrape_seconds=seconds)))
    assert 10 <= int(data["global"]["scrape_timeout"].removesuffix("s")) < seconds
