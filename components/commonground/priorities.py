"""Priority classes: which pods give way to which when there is no room."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from commonground.addons import NoKubernetesError
from commonground.cluster import ClusterLike


@dataclass(frozen=True)
class Priority:
    """One class of pods."""

    name: str
    """In Kubernetes, as pods name it."""
    value: int
    description: str
    preempts: bool = True
    """Whether its pods may push out those of lower classes."""


SYSTEM = Priority("system", 1_000_000, "Software of the platform: others' pods depend on it.")
SERVING = Priority("serving", 100_000, "Applications and models that answer requests: they push out interactive work and batch.")
INTERACTIVE = Priority("interactive", 10_000, "Work that somebody waits for, as a notebook: it pushes out batch.")
BATCH = Priority("batch", 1_000, "Training and other work that can wait and start again: it pushes out nothing.", preempts=False)

PRIORITIES = (SYSTEM, SERVING, INTERACTIVE, BATCH)
"""From the highest to the lowest. All are below Kubernetes' own classes for the cluster and its nodes, and above pods that name none (0)."""


class PriorityClasses(pulumi.ComponentResource):
    """The four classes that pods name in `priorityClassName`: serving pre-empts training, and never the reverse."""

    classes: dict[str, kubernetes.scheduling.v1.PriorityClass]
    """By name."""

    def __init__(self, name: str, *, cluster: ClusterLike, after: Sequence[pulumi.Resource], opts: pulumi.ResourceOptions | None = None) -> None:
        """`after`: what the first Kubernetes object waits for. Raises `NoKubernetesError`."""
        super().__init__("commonground:priorities:PriorityClasses", name, None, opts)
        if cluster.kubernetes is None:
            raise NoKubernetesError(name)
        inside = pulumi.ResourceOptions(parent=self, provider=cluster.kubernetes, depends_on=[*after])
        self.classes = {one.name: _made(f"{name}-{one.name}", one, inside) for one in PRIORITIES}
        self.register_outputs({"classes": [one.name for one in PRIORITIES]})


def _made(label: str, priority: Priority, opts: pulumi.ResourceOptions) -> kubernetes.scheduling.v1.PriorityClass:
    return kubernetes.scheduling.v1.PriorityClass(
        label,
        metadata={"name": priority.name},
        value=priority.value,
        global_default=False,
        preemption_policy="PreemptLowerPriority" if priority.preempts else "Never",
        description=priority.description,
        opts=opts,
    )
