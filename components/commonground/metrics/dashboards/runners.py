"""CI runners: whether jobs wait, and whether runners idle. One row for each CI system; those that are not there say so."""

from commonground.metrics.dashboards.model import Dashboard, Empty, Key, Line, Query, Row, Stat, Table, Thresholds, TimeSeries, Unit, Value, Variable
from commonground.settings.metrics import MetricsSettings

SET = 'name=~"$set"'


def dashboard(settings: MetricsSettings) -> Dashboard:
    """GitHub's Actions Runner Controller, GitLab Runner and Jenkins."""
    del settings
    return Dashboard(
        name="runners",
        title="CI runners",
        description="Do jobs wait for runners, do runners idle, and which jobs fail?",
        rows=(
            Row("GitHub: runner scale sets", (_github_now(), _github(), _github_jobs())),
            Row("GitLab Runner", (_gitlab(), _gitlab_jobs())),
            Row("Jenkins", (_jenkins(),)),
            Row("Pods of runners", (_pods(),)),
        ),
        variables=(
            Variable("team", "Team", "kube_pod_info", "team", several=True),
            Variable("set", "Runner scale set", "gha_desired_runners", "name", several=True),
            Variable("namespace", "Namespace", 'kube_pod_info{namespace=~"(.+-)?(arc|gitlab|jenkins|runners?)(-.+)?"}', "namespace", several=True),
        ),
    )


def _github_now() -> Line:
    waiting = f"sum(clamp_min(gha_assigned_jobs{{{SET}}} - gha_running_jobs{{{SET}}}, 0))"
    parts = (
        ("Jobs that wait", waiting, "Jobs that a set has, and that no runner has begun.", Thresholds("green", ((5, "orange"),))),
        ("Jobs that run", f"sum(gha_running_jobs{{{SET}}})", "Jobs that runners work on.", None),
        ("Idle runners", f"sum(gha_idle_runners{{{SET}}})", "Runners without a job: the minimum that a set keeps, or a scale-down that hangs.", None),
        (
            "Failed runners",
            "sum(gha_controller_failed_ephemeral_runners)",
            "Runners that failed to start 5 times: they take a set's places until they are deleted.",
            Thresholds("green", ((1, "red"),)),
        ),
    )
    return Line(
        4,
        tuple(
            Stat(
                title=title,
                description=description,
                unit=Unit.SHORT,
                width=6,
                decimals=0,
                thresholds=thresholds,
                values=(Query(expr, title),),
                trend=True,
                empty=Empty.ARC,
            )
            for title, expr, description, thresholds in parts
        ),
    )


def _github() -> Line:
    return Line(
        8,
        (
            TimeSeries(
                title="Jobs by set",
                description="Jobs that a set has, and those that run. The gap waits.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(
                    Query(f"sum by (name) (gha_assigned_jobs{{{SET}}})", "{{name}} assigned"),
                    Query(f"sum by (name) (gha_running_jobs{{{SET}}})", "{{name}} running"),
                ),
                empty=Empty.ARC,
            ),
            TimeSeries(
                title="Runners by set",
                description="Runners that are there, and the most there may be. At the most, jobs wait.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(
                    Query(f"sum by (name) (gha_registered_runners{{{SET}}})", "{{name}}"),
                    Query(f"sum by (name) (gha_max_runners{{{SET}}})", "{{name}} at most"),
                ),
                empty=Empty.ARC,
            ),
            TimeSeries(
                title="Start of a job, p50 and p90",
                description="From a job's assignment to its first step: a node that has to come, an image that has to be pulled.",
                unit=Unit.SECONDS,
                width=8,
                lines=(
                    Query("histogram_quantile(0.5, sum by (le) (rate(gha_job_startup_duration_seconds_bucket[$__rate_interval])))", "p50"),
                    Query("histogram_quantile(0.9, sum by (le) (rate(gha_job_startup_duration_seconds_bucket[$__rate_interval])))", "p90"),
                ),
                step="10m",
                empty=Empty.ARC,
            ),
        ),
    )


def _github_jobs() -> Line:
    completed = "gha_completed_jobs_total"
    by = "repository, job_name"
    failed = f'sum by ({by}) (increase({completed}{{job_result!="succeeded"}}[$__range]))'
    ended = f"sum by ({by}) (increase({completed}[$__range]))"
    spent = f"sum by ({by}) (increase(gha_job_execution_duration_seconds_sum[$__range]))"
    return Line(
        9,
        (
            Table(
                title="Jobs",
                description="Jobs that ended in the time range: those that take the most runner time first.",
                width=16,
                keys=(Key("repository", "Repository"), Key("job_name", "Job")),
                columns=(
                    Value("Ended", ended, Unit.SHORT, 0),
                    Value("Failed", f"{failed} / ({ended} > 0)", Unit.RATIO, 0, Thresholds("green", ((0.2, "orange"),))),
                    Value("Runner time", spent, Unit.SECONDS, 1),
                    Value("Mean", f"{spent} / ({ended} > 0)", Unit.SECONDS, 0),
                ),
                sort="Runner time",
                empty=Empty.ARC,
            ),
            TimeSeries(
                title="Listeners that run",
                description="Each set needs one. Without it its jobs wait for ever, and nothing else says so.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(Query("sum(gha_controller_running_listeners)", "Listeners"), Query("count(gha_desired_runners)", "Sets")),
                empty=Empty.ARC,
            ),
        ),
    )


