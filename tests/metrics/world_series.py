"""What the synthetic environment exposes."""

import time
from collections.abc import Iterator, Mapping

from commonground import dcgm
from commonground.settings.metrics import PLATFORM
from commonground.telemetry import contract
from commonground.telemetry.contract import LATENCY_BUCKETS
from tests.metrics.world import Node, Pod, Series, World, counter, gauge

GIB = 2**30
PHASES = ("Pending", "Running", "Succeeded", "Failed", "Unknown")
# Bin -> ratio at training, and now.
VARIABLES: Mapping[tuple[str, str], Mapping[str, tuple[float, float]]] = {
    ("feature", "amount"): {"10": (0.4, 0.1), "50": (0.4, 0.3), "+Inf": (0.2, 0.5), "missing": (0, 0.1)},
    ("feature", "country"): {"de": (0.7, 0.6), "fr": (0.3, 0.3), "other": (0, 0), "unseen": (0, 0.1), "missing": (0, 0)},
    ("prediction", "score"): {"0.5": (0.9, 0.7), "+Inf": (0.1, 0.3), "missing": (0, 0)},
}
DCGM_VALUES = {"DCGM_FI_DEV_FB_USED": 12_000.0, "DCGM_FI_DEV_FB_FREE": 10_000.0, "DCGM_FI_DEV_GPU_TEMP": 61.0, "DCGM_FI_DEV_POWER_USAGE": 55.0}
DCGM_RATES = {"DCGM_FI_DEV_THERMAL_VIOLATION": 5e7, "DCGM_FI_DEV_POWER_VIOLATION": 2e8}


def exposed(world: World) -> Iterator[Series]:
    """Everything that is scraped now."""
    yield from _nodes(world)
    for pod in world.pods:
        yield from _pod(pod)
        if pod.service:
            yield from _service(pod, well=not world.more)
        if pod.model:
            yield from _model(pod)
    for node in world.nodes:
        yield from _gpus(node, [pod for pod in world.pods if pod.node == node.name and pod.gpus])
    if world.more:
        yield from _rest()
        yield from _training()
        yield from _kueue()
        yield from _github()
        yield from _gitlab_and_jenkins()


def recorded(world: World) -> Iterator[Series]:
    """What rules recorded in the last hours: a deploy, after which the service failed for a while. Or neither."""
    if not world.more:
        for pod in world.pods:
            labels = {key: value for key, value in pod.labels().items() if key in (*contract.SERVICE, "version")}
            yield Series("commonground:service_version:running", labels, lambda _: 1)
        return
    api = {"team": "shop", "namespace": "shop", "service": "api"}
    for kind, version in (("application", "1.4.0"), ("model", "2.0.0")):
        labels = {**api, "service": "api" if kind == "application" else "churn", "kind": kind, "version": version}
        yield Series("commonground:deploy:new", labels, lambda _: 1)
        yield Series("commonground:deploy_lead:seconds", labels, lambda _: 5_400)
    yield Series("commonground:service_failing:bool", api, lambda at: 1 if 6_000 < at < 9_000 else 0)


def _target(job: str, labels: Mapping[str, str], samples: int) -> Iterator[Series]:
    yield gauge("up", 1, job=job, **labels)
    yield gauge("scrape_samples_post_metric_relabeling", samples, job=job, **labels)


def _nodes(world: World) -> Iterator[Series]:
    for job in ("apiserver", "kube-scheduler", "kube-controller-manager", "kube-state-metrics"):
        yield from _target(job, {"instance": job}, 2_000)
    for node in world.nodes:
        for job in ("kubelet", "cadvisor", "node-exporter", *(("dcgm",) if node.gpus else ())):
            yield from _target(job, node.labels(), 500)
        exporter = {"job": "node-exporter", **node.labels()}
        yield counter("node_cpu_seconds_total", 0.6, mode="idle", cpu="0", **exporter)
        yield gauge("node_memory_MemAvailable_bytes", 4 * GIB, **exporter)
        yield gauge("node_memory_MemTotal_bytes", 8 * GIB, **exporter)
        disk = {"device": "/dev/nvme0n1", "fstype": "ext4", "mountpoint": "/"}
        yield gauge("node_filesystem_avail_bytes", 40 * GIB, **disk, **exporter)
        yield gauge("node_filesystem_size_bytes", 80 * GIB, **disk, **exporter)
        yield gauge("node_filesystem_readonly", 0, **disk, **exporter)
        yield gauge("kube_node_info", 1, node=node.name)
        yield gauge("kube_node_status_condition", 1, node=node.name, condition="Ready", status="true")
        resources = {"cpu": 4.0, "memory": 8.0 * GIB, **({"nvidia_com_gpu": float(node.gpus)} if node.gpus else {})}
        for resource, amount in resources.items():
            yield gauge("kube_node_status_allocatable", amount, node=node.name, resource=resource)
            yield gauge("kube_node_status_capacity", amount, node=node.name, resource=resource)


