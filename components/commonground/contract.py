"""The contract: what other stacks build on, as plain JSON in one output, and the typed way to read it."""

import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar

import pulumi
from pulumi_kubernetes import Provider as KubernetesProvider

from commonground.cluster import Cluster, ExistingCluster
from commonground.delivery import Delivery
from commonground.gpus import offered
from commonground.iam import ExistingRole, Identity, RoleLike
from commonground.kubeconfig import kubeconfig
from commonground.metrics.workspace import WorkspaceLike
from commonground.pools import Pool
from commonground.registries import ExistingRepository, Registries
from commonground.settings.environment import Environment
from commonground.settings.mistakes import did_you_mean, listed
from commonground.storage import ExistingBucket, Storage

OUTPUT = "contract"
"""Name of the stack's output."""

VERSION = 1
"""Goes up only when something that is there changes its meaning. To add is no new version."""

PACKAGE = Path(__file__).parent

NOBODY: Mapping[str, "DescribedTeam"] = MappingProxyType({})


class ContractError(Exception):
    """A stack whose contract does not have what is asked of it."""

    def __init__(self, *, found: str, expected: str, fix: str) -> None:
        super().__init__(f"contract: found {found}, expected {expected}. Fix: {fix}")
        self.found = found
        self.expected = expected
        self.fix = fix


class DescribedTeam(Protocol):
    """What the contract says of a team: a `Team` has it."""

    @property
    def namespaces(self) -> Collection[str]: ...

    @property
    def service_account(self) -> pulumi.Input[str]: ...

    @property
    def role(self) -> RoleLike: ...


class DescribedMetrics(Protocol):
    """What the contract says of the metrics stack: `Metrics` has it."""

    @property
    def workspace(self) -> WorkspaceLike: ...

    @property
    def topic_arns(self) -> Mapping[str, pulumi.Input[str]]:
        """By what goes there. Example: `shop-critical`, `retraining`."""


@dataclass(frozen=True)
class Contract:
    """The typed outputs of a foundation."""

    outputs: dict[str, Any]
    """Plain JSON, some of it known only once it is deployed. Only ever added to."""

    @classmethod
    def of(
        cls,
        environment: Environment,
        *,
        cluster: Cluster,
        pools: Mapping[str, Pool],
        storage: Storage,
        registries: Registries,
        teams: Mapping[str, DescribedTeam] = NOBODY,
        priority_classes: Sequence[pulumi.Input[str]] = (),
        storage_classes: Sequence[pulumi.Input[str]] = (),
        delivery: Delivery | None = None,
        metrics: DescribedMetrics | None = None,
    ) -> "Contract":
        """The contract of an environment that these components make up."""
        return cls(
            {
                "version": VERSION,
                "environment": environment.name,
                "account": environment.account,
                "region": environment.region,
                "cluster": _cluster(environment, cluster),
                "pools": {
                    pool.name: {"purpose": pool.purpose.value, "labels": pools[pool.name].labels, "resources": offered(pool)} for pool in environment.pools
                },
                "registries": {name: {"url": repository.url, "arn": repository.arn} for name, repository in registries.repositories.items()},
                "buckets": {name: {"name": bucket.name, "arn": bucket.arn, "key_arn": bucket.key_arn} for name, bucket in storage.buckets.items()},
                "teams": {name: _team(team) for name, team in teams.items()},
                "priority_classes": list(priority_classes),
                "storage_classes": list(storage_classes),
                "delivery": _delivery(delivery),
                "metrics": _metrics(metrics),
            }
        )

    @classmethod
    def read(cls, stack: str) -> "Platform":
        """The platform that a stack provides. Example: `Contract.read("organization/commonground/dev")`.

        What the contract lacks, or a version that is not ours, raises `ContractError` once the stack's outputs are known.
        """
        reference = pulumi.StackReference(stack)
        return Platform(reference.get_output(OUTPUT).apply(_checked))


Thing = TypeVar("Thing")


class Named(Generic[Thing]):
    """What a platform has of a kind, by its name in the blueprint. Whether the name is there shows once the contract is known."""

    def __init__(self, find: Callable[[str], Thing]) -> None:
        self._find = find

    def __getitem__(self, name: str) -> Thing:
        return self._find(name)


