"""What the API server refuses to change in place though the official provider tries (kubernetes/pkg/apis/*/validation, 1.36)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from commonground.local.providers.kubernetes.kinds import CONTENT, full_kind
from commonground.local.providers.values import UNKNOWN, Properties, at

# Never to be changed, with the value that the server fills in.
FIXED: Mapping[str, Mapping[str, Any]] = {
    "batch/v1/Job": {
        "spec.backoffLimitPerIndex": None,
        "spec.completionMode": "NonIndexed",
        "spec.managedBy": None,
        "spec.podFailurePolicy": None,
        "spec.successPolicy": None,
    },
    "networking.k8s.io/v1/IngressClass": {"spec.controller": None},
    "node.k8s.io/v1/RuntimeClass": {"handler": None},
    "resource.k8s.io/v1/ResourceClaim": {"spec": None},
    "resource.k8s.io/v1/ResourceClaimTemplate": {"spec": None},
    "scheduling.k8s.io/v1/PriorityClass": {"preemptionPolicy": "PreemptLowerPriority", "value": None},
    "storage.k8s.io/v1/CSIDriver": {"spec.attachRequired": True, "spec.volumeLifecycleModes": ["Persistent"]},
    "storage.k8s.io/v1/StorageClass": {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
    "storage.k8s.io/v1/VolumeAttributesClass": {"driverName": None, "parameters": None},
    "v1/PersistentVolume": {"spec.volumeMode": "Filesystem"},
    "v1/PersistentVolumeClaim": {"spec.dataSource": None, "spec.dataSourceRef": None, "spec.resources.limits": None, "spec.volumeMode": "Filesystem"},
}
CLAIMS = ("ResourceClaim", "ResourceClaimTemplate")


def refused(old: Properties, new: Properties) -> Iterator[str]:
    """Paths at which the API server refuses to go from old to new in place. What is not known yet is not refused."""
    before, after = _served(old), _served(new)
    for path, default in FIXED.get(full_kind(new), {}).items():
        if _changes(before, after, path, default):
            yield path
    for path, forbids in SOMETIMES.get(full_kind(new), {}).items():
        if forbids(old, new) and _changes(old, new, path):
            yield path
    if full_kind(old) in CONTENT and old.get("immutable") is True and new.get("immutable") is not True:
        yield "immutable"


def _changes(old: Properties, new: Properties, path: str, default: Any = None) -> bool:
    before, after = (next(at(object_, path), default) for object_ in (old, new))
    return bool(after != UNKNOWN and before != after)


def _is_set(path: str) -> Callable[[Properties, Properties], bool]:
    return lambda old, _: next(at(old, path), None) is not None


def _stays_a_load_balancer(old: Properties, new: Properties) -> bool:
    return all(next(at(object_, "spec.type"), None) == "LoadBalancer" for object_ in (old, new))


def _leaves_rolling_defaults(old: Properties, new: Properties) -> bool:
    """The server filled in how to roll, nobody owns that, so server-side apply leaves it beside `Recreate`, which may not have it."""
    rolls = next(at(old, "spec.strategy.type"), "RollingUpdate") == "RollingUpdate" and not any(at(old, "spec.strategy.rollingUpdate"))
    return rolls and next(at(new, "spec.strategy.type"), None) == "Recreate"


SOMETIMES: Mapping[str, Mapping[str, Callable[[Properties, Properties], bool]]] = {
    "apps/v1/Deployment": {"spec.strategy.type": _leaves_rolling_defaults},
    "v1/PersistentVolume": {"spec.nodeAffinity": _is_set("spec.nodeAffinity")},
    "v1/Service": {"spec.loadBalancerClass": _stays_a_load_balancer},
}
"""What is refused under a condition."""


def _served(object_: Properties) -> Properties:
    """A device claim as the server keeps it; anything else as it is (Kubernetes API reference, "ExactDeviceRequest")."""
    return {**object_, "spec": _filled(object_.get("spec"))} if object_.get("kind") in CLAIMS else object_


def _filled(value: Any) -> Any:
    if isinstance(value, list):
        return [_filled(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {name: _filled(item) for name, item in value.items() if item not in ({}, [])}
    if isinstance(asked := found.get("exactly"), dict):
        asked.setdefault("allocationMode", "ExactCount")
        if asked["allocationMode"] == "ExactCount":
            asked.setdefault("count", 1)
    return found
