"""Training: runs, jobs, queues, and the features that they read."""

from commonground.metrics.dashboards import links, modelrows
from commonground.metrics.dashboards.model import Dashboard, Empty, Key, Line, Query, Row, Stat, Table, Thresholds, TimeSeries, Unit, Value, Variable, above
from commonground.settings.metrics import MetricsSettings

TEAM = 'team=~"$team"'
WHERE = f'{TEAM}, model=~"$model"'
_HOUR = 3_600
_BY = "team, namespace, model"


def dashboard(settings: MetricsSettings) -> Dashboard:
    """Whether models are trained, how long it takes, and what training waits for."""
    return Dashboard(
        name="training",
        title="Training",
        description="Are models trained again, how long does it take, and what does training wait for?",
        rows=(
            Row("Now", (_now(),)),
            Row("Models", (_models(settings), _runs(settings))),
            Row("Jobs", (_jobs(),)),
            Row("Features", (_features(settings),)),
            Row("Queues (with Kueue)", (_queues(), _quota())),
        ),
        variables=(
            Variable("team", "Team", "kube_pod_info", "team", several=True),
            Variable("model", "Model", f"commonground_training_runs_total{{{TEAM}}}", "model", several=True),
        ),
        hours=24,
        alerts=f'{TEAM}, retrain="true"',
    )


def _now() -> Line:
    def ended(status: str) -> str:
        return f'sum(increase(commonground_training_runs_total{{{WHERE}, status="{status}"}}[$__range]))'

    return Line(
        4,
        (
            Stat(
                title="Runs that succeeded",
                description="Training runs that ended well in the time range.",
                unit=Unit.SHORT,
                width=5,
                decimals=0,
                values=(Query(ended("succeeded"), "Succeeded"),),
                empty=Empty.TRAINING,
            ),
            Stat(
                title="Runs that failed",
                description="Training runs that ended badly in the time range.",
                unit=Unit.SHORT,
                width=5,
                decimals=0,
                thresholds=Thresholds("green", ((1, "red"),)),
                values=(Query(ended("failed"), "Failed"),),
                empty=Empty.TRAINING,
            ),
            Stat(
                title="Jobs that run",
                description="Jobs with a pod that runs or waits.",
                unit=Unit.SHORT,
                width=5,
                values=(Query(f"sum(kube_job_status_active{{{TEAM}}} > bool 0)", "Jobs"),),
                trend=True,
                empty=Empty.JOBS,
            ),
            Stat(
                title="Pods that wait for GPUs",
                description="Pending pods that ask for a GPU: see who holds them.",
                unit=Unit.SHORT,
                width=5,
                thresholds=Thresholds("green", ((1, "orange"),)),
                values=(
                    Query(
                        f'count(kube_pod_status_phase{{phase="Pending", {TEAM}}} == 1 and on(namespace, pod)'
                        ' kube_pod_container_resource_requests{resource="nvidia_com_gpu"}) or vector(0)',
                        "Pods",
                    ),
                ),
                trend=True,
                links=(links.page("gpus"),),
            ),
            Stat(
                title="Workloads in queues",
                description="Workloads that Kueue has not admitted yet.",
                unit=Unit.SHORT,
                width=4,
                values=(Query("sum(kueue_pending_workloads)", "Queued"),),
                trend=True,
                empty=Empty.KUEUE,
            ),
        ),
    )


def _models(settings: MetricsSettings) -> Line:
    def ended(status: str) -> str:
        return f'max by ({_BY}) (commonground_training_ended_timestamp_seconds{{{WHERE}, status="{status}"}})'

    started = f"max by ({_BY}) (commonground_training_started_timestamp_seconds{{{WHERE}}})"
    last = f"max by ({_BY}) (commonground_training_ended_timestamp_seconds{{{WHERE}}})"
    running = f"{started} > {last} or {started} unless {last}"
    stuck = settings.models.training_hours * _HOUR
    return Line(
        8,
        (
            Table(
                title="Models",
                description=f"The newest runs of each model. One that has run for {settings.models.training_hours} hours counts as stuck.",
                width=24,
                keys=(links.team("overview", "gpus"), Key("namespace", "Namespace"), Key("model", "Model")),
                columns=(
                    Value("Since success", f"time() - {ended('succeeded')}", Unit.SECONDS, 1),
                    Value("Since failure", f"time() - {ended('failed')}", Unit.SECONDS, 1),
                    Value("Running for", f"(time() - {started}) and ({running})", Unit.SECONDS, 1, above(0.8 * stuck, stuck)),
                    Value("Last run took", f"max by ({_BY}) (commonground_training_duration_seconds{{{WHERE}}})", Unit.SECONDS, 1),
                    Value("Age of what serves", f"max by ({_BY}) (commonground:model_age:seconds{{{WHERE}}})", Unit.SECONDS, 1),
                ),
                sort="Since success",
                empty=Empty.TRAINING,
            ),
        ),
    )


