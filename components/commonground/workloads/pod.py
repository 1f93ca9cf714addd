"""The pod of a workload: where it may run, as whom, with what, and how its health is known. It keeps to the pod security level `restricted`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta

from commonground.pools import PURPOSE_LABEL
from commonground.settings.base import PoolPurpose
from commonground.workloads.gpus import claimed, counted, place
from commonground.workloads.settings import GpuRequest, ProbeSettings, WorkloadSettings

NAME_LABEL = "app.kubernetes.io/name"
COMPONENT_LABEL = "app.kubernetes.io/component"
PART_OF_LABEL = "app.kubernetes.io/part-of"
VERSION_LABEL = "app.kubernetes.io/version"
LONGEST_LABEL = 63
DIGEST_DIGITS = 12

PORT = "http"
METRICS_PORT = "metrics"
SCRATCH = "tmp"
SPREAD_OVER = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")

CPU_BURST = 2
"""CPU limit over CPU request. Both are stated: the default limit of a namespace could be less than the request, and the pod refused."""
LOGS_MIB = 64
"""Ephemeral storage beside `/tmp`: the container's log files, which the kubelet turns over at 10 MiB each, five of them."""
DRAIN_SECONDS = 5
"""Between the wish to stop a pod and the signal to its process: those that still send it requests hear of it (Kubernetes, "Pod Lifecycle")."""

STARTUP_PERIOD_SECONDS = 5


class RepeatedVariableError(ValueError):
    """An environment variable has two values."""

    def __init__(self, workload: str, names: Sequence[str]) -> None:
        super().__init__(f"workload {workload!r}: expected each environment variable once, found twice: {', '.join(names)}")
        self.workload = workload
        self.names = list(names)


@dataclass(frozen=True)
class Pod:
    """What a pod's template is made of beside its workload's settings."""

    workload: str
    """Name of the workload, and of its container."""
    labels: Mapping[str, str]
    image: pulumi.Input[str]
    """Full name, with its digest or tag."""
    service_account: pulumi.Input[str]
    gpu: GpuRequest | None = None
    claim_template: pulumi.Input[str] | None = None
    """Name of what its claim of GPUs is made of, where GPUs are claimed."""
    deployed_env: Mapping[str, pulumi.Input[str]] | None = None
    """Environment variables whose values the deployment knows."""


def template(pod: Pod, settings: WorkloadSettings, *, selector: Mapping[str, str]) -> core.PodTemplateSpecArgsDict:
    """A pod template. Raises `RepeatedVariableError`."""
    return {"metadata": {"labels": dict(pod.labels), "annotations": scraped(settings)}, "spec": _spec(pod, settings, selector)}


def scraped(settings: WorkloadSettings) -> dict[str, str]:
    """Annotations by which the metrics collector finds a pod; none where it says nothing."""
    if settings.metrics_path is None:
        return {}
    port = settings.metrics_port or settings.port
    return {"prometheus.io/scrape": "true", "prometheus.io/port": str(port), "prometheus.io/path": settings.metrics_path}


def version_of(image: str) -> str:
    """Which version an image is, as a label can say it: its tag, or the first digits of its digest. Example: `v1.4.0`."""
    if ":" in image:
        return image.split(":")[1][:DIGEST_DIGITS]
    return image[:LONGEST_LABEL].strip("._-") or "none"