@dataclass(frozen=True)
class ExistingTeam:
    """A team that is there already, or that another stack made: where its workloads run, and as whom."""

    name: str
    """Example: `shop`."""
    namespaces: Named[pulumi.Output[str]] | Mapping[str, pulumi.Input[str]]
    """Kubernetes namespaces, by name."""
    service_account: pulumi.Input[str]
    """Of its pods, in each of its namespaces."""
    identity: Identity
    """What grants take: its role is the one that the service account's pods have."""
    pools: pulumi.Input[Mapping[str, Mapping[str, Any]] | None] | None = None
    """The platform's pools: a workload that asks for GPUs which none of them has is refused. None: not looked at, as where the stack has pools of its own."""


class Platform:
    """A foundation as another stack sees it: `platform.buckets["models"].grant_read(identity, prefix="shop/")`."""

    environment: pulumi.Output[str]
    account: pulumi.Output[str]
    region: pulumi.Output[str]
    cluster: ExistingCluster
    """Where pools can be added. It has no Kubernetes provider: make one with `kubernetes`, as a role of one's own."""
    buckets: Named[ExistingBucket]
    """By name. The key of one that S3's own keys encrypt, as the log bucket, comes to None."""
    registries: Named[ExistingRepository]
    teams: Named[ExistingTeam]
    priority_classes: pulumi.Output[Sequence[str]]
    """Names of the classes that a pod may ask for; none where the foundation is older than they are."""
    storage_classes: pulumi.Output[Sequence[str]]
    """Names of the classes that a claim may ask for; none where the foundation is older than they are."""
    metrics: pulumi.Output[Mapping[str, Any]]
    """`workspace` (`id`, `arn`, `endpoint`) and `topics` (team and severity, as `shop-critical`, or `retraining` -> ARN); empty without a metrics stack."""

    def __init__(self, contract: pulumi.Output[Mapping[str, Any]]) -> None:
        self._contract = contract
        self.environment = self._at("environment")
        self.account = self._at("account")
        self.region = self._at("region")
        self.cluster = ExistingCluster(
            name=self._at("cluster", "name"),
            arn=self._at("cluster", "arn"),
            security_group_id=self._at("cluster", "security_group_id"),
            subnet_ids=self._at("cluster", "subnet_ids"),
            node_role_arn=self._at("cluster", "node_role_arn"),
            tags=self._at("cluster", "tags"),
        )
        self.buckets = Named(self._bucket)
        self.registries = Named(self._repository)
        self.teams = Named(self._team)
        self.priority_classes = contract.apply(lambda known: known.get("priority_classes") or [])
        self.storage_classes = contract.apply(lambda known: known.get("storage_classes") or [])
        self.metrics = contract.apply(lambda known: known.get("metrics") or {})

    def kubernetes(self, name: str, *, role_arn: pulumi.Input[str] | None, opts: pulumi.ResourceOptions | None = None) -> KubernetesProvider:
        """A Kubernetes provider for the cluster, as a role that has access to it; None: as the caller, for a preview."""
        config = kubeconfig(
            cluster=self.cluster.name,
            endpoint=self._at("cluster", "endpoint"),
            certificate=self._at("cluster", "certificate"),
            region=self.region,
            role_arn=role_arn,
        )
        return KubernetesProvider(
            name, kubeconfig=config, cluster_identifier=self.cluster.name, enable_server_side_apply=True, enable_config_map_mutable=True, opts=opts
        )

    def pool_labels(self, pool: str) -> pulumi.Output[Mapping[str, str]]:
        """Labels by which pods choose a pool's nodes."""
        return self._at("pools", pool, "labels")

    def _bucket(self, name: str) -> ExistingBucket:
        at = ("buckets", name)
        # None where S3's own keys encrypt it: no lack of the contract.
        key_arn: pulumi.Output[Any] = self._at(*at).apply(lambda bucket: bucket.get("key_arn"))
        return ExistingBucket(name, name=self._at(*at, "name"), arn=self._at(*at, "arn"), key_arn=key_arn)

    def _repository(self, name: str) -> ExistingRepository:
        return ExistingRepository(name, arn=self._at("registries", name, "arn"), url=self._at("registries", name, "url"))

    def _team(self, name: str) -> ExistingTeam:
        at = ("teams", name)
        there = self._at(*at)
        service_account = self._at(*at, "service_account")
        role_arn = self._at(*at, "role_arn")
        return ExistingTeam(
            name,
            namespaces=Named(lambda namespace: self._at(*at, "namespaces", namespace, after=there)),
            service_account=service_account,
            identity=Identity(name, ExistingRole(role_arn.apply(_last_part), role_arn), service_account=service_account),
            pools=self._contract.apply(lambda contract: contract.get("pools")),
        )

    def _at(self, *path: str, after: pulumi.Output[Any] | None = None) -> pulumi.Output[Any]:
        """What stands at a path. `after`: what must be there first, so that its lack is told where it was asked for."""
        asked_at = _asked_at()
        return pulumi.Output.all(self._contract, after).apply(lambda known: _found(known[0], path, asked_at))


