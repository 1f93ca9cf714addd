"""GPUs: who holds them, and what for."""

from commonground.metrics.dashboards import links
from commonground.metrics.dashboards.model import (
    Dashboard,
    Empty,
    Key,
    Line,
    Query,
    Row,
    Stat,
    Table,
    Thresholds,
    TimeSeries,
    Unit,
    Value,
    Variable,
    above,
    below,
)
from commonground.settings.metrics import MetricsSettings

TEAM = 'team=~"$team"'
HELD = f'{TEAM}, pod=~"$pod", pod!=""'
"""GPUs that a pod holds."""
ANY = 'pool=~"$pool"'
_HOLDER = "team, namespace, pod, node, gpu"
# What is recorded by GPU has no pool.
IN_POOL = 'and on(node, gpu) DCGM_FI_DEV_GPU_TEMP{pool=~"$pool"}'


def dashboard(settings: MetricsSettings) -> Dashboard:
    """Who holds the GPUs, whether they work, and what is wrong with them."""
    del settings
    return Dashboard(
        name="gpus",
        title="GPUs",
        description="Who holds the GPUs, do they work, and is one of them broken?",
        rows=(
            Row("Now", (_now(), _holders())),
            Row("Held and used", (_held(), _work())),
            Row("Health", (_health(), _throttling())),
        ),
        variables=(
            Variable("team", "Team", "kube_pod_info", "team", several=True),
            Variable("pool", "Pool", "commonground:gpu_capacity:count", "pool", several=True),
            Variable("pod", "Pod", 'DCGM_FI_DEV_GPU_UTIL{team=~"$team", pod!=""}', "pod", several=True),
        ),
        alerts='alertname=~"Gpu.*|GPU.*"',
    )


def _now() -> Line:
    used = f"commonground:gpu_used:ratio{{{HELD}}}"
    asked = f'kube_pod_container_resource_requests{{resource="nvidia_com_gpu", {TEAM}}}'
    waiting = f'{asked} and on(namespace, pod) kube_pod_status_phase{{phase="Pending"}} == 1'
    return Line(
        4,
        (
            Stat(
                title="GPUs on nodes",
                description="GPUs that are paid for now.",
                unit=Unit.SHORT,
                width=4,
                values=(Query(f"sum(commonground:gpu_capacity:count{{{ANY}}})", "GPUs"),),
                trend=True,
                empty=Empty.GPUS,
            ),
            Stat(
                title="Held",
                description="GPUs that pods hold, of those that nodes have.",
                unit=Unit.RATIO,
                width=4,
                decimals=0,
                values=(Query(f"sum(commonground:gpu_pool_allocated:count{{{ANY}}}) / sum(commonground:gpu_capacity:count{{{ANY}}})", "Held"),),
                trend=True,
                empty=Empty.GPUS,
            ),
            Stat(
                title="Use of held GPUs",
                description="How busy the GPUs are that pods hold, on average. Low: requests are too large, or data arrives too slowly.",
                unit=Unit.RATIO,
                width=4,
                decimals=0,
                thresholds=below(0.5, 0.2),
                values=(Query(f"avg({used} {IN_POOL})", "Used"),),
                trend=True,
                empty=Empty.GPUS,
            ),
            Stat(
                title="Held but idle",
                description="GPUs that a pod holds and that did next to nothing for an hour: money.",
                unit=Unit.SHORT,
                width=4,
                thresholds=Thresholds("green", ((1, "orange"),)),
                values=(Query(f"sum(commonground:gpu_idle:count{{{TEAM}}}) or 0 * sum(commonground:gpu_capacity:count)", "Idle"),),
                trend=True,
                empty=Empty.GPUS,
            ),
            Stat(
                title="GPUs that pods wait for",
                description="GPUs that pending pods ask for.",
                unit=Unit.SHORT,
                width=4,
                thresholds=Thresholds("green", ((1, "orange"),)),
                values=(Query(f"sum({waiting}) or vector(0)", "Waiting"),),
                trend=True,
            ),
            Stat(
                title="Power",
                description="Power that all GPUs draw together.",
                unit=Unit.WATTS,
                width=4,
                decimals=0,
                values=(Query(f"sum(DCGM_FI_DEV_POWER_USAGE{{{ANY}}})", "Power"),),
                trend=True,
                empty=Empty.GPUS,
            ),
        ),
    )


def _holders() -> Line:
    def by_holder(metric: str) -> str:
        return f"avg by ({_HOLDER}) (avg_over_time({metric}{{{HELD}}}[1h]) {IN_POOL})"

    return Line(
        10,
        (
            Table(
                title="Who holds the GPUs",
                description="Every GPU that a pod holds, least used first, over the last hour.",
                width=24,
                keys=(links.team("cost", "training"), Key("namespace", "Namespace"), Key("pod", "Pod"), Key("node", "Node"), Key("gpu", "GPU")),
                columns=(
                    Value("Used", by_holder("commonground:gpu_used:ratio"), Unit.RATIO, 0, below(0.5, 0.2)),
                    Value("SMs active", by_holder("DCGM_FI_PROF_SM_ACTIVE"), Unit.RATIO, 0),
                    Value("Tensor cores active", by_holder("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE"), Unit.RATIO, 0),
                    Value("Memory", by_holder("commonground:gpu_memory:ratio"), Unit.RATIO, 0, above(0.9, 0.97)),
                    Value("Power", by_holder("DCGM_FI_DEV_POWER_USAGE"), Unit.WATTS, 0),
                ),
                sort="Used",
                descending=False,
                empty=Empty.GPUS,
            ),
        ),
    )