def _spec(pod: Pod, settings: WorkloadSettings, selector: Mapping[str, str]) -> core.PodSpecArgsDict:
    spec: core.PodSpecArgsDict = {
        "service_account_name": pod.service_account,
        # Pod identity brings a token of its own; of the Kubernetes API a workload knows nothing.
        "automount_service_account_token": False,
        "enable_service_links": False,
        "priority_class_name": settings.priority.value,
        "termination_grace_period_seconds": settings.grace_seconds,
        "security_context": {
            "run_as_non_root": True,
            "run_as_user": settings.run_as_user,
            "run_as_group": settings.run_as_user,
            "fs_group": settings.run_as_user,
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
        "node_selector": {PURPOSE_LABEL: (PoolPurpose.GPU if pod.gpu else PoolPurpose.GENERAL).value},
        "topology_spread_constraints": [_spread(key, selector) for key in SPREAD_OVER],
        "containers": [_container(pod, settings)],
        "volumes": [{"name": SCRATCH, "empty_dir": {"size_limit": f"{settings.scratch_mib}Mi"}}],
    }
    if pod.gpu:
        place(spec, pod.gpu, pod.claim_template)
    return spec


def _spread(key: str, selector: Mapping[str, str]) -> core.TopologySpreadConstraintArgsDict:
    """A wish: a pod that runs beside another is better than one that waits. Old and new pods of an update are counted apart."""
    labels: meta.LabelSelectorArgsDict = {"match_labels": dict(selector)}
    return {
        "topology_key": key,
        "max_skew": 1,
        "when_unsatisfiable": "ScheduleAnyway",
        "label_selector": labels,
        "match_label_keys": ["pod-template-hash"],
    }


def _container(pod: Pod, settings: WorkloadSettings) -> core.ContainerArgsDict:
    return {
        "name": pod.workload,
        "image": pod.image,
        "image_pull_policy": "IfNotPresent",
        "ports": _ports(settings),
        "env": _env(pod, settings),
        "resources": _resources(pod.gpu, settings),
        "startup_probe": _probe(settings.probes.startup, period=STARTUP_PERIOD_SECONDS, failures=_attempts(settings.probes)),
        "readiness_probe": _probe(settings.probes.ready, period=5, failures=3),
        "liveness_probe": _probe(settings.probes.live, period=10, failures=3),
        "lifecycle": {"pre_stop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        "security_context": {
            "allow_privilege_escalation": False,
            "read_only_root_filesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volume_mounts": [{"name": SCRATCH, "mount_path": "/tmp"}],  # noqa: S108  # the container's own
    }


def _ports(settings: WorkloadSettings) -> list[core.ContainerPortArgsDict]:
    ports: list[core.ContainerPortArgsDict] = [{"name": PORT, "container_port": settings.port, "protocol": "TCP"}]
    if settings.metrics_port not in (None, settings.port):
        ports.append({"name": METRICS_PORT, "container_port": settings.metrics_port, "protocol": "TCP"})
    return ports


def _env(pod: Pod, settings: WorkloadSettings) -> list[core.EnvVarArgsDict]:
    """By name, so that the order in which somebody wrote them is no change."""
    deployed = pod.deployed_env or {}
    twice = sorted(set(settings.env) & set(deployed))
    if twice:
        raise RepeatedVariableError(pod.workload, twice)
    values: dict[str, pulumi.Input[str]] = {**settings.env, **deployed}
    return [{"name": name, "value": values[name]} for name in sorted(values)]


def _resources(gpu: GpuRequest | None, settings: WorkloadSettings) -> core.ResourceRequirementsArgsDict:
    """GPUs and memory are never lent: request and limit are one."""
    same = {"memory": f"{settings.memory_mib}Mi", "ephemeral-storage": f"{settings.scratch_mib + LOGS_MIB}Mi", **counted(gpu)}
    resources: core.ResourceRequirementsArgsDict = {
        "requests": {"cpu": f"{settings.cpu_millicores}m", **same},
        "limits": {"cpu": f"{settings.cpu_millicores * CPU_BURST}m", **same},
    }
    claims = claimed(gpu)
    if claims:
        resources["claims"] = claims
    return resources


def _attempts(probes: ProbeSettings) -> int:
    return -(-probes.startup_seconds // STARTUP_PERIOD_SECONDS)


def _probe(path: str, *, period: int, failures: int) -> core.ProbeArgsDict:
    return {"http_get": {"path": path, "port": PORT}, "period_seconds": period, "timeout_seconds": 2, "failure_threshold": failures}
