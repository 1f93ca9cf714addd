"""Whether a place that a pod fits on has room now, or may get it: nodes' rest, pools' maxima, priorities."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from commonground.gpus import MEMORY_LABEL
from commonground.why import storage
from commonground.why.demand import demand, devices, left, on_node, place_of, short
from commonground.why.facts import Facts, Kind, Object, Place, PoolFacts, Reason, events_of, listed, name_of, namespace_of
from commonground.why.fitting import Question
from commonground.why.quantities import number, plain
from commonground.why.words import scheduler_says

# The scheduler's words -> ours (kubernetes/kubernetes, pkg/scheduler/framework/plugins: podtopologyspread, interpodaffinity, volumebinding, nodeports).
DISTANCE = {
    "topology spread constraints": "its topologySpreadConstraints",
    "anti-affinity rules": "its pod anti-affinity",
    "pod affinity rules": "its pod affinity",
    "volume node affinity conflict": "its volume, which is in another zone",
    "didn't have free ports": "its host port, which is taken",
}
GREW, WILL_NOT_GROW = ("TriggeredScaleUp", "Nominated"), ("NotTriggerScaleUp", "FailedScaleUp")
"""Reasons of events of the Cluster Autoscaler and of Karpenter."""

RoomCheck = Callable[[Question], Reason | None]


def unseen(question: Question) -> Reason | None:
    """Whoever may not see the nodes has the scheduler's words."""
    if question.facts.nodes is not None:
        return None
    return Reason(Kind.UNKNOWN, f"pending; {scheduler_says(question.pod, question.facts)}", "somebody who may list nodes is told more")


def nominated(question: Question) -> Reason | None:
    """Others are being pushed out."""
    node = question.pod.get("status", {}).get("nominatedNodeName")
    if not node or node not in {place.node for place in question.places}:
        return None
    return Reason(Kind.PREEMPTING, f"it pushes out pods of lower priority on node {node}", "wait until they have ended")


def free(question: Question) -> Reason | None:
    """Room is there, so that something else is in the way."""
    now = [place for place in _nodes(question) if not short(question.wanted, left(place, question.facts.pods))]
    if not now:
        return None
    words = scheduler_says(question.pod, question.facts)
    if found := next((ours for theirs, ours in DISTANCE.items() if theirs in words), None):
        return Reason(Kind.SPREAD, f"{now[0].name} has room, but {found} keeps it away", "loosen that rule, or let more nodes come")
    return Reason(Kind.SCHEDULER, f"{now[0].name} has room: the scheduler places it at its next try", "ask again in a minute")


def announced(question: Question) -> Reason | None:
    """A node of a pool with devices that has none yet: places of the pool fit, its node does not."""
    wanted = devices(question.wanted)
    pools = {place.pool for place in question.places if not place.node}
    for place in _all_nodes(question.facts):
        missing = [resource for resource in wanted if not place.capacity.get(resource)]
        if place.pool in pools and missing:
            text = f"node {place.node} of pool {place.pool} does not announce {', '.join(missing)} yet"
            return Reason(Kind.NOT_ANNOUNCED, text, "see whether the device plugin's pod on that node runs: `kubectl get pods -n accelerators -o wide`")
    return None


def claimed(question: Question) -> Reason | None:
    """Devices that it claims are not allocated; with them goes the node."""
    found = storage.unallocated(question.pod, question.facts)
    pools = [pool for pool in _pools(question) if any(MEMORY_LABEL in place.labels for place in pool.empty)]
    if found is None or not pools:
        return found
    return replace(found, text=f"{found.text}; {_sizes(question, pools)}")


def growing(question: Question) -> Reason | None:
    """A pool that it fits on is below its maximum."""
    pools = [pool for pool in _pools(question) if _size(question.facts, pool.name) < pool.maximum]
    if not pools:
        return None
    sizes = _sizes(question, pools)
    event = _autoscaler(question)
    if event and event["reason"] in GREW:
        return Reason(Kind.AUTOSCALER, f"a node is on its way: {sizes}", "wait a few minutes")
    if event:
        return Reason(Kind.AUTOSCALER, f"the autoscaler adds no node though {sizes}: {' '.join(str(event.get('message', '')).split())}", _look(pools[0]))
    return Reason(Kind.AUTOSCALER, f"no node has room, and it waits for the autoscaler: {sizes}", f"wait a few minutes; {_look(pools[0])}")


