"""What a node offers to pods: the arithmetic between an instance type and a Node's `capacity` and `allocatable`."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from commonground import kubelet

MIB_IN_GIB = 1024

# awslabs/amazon-eks-ami, nodeadm/internal/kubelet/config.go: evictionHard nodefs.available, kube-reserved ephemeral-storage.
EVICTION_DISK = 0.1
RESERVED_DISK_GIB = 1
# EKS user guide, "Assign more IP addresses to Amazon EKS nodes with prefixes": addresses of a prefix.
PREFIX_ADDRESSES = 16
# Pods with the host's own address: CNI and kube-proxy (awslabs/amazon-eks-ami, eni-max-pods.txt).
HOST_NETWORK_PODS = 2

# EKS user guide, "Run machine learning training on Amazon EKS with Elastic Fabric Adapter": pages of 2 MiB that the EFA software sets aside.
EFA_HUGE_PAGES = 5128

# NVIDIA MIG user guide, "MIG Device Names" and "Supported MIG Profiles": a GPU has seven parts of computing and eight of memory.
MIG_PROFILE = re.compile(r"(?P<slices>[1-7])g\.(?P<memory>\d+)gb")
MIG_SLICES, MIG_MEMORY_SLICES = 7, 8
# RTX PRO 6000 Blackwell has four of each (the same guide).
MIG_QUARTERS: frozenset[str] = frozenset({"RTX PRO 6000", "RTX PRO Server 6000"})

GPU = "nvidia.com/gpu"
EFA = "vpc.amazonaws.com/efa"


@dataclass(frozen=True)
class Machine:
    """Facts of an instance type."""

    name: str
    architecture: str
    """As Kubernetes spells it: `amd64`, `arm64`."""
    vcpu: int
    memory_mib: int
    interfaces: int
    """Network interfaces of its first card."""
    addresses: int
    """IPv4 addresses an interface."""
    gpus: int = 0
    gpu_model: str = ""
    gpu_memory_mib: int = 0

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Machine":
        """Out of EC2's DescribeInstanceTypes."""
        network = facts["NetworkInfo"]
        cards = network.get("NetworkCards") or [{"MaximumNetworkInterfaces": network["MaximumNetworkInterfaces"]}]
        gpus = facts.get("GpuInfo", {}).get("Gpus", [])
        return cls(
            name=facts["InstanceType"],
            architecture="arm64" if "arm64" in facts["ProcessorInfo"]["SupportedArchitectures"] else "amd64",
            vcpu=facts["VCpuInfo"]["DefaultVCpus"],
            memory_mib=facts["MemoryInfo"]["SizeInMiB"],
            interfaces=cards[0]["MaximumNetworkInterfaces"],
            addresses=network["Ipv4AddressesPerInterface"],
            gpus=sum(gpu["Count"] for gpu in gpus),
            gpu_model=gpus[0]["Name"] if gpus else "",
            gpu_memory_mib=gpus[0]["MemoryInfo"]["SizeInMiB"] if gpus else 0,
        )

    @property
    def pods_by_interface(self) -> int:
        """Pods without prefix delegation."""
        return self.interfaces * (self.addresses - 1) + HOST_NETWORK_PODS

    def pods(self, *, prefixes: bool) -> int:
        """Pods that the kubelet of a managed node takes at most."""
        if not prefixes:
            return self.pods_by_interface
        possible = self.interfaces * (self.addresses - 1) * PREFIX_ADDRESSES + HOST_NETWORK_PODS
        return min(possible, kubelet.most_pods(self.vcpu))


@dataclass(frozen=True)
class Offer:
    """A Node's `status.capacity` and `status.allocatable`."""

    capacity: dict[str, str]
    allocatable: dict[str, str]


def offer(machine: Machine, *, pods: int, disk_gib: int, efa: bool = False) -> Offer:
    """What a node has, and what its kubelet leaves to pods, without devices. `pods`: most pods, over all instance types of its group."""
    memory = kubelet.memory_mib(machine.memory_mib)
    huge = EFA_HUGE_PAGES * 2 if efa else 0
    kept = kubelet.reserved_mib(machine.pods_by_interface) + huge
    disk = disk_gib * MIB_IN_GIB
    usable = math.floor(disk * (1 - EVICTION_DISK)) - RESERVED_DISK_GIB * MIB_IN_GIB
    shared = {"hugepages-1Gi": "0", "hugepages-2Mi": f"{huge}Mi" if huge else "0", "pods": str(pods)}
    return Offer(
        capacity={"cpu": str(machine.vcpu), "ephemeral-storage": f"{disk}Mi", "memory": f"{memory}Mi", **shared},
        allocatable={
            "cpu": f"{machine.vcpu * 1000 - kubelet.reserved_cpu(machine.vcpu)}m",
            "ephemeral-storage": f"{max(usable, 0)}Mi",
            "memory": f"{max(memory - kept, 0)}Mi",
            **shared,
        },
    )


def gpu_devices(machine: Machine, config: Mapping[str, Any], parts: Mapping[str, int] | None = None) -> dict[str, int]:
    """What NVIDIA's device plugin announces on a node, by resource name: the GPUs, or the parts that each was cut into, each as often as it is shared.

    `config` is the plugin's configuration file, version v1 (NVIDIA/k8s-device-plugin, README, "Configuration Option Details" and "Shared Access to GPUs");
    `parts` is MIG's profile -> number a GPU.
    """
    strategy = (config.get("flags") or {}).get("migStrategy") or "none"
    if not machine.gpus:
        return {}
    found = {GPU: machine.gpus}
    if parts and strategy == "single":
        found = {GPU: machine.gpus * sum(parts.values())}
    elif parts and strategy == "mixed":
        found = {f"nvidia.com/mig-{profile}": machine.gpus * count for profile, count in parts.items()}
    return _shared(found, config.get("sharing") or {})


def _shared(devices: Mapping[str, int], sharing: Mapping[str, Any]) -> dict[str, int]:
    way: Mapping[str, Any] = sharing.get("timeSlicing") or sharing.get("mps") or {}
    replicas = {str(resource["name"]): int(resource["replicas"]) for resource in way.get("resources") or []}
    suffix = ".shared" if way.get("renameByDefault") else ""
    return {f"{name}{suffix if name in replicas else ''}": count * replicas.get(name, 1) for name, count in devices.items()}


def mig_parts(profile: str, memory_mib: int, *, quarters: bool = False) -> int:
    """How many parts of a MIG profile a GPU of this memory gives. ValueError for what is no profile."""
    match = MIG_PROFILE.fullmatch(profile)
    if match is None:
        raise ValueError(f"expected a MIG profile such as 1g.10gb, found {profile!r}")
    slices, memory_slices = (4, 4) if quarters else (MIG_SLICES, MIG_MEMORY_SLICES)
    slice_gib = memory_mib / MIB_IN_GIB / memory_slices
    taken = max(round(int(match["memory"]) / slice_gib), 1)
    return min(slices // int(match["slices"]), memory_slices // taken)