def _runs(settings: MetricsSettings) -> Line:
    stuck = settings.models.training_hours * _HOUR
    return Line(
        8,
        (
            TimeSeries(
                title="Runs that ended",
                description="Training runs that ended in each step, by status.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(Query(f"sum by (status) (increase(commonground_training_runs_total{{{WHERE}}}[$__rate_interval]))", "{{status}}"),),
                stacked=True,
                bars=True,
                step="30m",
                empty=Empty.TRAINING,
            ),
            TimeSeries(
                title="Duration of the last run",
                description="How long the last run of each model took. Growing: more data, or a slower GPU.",
                unit=Unit.SECONDS,
                width=8,
                thresholds=above(0.8 * stuck, stuck),
                lines=(Query(f"topk(10, max by (model) (commonground_training_duration_seconds{{{WHERE}}}))", "{{model}}"),),
                empty=Empty.TRAINING,
            ),
            TimeSeries(
                title="Drift, the reason to train",
                description=f"Worst {modelrows.measure(settings)} of each model in {settings.drift.slow}. It falls when a new version serves.",
                unit=Unit.NONE,
                width=8,
                decimals=2,
                thresholds=above(settings.drift.warning, settings.drift.critical),
                lines=(
                    Query(
                        f"topk(10, max by (team, service, model) (last_over_time({modelrows.drift(settings, WHERE, window='slow')}[10m])))",
                        "{{service}} {{model}}",
                    ),
                ),
                step="5m",
                links=(links.from_series("service", "team", "service", "model"),),
                empty=Empty.MODELS,
            ),
        ),
    )


def _jobs() -> Line:
    by = "team, namespace, job_name"
    ended, active = f"kube_job_status_completion_time{{{TEAM}}}", f"kube_job_status_active{{{TEAM}}}"
    took = f"({ended} or time() * ({active} > bool 0)) - on({by}) kube_job_status_start_time{{{TEAM}}} > 0"
    return Line(
        8,
        (
            TimeSeries(
                title="Jobs that run, by namespace",
                description="Jobs with a pod that runs or waits.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(Query(f"sum by (namespace) (kube_job_status_active{{{TEAM}}} > bool 0)", "{{namespace}}"),),
                stacked=True,
                empty=Empty.JOBS,
            ),
            Table(
                title="Jobs",
                description="Every Job that is still there: whether it runs, has failed pods, and how long it took or has run.",
                width=16,
                keys=(links.team("gpus"), Key("namespace", "Namespace"), Key("job_name", "Job")),
                columns=(
                    Value("Running pods", f"sum by ({by}) (kube_job_status_active{{{TEAM}}})", Unit.NONE),
                    Value(
                        "Failed pods",
                        f"sum by ({by}) (kube_job_status_failed{{{TEAM}}})",
                        Unit.NONE,
                        thresholds=Thresholds("green", ((1, "orange"),)),
                    ),
                    Value(
                        "Took",
                        f"max by ({by}) ({took})",
                        Unit.SECONDS,
                        1,
                    ),
                ),
                sort="Running pods",
                empty=Empty.JOBS,
            ),
        ),
    )


def _features(settings: MetricsSettings) -> Line:
    hours = settings.models.feature_age_hours
    return Line(
        8,
        (
            TimeSeries(
                title="Feature freshness: the 10 oldest views",
                description=f"Age of the newest value of each feature view. Stale from {hours} hours: models that read it guess from old data.",
                unit=Unit.SECONDS,
                width=24,
                thresholds=modelrows.ages(hours * _HOUR),
                lines=(Query(f"topk(10, max by (namespace, feature_view) (commonground:feature_age:seconds{{{TEAM}}}))", "{{namespace}}/{{feature_view}}"),),
                empty=Empty.FEATURES,
            ),
        ),
    )


def _queues() -> Line:
    return Line(
        8,
        (
            TimeSeries(
                title="Pending workloads by queue",
                description="Workloads that wait to be admitted; inadmissible ones fit into no quota and wait for ever.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(Query("sum by (cluster_queue, status) (kueue_pending_workloads)", "{{cluster_queue}} ({{status}})"),),
                stacked=True,
                empty=Empty.KUEUE,
            ),
            TimeSeries(
                title="Wait for admission, p90",
                description="9 of 10 workloads were admitted within this time.",
                unit=Unit.SECONDS,
                width=8,
                lines=(
                    Query(
                        "histogram_quantile(0.9, sum by (le, cluster_queue) (rate(kueue_admission_wait_time_seconds_bucket[$__rate_interval])))",
                        "{{cluster_queue}}",
                    ),
                ),
                step="10m",
                empty=Empty.KUEUE,
            ),
            TimeSeries(
                title="Evicted workloads",
                description="Workloads that were thrown out in each step, by reason: preempted, out of time, or because a check failed.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                lines=(Query("sum by (cluster_queue, reason) (increase(kueue_evicted_workloads_total[$__rate_interval]))", "{{cluster_queue}} {{reason}}"),),
                stacked=True,
                bars=True,
                step="10m",
                empty=Empty.KUEUE,
            ),
        ),
    )


def _quota() -> Line:
    quota = "sum by (cluster_queue, resource) (kueue_cluster_queue_nominal_quota)"
    return Line(
        8,
        (
            TimeSeries(
                title="Admitted workloads by queue",
                description="Workloads that run.",
                unit=Unit.SHORT,
                width=12,
                decimals=0,
                lines=(Query("sum by (cluster_queue) (kueue_admitted_active_workloads)", "{{cluster_queue}}"),),
                stacked=True,
                empty=Empty.KUEUE,
            ),
            TimeSeries(
                title="Quota used by queue",
                description="What admitted workloads take of each queue's own quota. Above 100 % it borrows.",
                unit=Unit.RATIO,
                width=12,
                decimals=0,
                lines=(Query(f"sum by (cluster_queue, resource) (kueue_cluster_queue_resource_usage) / ({quota} > 0)", "{{cluster_queue}} {{resource}}"),),
                empty=Empty.KUEUE,
            ),
        ),
    )
