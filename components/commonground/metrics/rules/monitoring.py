"""Rules of the monitoring's own health, and of what EKS runs: its API server and add-ons.

Left out, since it can never be right here: etcd, and targets of the scheduler and controller manager (EKS hides them, and tells a part under
metrics.eks.amazonaws.com); client certificates (EKS issues none, and renews its own); failed rule evaluations and notifications (Amazon Managed Prometheus
tells them to CloudWatch only, as RuleEvaluationFailures and AlertManagerNotificationsFailed).
"""

from collections.abc import Iterator, Sequence

from commonground.metrics.rules.drift import BINS
from commonground.metrics.rules.limits import PLATFORM_SERIES, TEAM_SERIES
from commonground.metrics.rules.model import Alert, Group, Recording, Severity
from commonground.metrics.rules.windows import HOURLY
from commonground.settings.metrics import PLATFORM, MetricsSettings

JOBS = ("apiserver", "cadvisor", "kube-controller-manager", "kube-scheduler", "kube-state-metrics", "kubelet", "node-exporter")
"""Those that every cluster has. `pods` and `dcgm` may be empty."""

MOST_SAMPLES = 10_000
"""Samples of one target. A model with the most variables and bins that the contract allows has some 8,000."""
NEAR_LIMIT = 0.8
TEAM_SERIES_COUNT = "commonground:team_series:count"
"""Active series of a team, about."""
ABOUT_TEAMS = ("cadvisor", "dcgm", "kube-state-metrics")
"""Jobs whose targets are nobody's, and whose series have the label of the team that they are about."""
RECORDED = 6
"""Series that the rules of drift record for each bin of each variable of a model: five of the bin, and eleven of the variable, which has eleven bins or so."""
API_ERRORS = 0.03
API_SECONDS = 1
"""Kubernetes' own objective for requests that are about one object (kubernetes/community, "API call latency SLIs/SLOs details")."""
API_REJECTED = 1
"""Requests a second that priority and fairness turns away."""
BACKLOG = 500
"""Objects that wait for one of the controller manager's controllers."""
# EKS user guide, "View Amazon EKS service quotas", etcd database: from 8 GiB on it can be read only. apiserver_storage_size_bytes tells it.
DATABASE_BYTES = {Severity.WARNING: int(0.75 * 2**33), Severity.CRITICAL: int(0.9 * 2**33)}
CERTIFICATE_DAYS = 14
DEGRADED = 0.1
"""Share of an add-on's pods."""


def groups(settings: MetricsSettings) -> Sequence[Group]:
    """All groups of this namespace."""
    return (
        Group("monitoring-scraping", (_watchdog(), *_scraping(), *_targets())),
        Group("monitoring-series", tuple(_team_series()), "5m"),
        Group("monitoring-cluster", (*_api_server(), *_control_plane(), *_addons())),
    )


def _watchdog() -> Alert:
    return Alert(
        "Watchdog",
        "vector(1)",
        Severity.WARNING,
        "This always fires (value {{ $value }}): where it does not arrive, no other alert does",
        team=PLATFORM,
    )


def _scraping() -> Iterator[Alert]:
    yield Alert(
        "NoData",
        "\nor ".join(f'absent(up{{job="{job}"}})' for job in JOBS),
        Severity.CRITICAL,
        "Nothing has been scraped of job {{ $labels.job }} for 10m",
        wait="10m",
        team=PLATFORM,
    )
    yield Alert(
        "TargetsDown",
        'avg by (job) (up{job!="pods"} == bool 0) > 0.1',
        Severity.WARNING,
        "{{ $value | humanizePercentage }} of the targets of job {{ $labels.job }} cannot be scraped",
        wait="15m",
        team=PLATFORM,
    )
    yield Alert(
        "ScrapeFailing",
        'avg by (team, namespace, service) (up{job="pods"} == bool 0) > 0.3',
        Severity.WARNING,
        "{{ $labels.namespace }}/{{ $labels.service }}: {{ $value | humanizePercentage }} of its pods cannot be scraped",
        wait="15m",
    )
    yield Alert(
        "NodeNotScraped",
        'group by (node) (kube_node_info) unless on (node) (up{job="node-exporter"} == 1)',
        Severity.WARNING,
        "Node {{ $labels.node }} is in the cluster, but nothing has been scraped of it for 15m",
        wait="15m",
        team=PLATFORM,
    )


def _targets() -> Iterator[Alert]:
    yield Alert(
        "TargetTooLarge",
        f'max by (team, namespace, service) (scrape_samples_post_metric_relabeling{{job="pods"}}) > {MOST_SAMPLES}',
        Severity.WARNING,
        "{{ $labels.namespace }}/{{ $labels.service }}: one of its pods exposes {{ $value }} series",
        wait="15m",
    )
    yield Alert(
        "PlatformSeriesNearLimit",
        # Targets of the cluster's own have no team; what they tell of teams' objects is counted here, and bounded as the team's: an upper bound.
        f'sum(scrape_samples_post_metric_relabeling{{team=~"|{PLATFORM}"}}) > {NEAR_LIMIT} * {PLATFORM_SERIES}',
        Severity.WARNING,
        f"The cluster's and the platform's targets expose {{{{ $value | humanize }}}} series, over {NEAR_LIMIT:.0%} of what they may have",
        wait="15m",
        team=PLATFORM,
    )


