"""What a pod asks of a node, and what nodes have left."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from commonground.why.facts import POOL_LABEL, Object, Place
from commonground.why.quantities import Amounts, amounts, largest, total

ENDED = ("Succeeded", "Failed")


def demand(spec: Object) -> Amounts:
    """What the scheduler reserves for a pod, itself included (`pods`: 1).

    Containers together with sidecars, or the neediest init container with the sidecars before it, whichever is more; plus overhead
    (Kubernetes docs, "Sidecar Containers", resource sharing within containers). Requests of the pod itself go before its containers'.
    """
    sidecars: list[Amounts] = []
    starting: list[Amounts] = []
    for container in spec.get("initContainers") or []:
        if container.get("restartPolicy") == "Always":
            sidecars.append(_requests(container))
        else:
            starting.append(total([*sidecars, _requests(container)]))
    running = total([*map(_requests, spec.get("containers") or []), *sidecars])
    found = largest([running, *starting]) | _requests(spec)
    found = total([found, amounts(spec.get("overhead"))])
    return {resource: value for resource, value in found.items() if value} | {"pods": Decimal(1)}


def devices(wanted: Amounts) -> Amounts:
    """Of what a pod asks, that which not every node has: devices, huge pages."""
    return {resource: value for resource, value in wanted.items() if "/" in resource or resource.startswith("hugepages-")}


def short(wanted: Amounts, left: Amounts) -> list[str]:
    """Resources of which there is less than wanted."""
    return [resource for resource, value in wanted.items() if value > left.get(resource, Decimal(0))]


def place_of(node: Object) -> Place:
    """A node as a place."""
    labels = node["metadata"].get("labels") or {}
    taints = [*(node.get("spec", {}).get("taints") or [])]
    if node.get("spec", {}).get("unschedulable") and not any(taint["key"] == "node.kubernetes.io/unschedulable" for taint in taints):
        taints.append({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"})
    return Place(
        labels=labels,
        taints=tuple(taints),
        capacity=amounts(node.get("status", {}).get("allocatable")),
        node=node["metadata"]["name"],
        pool=labels.get(POOL_LABEL, ""),
        instance_type=labels.get("node.kubernetes.io/instance-type", ""),
    )


def on_node(node: str, pods: Iterable[Object]) -> list[Object]:
    """Pods that hold something of a node."""
    return [pod for pod in pods if pod.get("spec", {}).get("nodeName") == node and pod.get("status", {}).get("phase") not in ENDED]


def left(place: Place, pods: Sequence[Object]) -> Amounts:
    """What a node has left."""
    taken = total(demand(pod["spec"]) for pod in on_node(place.node, pods))
    return {resource: value - taken.get(resource, Decimal(0)) for resource, value in place.capacity.items()}


def _requests(container: Object) -> Amounts:
    """Of what has a limit alone, the limit is requested: the API server fills it in, a template may not have it yet."""
    resources = container.get("resources") or {}
    return amounts({**(resources.get("limits") or {}), **(resources.get("requests") or {})})
