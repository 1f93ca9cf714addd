"""The metrics stack of an environment: workspace, collector, rules, alert routes."""

import pulumi
import pulumi_aws as aws

from commonground.metrics.alertmanager import definition
from commonground.metrics.collector import Collector, ScrapedCluster, WithIntraTier
from commonground.metrics.rules.namespaces import files
from commonground.metrics.topics import Topics
from commonground.metrics.workspace import Workspace, WorkspaceLike
from commonground.settings.metrics import MetricsSettings
from commonground.tags import named


class Metrics(pulumi.ComponentResource):
    """What is measured in an environment, and who is told: one place for applications, models and what they stand on."""

    workspace: WorkspaceLike
    """Made here, or the one that was passed."""
    topics: Topics
    """What others subscribe to: `topic_arns["shop-critical"]`."""
    collector: Collector
    rules: dict[str, aws.amp.RuleGroupNamespace]
    """By name of the rule group namespace."""
    alertmanager: aws.amp.AlertManagerDefinition

    def __init__(
        self,
        name: str,
        settings: MetricsSettings,
        *,
        cluster: ScrapedCluster,
        network: WithIntraTier,
        workspace: WorkspaceLike | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`workspace`: one that is there already; its retention, bounds and logs are its owner's, and it holds no other alert routes.

        Raises `TooFewZonesError` and `TooManyRulesError`.
        """
        super().__init__("commonground:metrics:Metrics", name, None, opts)
        self._label = name
        self._inside = pulumi.ResourceOptions(parent=self)
        self.workspace = Workspace(name, settings, opts=self._inside) if workspace is None else workspace
        self.topics = Topics("alerts", settings, workspace=self.workspace, opts=self._inside)
        self.rules = {namespace: self._rules(namespace, text) for namespace, text in files(settings).items()}
        self.alertmanager = self._alertmanager(settings)
        logs = self.workspace.log_group_arn if isinstance(self.workspace, Workspace) else None
        self.collector = Collector(
            f"{name}-collector", settings, cluster=cluster, network=network, workspace=self.workspace, log_group_arn=logs, opts=self._inside
        )
        self.register_outputs({"workspace_id": self.workspace.id, "endpoint": self.workspace.endpoint, "topics": self.topics.arns})

    @property
    def topic_arns(self) -> dict[str, pulumi.Output[str]]:
        """By receiver. Example: `shop-critical`, `retraining`."""
        return self.topics.arns

    def _rules(self, namespace: str, text: str) -> aws.amp.RuleGroupNamespace:
        label = f"{self._label}-rules-{namespace}"
        return aws.amp.RuleGroupNamespace(label, name=namespace, workspace_id=self.workspace.id, data=text, tags=named(label), opts=self._inside)

    def _alertmanager(self, settings: MetricsSettings) -> aws.amp.AlertManagerDefinition:
        """After the topics' policies: AMP tries nothing before it has something to say, and then it is too late."""
        return aws.amp.AlertManagerDefinition(
            f"{self._label}-alertmanager",
            workspace_id=self.workspace.id,
            definition=pulumi.Output.all(**self.topics.arns).apply(lambda arns: definition(settings, arns)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=self.topics.ready),
        )
