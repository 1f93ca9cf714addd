"""Rules of workloads: pods, Deployments, Jobs, autoscalers, quotas, volumes."""

from collections.abc import Iterator, Sequence

from commonground.metrics.rules.model import Alert, Group, Severity
from commonground.settings.metrics import PLATFORM, MetricsSettings

QUOTA = 0.9
VOLUME = {Severity.WARNING: (0.85, "15m"), Severity.CRITICAL: (0.95, "5m")}

_CONTAINER = "team, namespace, pod, container"
_ON_NODE = "* on (namespace, pod) group_left (node) topk by (namespace, pod) (1, group by (namespace, pod, node) (kube_pod_info))"
"""Joins the node, so that a node that is down silences its pods. One: while a pod of kube-state-metrics replaces another, both may know different nodes."""
_KILLED = 'kube_pod_container_status_terminated_reason{reason="OOMKilled"}'
_GPU_PODS = 'kube_pod_container_resource_requests{resource="nvidia_com_gpu"}'
_NOT_PLATFORM = f'{{team!="{PLATFORM}"}}'
"""The platform's own are add-ons: see `monitoring`."""


def groups(settings: MetricsSettings) -> Sequence[Group]:
    """All groups of this namespace."""
    return (
        Group("workloads-pods", (*_containers(), *_pods())),
        Group("workloads-controllers", (*_deployments(), *_jobs(), *_limits())),
    )


def _containers() -> Iterator[Alert]:
    restarts = f"sum by ({_CONTAINER}) (increase(kube_pod_container_status_restarts_total[30m]))"
    yield Alert(
        "PodCrashLooping",
        f"({restarts} > 0 and on (namespace, pod, container) {_waiting('CrashLoopBackOff')}) {_ON_NODE}",
        Severity.WARNING,
        '{{ $labels.namespace }}/{{ $labels.pod }}: container {{ $labels.container }} restarted {{ $value | printf "%.0f" }} times in half an hour, and waits '
        "to be started again",
        wait="10m",
    )
    yield Alert(
        "ContainerOutOfMemory",
        f'({restarts} > 0 and on (namespace, pod, container) kube_pod_container_status_last_terminated_reason{{reason="OOMKilled"}} == 1\n'
        # What is never restarted has ended, and stays so: a Job's pod.
        f"or {restarts} and on (namespace, pod, container) ({_KILLED} == 1 unless on (namespace, pod, container) {_KILLED} offset 30m == 1)) {_ON_NODE}",
        Severity.WARNING,
        "{{ $labels.namespace }}/{{ $labels.pod }}: container {{ $labels.container }} was killed because it went over its memory limit "
        '({{ $value | printf "%.0f" }} restarts in half an hour)',
    )
    yield _stuck("ImagePullFailing", ("ErrImagePull", "ImagePullBackOff", "InvalidImageName"), "cannot pull its image")
    yield _stuck("ContainerNotStarting", ("CreateContainerConfigError", "CreateContainerError", "RunContainerError"), "cannot be started")


def _waiting(*reasons: str) -> str:
    # A container that is started and stops again is not waiting in every scrape.
    return f'max_over_time(kube_pod_container_status_waiting_reason{{reason=~"{"|".join(reasons)}"}}[5m]) == 1'


def _stuck(name: str, reasons: tuple[str, ...], what: str) -> Alert:
    return Alert(
        name,
        f"group by ({_CONTAINER}) ({_waiting(*reasons)}) {_ON_NODE}",
        Severity.WARNING,
        f"{{{{ $labels.namespace }}}}/{{{{ $labels.pod }}}}: container {{{{ $labels.container }}}} {what}",
        wait="10m",
    )


