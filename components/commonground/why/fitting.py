"""Whether any kind of node takes a pod: filters over nodes, and over what empty nodes of pools would be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from commonground.gpus import GPU, MEMORY_LABEL, PRODUCT_LABEL
from commonground.why.demand import devices, short
from commonground.why.facts import Facts, Kind, Object, Place, Reason, listed
from commonground.why.quantities import Amounts, number, shown
from commonground.why.selection import expression_text, requirements, taint_text, unmet, untolerated
from commonground.why.storage import volume_terms, with_zone

GPU_LABELS = ("commonground.dev/gpu-", "k8s.amazonaws.com/accelerator", "nvidia.com/gpu")

# Taints that Kubernetes itself sets -> what can be done (Kubernetes docs, "Taints and Tolerations", taint based evictions).
SYSTEM_TAINTS = {
    "node.kubernetes.io/unschedulable": "`kubectl uncordon` opens the node again",
    "node.kubernetes.io/not-ready": "`kubectl describe node` shows why the node is not ready",
    "node.kubernetes.io/unreachable": "`kubectl describe node` shows since when the node is not reached",
    "node.kubernetes.io/disk-pressure": "free the node's disk, or let it be replaced",
    "node.kubernetes.io/memory-pressure": "raise the memory requests of what runs there",
    "node.cloudprovider.kubernetes.io/uninitialized": "wait until the node has joined",
}


@dataclass(frozen=True)
class Question:
    """A pod, and the places that are still possible."""

    pod: Object
    facts: Facts
    wanted: Amounts
    places: tuple[Place, ...]

    @property
    def spec(self) -> Object:
        """The pod's."""
        spec: Object = self.pod["spec"]
        return spec

    def among(self, places: Sequence[Place]) -> "Question":
        """The same over fewer places."""
        return replace(self, places=tuple(places))


Filter = Callable[[Question], tuple[list[Place], Reason | None]]
"""The places that it leaves, and why there is none."""


def selected(question: Question) -> tuple[list[Place], Reason | None]:
    """By labels."""
    terms = requirements(question.spec)
    misses = {index: unmet(place, terms) for index, place in enumerate(question.places)}
    kept = [question.places[index] for index, missed in misses.items() if not missed]
    return kept, None if kept else _unselected(question, min(misses.values(), key=len))


def offering(question: Question) -> tuple[list[Place], Reason | None]:
    """By devices: where there are any of what it asks for."""
    wanted = devices(question.wanted)
    kept = [place for place in question.places if all(place.capacity.get(resource) for resource in wanted)]
    return kept, None if kept else _without_devices(question, wanted)


def tolerated(question: Question) -> tuple[list[Place], Reason | None]:
    """By taints."""
    tolerations = question.spec.get("tolerations") or []
    kept = [place for place in question.places if not untolerated(place, tolerations)]
    return kept, None if kept else _tainted(question, tolerations)


def large_enough(question: Question) -> tuple[list[Place], Reason | None]:
    """By what a node has when nothing runs on it."""
    kept = [place for place in question.places if not short(question.wanted, place.capacity)]
    return kept, None if kept else _too_large(question)


def reached(question: Question) -> tuple[list[Place], Reason | None]:
    """By where its volumes are: a disk is in one zone."""
    terms = list(volume_terms(question.pod, question.facts))
    kept = [place for place in question.places if all(not unmet(with_zone(place), term) for term in terms)]
    if kept:
        return kept, None
    texts = sorted({expression_text(expression) for term in terms for alternative in term for expression in alternative})
    fix = "make the volume again in a zone that the pool has (a snapshot moves it), or give the pool that zone"
    return kept, Reason(Kind.VOLUME, f"no node that it may be on reaches its volume, which is at {listed(texts)}", fix)


FITTING: tuple[Filter, ...] = (selected, offering, tolerated, large_enough, reached)


