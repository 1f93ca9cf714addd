"""The collector: AWS' own Prometheus agent, which stands in the VPC, asks all targets, and writes into the workspace."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import pulumi
import pulumi_aws as aws

from commonground.iam import Principals, Statement, document
from commonground.metrics.scrape import configuration
from commonground.metrics.workspace import WorkspaceLike
from commonground.settings.metrics import COLLECTOR_ZONES, MetricsSettings
from commonground.tags import named

# Its API reference, "ScraperComponent": all there are.
LOGGED = ("SERVICE_DISCOVERY", "COLLECTOR", "EXPORTER")


class ScrapedCluster(Protocol):
    """What is needed of the cluster: `Cluster` and `ExistingCluster` have it. Its endpoint is reached inside the VPC, and it has access entries."""

    @property
    def arn(self) -> pulumi.Input[str]: ...

    @property
    def security_group_id(self) -> pulumi.Input[str]: ...


class WithIntraTier(Protocol):
    """What is needed of the network: `Network` and `ExistingNetwork` have it."""

    @property
    def intra_subnet_ids(self) -> Mapping[str, pulumi.Input[str]]: ...

    @property
    def ready(self) -> Sequence[pulumi.Resource]: ...


class TooFewZonesError(ValueError):
    """Too few intra subnets."""

    def __init__(self, collector: str, zones: Sequence[str]) -> None:
        super().__init__(f"{collector!r}: expected intra subnets in at least {COLLECTOR_ZONES} zones, found {', '.join(zones) or 'none'}")
        self.zones = tuple(zones)


class Collector(pulumi.ComponentResource):
    """A managed collector in the intra tier, where no pod is: so network policies can let it in, and nothing else.

    It is in the cluster's security group, so it reaches nodes, pods and the API server. Its right to read in the cluster is an access entry that AWS makes,
    for a service-linked role and with a policy that has the scheduler's and the controller manager's metrics, too: one of ours would be refused.
    """

    scraper: aws.amp.Scraper
    logging: aws.amp.ScraperLoggingConfiguration | None
    """None without a log group."""

    def __init__(
        self,
        name: str,
        settings: MetricsSettings,
        *,
        cluster: ScrapedCluster,
        network: WithIntraTier,
        workspace: WorkspaceLike,
        log_group_arn: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`log_group_arn`: where it tells what it could not scrape, with `:*` at its end. Raises `TooFewZonesError`."""
        super().__init__("commonground:metrics:Collector", name, None, opts)
        self._label = name
        self._inside = pulumi.ResourceOptions(parent=self)
        if len(network.intra_subnet_ids) < COLLECTOR_ZONES:
            raise TooFewZonesError(name, sorted(network.intra_subnet_ids))

        roles, ready = self._roles(settings, workspace) if workspace.key_arn is not None else (None, [])
        self.scraper = aws.amp.Scraper(
            name,
            alias=f"commonground-{settings.environment}",
            source={
                "eks": {
                    "cluster_arn": cluster.arn,
                    "subnet_ids": list(network.intra_subnet_ids.values())[:COLLECTOR_ZONES],
                    "security_group_ids": [cluster.security_group_id],
                }
            },
            destination={"amp": {"workspace_arn": workspace.arn}},
            role_configuration=roles,
            scrape_configuration=configuration(settings),
            tags=named(name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*network.ready, *ready]),
        )
        self.logging = self._logging(log_group_arn) if log_group_arn is not None else None
        self.register_outputs({"arn": self.scraper.arn})

    def _roles(self, settings: MetricsSettings, workspace: WorkspaceLike) -> tuple[aws.amp.ScraperRoleConfigurationArgsDict, list[pulumi.Resource]]:
        """Its service-linked role may use nobody's key: into a workspace with one it writes as a role of ours, which it takes by another one.

        Both are taken before the collector is there, so they name all collectors of the account and region. Source: Amazon Managed Service for Prometheus
        user guide, "Using an AWS managed collector", customer managed keys and cross-account setup.
        """
        scrapers = f"arn:aws:aps:{settings.region}:{settings.account}:scraper/*"
        by_scrapers = {"StringEquals": {"aws:SourceAccount": settings.account}, "ArnLike": {"aws:SourceArn": scrapers}}
        source = self._role("source", Statement("TakenByCollectors", ("sts:AssumeRole",), (), Principals.service("scraper.aps.amazonaws.com"), by_scrapers))
        for_scrapers = {"StringLike": {"sts:ExternalId": scrapers}}
        target = self._role("target", Statement("TakenForCollectors", ("sts:AssumeRole",), (), Principals.arns(source.arn), for_scrapers))
        ready: list[pulumi.Resource] = [
            self._let("source", source, Statement("BecomeTheWriter", ("sts:AssumeRole",), (target.arn,))),
            self._let("target", target, Statement("WriteSamples", ("aps:RemoteWrite",), (workspace.arn,))),
        ]
        return {"source_role_arn": source.arn, "target_role_arn": target.arn}, ready

    def _role(self, part: str, trust: Statement) -> aws.iam.Role:
        label = f"{self._label}-{part}"
        return aws.iam.Role(label, assume_role_policy=document([trust]), tags=named(label), opts=self._inside)

    def _let(self, part: str, role: aws.iam.Role, statement: Statement) -> aws.iam.RolePolicy:
        return aws.iam.RolePolicy(f"{self._label}-{part}", role=role.name, policy=document([statement]), opts=self._inside)

    def _logging(self, log_group_arn: pulumi.Input[str]) -> aws.amp.ScraperLoggingConfiguration:
        return aws.amp.ScraperLoggingConfiguration(
            f"{self._label}-logging",
            scraper_id=self.scraper.id,
            logging_destination={"cloudwatch_logs": {"log_group_arn": log_group_arn}},
            scraper_components=list(LOGGED),
            opts=self._inside,
        )
