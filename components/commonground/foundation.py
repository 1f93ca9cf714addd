"""One environment: every component, in the order in which it is made and the reverse of that in which it goes."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from commonground import accelerators
from commonground.accelerators import Accelerators
from commonground.addons import Addons
from commonground.admission import Admission
from commonground.cluster import Cluster
from commonground.contract import Contract
from commonground.delivery import Delivery
from commonground.images import Images
from commonground.metrics import grafana
from commonground.metrics.dashboards.catalog import files as dashboards
from commonground.metrics.grafana import Grafana
from commonground.metrics.stack import Metrics
from commonground.network import Network
from commonground.pools import Pool
from commonground.priorities import PriorityClasses
from commonground.registries import Registries
from commonground.settings.base import PoolPurpose
from commonground.settings.environment import Environment, TeamSettings
from commonground.storage import Storage
from commonground.teams import Team


class Foundation(pulumi.ComponentResource):
    """Blueprint, scale, bindings and lock of one environment, provisioned."""

    network: Network
    storage: Storage
    registries: Registries
    images: Images
    cluster: Cluster
    pools: dict[str, Pool]
    """By name."""
    addons: Addons
    """What runs on Kubernetes depends on these, and on the pools: then there are nodes, DNS and volumes."""
    priorities: PriorityClasses
    admission: Admission
    accelerators: Accelerators | None
    """None where no pool has GPUs."""
    teams: dict[str, Team]
    """By name."""
    delivery: Delivery | None
    """None where the blueprint has none."""
    metrics: Metrics | None
    """None where nothing is measured."""
    grafana: Grafana | None
    """None where the blueprint has none."""
    contract: Contract

    def __init__(self, name: str, environment: Environment, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commonground:foundation:Foundation", name, None, opts)
        provider = self._aws(environment)
        inside = pulumi.ResourceOptions(parent=self, providers=[provider])

        self.network = Network("network", environment.network, opts=inside)
        self.storage = Storage("storage", environment.storage, opts=inside)
        self.registries = Registries("registries", environment.registries, opts=inside)
        self.images = Images("images", environment.images, used=images_used(environment), opts=inside)
        # Control plane, access entries, DaemonSet add-ons; makes the Kubernetes provider (`cluster.kubernetes`).
        self.cluster = Cluster("cluster", environment.cluster, network=self.network, opts=inside)
        self.pools = {pool.name: Pool(pool.name, pool, cluster=self.cluster, opts=inside) for pool in environment.pools}
        system = [self.pools[pool.name] for pool in environment.pools if pool.purpose is PoolPurpose.SYSTEM]
        # Deployment add-ons and the storage class: after the system pool only. What runs on Kubernetes depends on `addons`.
        self.addons = Addons("addons", environment.addons, cluster=self.cluster, after=system, opts=inside)
        self.priorities = PriorityClasses("priorities", cluster=self.cluster, after=[self.addons], opts=inside)
        self.admission = Admission("admission", cluster=self.cluster, after=[self.addons], opts=inside)
        # After every pool, so that nodes go after what is on them: their pods end where they run.
        on_nodes = [*self.pools.values(), self.addons]
        self.accelerators = self._accelerators(environment, on_nodes, inside)
        self.teams = {team.name: self._team(team, on_nodes, inside) for team in environment.teams}
        self.delivery = self._delivery(environment, inside)
        self.metrics = self._metrics(environment, inside)
        self.grafana = self._grafana(environment, [*on_nodes, self.priorities], inside)

        self.contract = self._contract(environment)
        self.register_outputs({"contract": self.contract.outputs})

    def _aws(self, environment: Environment) -> aws.Provider:
        """Acts as the deployer, whoever runs the engine, as the Kubernetes provider does: a deployer that runs it itself has to trust itself.

        In a preview as the caller neither does.
        """
        deployer = aws.ProviderAssumeRoleArgs(role_arn=environment.cluster.deployer_arn, session_name="commonground")
        return aws.Provider(
            "aws",
            region=environment.region,
            allowed_account_ids=[environment.account],
            assume_roles=None if environment.cluster.as_caller else [deployer],
            default_tags={"tags": {"commonground:environment": environment.name, "commonground:project": pulumi.get_project()}},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _accelerators(self, environment: Environment, after: Sequence[pulumi.Resource], inside: pulumi.ResourceOptions) -> Accelerators | None:
        if environment.accelerators is None:
            return None
        return Accelerators("accelerators", environment.accelerators, cluster=self.cluster, images=self.images, after=after, opts=inside)

    def _team(self, team: TeamSettings, after: Sequence[pulumi.Resource], inside: pulumi.ResourceOptions) -> Team:
        return Team(team.name, team, cluster=self.cluster, storage=self.storage, registries=self.registries, after=after, opts=inside)

    def _delivery(self, environment: Environment, inside: pulumi.ResourceOptions) -> Delivery | None:
        if environment.delivery is None:
            return None
        return Delivery("delivery", environment.delivery, cluster=self.cluster, buckets=self.storage.buckets, opts=inside)

    def _metrics(self, environment: Environment, inside: pulumi.ResourceOptions) -> Metrics | None:
        if environment.metrics is None:
            return None
        return Metrics("metrics", environment.metrics, cluster=self.cluster, network=self.network, opts=inside)

    def _grafana(self, environment: Environment, after: Sequence[pulumi.Resource], inside: pulumi.ResourceOptions) -> Grafana | None:
        if environment.metrics is None or self.metrics is None or not environment.metrics.grafana:
            return None
        return Grafana(
            "grafana",
            environment.metrics,
            cluster=self.cluster,
            images=self.images,
            workspace=self.metrics.workspace,
            dashboards=dashboards(environment.metrics),
            after=after,
            opts=inside,
        )

    def _contract(self, environment: Environment) -> Contract:
        return Contract.of(
            environment,
            cluster=self.cluster,
            pools=self.pools,
            storage=self.storage,
            registries=self.registries,
            teams=self.teams,
            priority_classes=list(self.priorities.classes),
            storage_classes=list(self.addons.storage_classes),
            delivery=self.delivery,
            metrics=self.metrics,
        )


def images_used(environment: Environment) -> tuple[str, ...]:
    """Names of the images that the foundation's own software runs, for `Images(used=...)`."""
    return (*accelerators.images_used(environment.accelerators), *grafana.images_used(environment.metrics))
