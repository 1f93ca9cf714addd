"""What an environment's files say that a cluster cannot: pools that have no node yet, maxima, whose namespaces they are."""

import math
from collections.abc import Iterator
from decimal import Decimal

from commonground.gpus import GPU
from commonground.pools import hints
from commonground.settings.base import Architecture, Capacity, GpuSoftware, InstanceType, Zone
from commonground.settings.environment import Environment, PoolSettings
from commonground.why.facts import Place, PoolFacts, TeamFacts
from commonground.why.quantities import MIB, Amounts, amounts

# What hypervisor and kernel keep, and the kubelet for itself and before it evicts (Karpenter, "Settings", VM_MEMORY_OVERHEAD_PERCENT;
# awslabs/amazon-eks-ami, nodeadm/internal/kubelet): a little more than most nodes keep, so that what is said to fit does.
MEMORY_LOST = 0.075
KEPT_MIB, KEPT_MIB_A_POD = 255 + 100, 11
# The same: thousandths of the first CPU, the second, the next two, each further one; in tenths.
KEPT_CPU_TENTHS = ((1, 600), (1, 100), (2, 50))
KEPT_CPU_TENTHS_BEYOND = 25
# EKS user guide, "Assign more IP addresses to Amazon EKS nodes with prefixes".
MANY_CPUS, FEW_PODS, MANY_PODS = 30, 110, 250

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
    memory = math.floor(kind.memory_mib * (1 - MEMORY_LOST)) - KEPT_MIB - KEPT_MIB_A_POD * kind.pods
    found["memory"] = max(Decimal(0), memory * MIB - found.get("hugepages-2Mi", Decimal(0)))
    found["cpu"] = (kind.vcpu * 1000 - Decimal(_kept_cpu(kind.vcpu))) / 1000
    found["pods"] = Decimal(FEW_PODS if kind.vcpu < MANY_CPUS else MANY_PODS)
    return found


def _kept_cpu(vcpu: int) -> int:
    return sum(_tenths(vcpu)) // 10


def _tenths(vcpu: int) -> Iterator[int]:
    left = vcpu
    for cpus, each in KEPT_CPU_TENTHS:
        yield min(left, cpus) * each
        left = max(left - cpus, 0)
    yield left * KEPT_CPU_TENTHS_BEYOND


def _taint(key: str, value: str) -> dict[str, str]:
    """Out of `true:NoSchedule`."""
    worth, _, effect = value.rpartition(":")
    return {"key": key, "value": worth, "effect": effect}
