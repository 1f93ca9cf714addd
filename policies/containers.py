"""Pods and their containers, whichever resource they are in."""

from collections.abc import Iterator
from typing import Any

from policies.policy import Resource
from policies.values import at, dicts, text

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
CRON_JOB = "kubernetes:batch/v1:CronJob"

# Where the pod's spec is, by kind (Kubernetes API reference).
_TEMPLATE = ("spec", "template", "spec")
PLACES: dict[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    "Deployment": _TEMPLATE,
    "StatefulSet": _TEMPLATE,
    "DaemonSet": _TEMPLATE,
    "ReplicaSet": _TEMPLATE,
    "ReplicationController": _TEMPLATE,
    "Job": _TEMPLATE,
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "PodTemplate": ("template", "spec"),
}
RUN_TO_THE_END = ("Job", "CronJob")
PODS = tuple(f"kubernetes:{group}:{kind}" for kind in PLACES for group in ("core/*", "apps/*", "batch/*", "extensions/*"))
"""Types with pods in them; patches of such (`...:DeploymentPatch`) name only a part, and are not looked at."""


def kind(one: Resource) -> str:
    """The Kubernetes kind of a resource, by its type."""
    return one.type.rsplit(":", 1)[-1]


def pod_spec(one: Resource) -> Any:
    """The spec of its pods."""
    return at(one.props, *PLACES[kind(one)])


def containers(spec: Any, *, beginning: bool = True) -> Iterator[dict[str, Any]]:
    """The known containers of a pod. `beginning`: also those that run before the others."""
    yield from dicts(spec, "containers")
    if beginning:
        yield from dicts(spec, "initContainers")


CONTAINER: dict[str, Any] = {
    "name": "web",
    "image": "111111111111.dkr.ecr.eu-central-1.amazonaws.com/shop@sha256:" + "a" * 64,
    "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}},
    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
    "livenessProbe": {"httpGet": {"path": "/live", "port": 8080}},
    "securityContext": {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False},
}
"""A container that all policies pass."""


def pod(*found: dict[str, Any], kind: str = "Deployment", **spec: Any) -> dict[str, Any]:
    """Properties of a resource with a pod of these containers in it."""
    inner: dict[str, Any] = {"securityContext": {"runAsNonRoot": True}, "containers": list(found), **spec}
    for key in reversed(PLACES[kind]):
        inner = {key: inner}
    return inner


def type_of(kind: str) -> str:
    """A resource type of a kind."""
    group = {"Job": "batch/v1", "CronJob": "batch/v1", "Pod": "core/v1", "PodTemplate": "core/v1", "ReplicationController": "core/v1"}.get(kind, "apps/v1")
    return f"kubernetes:{group}:{kind}"


def called(container: dict[str, Any]) -> str:
    """How a message names a container."""
    return f"the container {(text(container, 'name') or 'without a name')[:63]}"