def _held() -> Line:
    return Line(
        8,
        (
            TimeSeries(
                title="GPUs held by team",
                description="GPUs that each team's pods hold, and how many nodes have. The gap is paid and held by nobody.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(
                    Query(f"sum by (team) (commonground:gpu_allocated:count{{{TEAM}}})", "{{team}}"),
                    Query(f"sum(commonground:gpu_capacity:count{{{ANY}}})", "On nodes"),
                ),
                links=(links.from_series("cost", "team"),),
                empty=Empty.GPUS,
            ),
            TimeSeries(
                title="Use by team",
                description="How busy the GPUs are that each team holds.",
                unit=Unit.RATIO,
                width=8,
                decimals=0,
                maximum=1,
                lines=(Query(f"avg by (team) (commonground:gpu_used:ratio{{{HELD}}} {IN_POOL})", "{{team}}"),),
                links=(links.from_series("training", "team"),),
                empty=Empty.GPUS,
            ),
            TimeSeries(
                title="Use by product",
                description="How busy the GPUs of each product are, held or not: what the next node should be.",
                unit=Unit.PERCENT,
                width=8,
                decimals=0,
                maximum=100,
                lines=(Query(f"avg by (modelName) (DCGM_FI_DEV_GPU_UTIL{{{ANY}}})", "{{modelName}}"),),
                empty=Empty.GPUS,
            ),
        ),
    )


def _work() -> Line:
    parts = (
        ("Engines active", "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "Share of time in which any engine of a pod's GPUs is active."),
        ("Tensor cores active", "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "Low while the engines are active: no half precision, or too small batches."),
        (
            "Memory bandwidth used",
            "DCGM_FI_PROF_DRAM_ACTIVE",
            "Time in which memory is read or written. High while tensor cores rest: it is the limit.",
        ),
    )
    return Line(
        8,
        tuple(
            TimeSeries(
                title=f"{title}: 10 pods",
                description=description,
                unit=Unit.RATIO,
                width=8,
                decimals=0,
                maximum=1,
                lines=(Query(f"topk(10, avg by (namespace, pod) ({metric}{{{HELD}, {ANY}}}))", "{{namespace}}/{{pod}}"),),
                empty=Empty.GPUS,
            )
            for title, metric, description in parts
        ),
    )


def _health() -> Line:
    return Line(
        8,
        (
            TimeSeries(
                title="Temperature: the 10 hottest",
                description="Temperature of each GPU. It slows down when it is hot.",
                unit=Unit.CELSIUS,
                width=8,
                decimals=0,
                thresholds=above(80, 90),
                lines=(Query(f"topk(10, DCGM_FI_DEV_GPU_TEMP{{{ANY}}})", "{{node}} GPU {{gpu}}"),),
                minimum=None,
                empty=Empty.GPUS,
            ),
            TimeSeries(
                title="Last XID error",
                description="The number of the driver's last error of each GPU, 0 for none. NVIDIA's list of XID errors says what each means.",
                unit=Unit.NONE,
                width=8,
                decimals=0,
                thresholds=Thresholds("green", ((1, "red"),)),
                lines=(Query(f"topk(10, DCGM_FI_DEV_XID_ERRORS{{{ANY}}})", "{{node}} GPU {{gpu}}"),),
                empty=Empty.GPUS,
            ),
            TimeSeries(
                title="Memory errors in the time range",
                description="Double-bit errors, and rows remapped because of them. A GPU whose remapping fails has to be replaced: end its node.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(
                    Query(f"topk(5, increase(DCGM_FI_DEV_ECC_DBE_VOL_TOTAL{{{ANY}}}[$__range]))", "{{node}} GPU {{gpu}} double-bit"),
                    Query(f"topk(5, increase(DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS{{{ANY}}}[$__range]))", "{{node}} GPU {{gpu}} remapped"),
                ),
                empty=Empty.GPUS,
            ),
        ),
    )


def _throttling() -> Line:
    nanoseconds = 1_000_000_000

    def share(metric: str) -> str:
        return f"topk(10, rate({metric}{{{ANY}}}[$__rate_interval]) / {nanoseconds})"

    return Line(
        8,
        (
            TimeSeries(
                title="Slowed down by heat or power: 10 GPUs",
                description="Share of time in which a GPU's clock is held down.",
                unit=Unit.RATIO,
                width=12,
                decimals=0,
                maximum=1,
                lines=(
                    Query(share("DCGM_FI_DEV_THERMAL_VIOLATION"), "{{node}} GPU {{gpu}} heat"),
                    Query(share("DCGM_FI_DEV_POWER_VIOLATION"), "{{node}} GPU {{gpu}} power"),
                ),
                empty=Empty.GPUS,
            ),
            TimeSeries(
                title="PCIe: the 10 busiest GPUs",
                description="What each GPU sends over PCIe in a second. High on one node with several GPUs: they do not use NVLink.",
                unit=Unit.BYTES_PER_SECOND,
                width=12,
                lines=(Query(f"topk(10, DCGM_FI_PROF_PCIE_TX_BYTES{{{ANY}}})", "{{node}} GPU {{gpu}}"),),
                empty=Empty.GPUS,
            ),
        ),
    )
