"""An environment: teams, services, models, nodes and GPUs, and what fires."""

from commonground.metrics.dashboards import links, modelrows
from commonground.metrics.dashboards.model import Dashboard, Empty, Key, Line, Query, Row, Stat, Table, Thresholds, TimeSeries, Unit, Value, Variable, above
from commonground.metrics.dashboards.queries import BURN, BY_SERVICE, burn, count, firing, latest, peak, top
from commonground.settings.metrics import MetricsSettings

TEAM = 'team=~"$team"'
FIRING = firing(TEAM)
FIRING_SERVICES = firing(f'service!="", {TEAM}')


def dashboard(settings: MetricsSettings) -> Dashboard:
    """What is wrong in this environment, whose it is, and where to look next."""
    return Dashboard(
        name="overview",
        title="Overview",
        description="What is wrong in this environment, whose is it, and where do I look next?",
        rows=(
            Row("Now", (_now(settings), _alerts(settings))),
            Row("Applications and models", (_services(settings), _courses(settings))),
            Row("Teams", (_teams(),)),
            Row("Nodes and GPUs", (_pools(), _usage())),
        ),
        variables=(Variable("team", "Team", "kube_pod_info", "team", several=True),),
        alerts=f'severity="critical", {TEAM}',
    )


def _now(settings: MetricsSettings) -> Line:
    one = Thresholds("green", ((1, "red"),))
    return Line(
        4,
        (
            Stat(
                title="Critical alerts",
                description="Alerts that somebody has to look at now.",
                unit=Unit.SHORT,
                width=3,
                thresholds=one,
                values=(Query(count(firing(f'severity="critical", {TEAM}')), "Critical"),),
                trend=True,
            ),
            Stat(
                title="Warnings",
                description="Alerts that can wait for working hours.",
                unit=Unit.SHORT,
                width=3,
                thresholds=Thresholds("green", ((1, "orange"),)),
                values=(Query(count(firing(f'severity="warning", {TEAM}')), "Warnings"),),
                trend=True,
            ),
            Stat(
                title="Services that burn",
                description="Applications and models that would use their error or latency budget up in less than 30 days, by the last hour.",
                unit=Unit.SHORT,
                width=3,
                thresholds=Thresholds("green", ((1, "orange"),)),
                values=(
                    Query(
                        count(f"group by ({BY_SERVICE}) (({burn('availability', '1h', TEAM)} > 1) or ({burn('latency', '1h', TEAM)} > 1))"),
                        "Services",
                    ),
                ),
                trend=True,
            ),
            Stat(
                title="Models that drift",
                description=f"Models with a feature or prediction whose {modelrows.measure(settings)} is above {settings.drift.warning:g}.",
                unit=Unit.SHORT,
                width=3,
                thresholds=Thresholds("green", ((1, "orange"),)),
                values=(
                    Query(
                        count(f"group by ({BY_SERVICE}, model) ({latest(modelrows.drift(settings, TEAM))} > {settings.drift.warning:g})"),
                        "Models",
                    ),
                ),
                trend=True,
            ),
            Stat(
                title="Nodes not ready",
                description="Nodes that the control plane has not heard from, or that say that they are not ready.",
                unit=Unit.SHORT,
                width=3,
                thresholds=one,
                values=(Query(count('kube_node_status_condition{condition="Ready", status="true"} == 0'), "Not ready"),),
                trend=True,
            ),
            Stat(
                title="Pods that wait",
                description="Pods that are pending: for a node, a GPU, a volume, or a place in the quota.",
                unit=Unit.SHORT,
                width=3,
                thresholds=Thresholds("green", ((1, "orange"),)),
                values=(Query(f'sum(kube_pod_status_phase{{phase="Pending", {TEAM}}}) or vector(0)', "Pending"),),
                trend=True,
            ),
            Stat(
                title="GPUs held",
                description="GPUs that pods hold, of those that nodes have.",
                unit=Unit.RATIO,
                width=3,
                decimals=0,
                values=(Query("sum(commonground:gpu_allocated:count) / sum(commonground:gpu_capacity:count)", "Held"),),
                trend=True,
                links=(links.page("gpus"),),
                empty=Empty.GPUS,
            ),
            Stat(
                title="Nodes",
                description="Nodes that are paid for now.",
                unit=Unit.SHORT,
                width=3,
                values=(Query("count(kube_node_info)", "Nodes"),),
                trend=True,
                links=(links.page("cost"),),
            ),
        ),
    )


