"""Telemetry of GPUs: NVIDIA's DCGM exporter, its counters, and the pods that they belong to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pulumi_kubernetes.core import v1 as core

from commonground import deviceplugin, mig
from commonground.images import ImagesLike
from commonground.nodesoftware import CONFIG_DIR, HostPath, NodeSoftware, Privilege, Program, Resources
from commonground.pools import POOL_LABEL
from commonground.settings.environment import AcceleratedPoolSettings

IMAGE = "dcgm-exporter"
NAME = "dcgm-exporter"
PORT = 9400
COUNTERS_KEY = "dcgm-counters.csv"

SCRAPED = {"prometheus.io/path": "/metrics", "prometheus.io/port": str(PORT), "prometheus.io/scrape": "true"}

_PODS = HostPath("pod-resources", "/var/lib/kubelet/pod-resources")
_PROBE: core.ProbeArgsDict = {
    "http_get": {"path": "/health", "port": PORT},
    # The first collection waits for the driver, for half a minute on nodes with eight GPUs.
    "initial_delay_seconds": 45,
    "period_seconds": 15,
    "timeout_seconds": 5,
    "failure_threshold": 4,
}
_WHY = "root, SYS_ADMIN and a host path: profiling counters need the capability, and the kubelet's socket says which pod has which GPU"


@dataclass(frozen=True)
class Counter:
    """One metric."""

    field: str
    """DCGM's name for it, and the metric's."""
    type: str
    """`gauge` or `counter`."""
    help: str


# NVIDIA DCGM API reference, "Field Identifiers"; types as in NVIDIA/dcgm-exporter, etc/dcp-metrics-included.csv.
COUNTERS = (
    Counter("DCGM_FI_DEV_GPU_UTIL", "gauge", "GPU utilization (in %)."),
    Counter("DCGM_FI_DEV_MEM_COPY_UTIL", "gauge", "Memory utilization (in %)."),
    Counter("DCGM_FI_DEV_FB_USED", "gauge", "Memory used (in MiB)."),
    Counter("DCGM_FI_DEV_FB_FREE", "gauge", "Memory free (in MiB)."),
    Counter("DCGM_FI_DEV_GPU_TEMP", "gauge", "GPU temperature (in C)."),
    Counter("DCGM_FI_DEV_MEMORY_TEMP", "gauge", "Memory temperature (in C)."),
    Counter("DCGM_FI_DEV_POWER_USAGE", "gauge", "Power draw (in W)."),
    Counter("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "counter", "Energy since boot (in mJ)."),
    Counter("DCGM_FI_DEV_SM_CLOCK", "gauge", "SM clock (in MHz)."),
    Counter("DCGM_FI_DEV_CLOCK_THROTTLE_REASONS", "gauge", "Why clocks are held down (a bit mask)."),
    Counter("DCGM_FI_DEV_POWER_VIOLATION", "counter", "Throttling by power limits (in ns)."),
    Counter("DCGM_FI_DEV_THERMAL_VIOLATION", "counter", "Throttling by heat (in ns)."),
    Counter("DCGM_FI_DEV_XID_ERRORS", "gauge", "Last XID error."),
    Counter("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", "counter", "Double-bit ECC errors since boot."),
    Counter("DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", "counter", "Rows remapped for uncorrectable errors."),
    Counter("DCGM_FI_DEV_ROW_REMAP_FAILURE", "gauge", "Whether remapping of rows has failed."),
    Counter("DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", "counter", "NVLink bandwidth over all lanes."),
    Counter("DCGM_FI_DEV_PCIE_REPLAY_COUNTER", "counter", "PCIe retries."),
    Counter("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "gauge", "Share of time in which any engine is active."),
    Counter("DCGM_FI_PROF_SM_ACTIVE", "gauge", "Share of cycles in which an SM has work."),
    Counter("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "gauge", "Share of cycles in which tensor cores are active."),
    Counter("DCGM_FI_PROF_DRAM_ACTIVE", "gauge", "Share of cycles in which memory is active."),
    Counter("DCGM_FI_PROF_PCIE_TX_BYTES", "gauge", "Sent over PCIe (in bytes a second)."),
    Counter("DCGM_FI_PROF_PCIE_RX_BYTES", "gauge", "Received over PCIe (in bytes a second)."),
)
"""What the dashboards and alerts read. Names and meanings are an interface: see the metrics contract."""


def counters() -> str:
    """The exporter's file of counters."""
    return "".join(f"{one.field}, {one.type}, {one.help}\n" for one in COUNTERS)


def exporters(pools: Sequence[AcceleratedPoolSettings], images: ImagesLike, *, config_map: str, dra_account: str | None = None) -> Iterator[NodeSoftware]:
    """One for all nodes with GPUs, and one for each pool that is cut, since there it has to wait: it would hold the GPUs open.

    `dra_account`: service account that may read resource slices, where GPUs are claimed: else the exporter cannot tell whose they are.
    """
    cut = [pool for pool in pools if mig.cut(pool)]
    if len(cut) < len(pools):
        yield _exporter(NAME, images, config_map, dra_account, nodes_with=mig.uncut(cut))
    for pool in cut:
        yield _exporter(f"{NAME}-{pool.name}", images, config_map, dra_account, pool=pool)


def _exporter(
    name: str,
    images: ImagesLike,
    config_map: str,
    dra_account: str | None,
    *,
    nodes_with: tuple[core.NodeSelectorRequirementArgsDict, ...] = (),
    pool: AcceleratedPoolSettings | None = None,
) -> NodeSoftware:
    env = {
        "DCGM_EXPORTER_COLLECTORS": f"{CONFIG_DIR}/{COUNTERS_KEY}",
        "DCGM_EXPORTER_KUBERNETES": "true",
        "DCGM_EXPORTER_LISTEN": f":{PORT}",
        "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
        "NVIDIA_VISIBLE_DEVICES": "all",
        **({"NVIDIA_MIG_MONITOR_DEVICES": "all"} if pool else {}),
        **({"KUBERNETES_ENABLE_DRA": "true"} if dra_account else {}),
    }
    program = Program(
        "exporter",
        images.url(IMAGE),
        env=env,
        from_pod={"NODE_NAME": "spec.nodeName"},
        host_paths=(_PODS,),
        config=True,
        privilege=Privilege.SYS_ADMIN,
        resources=Resources(cpu_millicores=50, cpu_limit_millicores=500, memory_mib=512),
        probe=_PROBE,
        port=PORT,
    )
    return NodeSoftware(
        name=name,
        kind=NAME,
        reason=_WHY,
        program=program,
        prepared_by=(mig.waiting(pool, images.url("mig-manager")),) if pool else (),
        nodes={POOL_LABEL: pool.name} if pool else {},
        nodes_with=nodes_with,
        config_map=config_map,
        files={COUNTERS_KEY: COUNTERS_KEY, **({deviceplugin.mig_key(pool): mig.FILE} if pool else {})},
        config=counters() + (mig.config(pool) if pool else ""),
        service_account=dra_account,
        annotations=SCRAPED,
    )