def _pods() -> Iterator[Alert]:
    yield Alert(
        "PodNotReady",
        "(max by (team, namespace, pod) (kube_pod_status_ready"
        '{condition="false"}) == 1 and on (namespace, pod) kube_pod_status_phase{phase="Running"} == 1) '
        f"{_ON_NODE}",
        Severity.WARNING,
        "{{ $labels.namespace }}/{{ $labels.pod }} runs on {{ $labels.node }}, and has not been ready for 15m",
        wait="15m",
    )
    yield Alert(
        "PodPending",
        f"max by (team, namespace, pod) (kube_pod_status_unschedulable) == 1 unless on (namespace, pod) {_GPU_PODS}",
        Severity.WARNING,
        "{{ $labels.namespace }}/{{ $labels.pod }} has found no node for 15m",
        wait="15m",
    )
    # Longer: a node with GPUs takes ten minutes from its order to its device plugin.
    yield Alert(
        "GpuPodPending",
        f"sum by (team, namespace, pod) ({_GPU_PODS}) and on (namespace, pod) kube_pod_status_unschedulable == 1",
        Severity.WARNING,
        "{{ $labels.namespace }}/{{ $labels.pod }} has waited 30m for {{ $value }} GPUs",
        wait="30m",
    )


def _deployments() -> Iterator[Alert]:
    by = "team, namespace, deployment"
    yield Alert(
        "DeploymentNotProgressing",
        f'max by ({by}) (kube_deployment_status_condition{{condition="Progressing",status="false",team!="{PLATFORM}"}}) == 1',
        Severity.WARNING,
        "{{ $labels.namespace }}/{{ $labels.deployment }}: its roll-out has stopped, the pods of its new version do not become ready",
        wait="2m",
    )
    yield Alert(
        "DeploymentReplicasMissing",
        f"max by ({by}) (kube_deployment_spec_replicas{_NOT_PLATFORM} - kube_deployment_status_replicas_available) > 0",
        Severity.WARNING,
        "{{ $labels.namespace }}/{{ $labels.deployment }} has had {{ $value }} replicas too few for 15m",
        wait="15m",
    )
    by = "team, namespace, horizontalpodautoscaler"
    most = f"max by ({by}) (kube_horizontalpodautoscaler_spec_max_replicas)"
    yield Alert(
        "AutoscalerAtMaximum",
        f"max by ({by}) (kube_horizontalpodautoscaler_status_desired_replicas) >= {most} "
        f"and {most} > max by ({by}) (kube_horizontalpodautoscaler_spec_min_replicas)",
        Severity.WARNING,
        "{{ $labels.namespace }}/{{ $labels.horizontalpodautoscaler }} has wanted {{ $value }} replicas for 30m, which is the most that it may have",
        wait="30m",
    )


def _jobs() -> Iterator[Alert]:
    failed = 'max by (team, namespace, job_name) (kube_job_failed{condition="true"}) == 1'
    yield Alert(
        "JobFailed",
        # Failed Jobs stay until they are deleted; the alert ends after six hours.
        f'{failed} unless on (namespace, job_name) kube_job_failed{{condition="true"}} offset 6h == 1',
        Severity.WARNING,
        "{{ $labels.namespace }}/{{ $labels.job_name }}: the Job failed",
    )


def _limits() -> Iterator[Alert]:
    yield Alert(
        "QuotaNearlyUsed",
        f'max by (team, namespace, resource) (kube_resourcequota{{type="used"}} / ignoring (type) (kube_resourcequota{{type="hard"}} > 0)) >= {QUOTA}',
        Severity.WARNING,
        "Namespace {{ $labels.namespace }} uses {{ $value | humanizePercentage }} of its quota of {{ $labels.resource }}",
        wait="15m",
    )
    # The kubelet does not say whose a claim is.
    by = "namespace, persistentvolumeclaim"
    team = f"* on ({by}) group_left (team) topk by ({by}) (1, group by (team, {by}) (kube_persistentvolumeclaim_info))"
    for severity, (share, wait) in VOLUME.items():
        yield Alert(
            "VolumeAlmostFull",
            f"max by ({by}) (kubelet_volume_stats_used_bytes / kubelet_volume_stats_capacity_bytes) {team} > {share}",
            severity,
            "{{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }}: the volume is {{ $value | humanizePercentage }} full",
            wait=wait,
        )
