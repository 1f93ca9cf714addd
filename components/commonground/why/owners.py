"""What a workload's owner was told: why the pods that it wants are not there."""

from collections.abc import Mapping, Sequence

from commonground.why.explain import explain
from commonground.why.facts import Facts, Kind, Object, Reason, events_of, name_of, namespace_of
from commonground.why.refusals import refused

KINDS: Mapping[str, str] = {
    **dict.fromkeys(("deployment", "deployments", "deploy"), "Deployment"),
    **dict.fromkeys(("replicaset", "replicasets", "rs"), "ReplicaSet"),
    **dict.fromkeys(("statefulset", "statefulsets", "sts"), "StatefulSet"),
    **dict.fromkeys(("daemonset", "daemonsets", "ds"), "DaemonSet"),
    **dict.fromkeys(("job", "jobs"), "Job"),
}
"""As kubectl lets them be written."""
REVISION = "deployment.kubernetes.io/revision"


def explain_owner(owner: Object, objects: Sequence[Object], facts: Facts) -> tuple[str, Reason]:
    """Whom the answer is about, and the answer: of a pod that it has and that does not run, else of those that it could not make.

    `objects`: what is in its namespace, pods and ReplicaSets among it.
    """
    maker = _maker(owner, objects)
    pods = [found for found in objects if found["kind"] == "Pod" and _owned(found, maker)]
    wanted, about = _wanted(owner), f"{owner['kind'].lower()}/{name_of(owner)}"
    if ended := _ended(owner):
        return about, ended
    if wanted == 0:
        return about, Reason(Kind.NOT_WANTED, "wants no pods: it is scaled to zero", "`kubectl scale` it up")
    if owner["spec"].get("suspend"):
        return about, Reason(Kind.GATED, "is suspended, and has no pods", "a queue resumes it when its quota has room; else set `suspend: false`")
    reasons = [(pod, explain(pod, facts)) for pod in pods]
    stuck = [(pod, reason) for pod, reason in reasons if reason.kind not in (Kind.RUNNING, Kind.FINISHED, Kind.LEAVING)]
    here = sum(reason.kind not in (Kind.FINISHED, Kind.LEAVING) for _, reason in reasons)
    message = _told(owner, maker, facts)
    if message and (wanted is None or here < wanted):
        reason = refused(message, namespace_of(owner), facts)
        return (f"{about}, {here} of {wanted} pods made" if wanted else about), reason
    if stuck:
        return f"pod/{name_of(stuck[0][0])}", stuck[0][1]
    if not reasons:
        return about, Reason(Kind.UNKNOWN, "has no pods, and nothing says why", f"`kubectl describe {about}` shows its events")
    running = sum(reason.kind is Kind.RUNNING for _, reason in reasons)
    if not running:
        return about, reasons[-1][1]
    return about, Reason(Kind.RUNNING, f"{running} of {wanted or len(reasons)} pods run: pod/{name_of(reasons[0][0])} {reasons[0][1].text}")


def _ended(owner: Object) -> Reason | None:
    """How a Job ended, which may have outlived its pods."""
    conditions = owner.get("status", {}).get("conditions") or []
    ended = {each["type"]: each for each in conditions if each["status"] == "True"} if owner["kind"] == "Job" else {}
    if "Complete" in ended:
        since = ended["Complete"].get("lastTransitionTime")
        return Reason(Kind.FINISHED, f"has completed{f' at {since}' if since else ''}")
    if "Failed" in ended:
        why = " ".join(str(ended["Failed"].get(part, "")) for part in ("reason", "message")).strip()
        name = name_of(owner)
        return Reason(
            Kind.FINISHED, f"has failed{f': {why}' if why else ''}", f"`kubectl logs job/{name}` shows what it said, `kubectl describe job/{name}` the rest"
        )
    return None


def _maker(owner: Object, objects: Sequence[Object]) -> Object:
    """Who makes the pods: for a Deployment its newest ReplicaSet, or itself while there is none."""
    if owner["kind"] != "Deployment":
        return owner
    sets = [found for found in objects if found["kind"] == "ReplicaSet" and _owned(found, owner)]
    return max(sets, key=lambda found: int((found["metadata"].get("annotations") or {}).get(REVISION, 0)), default=owner)


def _owned(found: Object, owner: Object) -> bool:
    return any(reference.get("uid") == owner["metadata"].get("uid") for reference in found["metadata"].get("ownerReferences") or [])


def _wanted(owner: Object) -> int | None:
    """Pods that it wants now; None where only the cluster knows."""
    if owner["kind"] == "DaemonSet":
        desired = owner.get("status", {}).get("desiredNumberScheduled")
        return None if desired is None else int(desired)
    if owner["kind"] == "Job":
        status = owner.get("status", {})
        left = int(owner["spec"].get("completions") or 1) - int(status.get("succeeded") or 0)
        return max(1, min(int(owner["spec"].get("parallelism") or 1), left))
    replicas = owner["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def _told(owner: Object, maker: Object, facts: Facts) -> str:
    """Why its last pod was refused; empty if none was."""
    for each in (maker, owner):
        for condition in each.get("status", {}).get("conditions") or []:
            if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
                return str(condition.get("message", ""))
    failures = [event for event in events_of(facts.events, maker) if event.get("reason") == "FailedCreate"]
    return str(failures[-1].get("message", "")) if failures else ""
