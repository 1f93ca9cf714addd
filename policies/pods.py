"""Pods: how much they take, how one sees that they work, and what they may do on a node."""

from collections.abc import Iterator
from typing import Any

from policies.containers import CONTAINER, PLACES, PODS, RUN_TO_THE_END, called, containers, kind, pod, pod_spec, type_of
from policies.policy import Note, Policy, Resource, Severity, Thresholds, example, having, resource
from policies.values import HIDDEN, at, flag, missing, number, off

NEEDED = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
"""A CPU limit is not among them: without it a container gets what nobody else asked for, and is slowed down only to its request."""
PROBES = ("readinessProbe", "livenessProbe")


def resources(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Containers that do not say what they need. What the pod itself says counts for each of them (pod-level resources, Kubernetes 1.34)."""
    spec = pod_spec(one)
    if at(spec, "containers") is HIDDEN:
        yield Note("what its containers are is not known, or a secret is among it: no policy on pods has looked at them")
    for container in containers(spec):
        lacking = [".".join(path) for path in NEEDED if missing(container, "resources", *path) and missing(spec, "resources", *path)]
        if lacking:
            yield f"{called(container)} has no {', '.join(lacking)}"


def probes(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Containers of which Kubernetes knows only that their process runs. What runs to its end needs no probe."""
    if kind(one) in RUN_TO_THE_END:
        return
    for container in containers(pod_spec(one), beginning=False):
        if lacking := [name for name in PROBES if missing(container, name)]:
            yield f"{called(container)} has no {' and no '.join(lacking)}"


def non_root(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Containers that run as root, may become it, or are root on the node: by their own settings, else by the pod's."""
    spec = pod_spec(one)
    whole = at(spec, "securityContext")
    for container in containers(spec):
        own = at(container, "securityContext")
        if flag(own, "privileged"):
            yield f"{called(container)} is privileged: root on the node"
            continue
        user, says = _first("runAsUser", own, whole), _first("runAsNonRoot", own, whole)
        if number(user) == 0:
            yield f"{called(container)} runs as root: runAsUser is 0"
        elif off(says) and missing(user):
            yield f"{called(container)} may run as root: neither runAsNonRoot nor runAsUser is set"


def _first(key: str, own: Any, whole: Any) -> Any:
    """A setting of the container; where it has none, the pod's."""
    found = at(own, key)
    return at(whole, key) if found is None else found


def read_only_root(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Containers that can change their own programs."""
    for container in containers(pod_spec(one)):
        if off(container, "securityContext", "readOnlyRootFilesystem"):
            yield f"{called(container)} may write to its root file system: readOnlyRootFilesystem is not true"


def _of(kind_: str, container: dict[str, Any], **spec: Any) -> Resource:
    return resource(type_of(kind_), pod(container, kind=kind_, **spec))


def _with(path: tuple[str, str], value: str | None) -> dict[str, Any]:
    amounts = CONTAINER["resources"]
    return having(CONTAINER, resources={**amounts, path[0]: having(amounts[path[0]], **{path[1]: value})})


_SERVING = [name for name in PLACES if name not in RUN_TO_THE_END]
_PASSING = tuple(example(name, _of(name, CONTAINER)) for name in PLACES)

POLICIES = (
    Policy(
        id="pods-resources",
        title="Containers say what they need",
        severity=Severity.MEDIUM,
        why="Without requests the scheduler puts pods where there is no room; without a memory limit one pod ends its neighbours.",
        fix="Set requests for CPU and memory and a memory limit; the workload components want them as settings.",
        types=PODS,
        check=resources,
        passing=lambda: (
            *_PASSING,
            example("no CPU limit", _of("Deployment", _with(("limits", "cpu"), None))),
            example("of the whole pod", _of("Pod", having(CONTAINER, resources=None), resources=CONTAINER["resources"])),
        ),
        failing=lambda: (
            *(example(f"{name} without", _of(name, having(CONTAINER, resources=None))) for name in PLACES),
            *(example(f"no {'.'.join(path)}", _of("Deployment", _with(path, None))) for path in NEEDED),
            example("one that runs before", _of("Deployment", CONTAINER, initContainers=[having(CONTAINER, resources=None)])),
        ),
    ),
    Policy(
        id="pods-probes",
        title="Containers are asked whether they work",
        severity=Severity.MEDIUM,
        why="Without a readiness probe traffic goes to what is not ready; without a liveness probe what hangs stays.",
        fix="Set readinessProbe and livenessProbe; the workload components do.",
        types=PODS,
        check=probes,
        passing=lambda: (
            *_PASSING,
            *(example(f"{name}, which ends", _of(name, having(CONTAINER, readinessProbe=None, livenessProbe=None))) for name in RUN_TO_THE_END),
        ),
        failing=lambda: (
            *(example(f"{name} without", _of(name, having(CONTAINER, readinessProbe=None, livenessProbe=None))) for name in _SERVING),
            *(example(f"no {name}", _of("Deployment", having(CONTAINER, **{name: None}))) for name in PROBES),
        ),
    ),
    Policy(
        id="pods-non-root",
        title="Containers do not run as root",
        severity=Severity.MEDIUM,
        why="Root in a container that breaks out of it is root on the node, with all its pods and their credentials.",
        fix="Build the image with a user of its own, and set runAsNonRoot.",
        types=PODS,
        check=non_root,
        passing=lambda: (
            *_PASSING,
            example("a user", _of("Pod", CONTAINER, securityContext={"runAsUser": 1000})),
            example(
                "the container says it",
                _of("Pod", having(CONTAINER, securityContext={**CONTAINER["securityContext"], "runAsNonRoot": True}), securityContext={}),
            ),
        ),
        failing=lambda: (
            *(example(f"{name} without", _of(name, CONTAINER, securityContext={})) for name in PLACES),
            example("root", _of("Deployment", CONTAINER, securityContext={"runAsUser": 0})),
            example("the container is root", _of("Deployment", having(CONTAINER, securityContext={**CONTAINER["securityContext"], "runAsUser": 0}))),
            example("privileged", _of("Deployment", having(CONTAINER, securityContext={**CONTAINER["securityContext"], "privileged": True}))),
        ),
    ),
    Policy(
        id="pods-read-only-root",
        title="Containers cannot write to their root file system",
        severity=Severity.MEDIUM,
        why="What cannot be written cannot be made to run: most attacks begin by putting a file somewhere.",
        fix="Set readOnlyRootFilesystem, and mount an emptyDir where files are written.",
        types=PODS,
        check=read_only_root,
        passing=lambda: _PASSING,
        failing=lambda: (
            *(example(f"{name} without", _of(name, having(CONTAINER, securityContext=None))) for name in PLACES),
            example("off", _of("Deployment", having(CONTAINER, securityContext={"readOnlyRootFilesystem": False}))),
            example("one that runs before", _of("Deployment", CONTAINER, initContainers=[having(CONTAINER, securityContext=None)])),
        ),
    ),
)