def _cluster(environment: Environment, cluster: Cluster) -> dict[str, Any]:
    return {
        "name": cluster.name,
        "arn": cluster.arn,
        "kubernetes": environment.cluster.kubernetes,
        "endpoint": cluster.endpoint,
        "certificate": cluster.certificate,
        "security_group_id": cluster.security_group_id,
        "subnet_ids": dict(cluster.subnet_ids),
        "node_role_arn": cluster.node_role_arn,
        "tags": cluster.tags,
    }


def _team(team: DescribedTeam) -> dict[str, Any]:
    return {"namespaces": {name: name for name in team.namespaces}, "service_account": team.service_account, "role_arn": team.role.arn}


def _delivery(delivery: Delivery | None) -> dict[str, Any]:
    """Nothing where no pipeline has a role."""
    if delivery is None:
        return {}
    return {"provider_arn": delivery.provider_arn, "preview_role_arn": delivery.preview.arn, "deploy_role_arn": delivery.deploy.arn}


def _metrics(metrics: DescribedMetrics | None) -> dict[str, Any]:
    """Nothing where nothing is measured."""
    if metrics is None:
        return {}
    workspace = metrics.workspace
    return {"workspace": {"id": workspace.id, "arn": workspace.arn, "endpoint": workspace.endpoint}, "topics": dict(metrics.topic_arns)}


def _last_part(role_arn: str) -> str:
    """A role's name, which no path belongs to."""
    return role_arn.rsplit("/", 1)[-1]


def _checked(contract: Any) -> Mapping[str, Any]:
    if not isinstance(contract, Mapping):
        raise ContractError(found=f"a stack without the output {OUTPUT!r}", expected="a foundation's", fix="name a foundation's stack that is up")
    if contract.get("version") != VERSION:
        fix = "take the release of commonground that the foundation was brought up with"
        raise ContractError(found=f"version {contract.get('version')}", expected=f"version {VERSION}", fix=fix)
    return contract


def _asked_at() -> str:
    """The line of the program that asks now: an Output that fails later no longer knows it."""
    for frame, line in traceback.walk_stack(None):
        file = Path(frame.f_code.co_filename)
        if not file.is_relative_to(PACKAGE):
            return f"{file.name}:{line}"
    return "the program"


def _found(contract: Mapping[str, Any], path: Sequence[str], asked_at: str) -> Any:
    """What stands at a path. Names that it lacks are answered with those that it has."""
    place: Any = contract
    for depth, step in enumerate(path):
        if not isinstance(place, Mapping) or place.get(step) is None:
            raise _lacks(place, path[: depth + 1], asked_at)
        place = place[step]
    return place


def _lacks(place: Any, path: Sequence[str], asked_at: str) -> ContractError:
    """`place`: what stands where the last step of the path was looked for."""
    found = f"`{'.'.join(path)}` at {asked_at}"
    if len(path) == 1 or not isinstance(place, Mapping) or path[-1] in place:
        return ContractError(found=found, expected="what the foundation has", fix="bring the foundation up with this release of commonground")
    if not place:
        return ContractError(found=found, expected=f"no name: the foundation has no {path[-2]}", fix="have it added to the foundation")
    guess = did_you_mean(path[-1], place)
    return ContractError(found=found, expected=f"one of {listed(sorted(place))}", fix=f"did you mean `{guess}`?" if guess else "name one of these")