def _pod(pod: Pod) -> Iterator[Series]:
    known = {**pod.owner(), "pod": pod.name}
    yield gauge("kube_pod_info", 1, node=pod.node, **known)
    for phase in PHASES:
        yield gauge("kube_pod_status_phase", 1 if pod.phase == phase else 0, phase=phase, **known)
    resources = {"cpu": pod.cpu, "memory": 1.0 * GIB, **({"nvidia_com_gpu": float(pod.gpus)} if pod.gpus else {})}
    for resource, amount in resources.items():
        yield gauge("kube_pod_container_resource_requests", amount, container="main", resource=resource, node=pod.node, **known)
    if pod.phase == "Running":
        yield counter("kube_pod_container_status_restarts_total", 0.0005, container="main", **known)
        yield counter("container_cpu_usage_seconds_total", 0.3 * pod.cpu, container="main", node=pod.node, **known)
        yield gauge("container_memory_working_set_bytes", 0.7 * GIB, container="main", node=pod.node, **known)


def _service(pod: Pod, *, well: bool) -> Iterator[Series]:
    labels = pod.labels()
    yield from _target("pods", {"instance": pod.name, **labels}, 300)
    for route, rate in (("/orders/{id}", 8.0), ("/health", 1.0)):
        for code, share in (("200", 0.95), ("404", 0.02), ("500", 0.0 if well else 0.03)):
            yield counter(contract.REQUESTS.name, rate * share, route=route, code=code, **labels)
        for number, bound in enumerate((*map(str, LATENCY_BUCKETS), "+Inf")):
            yield counter(f"{contract.DURATION.name}_bucket", rate * (1 if well else min(1, 0.1 * (number + 1))), route=route, le=bound, **labels)
        yield counter(f"{contract.DURATION.name}_count", rate, route=route, **labels)
        yield counter(f"{contract.DURATION.name}_sum", rate * 0.2, route=route, **labels)
    yield gauge(contract.IN_FLIGHT.name, 3, **labels)
    if not well:
        yield gauge(contract.IN_FLIGHT_LIMIT.name, 8, **labels)
    yield gauge(contract.CHANGE.name, time.time() - 7_200, **labels)


def _model(pod: Pod) -> Iterator[Series]:
    labels = {**pod.labels(), "model": pod.model, "model_version": pod.version}
    yield gauge(contract.MODEL_INFO.name, 1, previous_version="1", baseline="ab12", **labels)
    yield gauge(contract.TRAINED.name, time.time() - 30 * 86_400, **labels)
    yield counter(contract.PREDICTIONS.name, 8, **labels)
    for (kind, variable), bins in VARIABLES.items():
        one = {**labels, "kind": kind, "variable": variable}
        for name, (training, now) in bins.items():
            yield counter(contract.VALUES.name, 8 * now, baseline="ab12", bin=name, **one)
            yield gauge(contract.BASELINE_RATIO.name, training, baseline="ab12", bin=name, **one)
        if "+Inf" in bins:
            yield counter(contract.OUT_OF_RANGE.name, 0.2, **one)
    yield gauge(contract.QUALITY.name, 0.81, score="auc", **labels)
    yield gauge(contract.QUALITY_BASELINE.name, 0.9, score="auc", better="higher", **labels)
    for result, rate in (("right", 4.0), ("wrong", 1.0)):
        yield counter(contract.OUTCOMES.name, rate, result=result, **labels)


def _gpus(node: Node, holders: list[Pod]) -> Iterator[Series]:
    held = [pod for pod in holders for _ in range(pod.gpus)]
    for number in range(node.gpus):
        pod = held[number] if number < len(held) else None
        holder = {**pod.owner(), "pod": pod.name, "container": "main"} if pod else {"team": PLATFORM}
        # The last GPU that is held does nothing.
        used = 0.01 if number == len(held) - 1 else 0.6
        labels = {**node.labels(), "gpu": str(number), "UUID": f"GPU-{number}", "modelName": "NVIDIA L4", "Hostname": node.name, **holder}
        for one in dcgm.COUNTERS:
            if one.type == "counter":
                yield counter(one.field, DCGM_RATES.get(one.field, 0), **labels)
            else:
                yield gauge(one.field, _dcgm_value(one.field, used, broken=number == 0), **labels)


def _dcgm_value(field: str, used: float, *, broken: bool) -> float:
    if field == "DCGM_FI_DEV_GPU_UTIL":
        return 100 * used
    if field == "DCGM_FI_DEV_XID_ERRORS":
        return 48 if broken else 0
    return used if field.startswith("DCGM_FI_PROF_") else DCGM_VALUES.get(field, 0)


