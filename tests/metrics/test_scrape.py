"""What is scraped, and which labels a series gets: by real Prometheus' relabelling."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from commonground.metrics.rules.namespaces import NAMESPACES
from commonground.metrics.scrape import SAMPLES, configuration
from tests.metrics.discovered import Pod, Port, api_server, exposed, node, replaced
from tests.metrics.factory import metrics_settings
from tests.metrics.prometheus import Prometheus, needs_prometheus, prometheus, wait_for
from tests.metrics.promtool import needs_promtool

APP = "app.kubernetes.io/name"
VERSION = "app.kubernetes.io/version"

PODS = "# TYPE requests_total counter\nrequests_total 1\ncommonground_requests_created 1\n"
SPOOF = 'requests_total{team="payments",namespace="payments",service="pay",pod="pay-1",version="9"} 1\n'
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
    assert set(scraped.targets("pods")) == {"web-1", "both-1", "named-1", "spoof-1", "agent-1", "https-1"}


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
    assert teams == {"web-1": "shop", "both-1": "shop", "spoof-1": "shop", "named-1": "shop", "agent-1": "platform", "https-1": "payments"}


@needs_prometheus
def test_no_pod_speaks_for_another_team_whatever_labels_it_exposes(scraped: Scraped) -> None:
    (spoof,) = scraped.series('requests_total{pod="spoof-1"}')
    assert (spoof["team"], spoof["namespace"], spoof["service"]) == ("shop", "shop", "spoof")
    assert not scraped.server.query('requests_total{team="payments"}')


@needs_prometheus
def test_a_pod_that_calls_itself_an_exporter_is_not_believed(scraped: Scraped) -> None:
    assert scraped.count("kube-state-metrics") == 1


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
    assert not scraped.server.query("kube_pod_tolerations")


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


def test_nothing_that_a_rule_reads_is_dropped() -> None:
    """By name, whatever job it is of."""
    rules = [rule for groups in NAMESPACES.values() for group in groups(metrics_settings()) for rule in group.rules]
    read = {name for rule in rules for name in re.findall(r"[a-zA-Z_][a-zA-Z0-9_]*", rule.expr)}
    assert {"kube_node_status_condition", "apiserver_request_total", "node_filesystem_avail_bytes"} <= read
    data: dict[str, Any] = YAML(typ="safe").load(configuration(metrics_settings()))
    steps = [step for job in data["scrape_configs"] for step in job.get("metric_relabel_configs", ())]
    drops = [step["regex"] for step in steps if step.get("action") == "drop" and step["source_labels"] == ["__name__"]]
    assert len(drops) == 8
    assert not {name for name in read if any(re.fullmatch(regex, name) for regex in drops)}


def test_every_job_has_a_bound_of_samples() -> None:
    data: dict[str, Any] = YAML(typ="safe").load(configuration(metrics_settings()))
    assert {job["job_name"]: job["sample_limit"] for job in data["scrape_configs"]} == dict(SAMPLES)
