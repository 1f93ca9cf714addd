"""One service: an application, or a model server, on the same page."""

from commonground.metrics.dashboards import links, modelrows
from commonground.metrics.dashboards.model import Dashboard, Empty, Key, Line, Query, Row, Stat, Table, TimeSeries, Unit, Value, Variable, above
from commonground.metrics.dashboards.queries import BURN, burn, firing, latest, mean_rate, top
from commonground.settings.metrics import MetricsSettings

WHERE = 'team="$team", service="$service"'
ALERTS = 'team="$team", service=~"$service|"'
"""Alerts of this service, and those of its team that name none."""
# Pods of this service, for what the kubelet knows by pod only.
ITS_PODS = f'and on(namespace, pod) up{{job="pods", {WHERE}}}'


def dashboard(settings: MetricsSettings) -> Dashboard:
    """Traffic, errors, duration and saturation beside drift, quality, versions and freshness."""
    return Dashboard(
        name="service",
        title="Service",
        description="Is this application or model all right, since when, and what changed?",
        rows=(
            Row("Now", (_now(settings), _alerts(settings))),
            Row("Traffic, errors, duration, saturation", _requests()),
            *modelrows.rows(settings),
            Row("By route", _routes(), collapsed=True),
            Row("Pods", _pods(), collapsed=True),
        ),
        variables=(
            Variable("team", "Team", "commonground_requests_in_flight", "team"),
            Variable("service", "Service", 'commonground_requests_in_flight{team="$team"}', "service"),
            *modelrows.VARIABLES,
        ),
        deploys=WHERE,
        alerts=ALERTS,
    )


def _now(settings: MetricsSettings) -> Line:
    drift = settings.drift
    return Line(
        4,
        (
            Stat(
                title="Error budget burn",
                description="How many times as fast as it lasts the budget for failures is used, over an hour. 1 uses it up in just 30 days.",
                unit=Unit.NONE,
                width=4,
                decimals=1,
                thresholds=BURN,
                values=(Query(burn("availability", "1h", WHERE), "Burn"),),
                trend=True,
            ),
            Stat(
                title="Latency budget burn",
                description="How many times as fast as it lasts the budget for slow requests is used, over an hour.",
                unit=Unit.NONE,
                width=4,
                decimals=1,
                thresholds=BURN,
                values=(Query(burn("latency", "1h", WHERE), "Burn"),),
                trend=True,
            ),
            Stat(
                title="Requests",
                description="Requests answered in a second, of all routes and versions.",
                unit=Unit.REQUESTS,
                width=4,
                decimals=1,
                values=(Query(f"sum(commonground:requests:rate5m{{{WHERE}}})", "Requests"),),
                trend=True,
            ),
            Stat(
                title="Duration, p99",
                description="99 of 100 requests were answered within this time, over 5 minutes.",
                unit=Unit.SECONDS,
                width=4,
                decimals=2,
                values=(Query(f"max(commonground:request_duration:p99_5m{{{WHERE}}})", "p99"),),
                trend=True,
            ),
            Stat(
                title="Worst drift",
                description=f"Highest {modelrows.measure(settings)} of all features and predictions of {drift.fast}, with at least {drift.min_samples} values.",
                unit=Unit.NONE,
                width=4,
                decimals=2,
                thresholds=above(drift.warning, drift.critical),
                values=(Query(f"max({latest(modelrows.drift(settings))})", "Drift"),),
                trend=True,
                empty=Empty.MODEL,
            ),
            Stat(
                title="Running version",
                description="Versions that run now: two while a deploy goes on.",
                unit=Unit.NONE,
                width=4,
                values=(Query(f'count by (version) (up{{job="pods", {WHERE}}})', "{{version}} pods"),),
            ),
        ),
    )


def _alerts(settings: MetricsSettings) -> Line:
    return Line(
        5,
        (
            Table(
                title="Alerts that fire",
                description=f"Alerts of this service and those of its team that name no service. Each has a runbook: {settings.runbooks}/ALERT.md.",
                width=24,
                keys=(links.alert(settings), Key("severity", "Severity"), Key("model", "Model"), Key("variable", "Variable")),
                columns=(
                    Value(
                        "Alerts",
                        f"count by (alertname, severity, model, variable) ({firing(ALERTS)})",
                        Unit.NONE,
                    ),
                ),
                sort="Severity",
                descending=False,
                empty=Empty.ALERTS,
            ),
        ),
    )