def _gitlab() -> Line:
    return Line(
        8,
        (
            TimeSeries(
                title="Jobs that run, by state",
                description="Jobs that GitLab's runners work on, and how many they may at once.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(Query("sum by (state) (gitlab_runner_jobs)", "{{state}}"), Query("sum(gitlab_runner_concurrent)", "At most")),
                empty=Empty.GITLAB,
            ),
            TimeSeries(
                title="Wait in the queue, p50 and p90",
                description="From when GitLab has a job to when a runner takes it.",
                unit=Unit.SECONDS,
                width=8,
                lines=(
                    Query("histogram_quantile(0.5, sum by (le) (rate(gitlab_runner_job_queue_duration_seconds_bucket[$__rate_interval])))", "p50"),
                    Query("histogram_quantile(0.9, sum by (le) (rate(gitlab_runner_job_queue_duration_seconds_bucket[$__rate_interval])))", "p90"),
                ),
                step="10m",
                empty=Empty.GITLAB,
            ),
            TimeSeries(
                title="Jobs that failed, by reason",
                description="Jobs that ended badly in each step. `runner_system_failure` is ours, `script_failure` the author's.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(Query("sum by (failure_reason) (increase(gitlab_runner_failed_jobs_total[$__rate_interval]))", "{{failure_reason}}"),),
                stacked=True,
                bars=True,
                step="10m",
                empty=Empty.GITLAB,
            ),
        ),
    )


def _gitlab_jobs() -> Line:
    return Line(
        7,
        (
            TimeSeries(
                title="Duration of jobs, p50 and p90",
                description="How long jobs take on GitLab's runners.",
                unit=Unit.SECONDS,
                width=12,
                lines=(
                    Query("histogram_quantile(0.5, sum by (le) (rate(gitlab_runner_job_duration_seconds_bucket[$__rate_interval])))", "p50"),
                    Query("histogram_quantile(0.9, sum by (le) (rate(gitlab_runner_job_duration_seconds_bucket[$__rate_interval])))", "p90"),
                ),
                step="10m",
                empty=Empty.GITLAB,
            ),
            TimeSeries(
                title="Errors of the runner itself",
                description="Errors that the runner logged in each step: its token, its rights in the cluster, its cache.",
                unit=Unit.SHORT,
                width=12,
                decimals=0,
                lines=(Query("sum by (level) (increase(gitlab_runner_errors_total[$__rate_interval]))", "{{level}}"),),
                bars=True,
                step="10m",
                empty=Empty.GITLAB,
            ),
        ),
    )


def _jenkins() -> Line:
    return Line(
        8,
        (
            TimeSeries(
                title="Queue",
                description="Builds that wait for an executor.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(Query("sum(default_jenkins_executors_queue_length)", "Waiting"),),
                empty=Empty.JENKINS,
            ),
            TimeSeries(
                title="Executors",
                description="Executors that build, and that idle.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(
                    Query("sum(default_jenkins_executors_busy)", "Busy"),
                    Query("sum(default_jenkins_executors_idle)", "Idle"),
                ),
                stacked=True,
                empty=Empty.JENKINS,
            ),
            TimeSeries(
                title="Agents online",
                description="Agents that are connected to the controller.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(Query("sum(default_jenkins_nodes_online)", "Agents"),),
                empty=Empty.JENKINS,
            ),
        ),
    )


def _pods() -> Line:
    where = 'namespace=~"$namespace"'
    return Line(
        8,
        (
            TimeSeries(
                title="Pods by phase",
                description="Pods in the runners' namespaces. Pending for long: no node, no quota, or an image that cannot be pulled.",
                unit=Unit.SHORT,
                width=12,
                decimals=0,
                lines=(Query(f"sum by (namespace, phase) (kube_pod_status_phase{{{where}}} > 0)", "{{namespace}} {{phase}}"),),
                stacked=True,
                empty=Empty.RUNNERS,
            ),
            TimeSeries(
                title="CPU used by namespace",
                description="Cores that runners use: what CI costs beside everything else.",
                unit=Unit.NONE,
                width=12,
                decimals=1,
                lines=(
                    Query(
                        f'sum by (namespace) (rate(container_cpu_usage_seconds_total{{container!="", {where}}}[$__rate_interval]))',
                        "{{namespace}}",
                    ),
                ),
                stacked=True,
                empty=Empty.RUNNERS,
            ),
        ),
    )