def _alerts(settings: MetricsSettings) -> Line:
    return Line(
        8,
        (
            Table(
                title="What fires",
                description=f"Alerts by team. Each has a runbook: {settings.runbooks}/ALERT.md.",
                width=12,
                keys=(links.alert(settings), Key("severity", "Severity"), links.team("overview", "cost"), links.service(), Key("model", "Model")),
                columns=(Value("Alerts", f"count by (alertname, severity, team, service, model) ({FIRING})", Unit.NONE),),
                sort="Severity",
                descending=False,
                empty=Empty.ALERTS,
            ),
            TimeSeries(
                title="Alerts over time",
                description="How many fire, by name: one that comes and goes has the wrong threshold, or a cause that nobody has looked for.",
                unit=Unit.SHORT,
                width=12,
                lines=(Query(f"count by (alertname) ({FIRING})", "{{alertname}}"),),
                stacked=True,
                empty=Empty.ALERTS,
            ),
        ),
    )


def _services(settings: MetricsSettings) -> Line:
    bounds = settings.models
    by = f"by ({BY_SERVICE})"
    return Line(
        10,
        (
            Table(
                title="Applications and models",
                description="Every service, worst burn first. A model has drift and quality beside its requests. Click a service to open its page.",
                width=24,
                keys=(links.team("delivery", "cost"), Key("namespace", "Namespace"), links.service()),
                columns=(
                    Value("Burn, 1h", f"max {by} ({burn('availability', '1h', TEAM)})", Unit.NONE, 1, BURN),
                    Value("Burn, 6h", f"max {by} ({burn('availability', '6h', TEAM)})", Unit.NONE, 1, BURN),
                    Value("Latency burn, 1h", f"max {by} ({burn('latency', '1h', TEAM)})", Unit.NONE, 1, BURN),
                    Value("Requests", f"sum {by} (commonground:requests:rate5m{{{TEAM}}})", Unit.REQUESTS, 1),
                    Value("p99", f"max {by} (commonground:request_duration:p99_5m{{{TEAM}}})", Unit.SECONDS, 2),
                    Value("Saturation", f"max {by} (commonground:service_saturation:ratio{{{TEAM}}})", Unit.RATIO, 0, above(0.8, 0.95)),
                    Value(
                        "Worst drift",
                        f"max {by} ({latest(modelrows.drift(settings, TEAM))})",
                        Unit.NONE,
                        2,
                        above(settings.drift.warning, settings.drift.critical),
                    ),
                    Value(
                        "Quality decline",
                        f"max {by} (commonground:model_quality:drop{{{TEAM}}})",
                        Unit.RATIO,
                        1,
                        Thresholds("green", ((bounds.quality_drop_percent / 100, "red"),)),
                    ),
                    Value("Model age", f"max {by} (commonground:model_age:seconds{{{TEAM}}})", Unit.SECONDS, 1, modelrows.ages(bounds.max_age_days * 86_400)),
                    Value("Alerts", f"count {by} ({FIRING_SERVICES})", Unit.NONE),
                ),
                sort="Burn, 1h",
            ),
        ),
    )


def _courses(settings: MetricsSettings) -> Line:
    drift = modelrows.drift(settings, TEAM)
    model = f"{BY_SERVICE}, model"
    return Line(
        8,
        (
            TimeSeries(
                title="Error budget burn: the 10 highest",
                description="How many times as fast as it lasts each service uses its error budget, over an hour.",
                unit=Unit.NONE,
                width=12,
                decimals=1,
                thresholds=BURN,
                lines=(
                    Query(
                        top(
                            10,
                            f"({burn('availability', '1h', TEAM)})",
                            BY_SERVICE,
                            f"max by ({BY_SERVICE}) ({peak(f'commonground:service_errors:ratio1h{{{TEAM}}}')})",
                        ),
                        "{{team}}/{{service}}",
                    ),
                ),
                links=(links.from_series("service", "team", "service"),),
            ),
            TimeSeries(
                title="Drift: the 10 models that drift most",
                description=f"Worst {modelrows.measure(settings)} of each model in {settings.drift.fast}. Lines: warning and critical.",
                unit=Unit.NONE,
                width=12,
                decimals=2,
                thresholds=above(settings.drift.warning, settings.drift.critical),
                lines=(Query(top(10, f"max by ({model}) ({latest(drift)})", model, f"max by ({model}) ({peak(drift)})"), "{{team}}/{{service}} {{model}}"),),
                step="5m",
                links=(links.from_series("service", "team", "service", "model"),),
                empty=Empty.MODELS,
            ),
        ),
    )


