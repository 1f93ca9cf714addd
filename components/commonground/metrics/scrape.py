"""The scrape configuration: what is scraped, how, and which labels a series gets. Text for the managed collector, and for any other Prometheus.

What a managed collector takes: no interval under 30 seconds, no TLS configuration, one file with a token, and no host name but that of the API server.
So kubelets are reached through it. Source: Amazon Managed Service for Prometheus user guide, "Using an AWS managed collector", scraper configuration.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from commonground import dcgm
from commonground.gpus import PRODUCT_LABEL
from commonground.metrics import drops
from commonground.metrics.yamltext import written
from commonground.pools import POOL_LABEL
from commonground.settings.metrics import PLATFORM, MetricsSettings

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 (a path, not a secret)
API_SERVER = "kubernetes.default.svc:443"
TIMEOUT_SECONDS = 20
"""For the largest targets, kube-state-metrics and API servers: twice of what Prometheus gives by default, and less than any interval."""

STATE_NAMESPACE, STATE, STATE_PORT = "kube-state-metrics", "kube-state-metrics", 8080
NODE_NAMESPACE, NODE, NODE_PORT = "prometheus-node-exporter", "prometheus-node-exporter", 9100
"""Namespaces of the two EKS community add-ons (EKS user guide, "Community add-ons"); names and ports are their charts'."""
DCGM_NAMESPACE = "accelerators"

METRICS_PORT = "metrics"
"""Name of a container's port that is scraped without an annotation."""

# Label -> the node's own, as Kubernetes and EKS name it.
NODE_LABELS: Mapping[str, str] = {
    "pool": POOL_LABEL,
    "instance_type": "node.kubernetes.io/instance-type",
    "capacity": "eks.amazonaws.com/capacityType",
    "zone": "topology.kubernetes.io/zone",
    "gpu_product": PRODUCT_LABEL,
}

# Samples that a target gives at most, after what is dropped: a target beyond it fails as a whole, and is seen by its `up`.
SAMPLES: Mapping[str, int] = {
    "apiserver": 100_000,
    "kube-scheduler": 50_000,
    "kube-controller-manager": 20_000,
    "kubelet": 20_000,
    "cadvisor": 50_000,
    "kube-state-metrics": 500_000,
    "node-exporter": 20_000,
    "dcgm": 20_000,
    # The largest model of the contract has some 8,300 series: two versions of it fit, and the service that serves them.
    "pods": 20_000,
}
MOST_LABELS, LONGEST_NAME, LONGEST_VALUE = 40, 128, 1024

Rule = dict[str, Any]
"""One step of a `relabel_configs` or `metric_relabel_configs` (Prometheus docs, "Configuration", relabel_config)."""


@dataclass(frozen=True)
class Job:
    """One job: what it finds, and what it makes of it."""

    name: str
    role: str
    """Kubernetes service discovery's: `endpoints`, `node` or `pod`."""
    relabel: Sequence[Rule]
    drop: Sequence[Rule] = ()
    """Steps for samples: what is dropped, and the team of those that name a namespace."""
    namespaces: Sequence[str] = ()
    """Where it looks; none: everywhere."""
    path: str = "/metrics"
    of_the_api: bool = False
    """Whether the API server answers, with TLS and a token."""
    own_labels_win: bool = False
    """Prometheus' `honor_labels`: for exporters that speak of others."""
    with_node: bool = False
    """Whether pods know the labels of their node."""

    def data(self) -> dict[str, Any]:
        """As the configuration has it."""
        discovery: dict[str, Any] = {"role": self.role}
        if self.namespaces:
            discovery["namespaces"] = {"names": list(self.namespaces)}
        if self.with_node:
            discovery["attach_metadata"] = {"node": True}
        return {
            "job_name": self.name,
            **({"honor_labels": True} if self.own_labels_win else {}),
            "metrics_path": self.path,
            **({"scheme": "https", "authorization": {"credentials_file": TOKEN}} if self.of_the_api else {}),
            "sample_limit": SAMPLES[self.name],
            "label_limit": MOST_LABELS,
            "label_name_length_limit": LONGEST_NAME,
            "label_value_length_limit": LONGEST_VALUE,
            "kubernetes_sd_configs": [discovery],
            "relabel_configs": list(self.relabel),
            **({"metric_relabel_configs": list(self.drop)} if self.drop else {}),
        }