def _requests() -> tuple[Line, ...]:
    return (
        Line(
            8,
            (
                TimeSeries(
                    title="Requests by version",
                    description="Requests answered in a second by each version of the code. A deploy moves them from one to the next.",
                    unit=Unit.REQUESTS,
                    width=12,
                    lines=(Query(f"sum by (version) (commonground:requests:rate5m{{{WHERE}}})", "{{version}}"),),
                    stacked=True,
                ),
                TimeSeries(
                    title="Errors by version",
                    description="Share of requests that failed with a server error (5xx), by version. Compare the new one with the old one.",
                    unit=Unit.RATIO,
                    width=12,
                    decimals=2,
                    lines=(
                        Query(
                            f"sum by (version) (commonground:request_errors:rate5m{{{WHERE}}})"
                            f" / sum by (version) (commonground:requests:rate5m{{{WHERE}}} > 0)",
                            "{{version}}",
                        ),
                        Query(f'1 - commonground:service_objective:ratio{{{WHERE}, objective="availability"}}', "Allowed"),
                    ),
                ),
            ),
        ),
        Line(
            8,
            (
                TimeSeries(
                    title="Duration",
                    description="Half of the requests, and 99 of 100, were answered within this time, over 5 minutes.",
                    unit=Unit.SECONDS,
                    width=8,
                    lines=(
                        Query(f"commonground:request_duration:p50_5m{{{WHERE}}}", "p50"),
                        Query(f"commonground:request_duration:p99_5m{{{WHERE}}}", "p99"),
                    ),
                ),
                TimeSeries(
                    title="Saturation",
                    description="Requests that are being answered, as a share of those that can be answered at once. Near 100 % requests wait: scale out.",
                    unit=Unit.RATIO,
                    width=8,
                    decimals=0,
                    thresholds=above(0.8, 0.95),
                    lines=(Query(f"commonground:service_saturation:ratio{{{WHERE}}}", "In flight"),),
                    maximum=1,
                    empty=Empty.LIMIT,
                ),
                TimeSeries(
                    title="Budget burn",
                    description="How many times as fast as they last the budgets are used. Alerts look at a short and a long window at once.",
                    unit=Unit.NONE,
                    width=8,
                    decimals=1,
                    thresholds=BURN,
                    lines=(
                        Query(burn("availability", "1h", WHERE), "Errors, 1h"),
                        Query(burn("availability", "6h", WHERE), "Errors, 6h"),
                        Query(burn("latency", "1h", WHERE), "Slow, 1h"),
                        Query(burn("latency", "6h", WHERE), "Slow, 6h"),
                    ),
                ),
            ),
        ),
    )


def _routes() -> tuple[Line, ...]:
    requests = f"commonground_requests_total{{{WHERE}}}"
    buckets = f"commonground_request_duration_seconds_bucket{{{WHERE}}}"
    ranking = f"sum by (route) ({mean_rate(requests)})"
    return (
        Line(
            8,
            (
                TimeSeries(
                    title="Requests: the 10 busiest routes",
                    description="Requests answered in a second by route.",
                    unit=Unit.REQUESTS,
                    width=8,
                    lines=(Query(top(10, f"sum by (route) (rate({requests}[$__rate_interval]))", "route", ranking), "{{route}}"),),
                ),
                TimeSeries(
                    title="Duration, p99: the 10 busiest routes",
                    description="99 of 100 requests of a route were answered within this time.",
                    unit=Unit.SECONDS,
                    width=8,
                    lines=(
                        Query(
                            top(10, f"histogram_quantile(0.99, sum by (le, route) (rate({buckets}[$__rate_interval])))", "route", ranking),
                            "{{route}}",
                        ),
                    ),
                ),
                TimeSeries(
                    title="Answers by code",
                    description="Requests answered in a second by status code: 4xx are the callers' mistakes, 5xx the service's.",
                    unit=Unit.REQUESTS,
                    width=8,
                    lines=(Query(f"sum by (code) (rate({requests}[$__rate_interval]))", "{{code}}"),),
                    stacked=True,
                ),
            ),
        ),
    )


def _pods() -> tuple[Line, ...]:
    cpu = 'rate(container_cpu_usage_seconds_total{team="$team", container!=""}[$__rate_interval])'
    memory = 'container_memory_working_set_bytes{team="$team", container!=""}'
    return (
        Line(
            8,
            (
                TimeSeries(
                    title="CPU by pod",
                    description="Cores that each pod uses. One that stands out has the hot keys, or the slow node.",
                    unit=Unit.NONE,
                    width=8,
                    decimals=2,
                    lines=(Query(f"topk(20, sum by (pod) ({cpu} {ITS_PODS}))", "{{pod}}"),),
                ),
                TimeSeries(
                    title="Memory by pod",
                    description="Memory that cannot be freed, by pod. At its limit a pod is killed.",
                    unit=Unit.BYTES,
                    width=8,
                    lines=(Query(f"topk(20, sum by (pod) ({memory} {ITS_PODS}))", "{{pod}}"),),
                ),
                TimeSeries(
                    title="GPU use by pod",
                    description="How busy the GPUs are that each pod holds.",
                    unit=Unit.PERCENT,
                    width=8,
                    lines=(Query(f'topk(20, avg by (pod) (DCGM_FI_DEV_GPU_UTIL{{team="$team", pod!=""}} {ITS_PODS}))', "{{pod}}"),),
                    maximum=100,
                    links=(links.from_series("gpus", "pod"),),
                    empty=Empty.GPUS,
                ),
            ),
        ),
        Line(
            7,
            (
                Table(
                    title="Pods",
                    description="Every pod of the service: whether it answers the collector, and how often it was restarted in the time range.",
                    width=24,
                    keys=(Key("pod", "Pod"), Key("version", "Version"), Key("node", "Node")),
                    columns=(
                        Value("Up", f'min by (pod, version, node) (up{{job="pods", {WHERE}}})', Unit.NONE),
                        Value(
                            "Restarts",
                            f'sum by (pod) (increase(kube_pod_container_status_restarts_total{{team="$team"}}[$__range]) {ITS_PODS})'
                            f' * on(pod) group_left(version, node) group by (pod, version, node) (up{{job="pods", {WHERE}}})',
                            Unit.NONE,
                            decimals=0,
                            thresholds=above(1, 5),
                        ),
                    ),
                    sort="Restarts",
                ),
            ),
        ),
    )
