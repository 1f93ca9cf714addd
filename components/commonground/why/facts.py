"""What is known of a cluster and of its environment, and what the answer is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from commonground.why.quantities import Amounts

POOL_LABEL = "commonground.dev/pool"

Object = Mapping[str, Any]
"""A Kubernetes object as the API writes it."""


class Kind(StrEnum):
    """What keeps a pod from running, or that nothing does."""

    RUNNING = "running"
    FINISHED = "finished"
    LEAVING = "leaving"
    """It is being deleted."""
    STARTING = "starting"
    """It has a node; a container waits."""
    GATED = "gated"
    """Somebody holds it back before the scheduler sees it."""
    QUOTA = "quota"
    REFUSED = "refused"
    """It was never made: something other than a quota refused it."""
    NOT_WANTED = "not_wanted"
    """Its owner wants no pods."""
    VOLUME = "volume"
    NO_LABEL = "no_label"
    """No node has the labels that it asks for."""
    NO_GPU = "no_gpu"
    """No pool has the GPUs, or other devices, that it asks for."""
    NOT_ANNOUNCED = "not_announced"
    """The node is there, its devices are not."""
    TAINT = "taint"
    TOO_LARGE = "too_large"
    """It would not fit on an empty node."""
    CLAIM = "claim"
    """A ResourceClaim is not allocated."""
    PREEMPTING = "preempting"
    """It pushes others out."""
    AUTOSCALER = "autoscaler"
    """A pool may grow for it."""
    PRIORITY = "priority"
    """What runs there goes before it."""
    MAXIMUM = "maximum"
    """The pools that it fits on may not grow."""
    FULL = "full"
    """No room on any node; nothing is known of pools."""
    SPREAD = "spread"
    """There is room where its own rules of distance forbid it."""
    SCHEDULER = "scheduler"
    """The scheduler's turn."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reason:
    """The answer: `text` completes "POD: ...", without a full stop."""

    kind: Kind
    text: str
    fix: str = ""
    """What can be done, as an imperative; empty where nothing has to be."""


@dataclass(frozen=True)
class Place:
    """A node, or what an empty node of a pool would be."""

    labels: Mapping[str, str]
    taints: tuple[Object, ...]
    capacity: Amounts
    """What its kubelet leaves to pods."""
    node: str = ""
    """Its name; empty for a node that is not there."""
    pool: str = ""
    instance_type: str = ""

    @property
    def name(self) -> str:
        """As messages name it."""
        return f"node {self.node}" if self.node else f"an empty {self.instance_type} of pool {self.pool}"


@dataclass(frozen=True)
class PoolFacts:
    """What the environment's files say of a pool."""

    name: str
    maximum: int
    """Nodes at most."""
    empty: tuple[Place, ...]
    """What its nodes would be: one for each instance type and zone."""


@dataclass(frozen=True)
class TeamFacts:
    """What the environment's files say of a team."""

    name: str
    namespaces: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """The world that a pod is in. Lists that could not be read are empty."""

    nodes: Sequence[Object] | None = None
    """None where whoever asks may not list them."""
    pods: Sequence[Object] = ()
    """Of all namespaces."""
    events: Sequence[Object] = ()
    """Of the pod's namespace."""
    claims: Sequence[Object] = ()
    """PersistentVolumeClaims of the namespace."""
    volumes: Sequence[Object] = ()
    """PersistentVolumes."""
    storage_classes: Sequence[Object] | None = None
    """None where whoever asks may not list them."""
    quotas: Sequence[Object] = ()
    resource_claims: Sequence[Object] = ()
    pools: tuple[PoolFacts, ...] = ()
    """Empty where no environment is known."""
    teams: tuple[TeamFacts, ...] = ()
    scale: str = "the environment's file"
    """File in which pools' sizes and teams' quotas stand."""

    def pool(self, name: str) -> PoolFacts | None:
        """The pool of this name."""
        return next((pool for pool in self.pools if pool.name == name), None)


def name_of(found: Object) -> str:
    """An object's name."""
    return str(found.get("metadata", {}).get("name", ""))


def namespace_of(found: Object) -> str:
    """An object's namespace."""
    return str(found.get("metadata", {}).get("namespace", ""))


def events_of(events: Sequence[Object], about: Object) -> list[Object]:
    """Events about an object, the latest last: not those about another kind of this name, nor about one of this name that was there before."""
    found = [event for event in events if _is_about(event.get("involvedObject", {}), about)]
    return sorted(found, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or ""))


def _is_about(involved: Object, about: Object) -> bool:
    if involved.get("name") != name_of(about) or involved.get("kind", about["kind"]) != about["kind"]:
        return False
    uid = about["metadata"].get("uid")
    # The kubelet's events about a static pod have another one; such a pod is no team's.
    return not uid or involved.get("uid", uid) == uid


def listed(words: Sequence[str], most: int = 3) -> str:
    """The first few of them, and how many more there are."""
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more} more" if more > 0 else "")
