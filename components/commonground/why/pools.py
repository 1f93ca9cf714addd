"""What an environment's files say that a cluster cannot: pools that have no node yet, maxima, whose namespaces they are."""

from decimal import Decimal

from commonground import kubelet
from commonground.gpus import GPU
from commonground.pools import hints
from commonground.settings.base import Architecture, Capacity, GpuSoftware, InstanceType, Zone
from commonground.settings.environment import Environment, PoolSettings
from commonground.why.facts import Place, PoolFacts, TeamFacts
from commonground.why.quantities import MIB, Amounts, amounts

ARCHITECTURES = {Architecture.X86_64: "amd64", Architecture.ARM64: "arm64"}
CAPACITY_TYPES = {Capacity.ON_DEMAND: "ON_DEMAND", Capacity.SPOT: "SPOT"}


def pool_facts(environment: Environment) -> tuple[PoolFacts, ...]:
    """Its pools."""
    zones = {zone.id: zone for zone in environment.network.zones}
    return tuple(
        PoolFacts(
            name=pool.name,
            maximum=pool.max,
            empty=tuple(_place(environment, pool, kind, zones[zone]) for kind in pool.instance_types for zone in pool.zones if zone in zones),
        )
        for pool in environment.pools
    )


def team_facts(environment: Environment) -> tuple[TeamFacts, ...]:
    """Its teams."""
    return tuple(TeamFacts(team.name, team.namespaces) for team in environment.teams)


def _place(environment: Environment, pool: PoolSettings, kind: InstanceType, zone: Zone) -> Place:
    """What the autoscaler is told of the pool, and what every node of that type and zone has."""
    told = hints(pool)
    labels = {about.removeprefix("label/"): value for about, value in told.items() if about.startswith("label/")}
    labels |= {
        "eks.amazonaws.com/capacityType": CAPACITY_TYPES[pool.capacity],
        "kubernetes.io/arch": ARCHITECTURES[pool.architecture],
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": kind.name,
        "topology.kubernetes.io/region": environment.region,
        "topology.kubernetes.io/zone": zone.name,
        "topology.k8s.aws/zone-id": zone.id,
    }
    taints = [_taint(about.removeprefix("taint/"), value) for about, value in told.items() if about.startswith("taint/")]
    return Place(labels=labels, taints=tuple(taints), capacity=capacity(pool, kind, counted=_counted(environment)), pool=pool.name, instance_type=kind.name)


def _counted(environment: Environment) -> bool:
    """Whether GPUs are a number on the node: the DRA driver announces devices that pods claim."""
    return environment.accelerators is None or environment.accelerators.software is not GpuSoftware.DRA


def capacity(pool: PoolSettings, kind: InstanceType, *, counted: bool = True) -> Amounts:
    """What an empty node of a pool and type leaves to pods. `counted`: whether it says how many GPUs it has."""
    told = {about.removeprefix("resources/"): value for about, value in hints(pool).items() if about.startswith("resources/")}
    found = {resource: value for resource, value in amounts(told).items() if counted or resource != GPU}
    memory = kubelet.memory_mib(kind.memory_mib) - kubelet.reserved_mib(kind.pods)
    found["memory"] = max(Decimal(0), memory * MIB - found.get("hugepages-2Mi", Decimal(0)))
    found["cpu"] = (kind.vcpu * 1000 - Decimal(kubelet.reserved_cpu(kind.vcpu))) / 1000
    found["pods"] = Decimal(kubelet.most_pods(kind.vcpu))
    return found


def _taint(key: str, value: str) -> dict[str, str]:
    """Out of `true:NoSchedule`."""
    worth, _, effect = value.rpartition(":")
    return {"key": key, "value": worth, "effect": effect}