def _team_series() -> Iterator[Recording | Alert]:
    """What has a team's label, but the few dozens that are recorded of each service: AMP bounds all of it, and tells nobody but CloudWatch."""
    teams = f'team!~"|{PLATFORM}"'
    told = f'count by (team) ({{job=~"{"|".join(ABOUT_TEAMS)}",{teams}}})'
    recorded = f"{RECORDED} * last_over_time({BINS}[{HOURLY}])"
    exposed = f'sum by (team) (scrape_samples_post_metric_relabeling{{job="pods",{teams}}})'
    parts = (f'label_replace({expr}, "part", "{part}", "", "")' for part, expr in (("exposed", exposed), ("told", told), ("recorded", recorded)))
    yield Recording(TEAM_SERIES_COUNT, f"sum by (team) ({' or '.join(parts)})")
    yield Alert(
        "TeamSeriesNearLimit",
        f"{TEAM_SERIES_COUNT} > on () group_left () {NEAR_LIMIT} * {TEAM_SERIES}",
        Severity.WARNING,
        f"Team {{{{ $labels.team }}}} has about {{{{ $value | humanize }}}} series, over {NEAR_LIMIT:.0%} of what it may have",
        wait="15m",
    )


def _api_server() -> Iterator[Alert]:
    yield Alert(
        "ApiServerErrors",
        f'sum(rate(apiserver_request_total{{code=~"5.."}}[5m])) / sum(rate(apiserver_request_total[5m])) > {API_ERRORS}',
        Severity.WARNING,
        "The API server fails {{ $value | humanizePercentage }} of its requests",
        wait="10m",
        team=PLATFORM,
    )
    yield Alert(
        "ApiServerSlow",
        f'histogram_quantile(0.99, sum by (le) (rate(apiserver_request_sli_duration_seconds_bucket{{verb=~"DELETE|GET|PATCH|POST|PUT"}}[5m]))) > {API_SECONDS}',
        Severity.WARNING,
        "The API server takes {{ $value | humanizeDuration }} for the slowest hundredth of its requests",
        wait="15m",
        team=PLATFORM,
    )
    yield Alert(
        "ApiServerRejecting",
        f"sum by (priority_level) (rate(apiserver_flowcontrol_rejected_requests_total[5m])) > {API_REJECTED}",
        Severity.WARNING,
        'The API server turns away {{ $value | printf "%.1f" }} requests a second of priority level {{ $labels.priority_level }}',
        wait="10m",
        team=PLATFORM,
    )
    yield Alert(
        "WebhookFailing",
        'sum by (name) (rate(apiserver_admission_webhook_rejection_count{error_type!="no_error"}[10m])) > 0\n'
        "or sum by (name) (rate(apiserver_admission_webhook_fail_open_count[10m])) > 0",
        Severity.WARNING,
        'The API server cannot call admission webhook {{ $labels.name }} ({{ $value | printf "%.2f" }} a second)',
        wait="5m",
        team=PLATFORM,
    )
    yield Alert(
        "ApiServiceUnavailable",
        "max by (name) (aggregator_unavailable_apiservice) == 1",
        Severity.WARNING,
        "The API server has not reached {{ $labels.name }}, an API that an add-on serves, for 10m",
        wait="10m",
        team=PLATFORM,
    )
    for severity, size in DATABASE_BYTES.items():
        yield Alert(
            "ClusterDatabaseNearLimit",
            f"max(apiserver_storage_size_bytes) > {size}",
            severity,
            "The cluster's database holds {{ $value | humanize1024 }}B; at 8 GiB it can only be read",
            wait="10m",
            team=PLATFORM,
        )


def _control_plane() -> Iterator[Alert]:
    yield Alert(
        "SchedulerErrors",
        'sum(rate(scheduler_schedule_attempts_total{result="error"}[10m])) > 0.01',
        Severity.WARNING,
        'The scheduler fails {{ $value | printf "%.2f" }} times a second to place a pod, for other reasons than want of room',
        wait="10m",
        team=PLATFORM,
    )
    yield Alert(
        "ControllerBacklog",
        f'max by (name) (workqueue_depth{{job="kube-controller-manager"}}) > {BACKLOG}',
        Severity.WARNING,
        "{{ $value }} objects wait for the controller {{ $labels.name }} of the controller manager",
        wait="30m",
        team=PLATFORM,
    )
    yield Alert(
        "KubeletCertificateExpiring",
        f"min by (node) (kubelet_certificate_manager_server_ttl_seconds) < {CERTIFICATE_DAYS} * 86400",
        Severity.WARNING,
        "Node {{ $labels.node }}: the kubelet's certificate ends in {{ $value | humanizeDuration }}, and was not renewed",
        wait="1h",
        team=PLATFORM,
    )


def _addons() -> Iterator[Alert]:
    """Deployments and DaemonSets in namespaces that no team has."""
    platform = f'{{team="{PLATFORM}"}}'
    deployments, daemon_sets = "max by (namespace, deployment)", "max by (namespace, daemonset)"
    wanted = f"kube_deployment_spec_replicas{platform}"
    yield Alert(
        "AddonDown",
        f"{deployments} ({wanted} > 0 and kube_deployment_status_replicas_available == 0)",
        Severity.CRITICAL,
        "{{ $labels.namespace }}/{{ $labels.deployment }}: none of its {{ $value }} replicas is available",
        wait="5m",
        team=PLATFORM,
    )
    yield Alert(
        "AddonDegraded",
        f'label_replace({deployments} (1 - kube_deployment_status_replicas_available / {wanted}), "name", "$1", "deployment", "(.*)") > {DEGRADED}\n'
        f"or label_replace({daemon_sets} (kube_daemonset_status_number_unavailable{platform} / "
        f'kube_daemonset_status_desired_number_scheduled), "name", "$1", "daemonset", "(.*)") > {DEGRADED}',
        Severity.WARNING,
        "{{ $labels.namespace }}/{{ $labels.name }}: {{ $value | humanizePercentage }} of its pods are not available",
        wait="15m",
        team=PLATFORM,
    )