def _unselected(question: Question, missed: Sequence[Object]) -> Reason:
    places = question.places
    if all(_of_gpus(expression) for expression in missed):
        # All of it: one pool may lack this of what it asks for, and another pool that.
        asked = dict.fromkeys(expression_text(each) for term in requirements(question.spec) for each in term if _of_gpus(each))
        there = _gpus(places, memory=MEMORY_LABEL in " ".join(asked))
        return Reason(Kind.NO_GPU, f"no pool has the GPU that it asks for ({', '.join(asked)}): there are {there}", _another_gpu(question.facts))
    texts = [expression_text(expression) for expression in missed]
    found = sorted({str(place.labels[key]) for place in places for key in {str(expression["key"]) for expression in missed} if key in place.labels})
    there = f"; there is {listed(found, 5)}" if len(missed) == 1 and found else ""
    fix = "change its nodeSelector or node affinity, or give a pool that label"
    return Reason(Kind.NO_LABEL, f"no node and no pool has the label that it asks for: {', '.join(texts)}{there}", fix)


def _of_gpus(expression: Object) -> bool:
    return str(expression["key"]).startswith(GPU_LABELS)


def _gpus(places: Sequence[Place], *, memory: bool) -> str:
    """Kinds and their pools, with each one's memory where that matters."""
    texts = set()
    for place in places:
        if product := place.labels.get(PRODUCT_LABEL):
            mib = place.labels.get(MEMORY_LABEL) if memory else None
            texts.add(f"{product}{f' of {mib} MiB' if mib else ''}{f' ({place.pool})' if place.pool else ''}")
    return ", ".join(sorted(texts)) or "none"


def _another_gpu(facts: Facts) -> str:
    return f"ask for one of these, or give a pool other instance_types in {facts.scale}"


def _without_devices(question: Question, wanted: Amounts) -> Reason:
    missing = [resource for resource in wanted if not any(place.capacity.get(resource) for place in question.places)] or list(wanted)
    text = ", ".join(shown(resource, wanted[resource]) for resource in missing)
    if missing == [GPU] and question.facts.pools and not any(place.capacity.get(GPU) for pool in question.facts.pools for place in pool.empty):
        return Reason(Kind.NO_GPU, f"it asks for {text}, and no pool has GPUs", "add a pool with the purpose gpu to the blueprint")
    fix = "take away the label by which it chooses nodes, or choose a pool that has them" if requirements(question.spec) != [[]] else "ask for what a pool has"
    offered = sorted({resource for place in question.places for resource, value in devices(place.capacity).items() if value})
    there = f": these offer {listed(offered)}" if offered else ""
    return Reason(Kind.NO_GPU, f"no node and no pool that it may be on has {text}{there}", fix)


def _tainted(question: Question, tolerations: Sequence[Object]) -> Reason:
    place = min(question.places, key=lambda place: (len(untolerated(place, tolerations)), not place.pool))
    taints = untolerated(place, tolerations)
    names = sorted({f"pool {each.pool}" if each.pool else f"node {each.node}" for each in question.places})
    text = f"{listed(names)} {'has' if len(names) == 1 else 'have'} taints that it does not tolerate: {', '.join(map(taint_text, taints))}"
    known = next((SYSTEM_TAINTS[taint["key"]] for taint in taints if taint["key"] in SYSTEM_TAINTS), None)
    return Reason(Kind.TAINT, text, known or "tolerate them if it belongs there, else choose other nodes")


def _too_large(question: Question) -> Reason:
    """Told of the place that has the most of what is short."""
    nearest = min(question.places, key=lambda place: (len(short(question.wanted, place.capacity)), *_missing(question.wanted, place)))
    lacking = short(question.wanted, nearest.capacity)
    asked = " and ".join(shown(resource, question.wanted[resource]) for resource in lacking)
    has = " and ".join(number(resource, nearest.capacity.get(resource, Decimal(0))) for resource in lacking)
    fix = f"ask for less, or give a pool larger instance_types in {question.facts.scale}"
    return Reason(Kind.TOO_LARGE, f"it asks for {asked}, more than any node that it may be on has even when empty ({nearest.name}: {has})", fix)


def _missing(wanted: Amounts, place: Place) -> list[Decimal]:
    return [wanted[resource] - place.capacity.get(resource, Decimal(0)) for resource in sorted(wanted)]