def outranked(question: Question) -> Reason | None:
    """What it lacks is held by pods that go before it."""
    holders = _holders(question)
    above = [pod for pod in holders if _priority(pod) > _priority(question.pod)]
    if not above or len(above) < len(holders):
        return None
    names = listed(sorted({_pod_text(pod) for pod in above}), 2)
    own = question.spec.get("priorityClassName") or "no priority class"
    fix = f"wait for them, or raise {_maximum_key(question)}" if question.facts.pools else "wait for them, or add nodes"
    return Reason(Kind.PRIORITY, f"{_taken(question)} by pods of higher priority than its own ({own}): {names}", fix)


def full(question: Question) -> Reason | None:
    """Nothing is left, and nothing may come."""
    rest = ""
    lower = [pod for pod in _holders(question) if _priority(pod) < _priority(question.pod)]
    if lower and question.spec.get("preemptionPolicy") == "Never":
        rest = f"; its priority class {question.spec.get('priorityClassName', '')} pushes nobody out"
    fix = f"raise {_maximum_key(question)}, or free some" if question.facts.pools else "free some, or name the environment with --env so that its pools count"
    return Reason(Kind.MAXIMUM if question.facts.pools else Kind.FULL, _taken(question) + rest, fix)


ROOM: tuple[RoomCheck, ...] = (unseen, nominated, claimed, free, announced, growing, outranked, full)


def _nodes(question: Question) -> list[Place]:
    return [place for place in question.places if place.node]


def _all_nodes(facts: Facts) -> list[Place]:
    return [place_of(node) for node in facts.nodes or ()]


def _pools(question: Question) -> list[PoolFacts]:
    names = dict.fromkeys(place.pool for place in question.places if not place.node)
    return [pool for pool in question.facts.pools if pool.name in names]


def _size(facts: Facts, pool: str) -> int:
    return sum(place.pool == pool for place in _all_nodes(facts))


def _sizes(question: Question, pools: Sequence[PoolFacts]) -> str:
    return listed([f"pool {pool.name} has {_size(question.facts, pool.name)} of at most {pool.maximum} nodes" for pool in pools])


def _autoscaler(question: Question) -> Object | None:
    found = events_of(question.facts.events, question.pod)
    return next((event for event in reversed(found) if event.get("reason") in GREW + WILL_NOT_GROW), None)


def _look(pool: PoolFacts) -> str:
    return f"if none comes: its events (`kubectl describe pod`) and the scaling activities of pool {pool.name}'s node group say why"


def _lacking(question: Question) -> list[str]:
    """Resources that are short on the node that comes nearest."""
    rests = [short(question.wanted, left(place, question.facts.pods)) for place in _nodes(question)]
    return min(rests, key=len, default=[])


def _holders(question: Question) -> list[Object]:
    """Pods that hold what it lacks, on nodes that it fits on."""
    lacking = _lacking(question)
    pods = [pod for place in _nodes(question) for pod in on_node(place.node, question.facts.pods)]
    return [pod for pod in pods if any(demand(pod["spec"]).get(resource) for resource in lacking) and not _of_every_node(pod)]


def _of_every_node(pod: Object) -> bool:
    return any(owner.get("kind") in ("DaemonSet", "Node") for owner in pod["metadata"].get("ownerReferences") or [])


def _priority(pod: Object) -> int:
    return int(pod["spec"].get("priority") or 0)


def _pod_text(pod: Object) -> str:
    priority = pod["spec"].get("priorityClassName")
    return f"{namespace_of(pod)}/{name_of(pod)}{f' ({priority})' if priority else ''}"


def _taken(question: Question) -> str:
    """`pool gpu is at its maximum of 1 node, and its nvidia.com/gpu is taken (4 of 4)`."""
    what = _use(_nodes(question), _lacking(question), question.facts.pods)
    pools = _pools(question)
    if not pools:
        return f"no node has enough left: {what}"
    sizes = listed([f"pool {pool.name} is at its maximum of {pool.maximum} {'node' if pool.maximum == 1 else 'nodes'}" for pool in pools])
    return f"{sizes}, and {what}"


def _use(nodes: Sequence[Place], lacking: Sequence[str], pods: Sequence[Object]) -> str:
    parts = []
    for resource in lacking:
        whole = sum((place.capacity.get(resource, Decimal(0)) for place in nodes), Decimal(0))
        rest = sum((left(place, pods).get(resource, Decimal(0)) for place in nodes), Decimal(0))
        name = "CPU" if resource == "cpu" else plain(resource)
        parts.append(f"{number(resource, whole - rest)} of {number(resource, whole)} {name} {'are' if resource == 'pods' else 'is'} taken")
    return " and ".join(parts) or "what it asks for is taken"


def _maximum_key(question: Question) -> str:
    names = [f"pools.{pool.name}.max" for pool in _pools(question)]
    return f"{' or '.join(names)} in {question.facts.scale}"
