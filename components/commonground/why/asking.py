"""From what a user typed to the answer: which pod or owner is meant, and which facts it takes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from commonground.settings.mistakes import did_you_mean
from commonground.why.explain import explain
from commonground.why.facts import Facts, Kind, Object, PoolFacts, Reason, TeamFacts, listed, name_of, namespace_of
from commonground.why.kubectl import Kubectl
from commonground.why.owners import KINDS, explain_owner

# What a member of a team may list in its namespaces, in one call.
IN_NAMESPACE = (
    "pods",
    "deployments.apps",
    "replicasets.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "jobs.batch",
    "events",
    "resourcequotas",
    "persistentvolumeclaims",
)
IN_CLUSTER = ("nodes", "pods", "persistentvolumes", "storageclasses.storage.k8s.io")
OWNERS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet")


@dataclass(frozen=True)
class Files:
    """What the environment's files say; empty where no environment is known."""

    pools: tuple[PoolFacts, ...] = ()
    teams: tuple[TeamFacts, ...] = ()
    scale: str = "the environment's file"


@dataclass(frozen=True)
class Wanted:
    """What a user asks about."""

    name: str
    kind: str = "Pod"
    namespace: str | None = None

    @classmethod
    def parse(cls, written: str) -> "Wanted":
        """`POD`, `deployment/NAME`, `NAMESPACE/POD`."""
        before, slash, name = written.partition("/")
        if not slash:
            return cls(written)
        if before.lower() in ("pod", "pods", "po"):
            return cls(name)
        if kind := KINDS.get(before.lower().split(".")[0]):
            return cls(name, kind)
        return cls(name, namespace=before)


@dataclass(frozen=True)
class Answer:
    """One line on stdout, and one on stderr."""

    about: str
    reason: Reason

    @property
    def line(self) -> str:
        """The sentence."""
        return f"{self.about}: {self.reason.text}"


class UnknownPodError(Exception):
    """Neither a pod nor an owner has this name."""

    def __init__(self, wanted: Wanted, namespace: str, known: Sequence[str], elsewhere: Sequence[str] = ()) -> None:
        self.wanted = wanted
        self.namespace = namespace
        self.known = tuple(known)
        guess = did_you_mean(wanted.name, known)
        there = f"there are: {listed(sorted(known), 5)}" if known else "nothing is there"
        fix = f'did you mean "{guess}"?' if guess else there
        if elsewhere:
            fix = f"it is in namespace {listed(sorted(elsewhere))}: add `-n {min(elsewhere)}`"
        what = "pod" if wanted.kind == "Pod" else wanted.kind
        super().__init__(f"no {what} in namespace {namespace} is named {wanted.name}, or begins so. Fix: {fix}")


def answer(written: str, kubectl: Kubectl, files: Callable[[], Files]) -> Answer:
    """Why what a user named is not running. `files` is asked only where it matters. Raises `UnknownPodError`, and what `Kubectl` raises."""
    wanted = Wanted.parse(written)
    if wanted.namespace:
        kubectl = replace(kubectl, namespace=wanted.namespace)
    objects = kubectl.get(IN_NAMESPACE).items
    found = find(wanted, objects)
    if found is None:
        namespace = kubectl.current_namespace()
        raise UnknownPodError(wanted, namespace, _names(wanted, objects), _elsewhere(wanted, kubectl, namespace))
    facts = Facts(events=_of(objects, "Event"), quotas=_of(objects, "ResourceQuota"), claims=_of(objects, "PersistentVolumeClaim"), pods=_of(objects, "Pod"))
    return _answered(found, objects, facts, kubectl, files)


def find(wanted: Wanted, objects: Sequence[Object]) -> Object | None:
    """The object of this name; of a pod's also the first that begins so, one that waits before others, and the owner whose pods would begin so."""
    kinds = ("Pod",) if wanted.kind == "Pod" else (wanted.kind,)
    of_kind = [found for kind in kinds for found in _of(objects, kind)]
    exact = [found for found in of_kind if name_of(found) == wanted.name]
    if exact:
        return exact[0]
    begin = [found for found in of_kind if name_of(found).startswith(wanted.name)]
    if begin:
        return min(begin, key=lambda found: (found.get("status", {}).get("phase") != "Pending", name_of(found)))
    if wanted.kind != "Pod":
        return None
    owners = [found for kind in OWNERS for found in _of(objects, kind)]
    near = [owner for owner in owners if name_of(owner).startswith(wanted.name) or wanted.name.startswith(f"{name_of(owner)}-")]
    # The whole of a Deployment's story is in it, not in one of its ReplicaSets.
    return min(near, key=lambda owner: (OWNERS.index(owner["kind"]), -len(name_of(owner)))) if near else None


def _answered(found: Object, objects: Sequence[Object], facts: Facts, kubectl: Kubectl, files: Callable[[], Files]) -> Answer:
    """First by what is known already; what more it takes is asked for only where that leaves it open."""
    about, reason = _explained(found, objects, facts)
    if reason.kind not in (Kind.UNKNOWN, Kind.FULL, Kind.SCHEDULER, Kind.STARTING, Kind.RUNNING, Kind.QUOTA, Kind.CLAIM, Kind.VOLUME):
        return Answer(about, reason)
    environment = files()
    facts = replace(facts, pools=environment.pools, teams=environment.teams, scale=environment.scale)
    facts = _of_cluster(facts, kubectl)
    if any(pod["spec"].get("resourceClaims") for pod in facts.pods):
        facts = replace(facts, resource_claims=kubectl.get(["resourceclaims.resource.k8s.io"]).items)
    about, reason = _explained(found, objects, facts)
    return Answer(about, reason)


def _explained(found: Object, objects: Sequence[Object], facts: Facts) -> tuple[str, Reason]:
    """Whom the answer is about, with its namespace, and the answer."""
    namespace = namespace_of(found)
    if found["kind"] == "Pod":
        return f"{namespace}/{name_of(found)}", explain(found, facts)
    about, reason = explain_owner(found, objects, facts)
    return f"{namespace}/{about.removeprefix('pod/')}", reason


def _of_cluster(facts: Facts, kubectl: Kubectl) -> Facts:
    """Nodes, and the pods on them. A team's member may not list these."""
    found = kubectl.get(IN_CLUSTER, everywhere=True)
    seen = "nodes" not in found.refused and "pods" not in found.refused
    return replace(
        facts,
        nodes=found.of("Node") if seen else None,
        pods=found.of("Pod") or facts.pods,
        volumes=found.of("PersistentVolume"),
        storage_classes=None if "storageclasses" in found.refused else found.of("StorageClass"),
    )


def _of(objects: Sequence[Object], kind: str) -> list[Object]:
    return [found for found in objects if found["kind"] == kind]


def _names(wanted: Wanted, objects: Sequence[Object]) -> list[str]:
    if wanted.kind != "Pod":
        return [name_of(found) for found in _of(objects, wanted.kind)]
    owners = [f"{found['kind'].lower()}/{name_of(found)}" for kind in OWNERS[:-1] for found in _of(objects, kind)]
    return [*(name_of(found) for found in _of(objects, "Pod")), *owners]


def _elsewhere(wanted: Wanted, kubectl: Kubectl, namespace: str) -> list[str]:
    """Other namespaces that have it, where whoever asks may list them all."""
    kinds = {"Pod": "pods", "Job": "jobs.batch"}.get(wanted.kind, f"{wanted.kind.lower()}s.apps")
    found = kubectl.get([kinds], everywhere=True).items
    return sorted({namespace_of(one) for one in found if name_of(one).startswith(wanted.name)} - {namespace})
