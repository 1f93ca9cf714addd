"""Topics: where alerts leave, one for each receiver, and whoever is told."""

import pulumi
import pulumi_aws as aws

from commonground.iam import Conditions, Effect, Principals, Statement, document
from commonground.metrics.alertmanager import receivers
from commonground.metrics.workspace import WorkspaceLike
from commonground.settings.metrics import MetricsSettings
from commonground.tags import named


class Topics(pulumi.ComponentResource):
    """SNS topics of all receivers of alerts. Anybody whom the account's policies let can subscribe later; who is bound is subscribed here.

    A subscription by mail waits until its owner follows the link that SNS sends.
    """

    topics: dict[str, aws.sns.Topic]
    """By receiver: `shop-critical`, `platform-warning`, `retraining`, `watchdog`."""
    arns: dict[str, pulumi.Output[str]]
    ready: list[pulumi.Resource]
    """What must be there before alerts are sent: the topics' policies."""

    def __init__(self, name: str, settings: MetricsSettings, *, workspace: WorkspaceLike, opts: pulumi.ResourceOptions | None = None) -> None:
        """The workspace's key encrypts what is on its way; it has to let `aps.amazonaws.com` use it, as that of `Workspace` does."""
        super().__init__("commonground:metrics:Topics", name, None, opts)
        self._label = name
        self._inside = pulumi.ResourceOptions(parent=self)
        self.topics = {one: self._topic(one, settings, workspace) for one in receivers(settings)}
        self.arns = {one: topic.arn for one, topic in self.topics.items()}
        self.ready = [self._policy(one, settings, workspace) for one in self.topics]
        for one, address in settings.subscriptions.items():
            self._subscription(one, address)
        self.register_outputs({"arns": self.arns})

    def _topic(self, receiver: str, settings: MetricsSettings, workspace: WorkspaceLike) -> aws.sns.Topic:
        """Its name is given: who subscribes from outside has to know it."""
        label = f"{self._label}-{receiver}"
        return aws.sns.Topic(
            label,
            name=f"commonground-{settings.environment}-{label}",
            kms_master_key_id=workspace.key_arn,
            tags=named(label),
            opts=self._inside,
        )

    def _policy(self, receiver: str, settings: MetricsSettings, workspace: WorkspaceLike) -> aws.sns.TopicPolicy:
        """Source: Amazon Managed Service for Prometheus user guide, "Giving permission to send alert messages to your Amazon SNS topic"."""
        arn = self.arns[receiver]
        by_workspace: Conditions = {"StringEquals": {"aws:SourceAccount": settings.account}, "ArnEquals": {"aws:SourceArn": workspace.arn}}
        publish = Statement("AlertsOfTheWorkspace", ("sns:Publish", "sns:GetTopicAttributes"), (arn,), Principals.service("aps.amazonaws.com"), by_workspace)
        plain = {"Bool": {"aws:SecureTransport": "false"}}
        refuse = Statement("RefusePlainHttp", ("sns:Publish",), (arn,), Principals.everybody(), plain, Effect.DENY)
        return aws.sns.TopicPolicy(f"{self._label}-{receiver}", arn=arn, policy=document([publish, refuse]), opts=self._inside)

    def _subscription(self, receiver: str, address: str) -> None:
        protocol = "https" if address.startswith("https://") else "email"
        aws.sns.TopicSubscription(f"{self._label}-{receiver}", topic=self.arns[receiver], protocol=protocol, endpoint=address, opts=self._inside)
