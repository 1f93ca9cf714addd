"""Sizes, labels, taints and update settings of node groups: what EKS takes together and what it refuses."""

from typing import Any

from .errors import InvalidParameter
from .state import Params

DEFAULT_SIZES = {"minSize": 1, "maxSize": 2, "desiredSize": 2}
RESERVED_LABELS = ("kubernetes.io/", "k8s.io/", "eks.amazonaws.com/")
MAX_TAINTS = 50
# Settings of NodeRepairConfig that exclude each other (API reference, "NodeRepairConfig").
REPAIR_PAIRS = (
    ("maxUnhealthyNodeThresholdCount", "maxUnhealthyNodeThresholdPercentage"),
    ("maxParallelNodesRepairedCount", "maxParallelNodesRepairedPercentage"),
)


def sizes(before: Params, given: Params) -> dict[str, int]:
    """What is given over what was. Desired does not follow the bounds by itself: it has to be given along with them."""
    chosen = {name: int(before[name] if given.get(name) is None else given[name]) for name in DEFAULT_SIZES}
    low, high, desired = chosen["minSize"], chosen["maxSize"], chosen["desiredSize"]
    if high < 1:
        raise InvalidParameter("maxSize must be at least 1")
    if low < 0 or desired < 0:
        raise InvalidParameter("minSize and desiredSize must be at least 0")
    if low > high:
        raise InvalidParameter(f"Minimum capacity {low} can't be greater than maximum size {high}")
    if low > desired:
        raise InvalidParameter(f"Minimum capacity {low} can't be greater than desired size {desired}")
    if desired > high:
        raise InvalidParameter(f"Desired capacity {desired} can't be greater than max size {high}")
    return chosen


def check_labels(labels: Params) -> None:
    """Refuses labels that Kubernetes and EKS keep for themselves."""
    if any(key.startswith(RESERVED_LABELS) for key in labels):
        raise InvalidParameter(f"Label cannot contain reserved prefixes [{', '.join(RESERVED_LABELS)}]")


def checked_taints(taints: list[dict[str, str]]) -> list[dict[str, str]]:
    """Taints, each known by its key and effect. Refuses two of one kind, one without effect, and too many."""
    kinds = [(taint.get("key"), taint.get("effect")) for taint in taints]
    if any(not key or not effect for key, effect in kinds):
        raise InvalidParameter("A taint needs a key and an effect")
    if len(set(kinds)) != len(kinds):
        raise InvalidParameter("Taints must be unique by key and effect")
    if len(taints) > MAX_TAINTS:
        raise InvalidParameter(f"A node group can have at most {MAX_TAINTS} taints")
    return [dict(taint) for taint in taints]


def update_config(given: Params) -> dict[str, Any]:
    """How many nodes an update takes at once: a count or a percentage; one node by default."""
    if given.get("maxUnavailable") is not None and given.get("maxUnavailablePercentage") is not None:
        raise InvalidParameter("updateConfig: only one of maxUnavailable and maxUnavailablePercentage can be specified")
    default = {} if given.get("maxUnavailable") or given.get("maxUnavailablePercentage") else {"maxUnavailable": 1}
    return {**default, **{name: value for name, value in given.items() if value is not None}}


def node_repair_config(given: Params) -> dict[str, Any]:
    """Whether and how broken nodes are replaced. Off by default."""
    for pair in REPAIR_PAIRS:
        if all(given.get(name) is not None for name in pair):
            raise InvalidParameter(f"nodeRepairConfig: only one of {pair[0]} and {pair[1]} can be specified")
    return {"enabled": False, **{name: value for name, value in given.items() if value is not None}}