def configuration(settings: MetricsSettings) -> str:
    """The scrape configuration of an environment."""
    interval = {"scrape_interval": f"{settings.scrape_seconds}s", "scrape_timeout": f"{TIMEOUT_SECONDS}s"}
    return written({"global": interval, "scrape_configs": [job.data() for job in jobs(settings.teams)]})


def jobs(teams: Mapping[str, Sequence[str]]) -> Sequence[Job]:
    """All jobs, for teams and their namespaces."""
    return (
        Job("apiserver", "endpoints", [_API_ENDPOINTS], [drops.APISERVER], namespaces=["default"], of_the_api=True),
        _control_plane("kube-scheduler", "ksh", drops.SCHEDULER),
        _control_plane("kube-controller-manager", "kcm", drops.CONTROLLER_MANAGER),
        _node_job("kubelet", "metrics", [drops.KUBELET]),
        _node_job("cadvisor", "metrics/cadvisor", [drops.CADVISOR, drops.SLICES, *_team(teams, "namespace")]),
        _state(teams),
        _node_exporter(),
        _dcgm(teams),
        _pods(teams),
    )


def set_to(label: str, value: str) -> Rule:
    """A label gets a value."""
    return {"target_label": label, "replacement": value}


def copied(label: str, *sources: str, regex: str = "(.+)", value: str = "$1") -> Rule:
    """A label gets what the sources hold, joined by `;`, where all of it matches."""
    return {"source_labels": list(sources), "regex": regex, "target_label": label, "replacement": value}


def kept(*sources: str, regex: str) -> Rule:
    """What does not match goes."""
    return {"source_labels": list(sources), "regex": regex, "action": "keep"}


def dropped(*sources: str, regex: str) -> Rule:
    """What matches goes."""
    return {"source_labels": list(sources), "regex": regex, "action": "drop"}


_META = "__meta_kubernetes_"
_POD_NAMESPACE, _POD_NAME, _POD_NODE = f"{_META}namespace", f"{_META}pod_name", f"{_META}pod_node_name"
_APP = f"{_META}pod_label_app_kubernetes_io_name"
_PORT_NUMBER = f"{_META}pod_container_port_number"
_API_ENDPOINTS = kept(_POD_NAMESPACE, f"{_META}service_name", f"{_META}endpoint_port_name", regex="default;kubernetes;https")
_RUNNING = kept(f"{_META}pod_phase", regex="Running")


def _control_plane(name: str, component: str, drop: Rule) -> Job:
    """Every API server answers for the one that leads: as one target, so that nothing counts twice.

    Source: EKS user guide, "Fetch control plane raw metrics in Prometheus format".
    """
    path = f"/apis/metrics.eks.amazonaws.com/v1/{component}/container/metrics"
    return Job(name, "endpoints", [_API_ENDPOINTS, set_to("__address__", API_SERVER)], [drop], namespaces=["default"], path=path, of_the_api=True)


def _node_job(name: str, path: str, drop: Sequence[Rule]) -> Job:
    """Through the API server, whose certificate the collector knows; a kubelet's it does not."""
    node = f"{_META}node_name"
    relabel = [
        copied("__metrics_path__", node, value=f"/api/v1/nodes/$1/proxy/{path}"),
        set_to("__address__", API_SERVER),
        *_node_labels(node, f"{_META}node_label_"),
    ]
    return Job(name, "node", relabel, drop, of_the_api=True)


