"""Rules of GPUs: who holds them, how much they are used, and whether they are well."""

from collections.abc import Iterator, Sequence

from commonground.metrics.rules.model import Alert, Group, Recording, Severity
from commonground.settings.metrics import PLATFORM, MetricsSettings

# NVIDIA docs, "XID Errors", catalogue: those whose first action is to reset the GPU, to restart the machine, or to replace the GPU; 154 says that one of these
# has become necessary, and hides why. The others are the application's, or only inform: 13, 31, 43, 45, 63, 94.
HARDWARE_XIDS = (46, 48, 62, 64, 74, 79, 95, 109, 110, 119, 120, 136, 140, 143, 154, 155, 156, 158)
HOT = {"DCGM_FI_DEV_GPU_TEMP": 87, "DCGM_FI_DEV_MEMORY_TEMP": 95}
"""Degrees Celsius: a little below those at which data centre GPUs slow down (NVIDIA data sheets; `nvidia-smi -q -d TEMPERATURE` says them for each)."""
THROTTLED = 0.1
"""Share of the time."""
IDLE = 0.05
"""Share of the time in which a GPU computes, below which nobody needs it."""

_RESOURCE = 'resource="nvidia_com_gpu"'
_GPU = "team, namespace, pod, node, gpu"
_UNUSED = (
    # Held now, and an hour ago: not a pod that has ended, or began since.
    f'max_over_time(commonground:gpu_used:ratio{{pod!=""}}[1h]) < {IDLE} and commonground:gpu_used:ratio and commonground:gpu_used:ratio offset 1h'
)
_HARDWARE = "node, pool, gpu, modelName"


def groups(settings: MetricsSettings) -> Sequence[Group]:
    """All groups of this namespace."""
    return (Group("gpus", tuple(_recorded())), Group("gpus-alerts", (*_broken(), *_hot(), *_idle())))


def _recorded() -> Iterator[Recording]:
    yield Recording("commonground:gpu_allocated:count", f"sum by (team, namespace) ({_held('team, namespace, pod, container')})")
    pools = '* on (node) group_left (pool) topk by (node) (1, group by (node, pool) (up{job="kubelet"}))'
    yield Recording("commonground:gpu_capacity:count", f"sum by (pool) (max by (node) (kube_node_status_allocatable{{{_RESOURCE}}}) {pools})")
    yield Recording("commonground:gpu_pool_allocated:count", f"sum by (pool) (({_held('namespace, pod, container, node')}) {pools})")
    # GPUs without profiling counters have only the coarse one.
    yield Recording(
        "commonground:gpu_used:ratio",
        f"max by ({_GPU}) (avg_over_time(DCGM_FI_PROF_GR_ENGINE_ACTIVE[5m])) or max by ({_GPU}) (avg_over_time(DCGM_FI_DEV_GPU_UTIL[5m])) / 100",
    )
    yield Recording("commonground:gpu_memory:ratio", f"max by ({_GPU}) (DCGM_FI_DEV_FB_USED / (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE))")
    yield Recording("commonground:gpu_idle:count", f"count by (team, namespace) ({_UNUSED})")
    # One sample a minute.
    yield Recording("commonground:gpu_idle_hours:sum1d", "sum_over_time(commonground:gpu_idle:count[1d]) / 60")
    yield Recording("commonground:gpu_xid:info", f'count_values by ({_GPU}, pool) ("xid", DCGM_FI_DEV_XID_ERRORS > 0)')
    # By GPU, whoever holds it: the exporter goes on telling the last error, under the name of the next holder. 30s: not what was recorded a moment ago.
    yield Recording(
        "commonground:gpu_xid:new",
        'commonground:gpu_xid:info{pod!=""} unless on (node, gpu, xid) present_over_time(commonground:gpu_xid:info[1h] offset 30s)',
    )


def _held(by: str) -> str:
    """GPUs that containers hold."""
    # A pod that has ended holds nothing, but its requests are still told.
    # Largest: two pods of kube-state-metrics, while one replaces the other, tell the same twice.
    requests = f'max by ({by}) (kube_pod_container_resource_requests{{{_RESOURCE},node!=""}})'
    return f'{requests} and on (namespace, pod) kube_pod_status_phase{{phase=~"Pending|Running"}} == 1'