def _teams() -> Line:
    one = Thresholds("green", ((1, "orange"),))
    requests = "sum by (team) (kube_pod_container_resource_requests"
    return Line(
        7,
        (
            Table(
                title="Teams",
                description="What each team runs and holds. Click a team for its deploys, GPUs and cost drivers.",
                width=24,
                keys=(links.team("delivery", "gpus", "training", "cost"),),
                columns=(
                    Value("Services", f"count by (team) (group by ({BY_SERVICE}) (commonground:requests:rate5m{{{TEAM}}}))", Unit.NONE),
                    Value("Models", f"count by (team) (group by ({BY_SERVICE}, model) (commonground_model_info{{{TEAM}}}))", Unit.NONE),
                    Value("Alerts", f"count by (team) ({FIRING})", Unit.NONE, 0, one),
                    Value("Pods", f'sum by (team) (kube_pod_status_phase{{phase="Running", {TEAM}}})', Unit.NONE),
                    Value(
                        "Pods that wait",
                        f'sum by (team) (kube_pod_status_phase{{phase="Pending", {TEAM}}})',
                        Unit.NONE,
                        0,
                        Thresholds("green", ((1, "orange"),)),
                    ),
                    Value("CPU requested", f'{requests}{{resource="cpu", {TEAM}}})', Unit.SHORT, 1),
                    Value("Memory requested", f'{requests}{{resource="memory", {TEAM}}})', Unit.BYTES, 1),
                    Value("GPUs", f"sum by (team) (commonground:gpu_allocated:count{{{TEAM}}})", Unit.NONE),
                ),
                sort="Alerts",
            ),
        ),
    )


def _pools() -> Line:
    return Line(
        7,
        (
            TimeSeries(
                title="Nodes by pool",
                description="How many nodes each pool has: what scaling did, and what is paid.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(Query('count by (pool) (up{job="kubelet"})', "{{pool}}"),),
                stacked=True,
                links=(links.page("cost"),),
            ),
            TimeSeries(
                title="GPUs: held and there",
                description="GPUs that each team holds, and how many nodes have. The gap is paid and held by nobody.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(
                    Query("sum by (team) (commonground:gpu_allocated:count)", "{{team}}"),
                    Query("sum(commonground:gpu_capacity:count)", "On nodes"),
                ),
                links=(links.page("gpus"),),
                empty=Empty.GPUS,
            ),
            TimeSeries(
                title="Quota used: the 10 fullest",
                description="Share of a namespace's quota that is used. At 100 % new pods are refused.",
                unit=Unit.RATIO,
                width=8,
                decimals=0,
                thresholds=above(0.8, 0.95),
                lines=(
                    Query(
                        f'topk(10, kube_resourcequota{{type="used", {TEAM}}} / ignoring(type) (kube_resourcequota{{type="hard", {TEAM}}} > 0))',
                        "{{namespace}} {{resource}}",
                    ),
                ),
                empty=Empty.QUOTA,
            ),
        ),
    )


def _usage() -> Line:
    parts = (
        ("CPU", "node_cpu", "CPU time that is used, of what the pool's nodes have. Low for long: the pool is too large, or requests are."),
        ("Memory", "node_memory", "Memory in use, of what the pool's nodes have. Near 100 % pods are evicted."),
        ("Disk", "node_disk", "The fullest disk of each pool. From 85 % the kubelet evicts pods."),
    )
    return Line(
        7,
        tuple(
            TimeSeries(
                title=f"{title} by pool",
                description=description,
                unit=Unit.RATIO,
                width=8,
                decimals=0,
                maximum=1,
                thresholds=above(0.8, 0.9) if title != "CPU" else None,
                lines=(Query(f"{'max' if title == 'Disk' else 'avg'} by (pool) (commonground:{series}:ratio)", "{{pool}}"),),
            )
            for title, series, description in parts
        ),
    )