def _rest() -> Iterator[Series]:
    shop = {"team": "shop", "namespace": "shop"}
    for kind, amount in (("hard", 10.0), ("used", 8.5)):
        yield gauge("kube_resourcequota", amount, resource="requests.cpu", resourcequota="team", type=kind, **shop)
    for claim in ("data", "old-data"):
        yield gauge("kube_persistentvolumeclaim_resource_requests_storage_bytes", 20 * GIB, persistentvolumeclaim=claim, **shop)
    yield gauge("kube_pod_spec_volumes_persistentvolumeclaims_info", 1, pod="api-1", volume="data", persistentvolumeclaim="data", **shop)
    jobs = {"team": "shop", "namespace": "shop-jobs"}
    now = time.time()
    for name, active, failed in (("train-churn", 1, 0), ("train-old", 0, 2)):
        yield gauge("kube_job_status_active", active, job_name=name, **jobs)
        yield gauge("kube_job_status_failed", failed, job_name=name, **jobs)
        yield gauge("kube_job_status_start_time", now - 5_000, job_name=name, **jobs)
    yield gauge("kube_job_status_completion_time", now - 1_000, job_name="train-old", **jobs)
    yield gauge("kube_job_failed", 1, job_name="train-old", condition="true", **jobs)


def _training() -> Iterator[Series]:
    labels = {"team": "shop", "namespace": "shop-jobs", "service": "trainer", "version": "2.0.0", "pod": "train-churn-1"}
    now = time.time()
    for status, ago in (("succeeded", 90_000), ("failed", 4_000)):
        yield counter(contract.TRAINING_RUNS.name, 0.001, model="churn", status=status, **labels)
        yield gauge(contract.TRAINING_ENDED.name, now - ago, model="churn", status=status, **labels)
    yield gauge(contract.TRAINING_STARTED.name, now - 600, model="churn", **labels)
    yield gauge(contract.TRAINING_DURATION.name, 3_000, model="churn", **labels)
    yield gauge(contract.FEATURES_UPDATED.name, now - 40_000, feature_view="orders", **labels)


def _histogram(name: str, rate: float, /, **labels: str) -> Iterator[Series]:
    for number, bound in enumerate(("1", "10", "60", "600", "+Inf")):
        yield counter(f"{name}_bucket", rate * 0.2 * (number + 1), le=bound, **labels)
    yield counter(f"{name}_sum", 30 * rate, **labels)
    yield counter(f"{name}_count", rate, **labels)


def _kueue() -> Iterator[Series]:
    """Source: Kueue docs, "Prometheus Metrics"."""
    queue = {"cluster_queue": "shop"}
    for status in ("active", "inadmissible"):
        yield gauge("kueue_pending_workloads", 2, status=status, **queue)
    yield gauge("kueue_admitted_active_workloads", 3, **queue)
    yield from _histogram("kueue_admission_wait_time_seconds", 0.1, **queue)
    yield counter("kueue_evicted_workloads_total", 0.01, reason="Preempted", **queue)
    for name, amount in (("resource_usage", 3.0), ("nominal_quota", 4.0)):
        yield gauge(f"kueue_cluster_queue_{name}", amount, resource="nvidia.com/gpu", flavor="gpu", **queue)


def _github() -> Iterator[Series]:
    """Source: actions/actions-runner-controller 0.14.2, cmd/ghalistener/metrics and controllers/actions.github.com/metrics."""
    platform = {"team": "platform", "namespace": "arc-systems"}
    scale_set = {"name": "shop-linux", "organization": "acme", **platform}
    for name, value in (("assigned_jobs", 4), ("running_jobs", 2), ("registered_runners", 3), ("busy_runners", 2), ("idle_runners", 1)):
        yield gauge(f"gha_{name}", value, **scale_set)
    for name, value in (("min_runners", 0), ("max_runners", 10), ("desired_runners", 4)):
        yield gauge(f"gha_{name}", value, **scale_set)
    job = {"repository": "shop", "organization": "acme", "job_name": "test", "event_name": "push", **platform}
    yield from _histogram("gha_job_startup_duration_seconds", 0.1, **job)
    for result, rate in (("succeeded", 0.05), ("failed", 0.01)):
        yield counter("gha_completed_jobs_total", rate, job_result=result, **job)
        yield from _histogram("gha_job_execution_duration_seconds", rate, job_result=result, **job)
    for name, value in (("pending_ephemeral_runners", 1), ("running_ephemeral_runners", 2), ("failed_ephemeral_runners", 1), ("running_listeners", 1)):
        yield gauge(f"gha_controller_{name}", value, **platform)


def _gitlab_and_jenkins() -> Iterator[Series]:
    """Sources: GitLab Runner docs, "Monitor GitLab Runner usage"; jenkinsci/prometheus-plugin."""
    gitlab = {"team": "platform", "namespace": "gitlab-runners"}
    yield gauge("gitlab_runner_jobs", 2, state="running", **gitlab)
    yield gauge("gitlab_runner_concurrent", 20, **gitlab)
    for name in ("job_queue_duration_seconds", "job_duration_seconds"):
        yield from _histogram(f"gitlab_runner_{name}", 0.1, **gitlab)
    yield counter("gitlab_runner_failed_jobs_total", 0.01, failure_reason="script_failure", **gitlab)
    yield counter("gitlab_runner_errors_total", 0.01, level="error", **gitlab)
    jenkins = {"team": "platform", "namespace": "jenkins"}
    for name, value in (("executors_queue_length", 3), ("executors_busy", 2), ("executors_idle", 1), ("nodes_online", 3)):
        yield gauge(f"default_jenkins_{name}", value, **jenkins)
