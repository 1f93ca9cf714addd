"""Why one pod is not running: the checks, in the order in which the answer is looked for."""

from collections.abc import Callable, Iterator

from commonground.why import storage
from commonground.why.demand import demand, place_of
from commonground.why.facts import Facts, Kind, Object, Reason
from commonground.why.fitting import FITTING, Question
from commonground.why.room import ROOM
from commonground.why.words import failed_scheduling, scheduled, scheduler_says

Check = Callable[[Object, Facts], Reason | None]


def explain(pod: Object, facts: Facts) -> Reason:
    """The first reason that holds."""
    for check in CHECKS:
        if reason := check(pod, facts):
            return reason
    return Reason(Kind.UNKNOWN, f"pending; {scheduler_says(pod, facts)}", "`kubectl describe pod` shows its events")


def _leaving(pod: Object, facts: Facts) -> Reason | None:
    since = pod["metadata"].get("deletionTimestamp")
    if not since:
        return None
    if finalizers := pod["metadata"].get("finalizers"):
        return Reason(Kind.LEAVING, f"is being deleted since {since} and waits for {', '.join(finalizers)}", "see why the owner of that finalizer does not act")
    where = pod["spec"].get("nodeName")
    return Reason(Kind.LEAVING, f"is being deleted since {since}{f' on node {where}' if where else ''}", "wait until its containers have ended")


def _ended(pod: Object, facts: Facts) -> Reason | None:
    status = pod.get("status", {})
    if status.get("phase") == "Succeeded":
        return Reason(Kind.FINISHED, "has completed")
    if status.get("phase") == "Failed":
        why = " ".join(str(status.get(part)) for part in ("reason", "message") if status.get(part))
        return Reason(Kind.FINISHED, f"has failed{f': {why}' if why else ''}", "`kubectl logs` shows what it said")
    return None


def _on_a_node(pod: Object, facts: Facts) -> Reason | None:
    node = pod["spec"].get("nodeName")
    if not node:
        return None
    pool = next((place.pool for place in map(place_of, facts.nodes or ()) if place.node == node), "")
    where = f"on node {node}{f' of pool {pool}' if pool else ''}"
    if waits := next(_waiting(pod), None):
        return Reason(Kind.STARTING, f"is {where}, but {waits}", "`kubectl describe pod` and `kubectl logs` show more")
    status = pod.get("status", {})
    if status.get("phase") == "Running":
        ready = any(condition["type"] == "Ready" and condition["status"] == "True" for condition in status.get("conditions") or [])
        return Reason(Kind.RUNNING, f"runs {where}{'' if ready else ', but is not ready: its readiness probe has not succeeded'}")
    return Reason(Kind.STARTING, f"is {where}, which starts its containers", "")


def _waiting(pod: Object) -> Iterator[str]:
    """What containers wait for, worst first: `PodInitializing` only says that another one waits."""
    status = pod.get("status", {})
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            said = " ".join(str(waiting.get("message", "")).split())
            yield f"its container {container['name']} waits: {waiting['reason']}{f': {said}' if said else ''}"


def _gated(pod: Object, facts: Facts) -> Reason | None:
    gates = [gate["name"] for gate in pod["spec"].get("schedulingGates") or []]
    if not gates:
        return None
    return Reason(Kind.GATED, f"is held back by {', '.join(gates)}", "whoever set that gate takes it away; a queue does when the quota has room")


def _fitting(pod: Object, facts: Facts) -> Reason | None:
    """Whether there is any kind of node for it, and then, whether one has room."""
    wanted = demand(pod["spec"])
    places = [*map(place_of, facts.nodes or ()), *(empty for pool in facts.pools for empty in pool.empty if pool.maximum)]
    if not places:
        return None if facts.nodes is None else Reason(Kind.FULL, "there is no node", "name the environment with --env, so that its pools count")
    question = Question(pod, facts, wanted, tuple(places))
    for filter_ in FITTING:
        kept, reason = filter_(question)
        if not kept:
            return reason
        question = question.among(kept)
    return _room(question)


def _room(question: Question) -> Reason | None:
    for check in ROOM:
        if reason := check(question):
            return reason
    return None


def _not_looked_at(pod: Object, facts: Facts) -> Reason | None:
    scheduler = pod["spec"].get("schedulerName", "default-scheduler")
    if scheduled(pod) is not None or failed_scheduling(pod, facts) is not None:
        return None
    return Reason(Kind.SCHEDULER, f"no scheduler has looked at it yet: it asks for {scheduler}", "see whether a scheduler of that name runs")


CHECKS: tuple[Check, ...] = (_leaving, _ended, _on_a_node, _gated, storage.missing, storage.unbound, _fitting, storage.unallocated, _not_looked_at)
