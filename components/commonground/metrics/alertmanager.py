"""Where alerts go: routes by team and severity, one more for retraining, what is grouped and what is silenced by what. Text for Alertmanager."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from commonground.metrics import messages
from commonground.metrics.rules.model import Severity
from commonground.metrics.yamltext import written
from commonground.settings.metrics import PLATFORM, WATCHDOG, MetricsSettings, receiver

RETRAINING = "retraining"
"""Receiver of alerts that should start a retraining: those with the label `retrain="true"`."""

WATCHDOG_ALERT = "Watchdog"
NODE_DOWN_ALERT = "NodeNotReady"
# What a service says of itself while it is worse off than that: alert -> what it silences of the same service.
WORSE: Mapping[str, Sequence[str]] = {
    "ServiceDown": ("ServiceErrorBudgetBurn", "ServiceLatencyBudgetBurn", "ServiceSaturated", "ScrapeFailing"),
    "ServiceErrorBudgetBurn": ("ServiceLatencyBudgetBurn", "ServiceSaturated"),
}

Destination = Callable[[str], Mapping[str, Any]]
"""A receiver's name -> its integrations, as Alertmanager has them. Example: `{"webhook_configs": [{"url": "http://127.0.0.1:9000"}]}`."""

# Amazon Managed Service for Prometheus takes more than five days for five days (its user guide, "Create an alert manager configuration").
# Group wait, group interval, repeat interval: a critical one is said again in the same shift, a warning on the next day.
CRITICAL_TIMES = {"group_wait": "30s", "group_interval": "5m", "repeat_interval": "4h"}
WARNING_TIMES = {"group_wait": "1m", "group_interval": "10m", "repeat_interval": "1d"}
# A retraining takes hours, and features drift one after the other: whatever joins them in half a day is the same reason. Said again after a day: a group has
# its turn at each interval, a moment too early for a repetition of exactly two of them.
RETRAINING_TIMES = {"group_wait": "2m", "group_interval": "12h", "repeat_interval": "23h"}
WATCHDOG_TIMES = {"group_wait": "0s", "group_interval": "1m", "repeat_interval": "5m"}

GROUPED_BY = ("alertname", "team", "namespace", "service", "model")
# Without the service: two servers of one model are one retraining.
RETRAINING_GROUPED_BY = ("team", "namespace", "model")

# All that names what an alert is about: a missing label is equal to a missing one.
SAME_THING = (
    "alertname", "team", "namespace", "service", "model", "model_version", "previous_version", "baseline", "kind", "variable", "score", "feature_view",
    "objective", "node", "pool", "pod", "container", "gpu", "modelName", "xid", "persistentvolumeclaim", "deployment", "daemonset", "horizontalpodautoscaler",
    "job_name", "resource", "condition", "priority_level", "name", "job", "instance",
)  # fmt: skip
SAME_SERVICE = ("team", "namespace", "service")


def receivers(settings: MetricsSettings) -> Sequence[str]:
    """Names of all receivers: one for each team and severity, those of the platform, retraining and the watchdog."""
    return (*(receiver(team, severity) for team in owners(settings) for severity in Severity), RETRAINING, WATCHDOG)


def owners(settings: MetricsSettings) -> Sequence[str]:
    """Teams, and the platform."""
    return (*(team for team in settings.teams if team != PLATFORM), PLATFORM)


def configuration(settings: MetricsSettings, destination: Destination, *, templates: Sequence[str] = ()) -> str:
    """Alertmanager's own configuration, with whatever integrations the receivers have."""
    return written(
        {
            **({"templates": list(templates)} if templates else {}),
            "route": route(settings),
            "inhibit_rules": inhibitions(),
            "receivers": [{"name": name, **destination(name)} for name in receivers(settings)],
        }
    )


def definition(settings: MetricsSettings, topics: Mapping[str, str]) -> str:
    """What Amazon Managed Service for Prometheus takes: the configuration and its templates in one. `topics`: receiver -> ARN of its topic.

    Source: its user guide, "Create an alert manager configuration".
    """
    config = configuration(settings, sns(settings, topics), templates=[messages.FILE])
    return written({"template_files": {messages.FILE: messages.templates(settings.environment)}, "alertmanager_config": config})


def sns(settings: MetricsSettings, topics: Mapping[str, str]) -> Destination:
    """Each receiver is a topic. The attributes are for filters of subscriptions; none is ever empty, which SNS refuses.

    A region is demanded, an address or a proxy forbidden (user guide, "Configure alert manager to send messages to your Amazon SNS topic").
    """

    def of(name: str) -> Mapping[str, Any]:
        training = name == RETRAINING
        config = {
            "topic_arn": topics[name],
            "sigv4": {"region": settings.region},
            "send_resolved": not training,
            "subject": f'{{{{ template "{messages.SUBJECT}" . }}}}',
            "message": f'{{{{ template "{messages.JSON if training else messages.TEXT}" . }}}}',
            "attributes": {"environment": settings.environment, "receiver": name},
        }
        return {"sns_configs": [config]}

    return of


def route(settings: MetricsSettings) -> dict[str, Any]:
    """The tree of routes. An alert whose team nobody knows is the platform's, one whose severity nobody knows a warning."""
    return {
        "receiver": receiver(PLATFORM, Severity.WARNING),
        "group_by": list(GROUPED_BY),
        **WARNING_TIMES,
        "routes": [*_special(), *(_owner(team, f'team="{team}"') for team in owners(settings) if team != PLATFORM), _owner(PLATFORM)],
    }


def _special() -> Iterator[dict[str, Any]]:
    yield {"matchers": [f'alertname="{WATCHDOG_ALERT}"'], "receiver": WATCHDOG, "group_by": ["alertname"], **WATCHDOG_TIMES}
    # And its team is told as of any other alert.
    yield {"matchers": ['retrain="true"'], "receiver": RETRAINING, "continue": True, "group_by": list(RETRAINING_GROUPED_BY), **RETRAINING_TIMES}


def _owner(team: str, *matchers: str) -> dict[str, Any]:
    """Without matchers it takes what is left: the root alone would not take what went to the retraining before."""
    critical = {"matchers": [f'severity="{Severity.CRITICAL.value}"'], "receiver": receiver(team, Severity.CRITICAL), **CRITICAL_TIMES}
    return {**({"matchers": list(matchers)} if matchers else {}), "receiver": receiver(team, Severity.WARNING), "routes": [critical]}


def inhibitions() -> list[dict[str, Any]]:
    """What is not said while something worse is."""
    return [
        # A node that is down takes its pods along.
        {"source_matchers": [f'alertname="{NODE_DOWN_ALERT}"', 'node!=""'], "target_matchers": ['pod!=""', 'node!=""'], "equal": ["node"]},
        # Not the same thing twice.
        {
            "source_matchers": [f'severity="{Severity.CRITICAL.value}"'],
            "target_matchers": [f'severity="{Severity.WARNING.value}"'],
            "equal": list(SAME_THING),
        },
        *(_worse(source, targets) for source, targets in WORSE.items()),
    ]


def _worse(source: str, targets: Sequence[str]) -> dict[str, Any]:
    critical = [f'alertname="{source}"', f'severity="{Severity.CRITICAL.value}"']
    return {"source_matchers": critical, "target_matchers": [f'alertname=~"{"|".join(targets)}"'], "equal": list(SAME_SERVICE)}
