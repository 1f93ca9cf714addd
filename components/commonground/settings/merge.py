"""From an environment's files, once they hold no mistake, to what components get."""

from collections.abc import Iterator

from commonground.settings import names
from commonground.settings.addresses import subnet_cidr
from commonground.settings.ami import AMI_TYPES
from commonground.settings.base import CiSystem, NatGateways, Protection, TeamRole, Zone
from commonground.settings.bindings import MADE_HERE
from commonground.settings.blueprint import Delivery, Pool, Sharing, Team
from commonground.settings.environment import (
    AcceleratedPoolSettings,
    AcceleratorsSettings,
    AccessSettings,
    AddonSettings,
    AddonsSettings,
    BucketSettings,
    ClusterSettings,
    DeliverySettings,
    Environment,
    GroupAccessSettings,
    ImagesSettings,
    MemberSettings,
    NetworkSettings,
    PoolSettings,
    QuotaSettings,
    RegistriesSettings,
    RegistrySettings,
    SharingSettings,
    StateSettings,
    StorageSettings,
    TeamSettings,
    TierSettings,
)
from commonground.settings.files import Files
from commonground.settings.lock import LockFile
from commonground.settings.metrics import COLLECTOR_ZONES, WATCHDOG, Metrics, MetricsScale, MetricsSettings, receiver

VPC_CIDR = "vpc_cidr"
"""Binding with the VPC's range."""
DEPLOYER = "deployer"
"""Binding with the role that deploys."""

# GitHub docs, "OpenID Connect reference"; what GitHub's own action for AWS asks for. GitHub Enterprise Server has hosts of its own and is not supported.
GITHUB_ISSUER = "token.actions.githubusercontent.com"
AWS_AUDIENCE = "sts.amazonaws.com"
GITLAB = "gitlab.com"

# DaemonSets, which nodes need before they join; the others are Deployments, which need nodes (pulumi-eks issue 1819).
BEFORE_NODES = ("vpc-cni", "kube-proxy", "eks-pod-identity-agent")

# Zones in which EKS makes no control plane (EKS user guide, "View Amazon EKS networking requirements for VPC and subnets").
WITHOUT_EKS = frozenset({"use1-az3", "usw1-az2", "cac1-az3"})


def merge(files: Files) -> Environment:
    """Return the environment that the files describe. Raises NotRead where one of them could not be read."""
    bindings = files.bindings
    pools = tuple(_pool(files, name, pool) for name, pool in files.blueprint.pools.items())
    return Environment(
        name=files.name,
        cloud=bindings.cloud,
        account=bindings.account,
        region=bindings.region,
        network=_network(files),
        storage=_storage(files),
        registries=_registries(files),
        cluster=_cluster(files),
        pools=pools,
        addons=AddonsSettings(addons=tuple(addon for addon in _addons(files) if addon.name not in BEFORE_NODES)),
        images=ImagesSettings(environment=files.name, account=bindings.account, region=bindings.region),
        accelerators=_accelerators(files, pools),
        teams=tuple(_team(files, name, team) for name, team in files.blueprint.teams.items()),
        delivery=_delivery(files, files.blueprint.delivery) if files.blueprint.delivery else None,
        metrics=_metrics(files, files.blueprint.metrics, files.scale.metrics) if files.blueprint.metrics and files.scale.metrics else None,
    )


def usable_zones(lock: LockFile) -> tuple[Zone, ...]:
    """All zones of the lock in which a cluster can have subnets, by number."""
    return tuple(zone for zone in lock.ordered_zones() if zone.id not in WITHOUT_EKS)


def used_zones(files: Files) -> tuple[Zone, ...]:
    """The zones of the network: as many as the scale says, those with the lowest numbers first, so that one more moves none."""
    return usable_zones(files.lock)[: files.scale.zones]


def pool_zones(files: Files, instance_types: tuple[str, ...]) -> tuple[str, ...]:
    """Ids of the network's zones in which every one of these types is offered. Types that the lock does not know are left out."""
    known = [files.lock.instance_types[name] for name in instance_types if name in files.lock.instance_types]
    return tuple(zone.id for zone in used_zones(files) if all(zone.id in facts.zones for facts in known))


def cluster_name(environment: str, incarnation: str) -> str:
    """Physical name of an environment's cluster."""
    return f"commonground-{environment}-{incarnation}"


def access_entries(files: Files) -> Iterator[AccessSettings]:
    """Each principal that the blueprint lets into the cluster. A role of another account has the account in its entry's name, so that names stay unique."""
    for binding, policy in files.blueprint.cluster.access.items():
        for arn in files.bindings.texts(binding):
            yield AccessSettings(name=_entry_name(files, binding, arn), principal_arn=arn, policy=policy)


def group(team: str, role: TeamRole) -> str:
    """Kubernetes group of those who have a role in a team. EKS refuses groups that begin with `system:`, `eks:`, `aws:`, `amazon:` or `iam:`."""
    return f"commonground:{team}:{role.value}"


