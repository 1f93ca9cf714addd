"""Delivery: how often, how fast and how well changes arrive, for applications and models alike."""

from commonground.metrics.dashboards import links
from commonground.metrics.dashboards.model import Dashboard, Empty, Key, Line, Query, Row, Stat, Table, Thresholds, TimeSeries, Unit, Value, Variable
from commonground.metrics.dashboards.queries import BY_SERVICE
from commonground.settings.metrics import MetricsSettings

SERVICE = 'team=~"$team", service=~"$service"'
CHANGE = f'{SERVICE}, kind=~"$kind"'
DEPLOYS = f"commonground:deploy:new{{{CHANGE}}}"
LEAD = f"commonground:deploy_lead:seconds{{{CHANGE}}}"
FAILING = f"commonground:service_failing:bool{{{SERVICE}}}"
_MINUTE, _DAY = 60, 86_400

# A service that fails within an hour of a deploy: both are looked at every 10 minutes, since the look at each would read too many samples.
_FAILED = (
    f"sum_over_time(commonground:deploy:new{{{CHANGE}}}[10m] offset 1h)"
    f" and on({BY_SERVICE}) (max_over_time(commonground:service_failing:bool{{{SERVICE}}}[1h]) > 0)"
)
_BEGINNINGS = f"ceil(changes({FAILING}[$__range]) / 2)"
"""Times a service began to fail: each is a change to 1 and one back."""


def dashboard(settings: MetricsSettings) -> Dashboard:
    """DORA's measures (dora.dev), of code and of models."""
    del settings
    return Dashboard(
        name="delivery",
        title="Delivery",
        description="How often, how fast and how well do changes arrive, of applications and of models?",
        rows=(
            Row("In the time range", (_now(),)),
            Row("Over time", (_over_time(),)),
            Row("Services", (_services(), _deploys())),
        ),
        variables=(
            Variable("team", "Team", "kube_pod_info", "team", several=True),
            Variable("service", "Service", 'commonground_requests_in_flight{team=~"$team"}', "service", several=True),
            Variable("kind", "Kind", 'commonground:deploy:new{team=~"$team"}', "kind", several=True),
        ),
        hours=7 * 24,
        deploys=CHANGE,
        alerts=f'severity="critical", {SERVICE}',
    )


def _now() -> Line:
    return Line(
        5,
        (
            Stat(
                title="Deploys",
                description="Versions of code or of a model that were seen for the first time.",
                unit=Unit.SHORT,
                width=5,
                decimals=0,
                values=(Query(f"sum by (kind) (sum_over_time({DEPLOYS}[$__range]))", "{{kind}}"),),
                empty=Empty.CHANGE,
            ),
            Stat(
                title="Lead time, median",
                description="From the change (a commit, or the end of a model's data) to its first request.",
                unit=Unit.SECONDS,
                width=5,
                decimals=1,
                values=(Query(f"quantile by (kind) (0.5, max_over_time({LEAD}[$__range]))", "{{kind}}"),),
                empty=Empty.CHANGE,
            ),
            Stat(
                title="Deploys that failed",
                description="Share of deploys after which the service failed within an hour.",
                unit=Unit.RATIO,
                width=5,
                decimals=0,
                thresholds=Thresholds("green", ((0.15, "orange"), (0.3, "red"))),
                values=(
                    Query(
                        f"(sum by (kind) (sum_over_time(({_FAILED})[$__range:10m])) or 0 * sum by (kind) (sum_over_time({DEPLOYS}[$__range])))"
                        f" / sum by (kind) (sum_over_time({DEPLOYS}[$__range]))",
                        "{{kind}}",
                    ),
                ),
                empty=Empty.CHANGE,
            ),
            Stat(
                title="Failures",
                description="Times a service began to fail, whatever the reason.",
                unit=Unit.SHORT,
                width=4,
                decimals=0,
                thresholds=Thresholds("green", ((1, "orange"),)),
                values=(Query(f"sum({_BEGINNINGS})", "Failures"),),
            ),
            Stat(
                title="Time to recover, mean",
                description="How long a service failed, each time.",
                unit=Unit.SECONDS,
                width=5,
                decimals=0,
                values=(Query(f"sum(sum_over_time({FAILING}[$__range])) * {_MINUTE} / (sum({_BEGINNINGS}) > 0)", "Recovery"),),
                empty=Empty.RECOVERED,
            ),
        ),
    )


def _over_time() -> Line:
    return Line(
        8,
        (
            TimeSeries(
                title="Deploys by kind",
                description="Versions that were first seen in each step. Models beside applications: who waits for whom?",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(Query(f"sum by (kind) (sum_over_time({DEPLOYS}[$__interval]))", "{{kind}}"),),
                stacked=True,
                bars=True,
                step="1h",
                empty=Empty.CHANGE,
            ),
            TimeSeries(
                title="Lead time of deploys",
                description="From the change to its first request, of those deploys that came in each step.",
                unit=Unit.SECONDS,
                width=8,
                lines=(Query(f"max by (kind) (max_over_time({LEAD}[$__interval]))", "{{kind}}"),),
                bars=True,
                step="1h",
                empty=Empty.CHANGE,
            ),
            TimeSeries(
                title="Services that fail",
                description="Services that fail their objective now.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(Query(f"sum by (team) ({FAILING})", "{{team}}"),),
                stacked=True,
                links=(links.from_series("overview", "team"),),
            ),
        ),
    )


def _services() -> Line:
    by = f"by ({BY_SERVICE})"
    return Line(
        9,
        (
            Table(
                title="Services",
                description="Deploys and failures of each service in the time range.",
                width=24,
                keys=(links.team("overview", "runners"), Key("namespace", "Namespace"), links.service()),
                columns=(
                    Value("Deploys a day", f"sum {by} (sum_over_time({DEPLOYS}[$__range])) / $__range_s * {_DAY}", Unit.NONE, 2),
                    Value("Lead time", f"quantile {by} (0.5, max_over_time({LEAD}[$__range]))", Unit.SECONDS, 1),
                    Value("Failures", f"sum {by} ({_BEGINNINGS})", Unit.NONE, 0, Thresholds("green", ((1, "orange"),))),
                    Value("Time failing", f"sum {by} (sum_over_time({FAILING}[$__range])) * {_MINUTE}", Unit.SECONDS, 0),
                    Value("Failing now", f"max {by} ({FAILING})", Unit.NONE, 0, Thresholds("green", ((1, "red"),))),
                ),
                sort="Deploys a day",
            ),
        ),
    )


def _deploys() -> Line:
    return Line(
        9,
        (
            Table(
                title="Deploys",
                description="Every version that was first seen, newest first.",
                width=24,
                keys=(links.team("overview"), links.service(), Key("kind", "Kind"), Key("version", "Version")),
                columns=(Value("Deploys", f"sum by (team, service, kind, version) (sum_over_time({DEPLOYS}[$__interval])) > 0", Unit.NONE, 0),),
                sort="Time",
                over_time=True,
                empty=Empty.CHANGE,
            ),
        ),
    )