def _node_labels(node: str, labels: str) -> Iterator[Rule]:
    yield copied("instance", node)
    yield copied("node", node)
    for label, of_node in NODE_LABELS.items():
        yield copied(label, labels + _sanitized(of_node))


def _of_pods_node() -> Iterator[Rule]:
    return _node_labels(_POD_NODE, f"{_META}node_label_")


def _state(teams: Mapping[str, Sequence[str]]) -> Job:
    """One place: what it says of a pod, a node or a team is taken for true, so nobody else may say it."""
    relabel = [_RUNNING, kept(_APP, _PORT_NUMBER, regex=f"{STATE};{STATE_PORT}")]
    drop = [drops.STATE, *_team(teams, "namespace")]
    return Job(STATE, "pod", relabel, drop, namespaces=[STATE_NAMESPACE], own_labels_win=True)


def _node_exporter() -> Job:
    relabel = [_RUNNING, kept(_APP, _PORT_NUMBER, regex=f"{NODE};{NODE_PORT}"), *_of_pods_node()]
    return Job("node-exporter", "pod", relabel, [drops.NODE], namespaces=[NODE_NAMESPACE], with_node=True)


def _dcgm(teams: Mapping[str, Sequence[str]]) -> Job:
    """Namespace and pod are those of who holds the GPU, and missing where nobody does."""
    relabel = [_RUNNING, kept(_APP, _PORT_NUMBER, regex=f"{dcgm.NAME};{dcgm.PORT}"), *_of_pods_node()]
    drop = [set_to("team", PLATFORM), *_team(teams, "namespace")]
    return Job("dcgm", "pod", relabel, drop, namespaces=[DCGM_NAMESPACE], own_labels_win=True, with_node=True)


def _pods(teams: Mapping[str, Sequence[str]]) -> Job:
    """Whoever says so: by annotations, which name the port, or by a port named `metrics`. By both: once, where the annotation says.

    An annotation makes one address of every port of a pod, and targets that are alike in all labels are one target.
    """
    annotation = f"{_META}pod_annotation_prometheus_io_"
    relabel = [
        _RUNNING,
        dropped(_POD_NAMESPACE, regex=f"{STATE_NAMESPACE}|{NODE_NAMESPACE}"),
        dropped(_POD_NAMESPACE, _APP, regex=f"{DCGM_NAMESPACE};{dcgm.NAME}"),
        dropped(f"{annotation}scrape", regex="false"),
        dropped(f"{_META}pod_container_init", regex="true"),
        kept(f"{annotation}scrape", f"{annotation}port", f"{_META}pod_container_port_name", regex=f"true;[0-9]+;.*|[^;]*;[^;]*;{METRICS_PORT}"),
        copied("__address__", f"{annotation}scrape", f"{_META}pod_ip", f"{annotation}port", regex="true;([^;]+);([0-9]+)", value="$1:$2"),
        copied("__metrics_path__", f"{annotation}path", regex="(/.*)"),
        copied("__scheme__", f"{annotation}scheme", regex="(https?)"),
        copied("namespace", _POD_NAMESPACE),
        copied("pod", _POD_NAME),
        copied("node", _POD_NODE),
        copied("service", _APP),
        copied("version", f"{_META}pod_label_app_kubernetes_io_version"),
        *_team(teams, _POD_NAMESPACE),
    ]
    return Job("pods", "pod", relabel, [drops.RESERVED, drops.CREATED])


def _team(teams: Mapping[str, Sequence[str]], namespace: str) -> Iterator[Rule]:
    """The team by the namespace, over whatever somebody wrote there; nothing where there is no namespace. Names have no character that means something."""
    yield copied("team", namespace, value=PLATFORM)
    for team, namespaces in teams.items():
        yield copied("team", namespace, regex="|".join(namespaces), value=team)


def _sanitized(label: str) -> str:
    """As service discovery writes a Kubernetes label: what Prometheus takes in no name becomes `_`."""
    return "".join(character if character.isascii() and character.isalnum() else "_" for character in label)