def members(files: Files) -> Iterator[GroupAccessSettings]:
    """Each principal that is a member of teams, with all of its groups: EKS has one entry a principal."""
    groups: dict[str, set[str]] = {}
    entries: dict[str, str] = {}
    for team, shape in files.blueprint.teams.items():
        for role, binding in shape.members.items():
            for arn in files.bindings.texts(binding):
                groups.setdefault(arn, set()).add(group(team, role))
                entries.setdefault(arn, _entry_name(files, binding, arn))
    for arn, found in groups.items():
        yield GroupAccessSettings(name=entries[arn], principal_arn=arn, groups=tuple(sorted(found)))


def _entry_name(files: Files, binding: str, arn: str) -> str:
    many = isinstance(files.bindings.values[binding], list)
    account = arn.split(":")[4]
    return "-".join([binding, arn.rsplit("/", 1)[1], *([account] if account != files.bindings.account else [])] if many else [binding])


def _protection(files: Files) -> Protection:
    return Protection(on=files.scale.protect, unprotected=files.scale.unprotected)


def _network(files: Files) -> NetworkSettings:
    network, scale = files.blueprint.network, files.scale
    return NetworkSettings(
        cidr=files.bindings.text(VPC_CIDR),
        account=files.bindings.account,
        region=files.bindings.region,
        zones=used_zones(files),
        tiers=tuple(TierSettings(name=name, slot=tier.slot) for name, tier in network.tiers.items()),
        nat=NatGateways(scale.nat_gateways) if network.nat and scale.nat_gateways else NatGateways.NONE,
        endpoints=network.endpoints,
        flow_logs=network.flow_logs,
        log_retention_days=scale.log_retention_days,
        cluster=cluster_name(files.name, files.lock.incarnation),
        protection=_protection(files),
    )


def _storage(files: Files) -> StorageSettings:
    protection = _protection(files)
    buckets = tuple(BucketSettings(name=name, protection=protection, **dict(bucket)) for name, bucket in files.blueprint.buckets.items())
    return StorageSettings(account=files.bindings.account, buckets=buckets, protection=protection)


def _registries(files: Files) -> RegistriesSettings:
    protection = _protection(files)
    repositories = tuple(RegistrySettings(name=name, protection=protection, **dict(registry)) for name, registry in files.blueprint.registries.items())
    return RegistriesSettings(account=files.bindings.account, repositories=repositories, protection=protection)


def _addons(files: Files) -> Iterator[AddonSettings]:
    for name in files.blueprint.cluster.addons:
        yield AddonSettings(name=name, version=files.lock.addons[name])


def _cluster(files: Files) -> ClusterSettings:
    cluster, bindings, scale = files.blueprint.cluster, files.bindings, files.scale
    return ClusterSettings(
        name=cluster_name(files.name, files.lock.incarnation),
        account=bindings.account,
        region=bindings.region,
        kubernetes=files.lock.kubernetes,
        endpoint=cluster.endpoint.access,
        clients=bindings.texts(cluster.endpoint.clients) if cluster.endpoint.clients else (),
        deployer_arn=bindings.text(DEPLOYER),
        access=tuple(access_entries(files)),
        members=tuple(members(files)),
        addons=tuple(addon for addon in _addons(files) if addon.name in BEFORE_NODES),
        log_retention_days=scale.log_retention_days,
        support=scale.support,
        zonal_shift=scale.zonal_shift,
        protection=_protection(files),
    )


def _pool(files: Files, name: str, pool: Pool) -> PoolSettings:
    scale = files.scale.pools[name]
    ami_type = AMI_TYPES[pool.architecture, pool.accelerator]
    # EFA's traffic stays inside one zone (EC2 user guide, "Elastic Fabric Adapter for AI/ML and HPC workloads on Amazon EC2").
    zones = pool_zones(files, scale.instance_types)
    return PoolSettings(
        name=name,
        purpose=pool.purpose,
        architecture=pool.architecture,
        accelerator=pool.accelerator,
        kubernetes=files.lock.kubernetes,
        ami_type=ami_type,
        ami_release=files.lock.ami_releases[ami_type],
        instance_types=tuple(files.lock.instance_type(type_) for type_ in scale.instance_types),
        capacity=scale.capacity,
        root_volume_gib=pool.root_volume_gib,
        sharing=_sharing(pool.sharing),
        efa=pool.efa,
        min=scale.min,
        desired=scale.desired,
        max=scale.max,
        resize=name in files.scale.resize,
        rezone=name in files.scale.rezone,
        zones=zones[:1] if pool.efa else zones,
    )


def _sharing(sharing: Sharing | None) -> SharingSettings:
    if sharing is None:
        return SharingSettings()
    return SharingSettings(strategy=sharing.strategy, replicas=sharing.replicas or 1, profile=sharing.profile)