def _broken() -> Iterator[Alert]:
    where = "GPU {{ $labels.gpu }} of node {{ $labels.node }} (pool {{ $labels.pool }})"
    hardware = "|".join(map(str, HARDWARE_XIDS))
    yield Alert(
        "GpuXidError",
        # The exporter tells the last error until it restarts: what is broken stays told until the node is gone.
        f'group by (node, pool, gpu, xid) (commonground:gpu_xid:info{{xid=~"{hardware}"}})',
        Severity.CRITICAL,
        f"{where} reports XID {{{{ $labels.xid }}}}: the GPU, its memory or its links are broken",
        team=PLATFORM,
    )
    yield Alert(
        "GpuXidError",
        f'present_over_time(commonground:gpu_xid:new{{xid!~"{hardware}"}}[30m])',
        Severity.WARNING,
        f"{where} reported XID {{{{ $labels.xid }}}} while {{{{ $labels.namespace }}}}/{{{{ $labels.pod }}}} held it: most likely the program's fault",
    )
    yield Alert(
        "GpuMemoryErrors",
        f"max by ({_HARDWARE}) (increase(DCGM_FI_DEV_ECC_DBE_VOL_TOTAL[1h])) > 0",
        Severity.CRITICAL,
        f'{where}, {{{{ $labels.modelName }}}}: {{{{ $value | printf "%.0f" }}}} memory errors in an hour that ECC could not correct',
        team=PLATFORM,
    )
    yield Alert(
        "GpuRowRemapFailed",
        f"max by ({_HARDWARE}) (DCGM_FI_DEV_ROW_REMAP_FAILURE) > 0",
        Severity.CRITICAL,
        f"{where}, {{{{ $labels.modelName }}}}: it has no spare rows left for broken memory, and has to be replaced",
        team=PLATFORM,
    )
    yield Alert(
        "GpuLost",
        f"max by (node) (kube_node_status_capacity{{{_RESOURCE}}} - kube_node_status_allocatable) > 0",
        Severity.WARNING,
        "Node {{ $labels.node }}: {{ $value }} of its GPUs cannot be given to pods",
        wait="10m",
        team=PLATFORM,
    )
    yield Alert(
        "GpuTelemetryMissing",
        f'max by (node) (kube_node_status_allocatable{{{_RESOURCE}}}) > 0 unless on (node) up{{job="dcgm"}} == 1',
        Severity.WARNING,
        "Node {{ $labels.node }} has {{ $value }} GPUs, of which nothing is known: its DCGM exporter is not scraped",
        wait="15m",
        team=PLATFORM,
    )


def _hot() -> Iterator[Alert]:
    where = "GPU {{ $labels.gpu }} of node {{ $labels.node }} (pool {{ $labels.pool }}, {{ $labels.modelName }})"
    yield Alert(
        "GpuHot",
        " or ".join(f"max by ({_HARDWARE}) ({metric}) > {degrees}" for metric, degrees in HOT.items()),
        Severity.WARNING,
        f"{where}, or its memory, is {{{{ $value }}}} degrees Celsius hot",
        wait="10m",
        team=PLATFORM,
    )
    yield Alert(
        "GpuThrottled",
        f"max by ({_HARDWARE}) (rate(DCGM_FI_DEV_THERMAL_VIOLATION[5m])) / 1e9 > {THROTTLED}",
        Severity.WARNING,
        f"{where} is slowed down by heat {{{{ $value | humanizePercentage }}}} of the time",
        wait="10m",
        team=PLATFORM,
    )


def _idle() -> Iterator[Alert]:
    yield Alert(
        "GpuIdle",
        _UNUSED,
        Severity.WARNING,
        "{{ $labels.namespace }}/{{ $labels.pod }} holds GPU {{ $labels.gpu }} of node {{ $labels.node }}, and has used it {{ $value | humanizePercentage }} "
        "of the time at most for two hours",
        wait="1h",
    )
