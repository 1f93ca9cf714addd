"""The workspace: a managed Prometheus that keeps samples, with its key, its bounds and its logs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import pulumi
import pulumi_aws as aws

from commonground.iam import Principals, Statement
from commonground.keys import Key
from commonground.settings.metrics import MetricsSettings
from commonground.tags import named

LOGS = "/aws/vendedlogs/prometheus/"
"""Beginning of the log group's name: with another one AWS' deliveries would fill CloudWatch's resource policy, which has an end.

Source: Amazon Managed Service for Prometheus user guide, "Monitor with CloudWatch Logs"; CloudWatch Logs user guide, "Enabling logging from AWS services".
"""


class WorkspaceLike(Protocol):
    """What others need of a workspace: `Workspace` has it, and so has `ExistingWorkspace`."""

    @property
    def id(self) -> pulumi.Input[str]: ...

    @property
    def arn(self) -> pulumi.Input[str]: ...

    @property
    def endpoint(self) -> pulumi.Input[str]: ...

    @property
    def region(self) -> str: ...

    @property
    def key_arn(self) -> pulumi.Input[str] | None: ...


@dataclass(frozen=True)
class ExistingWorkspace:
    """A workspace that is there already, or that another stack made."""

    id: pulumi.Input[str]
    """Example: `ws-0a1b2c3d`."""
    arn: pulumi.Input[str]
    endpoint: pulumi.Input[str]
    """Example: `https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-0a1b2c3d/`."""
    region: str
    key_arn: pulumi.Input[str] | None = None
    """The KMS key that encrypts it; None where AWS' own does."""


class Workspace(pulumi.ComponentResource):
    """An Amazon Managed Service for Prometheus workspace under a key of its own, which encrypts the topics of alerts, too.

    Each team has a bound of series of its own: who makes a label of an order's number loses samples, and nobody else does.
    """

    workspace: aws.amp.Workspace
    key: Key
    log_group: aws.cloudwatch.LogGroup
    """Of rules and alerts that fail, and of the collector."""
    log_group_arn: pulumi.Output[str]
    """As AWS' deliveries want it, with `:*` at its end."""
    id: pulumi.Output[str]
    arn: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    """Address of its API, with a slash at its end."""
    region: str
    key_arn: pulumi.Input[str] | None

    def __init__(self, name: str, settings: MetricsSettings, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commonground:metrics:Workspace", name, None, opts)
        self._label = name
        self._inside = pulumi.ResourceOptions(parent=self)
        self.region = settings.region

        self.key = self._key(settings)
        self.key_arn = self.key.arn
        self.log_group = self._logs(settings)
        self.log_group_arn = pulumi.Output.concat(self.log_group.arn, ":*")
        self.workspace = self._workspace(settings)
        self.id, self.arn, self.endpoint = self.workspace.id, self.workspace.arn, self.workspace.prometheus_endpoint
        self._bounds(settings)
        self.register_outputs({"id": self.id, "arn": self.arn, "endpoint": self.endpoint})

    def _key(self, settings: MetricsSettings) -> Key:
        return Key(
            f"{self._label}-key",
            purpose="Samples of the environment's Prometheus, and alerts on their way",
            account=settings.account,
            protection=settings.protection,
            statements=list(_key_users(settings)),
            opts=self._inside,
        )

    def _logs(self, settings: MetricsSettings) -> aws.cloudwatch.LogGroup:
        label = f"{self._label}-logs"
        return aws.cloudwatch.LogGroup(
            label,
            name=_group(settings),
            kms_key_id=self.key.arn,
            retention_in_days=settings.log_retention_days,
            tags=named(label),
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protection.covers(label)),
        )

    def _workspace(self, settings: MetricsSettings) -> aws.amp.Workspace:
        label = f"{self._label}-workspace"
        return aws.amp.Workspace(
            label,
            alias=f"commonground-{settings.environment}",
            kms_key_arn=self.key.arn,
            logging_configuration={"log_group_arn": self.log_group_arn},
            tags=named(label),
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protection.covers(label)),
        )

    def _bounds(self, settings: MetricsSettings) -> aws.amp.WorkspaceConfiguration:
        """The empty set of labels is everybody else: nodes, the control plane, the platform's pods.

        Source: Amazon Managed Service for Prometheus user guide, "Configure your workspace", label sets.
        """
        return aws.amp.WorkspaceConfiguration(
            f"{self._label}-bounds",
            workspace_id=self.workspace.id,
            retention_period_in_days=settings.retention_days,
            limits_per_label_sets=[_bound({}, settings.platform_series), *(_bound({"team": team}, settings.team_series) for team in settings.teams)],
            opts=self._inside,
        )


def _bound(labels: dict[str, pulumi.Input[str]], series: int) -> aws.amp.WorkspaceConfigurationLimitsPerLabelSetArgsDict:
    return {"label_set": labels, "limits": {"max_series": series}}


def _group(settings: MetricsSettings) -> str:
    return f"{LOGS}commonground-{settings.environment}"


def _key_users(settings: MetricsSettings) -> Iterator[Statement]:
    """Who may use the key beside whom the account's own policies let.

    Whoever may use the workspace, through it only; the service itself, to publish to encrypted topics: without conditions, since nothing says which ones it
    meets, and the topics' policies say for which workspace (Amazon Managed Service for Prometheus user guide, "Encryption at rest" and "Giving permission to
    send alert messages to your Amazon SNS topic"); CloudWatch Logs for this one group (its user guide, "Encrypt log data in CloudWatch Logs using AWS KMS").
    """
    by_way_of = {"kms:ViaService": f"aps.{settings.region}.amazonaws.com", "kms:CallerAccount": settings.account}
    actions = ("kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey", "kms:Decrypt")
    yield Statement("UsedThroughPrometheus", actions, ("*",), Principals.everybody(), {"StringEquals": by_way_of})
    yield Statement("AlertsToTopics", ("kms:GenerateDataKey*", "kms:Decrypt"), ("*",), Principals.service("aps.amazonaws.com"))
    logs = ("kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*")
    group = f"arn:aws:logs:{settings.region}:{settings.account}:log-group:{_group(settings)}"
    of_group = {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group}}
    yield Statement("LogsAtRest", logs, ("*",), Principals.service(f"logs.{settings.region}.amazonaws.com"), of_group)