def _accelerators(files: Files, pools: tuple[PoolSettings, ...]) -> AcceleratorsSettings | None:
    accelerated = tuple(
        AcceleratedPoolSettings(name=pool.name, gpus=min(gpus, key=lambda facts: facts.count), sharing=pool.sharing, efa=pool.efa)
        for pool in pools
        if (gpus := [type_.gpus for type_ in pool.instance_types if type_.gpus])
    )
    if not accelerated:
        return None
    return AcceleratorsSettings(software=files.blueprint.accelerators.gpus, pools=accelerated, kubernetes=files.lock.kubernetes)


def _team(files: Files, name: str, team: Team) -> TeamSettings:
    """All roles have a group, whether somebody is bound to it or not: who is in it is the cluster's access entries."""
    return TeamSettings(
        name=name,
        namespaces=team.namespaces,
        members=tuple(MemberSettings(role=role, group=group(name, role)) for role in TeamRole),
        buckets=team.buckets,
        registries=team.registries,
        peers=team.peers,
        reaches=tuple(other for other, shape in files.blueprint.teams.items() if name in shape.peers),
        scraped_from=_scraped_from(files),
        quota=QuotaSettings(**dict(files.scale.teams[name])),
        protection=_protection(files),
    )


def _scraped_from(files: Files) -> tuple[str, ...]:
    """Where the metrics collector stands: a zone that is added changes nothing."""
    tier = files.blueprint.network.tiers.get("intra")
    if files.blueprint.metrics is None or tier is None:
        return ()
    return tuple(subnet_cidr(files.bindings.text(VPC_CIDR), tier.slot, private=False, zone_number=zone.number) for zone in used_zones(files)[:COLLECTOR_ZONES])


def issuer(delivery: Delivery) -> str:
    """Host of the one who signs the pipelines' tokens."""
    return GITHUB_ISSUER if delivery.system is CiSystem.GITHUB else delivery.host or GITLAB


def _delivery(files: Files, delivery: Delivery) -> DeliverySettings:
    bindings, host = files.bindings, issuer(delivery)
    provider, state = bindings.text(delivery.provider), delivery.state
    return DeliverySettings(
        environment=files.name,
        account=bindings.account,
        region=bindings.region,
        system=delivery.system,
        host=host,
        audience=AWS_AUDIENCE if delivery.system is CiSystem.GITHUB else delivery.audience or f"https://{host}",
        repository=delivery.repository,
        owner_id=delivery.owner_id,
        repository_id=delivery.repository_id,
        branch=delivery.branch,
        ci_environment=bindings.text(delivery.environment) if delivery.environment else None,
        provider_arn=None if provider == MADE_HERE else provider,
        deployer_arn=bindings.text(DEPLOYER),
        state=StateSettings(bucket=bindings.text(state.bucket), key_arn=bindings.text(state.key) if state.key else None) if state else None,
    )


def _metrics(files: Files, metrics: Metrics, scale: MetricsScale) -> MetricsSettings:
    return MetricsSettings(
        environment=files.name,
        account=files.bindings.account,
        region=files.bindings.region,
        teams={name: team.namespaces for name, team in files.blueprint.teams.items()},
        scrape_seconds=metrics.scrape_seconds,
        grafana=metrics.grafana,
        objectives=metrics.objectives,
        drift=metrics.drift,
        models=metrics.models,
        subscriptions=dict(_subscriptions(files, metrics)),
        runbooks=metrics.runbooks,
        retention_days=scale.retention_days,
        platform_series=scale.platform_series,
        team_series=scale.team_series,
        log_retention_days=files.scale.log_retention_days,
        protection=_protection(files),
    )


def _subscriptions(files: Files, metrics: Metrics) -> Iterator[tuple[str, str]]:
    """Receiver and address of whoever is bound."""
    bound = {receiver(team, severity): binding for team, targets in metrics.alerts.items() for severity, binding in targets}
    for told, binding in {**bound, WATCHDOG: metrics.watchdog}.items():
        if binding is not None:
            yield told, files.bindings.text(binding)


def protected_names(files: Files) -> tuple[str, ...]:
    """Logical names of all that the scale's `protect` covers, which is what `unprotected` may list."""
    blueprint = files.blueprint
    buckets = tuple(names.bucket(name) for name in blueprint.buckets)
    repositories = tuple(names.repository(name) for name in blueprint.registries)
    namespaces = tuple(names.namespace(team, name) for team, shape in blueprint.teams.items() for name in shape.namespaces)
    flow_logs = (names.FLOW_LOGS,) if blueprint.network.flow_logs else ()
    metrics = (names.METRICS_WORKSPACE, names.METRICS_KEY, names.METRICS_LOGS) if blueprint.metrics else ()
    keys = (names.STORAGE_KEY, names.REGISTRIES_KEY)
    return (names.CLUSTER, names.CLUSTER_KEY, names.CLUSTER_LOGS, *flow_logs, *keys, *buckets, *repositories, *namespaces, *metrics)
