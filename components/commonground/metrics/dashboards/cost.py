"""Cost drivers: what is paid for, and whether it is used. Prices are the bill's."""

from commonground.metrics.dashboards import links
from commonground.metrics.dashboards.model import Dashboard, Empty, Key, Line, Query, Row, Stat, Table, TimeSeries, Unit, Value, Variable, above
from commonground.metrics.rules.limits import TEAM_SERIES
from commonground.metrics.rules.monitoring import NEAR_LIMIT
from commonground.settings.metrics import PLATFORM, MetricsSettings

TEAM = 'team=~"$team"'
_OF_LIMIT = f'sum by (team) (scrape_samples_post_metric_relabeling{{job="pods", {TEAM}, team!="{PLATFORM}"}}) / on () group_left () {TEAM_SERIES}'
NODES = 'up{job="kubelet"}'
"""One for each node, with its pool, instance type and capacity."""
_HOUR, _MINUTES = 3_600, 60


def dashboard(settings: MetricsSettings) -> Dashboard:
    """Node hours, GPU hours, requests, storage and series, by team where they have one."""
    return Dashboard(
        name="cost",
        title="Cost drivers",
        description="What is paid for, whose is it, and is it used?",
        rows=(
            Row("In the time range", (_now(settings),)),
            Row("Teams", (_teams(), _gpus())),
            Row("Nodes", (_nodes(settings), _capacity())),
            Row("Storage and series", (_storage(), _series())),
        ),
        variables=(Variable("team", "Team", "kube_pod_info", "team", several=True),),
        hours=24,
    )


def node_hours(settings: MetricsSettings, by: str, where: str = "") -> str:
    """Hours that nodes ran: every scrape of a kubelet, answered or not, stands for the time between two."""
    return f'sum by ({by}) (count_over_time(up{{job="kubelet"{where}}}[$__range])) * {settings.scrape_seconds} / {_HOUR}'


def gpu_hours(expr: str, by: str) -> str:
    """Of what is recorded every minute."""
    return f"sum by ({by}) (sum_over_time({expr}[$__range])) / {_MINUTES}"


def _now(settings: MetricsSettings) -> Line:
    held = "commonground:gpu_allocated:count"
    spot = ', capacity="SPOT"'
    requested, there = 'sum(kube_pod_container_resource_requests{resource="cpu"})', 'sum(kube_node_status_allocatable{resource="cpu"})'
    return Line(
        4,
        (
            Stat(
                title="Node hours",
                description="Hours that nodes ran, together.",
                unit=Unit.HOURS,
                width=4,
                decimals=0,
                values=(Query(f"sum({node_hours(settings, 'instance_type')})", "Hours"),),
            ),
            Stat(
                title="Spot",
                description="Share of node hours on spot capacity.",
                unit=Unit.RATIO,
                width=4,
                decimals=0,
                values=(
                    Query(
                        f"(sum({node_hours(settings, 'pool', spot)}) or vector(0)) / sum({node_hours(settings, 'pool')})",
                        "Spot",
                    ),
                ),
            ),
            Stat(
                title="CPU requested",
                description="CPU that pods request, of what nodes offer. Low: nodes are paid for that nobody asked for.",
                unit=Unit.RATIO,
                width=4,
                decimals=0,
                values=(Query(f"{requested} / {there}", "Requested"),),
                trend=True,
            ),
            Stat(
                title="GPU hours held",
                description="Hours that pods held GPUs, each counted.",
                unit=Unit.HOURS,
                width=4,
                decimals=1,
                values=(Query(f"sum({gpu_hours(held, 'team')})", "Held"),),
                links=(links.page("gpus"),),
                empty=Empty.GPUS,
            ),
            Stat(
                title="GPU hours that nobody held",
                description="Hours of GPUs that were on nodes and held by no pod.",
                unit=Unit.HOURS,
                width=4,
                decimals=1,
                values=(Query(f"sum({gpu_hours('commonground:gpu_capacity:count', 'pool')}) - (sum({gpu_hours(held, 'team')}) or vector(0))", "Nobody's"),),
                links=(links.page("gpus"),),
                empty=Empty.GPUS,
            ),
            Stat(
                title="Active series",
                description="Ingestion is paid by the sample, so by the series. What each team has is below.",
                unit=Unit.SHORT,
                width=4,
                decimals=1,
                values=(Query("sum(scrape_samples_post_metric_relabeling)", "Series"),),
                trend=True,
            ),
        ),
    )


def _teams() -> Line:
    def usage(rate: str) -> str:
        return f"sum by (team) ({rate})"

    cpu = usage(f'rate(container_cpu_usage_seconds_total{{container!="", {TEAM}}}[$__range])')
    memory = usage(f'avg_over_time(container_memory_working_set_bytes{{container!="", {TEAM}}}[$__range])')

    def requested(resource: str) -> str:
        return f'sum by (team) (avg_over_time(kube_pod_container_resource_requests{{resource="{resource}", {TEAM}}}[$__range]))'

    return Line(
        8,
        (
            Table(
                title="Teams",
                description="What each team requests, uses and holds, on average over the time range. A request that is not used is paid all the same.",
                width=24,
                keys=(links.team("overview", "gpus", "delivery"),),
                columns=(
                    Value("CPU requested", requested("cpu"), Unit.SHORT, 1),
                    Value("CPU used", f"{cpu} / ({requested('cpu')} > 0)", Unit.RATIO, 0),
                    Value("Memory requested", requested("memory"), Unit.BYTES, 1),
                    Value("Memory used", f"{memory} / ({requested('memory')} > 0)", Unit.RATIO, 0),
                    Value("GPU hours held", gpu_hours(f"commonground:gpu_allocated:count{{{TEAM}}}", "team"), Unit.HOURS, 1),
                    Value("GPU hours used", gpu_hours(f'commonground:gpu_used:ratio{{{TEAM}, pod!=""}}', "team"), Unit.HOURS, 1),
                    Value("Storage", f"sum by (team) (kube_persistentvolumeclaim_resource_requests_storage_bytes{{{TEAM}}})", Unit.BYTES, 1),
                    Value("Series of its limit", _OF_LIMIT, Unit.RATIO, 0, above(NEAR_LIMIT, 1)),
                ),
                sort="CPU requested",
            ),
        ),
    )


