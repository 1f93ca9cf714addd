"""Values that Kubernetes and the EBS driver refuse though the schemas, which have no enums, take them."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from commonground.local.providers.kubernetes.ebs import mistakes_in_parameters
from commonground.local.providers.values import UNKNOWN, Properties, at

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
TRAFFIC = ("Cluster", "Local")
POD: Mapping[str, tuple[str, ...]] = {
    "containers.imagePullPolicy": ("Always", "IfNotPresent", "Never"),
    "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "restartPolicy": ("Always", "Never", "OnFailure"),
    "tolerations.effect": ("NoExecute", "NoSchedule", "PreferNoSchedule"),
    "tolerations.operator": ("Equal", "Exists", "Gt", "Lt"),
}
LASTING: Mapping[str, tuple[str, ...]] = {**POD, "restartPolicy": ("Always",)}
RUNNING: Mapping[str, tuple[str, ...]] = {**POD, "restartPolicy": ("Never", "OnFailure")}


def _inside(path: str, choices: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {f"{path}.{name}": allowed for name, allowed in choices.items()}


# What may stand where, by kind (Kubernetes API reference).
CHOICES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "CronJob": {"spec.concurrencyPolicy": ("Allow", "Forbid", "Replace"), **_inside("spec.jobTemplate.spec.template.spec", RUNNING)},
    "CSIDriver": {"spec.fsGroupPolicy": ("File", "None", "ReadWriteOnceWithFSType"), "spec.volumeLifecycleModes": ("Ephemeral", "Persistent")},
    "DaemonSet": {"spec.updateStrategy.type": ("OnDelete", "RollingUpdate"), **_inside("spec.template.spec", LASTING)},
    "Deployment": {"spec.strategy.type": ("Recreate", "RollingUpdate"), **_inside("spec.template.spec", LASTING)},
    "Job": {"spec.completionMode": ("Indexed", "NonIndexed"), **_inside("spec.template.spec", RUNNING)},
    "NetworkPolicy": {"spec.policyTypes": ("Egress", "Ingress")},
    "PersistentVolume": {
        "spec.accessModes": ACCESS_MODES,
        "spec.persistentVolumeReclaimPolicy": ("Delete", "Recycle", "Retain"),
        "spec.volumeMode": ("Block", "Filesystem"),
    },
    "PersistentVolumeClaim": {"spec.accessModes": ACCESS_MODES, "spec.volumeMode": ("Block", "Filesystem")},
    "Pod": _inside("spec", POD),
    "PodDisruptionBudget": {"spec.unhealthyPodEvictionPolicy": ("AlwaysAllow", "IfHealthyBudget")},
    "PriorityClass": {"preemptionPolicy": ("Never", "PreemptLowerPriority")},
    "RoleBinding": {"roleRef.kind": ("ClusterRole", "Role"), "subjects.kind": ("Group", "ServiceAccount", "User")},
    "ClusterRoleBinding": {"roleRef.kind": ("ClusterRole",), "subjects.kind": ("Group", "ServiceAccount", "User")},
    "Service": {
        "spec.externalTrafficPolicy": TRAFFIC,
        "spec.internalTrafficPolicy": TRAFFIC,
        "spec.ipFamilies": ("IPv4", "IPv6"),
        "spec.ipFamilyPolicy": ("PreferDualStack", "RequireDualStack", "SingleStack"),
        "spec.ports.protocol": ("SCTP", "TCP", "UDP"),
        "spec.sessionAffinity": ("ClientIP", "None"),
        "spec.type": ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),
    },
    "StatefulSet": {
        "spec.podManagementPolicy": ("OrderedReady", "Parallel"),
        "spec.updateStrategy.type": ("OnDelete", "RollingUpdate"),
        **_inside("spec.template.spec", LASTING),
    },
    "StorageClass": {"reclaimPolicy": ("Delete", "Retain"), "volumeBindingMode": ("Immediate", "WaitForFirstConsumer")},
}

PROVISIONER = re.compile(r"([A-Za-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")
"""A qualified name, `kubernetes.io/aws-ebs`, or a driver's, `ebs.csi.aws.com` (Kubernetes API reference, StorageClass)."""


def mistakes(object_: Properties) -> Iterator[tuple[str, str]]:
    """What is wrong with an object's values: property path and reason. Unknown values are never wrong."""
    kind = str(object_.get("kind"))
    for path, allowed in CHOICES.get(kind, {}).items():
        for found in at(object_, path):
            for value in found if isinstance(found, list) else [found]:
                if isinstance(value, str) and value not in (*allowed, UNKNOWN):
                    yield path, _not_one_of(value, allowed)
    if kind == "StorageClass":
        yield from _mistakes_in_class(object_)


def _mistakes_in_class(object_: Properties) -> Iterator[tuple[str, str]]:
    provisioner: Any = object_.get("provisioner")
    if isinstance(provisioner, str) and provisioner != UNKNOWN and not PROVISIONER.fullmatch(provisioner):
        yield "provisioner", f"{provisioner!r} is not the name of a driver, such as ebs.csi.aws.com"
    parameters = object_.get("parameters")
    if provisioner == "ebs.csi.aws.com" and isinstance(parameters, dict):
        yield from mistakes_in_parameters(parameters)


def _not_one_of(value: str, allowed: tuple[str, ...]) -> str:
    close = get_close_matches(value, allowed, 1)
    return f"{value!r} is not one of {', '.join(allowed)}" + (f"; did you mean {close[0]}?" if close else "")
