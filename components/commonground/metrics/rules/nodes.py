"""Rules of nodes."""

from collections.abc import Iterator, Sequence

from commonground.metrics.rules.model import Alert, Group, Recording, Severity
from commonground.settings.metrics import PLATFORM, MetricsSettings

# Kubernetes docs, "Garbage Collection": the kubelet deletes images from 85 %; "Node-pressure Eviction": it evicts pods from 90 %.
DISK = {Severity.WARNING: (0.88, "15m"), Severity.CRITICAL: (0.95, "5m")}
MEMORY = 0.93
"""Share of memory in use. The kubelet evicts pods when 100 MiB are left (Kubernetes docs, "Node-pressure Eviction")."""
CLOCK_SECONDS = 0.5
"""Signed requests to AWS and tokens allow minutes; what correlates logs and samples allows less."""

# EKS user guide, "Detect node health issues and enable automatic node repair": conditions of the add-on eks-node-monitoring-agent.
AGENT_CONDITIONS = ("AcceleratedHardwareReady", "ContainerRuntimeReady", "KernelReady", "NetworkingReady", "StorageReady")
PRESSURES = ("DiskPressure", "MemoryPressure", "PIDPressure")

_READY = 'kube_node_status_condition{condition="Ready",status="true"} == 0'
_BY = "node, pool"


def groups(settings: MetricsSettings) -> Sequence[Group]:
    """All groups of this namespace."""
    return (Group("nodes", tuple(_recorded())), Group("nodes-alerts", tuple(_alerts())))


def _recorded() -> Iterator[Recording]:
    yield Recording("commonground:node_cpu:ratio", f'1 - avg by ({_BY}) (rate(node_cpu_seconds_total{{mode="idle"}}[5m]))')
    yield Recording("commonground:node_memory:ratio", f"1 - sum by ({_BY}) (node_memory_MemAvailable_bytes) / sum by ({_BY}) (node_memory_MemTotal_bytes)")
    # The fullest of a node's file systems that can be written to: Bottlerocket's root is always full.
    real = '{fstype=~"btrfs|ext4|xfs"}'
    yield Recording(
        "commonground:node_disk:ratio",
        f"max by ({_BY}) (1 - node_filesystem_avail_bytes{real} / node_filesystem_size_bytes unless node_filesystem_readonly == 1)",
    )


def _alerts() -> Iterator[Alert]:
    for severity, wait in ((Severity.WARNING, "5m"), (Severity.CRITICAL, "20m")):
        yield Alert(
            "NodeNotReady",
            f"max by (node) ({_READY})",
            severity,
            f"Node {{{{ $labels.node }}}} has not been ready for {wait}",
            wait=wait,
            team=PLATFORM,
        )
    yield Alert(
        "NodePressure",
        f'max by (node, condition) (kube_node_status_condition{{condition=~"{"|".join(PRESSURES)}",status="true"}}) == 1',
        Severity.WARNING,
        "Node {{ $labels.node }} reports {{ $labels.condition }}: it evicts pods, and takes no new ones",
        wait="5m",
        team=PLATFORM,
    )
    yield Alert(
        "NodeUnhealthy",
        f'max by (node, condition) (kube_node_status_condition{{condition=~"{"|".join(AGENT_CONDITIONS)}",status="false"}}) == 1',
        Severity.WARNING,
        "Node {{ $labels.node }}: the node monitoring agent says that {{ $labels.condition }} is false",
        wait="5m",
        team=PLATFORM,
    )
    for severity, (share, wait) in DISK.items():
        yield Alert(
            "NodeDiskAlmostFull",
            f"commonground:node_disk:ratio > {share}",
            severity,
            "Node {{ $labels.node }} of pool {{ $labels.pool }}: its fullest disk is {{ $value | humanizePercentage }} full",
            wait=wait,
            team=PLATFORM,
        )
    yield Alert(
        "NodeMemoryAlmostFull",
        f"commonground:node_memory:ratio > {MEMORY}",
        Severity.WARNING,
        "Node {{ $labels.node }} of pool {{ $labels.pool }}: {{ $value | humanizePercentage }} of its memory is in use",
        wait="15m",
        team=PLATFORM,
    )
    yield Alert(
        "NodeClockWrong",
        f"max by ({_BY}) (abs(node_timex_offset_seconds)) > {CLOCK_SECONDS}",
        Severity.WARNING,
        "Node {{ $labels.node }} of pool {{ $labels.pool }}: its clock is {{ $value | humanizeDuration }} wrong",
        wait="10m",
        team=PLATFORM,
    )