def _gpus() -> Line:
    held, used = f"commonground:gpu_allocated:count{{{TEAM}}}", f'commonground:gpu_used:ratio{{{TEAM}, pod!=""}}'
    return Line(
        8,
        (
            TimeSeries(
                title="GPUs held by team",
                description="GPUs that each team's pods hold.",
                unit=Unit.SHORT,
                width=12,
                decimals=0,
                lines=(Query(f"sum by (team) ({held})", "{{team}}"),),
                stacked=True,
                links=(links.from_series("gpus", "team"),),
                empty=Empty.GPUS,
            ),
            TimeSeries(
                title="GPUs held and not used",
                description="GPUs that each team holds, less the work that they do: what could be given back.",
                unit=Unit.SHORT,
                width=12,
                decimals=1,
                lines=(Query(f"sum by (team) ({held}) - (sum by (team) ({used}) or 0 * sum by (team) ({held}))", "{{team}}"),),
                stacked=True,
                links=(links.from_series("gpus", "team"),),
                empty=Empty.GPUS,
            ),
        ),
    )


def _nodes(settings: MetricsSettings) -> Line:
    by = "instance_type, capacity, pool"
    return Line(
        9,
        (
            Table(
                title="Node hours",
                description="Hours that nodes ran by instance type, capacity and pool: multiply by the price list.",
                width=12,
                keys=(Key("pool", "Pool"), Key("instance_type", "Instance type"), Key("capacity", "Capacity")),
                columns=(
                    Value("Hours", node_hours(settings, by), Unit.HOURS, 1),
                    Value("Nodes now", f"count by ({by}) ({NODES})", Unit.NONE),
                ),
                sort="Hours",
            ),
            TimeSeries(
                title="Nodes by instance type",
                description="What scaling bought, and when.",
                unit=Unit.SHORT,
                width=12,
                decimals=0,
                lines=(Query(f"topk(15, count by (instance_type, capacity) ({NODES}))", "{{instance_type}} {{capacity}}"),),
                stacked=True,
            ),
        ),
    )


def _capacity() -> Line:
    pool = '* on(node) group_left(pool) group by (node, pool) (up{job="kubelet"})'
    parts = (("CPU", "cpu"), ("Memory", "memory"))
    return Line(
        8,
        tuple(
            TimeSeries(
                title=f"{title} requested by pool",
                description=f"{title} that pods request, of what the nodes of each pool offer. Low for long: smaller or fewer nodes would do.",
                unit=Unit.RATIO,
                width=12,
                decimals=0,
                maximum=1,
                lines=(
                    Query(
                        f'sum by (pool) (kube_pod_container_resource_requests{{resource="{resource}"}} {pool})'
                        f' / sum by (pool) (kube_node_status_allocatable{{resource="{resource}"}} {pool})',
                        "{{pool}}",
                    ),
                ),
            )
            for title, resource in parts
        ),
    )


def _storage() -> Line:
    return Line(
        8,
        (
            TimeSeries(
                title="Storage requested by team",
                description="Volumes that each team claims. They are paid until they are deleted, used or not.",
                unit=Unit.BYTES,
                width=12,
                lines=(Query(f"sum by (team) (kube_persistentvolumeclaim_resource_requests_storage_bytes{{{TEAM}}})", "{{team}}"),),
                stacked=True,
                empty=Empty.STORAGE,
            ),
            Table(
                title="Volumes that no pod uses",
                description="Claims that are not in use: what could be deleted.",
                width=12,
                keys=(links.team("overview"), Key("namespace", "Namespace"), Key("persistentvolumeclaim", "Claim")),
                columns=(
                    Value(
                        "Size",
                        f"sum by (team, namespace, persistentvolumeclaim) (kube_persistentvolumeclaim_resource_requests_storage_bytes{{{TEAM}}}"
                        " unless on(namespace, persistentvolumeclaim) kube_pod_spec_volumes_persistentvolumeclaims_info)",
                        Unit.BYTES,
                        1,
                    ),
                ),
                sort="Size",
                empty=Empty.UNUSED,
            ),
        ),
    )


def _series() -> Line:
    return Line(
        8,
        (
            TimeSeries(
                title="Series by team, of its limit",
                description="Active series of each team's pods, of those that it may have. At 100 % the workspace refuses new ones of that team.",
                unit=Unit.RATIO,
                width=12,
                decimals=0,
                thresholds=above(NEAR_LIMIT, 1),
                lines=(Query(_OF_LIMIT, "{{team}}"),),
                links=(links.from_series("overview", "team"),),
            ),
            TimeSeries(
                title="Series by service: the 10 largest",
                description="Active series of each service: labels with many values cost the most.",
                unit=Unit.SHORT,
                width=12,
                lines=(Query(f'topk(10, sum by (team, service) (scrape_samples_post_metric_relabeling{{job="pods", {TEAM}}}))', "{{team}}/{{service}}"),),
                links=(links.from_series("service", "team", "service"),),
            ),
        ),
    )
