"""What a node's kubelet leaves to pods: the arithmetic between an instance type and a Node's `allocatable`."""

import math

# What kernel and hypervisor keep of the memory that EC2 names: Karpenter's default for the same guess (Karpenter, "Settings", VM_MEMORY_OVERHEAD_PERCENT).
MEMORY_LOST = 0.075

# awslabs/amazon-eks-ami, nodeadm/internal/kubelet: kube-reserved memory, `max_pods.go`; it counts pods by network interfaces, whatever the CNI makes of them.
RESERVED_MIB = 255
RESERVED_MIB_A_POD = 11
# The same project, `config.go`: evictionHard memory.available.
EVICTION_MIB = 100
# The same, getCPUMillicoresToReserve: thousandths of the first CPU, the second, the next two, and each further one; in tenths to stay whole.
RESERVED_CPU_TENTHS = ((1, 600), (1, 100), (2, 50))
RESERVED_CPU_TENTHS_BEYOND = 25

# EKS user guide, "Assign more IP addresses to Amazon EKS nodes with prefixes": what managed node groups stop at.
MANY_CPUS = 30
FEW_PODS, MANY_PODS = 110, 250


def memory_mib(machine_mib: int) -> int:
    """Memory that a node says it has, in MiB, of a machine with that much."""
    return math.floor(machine_mib * (1 - MEMORY_LOST))


def reserved_mib(pods_by_interface: int) -> int:
    """Memory that pods do not get, in MiB: the kubelet's own, and what must be left before it evicts. `pods_by_interface`: without prefix delegation."""
    return RESERVED_MIB + RESERVED_MIB_A_POD * pods_by_interface + EVICTION_MIB


def reserved_cpu(vcpu: int) -> int:
    """Thousandths of a CPU that the kubelet keeps for itself."""
    tenths, left = 0, vcpu
    for cpus, each in RESERVED_CPU_TENTHS:
        tenths += min(left, cpus) * each
        left = max(left - cpus, 0)
    return (tenths + left * RESERVED_CPU_TENTHS_BEYOND) // 10


def most_pods(vcpu: int) -> int:
    """Pods that a managed node takes at most with prefix delegation, however many addresses it has."""
    return FEW_PODS if vcpu < MANY_CPUS else MANY_PODS
