"""Values that Kubernetes and the EBS driver refuse though the schemas, which have no enums, take them."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from commonground.local.providers.kubernetes.ebs import mistakes_in_parameters
from commonground.local.providers.values import UNKNOWN, Properties, at

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
TRAFFIC = ("Cluster", "Local")
PROTOCOLS = ("SCTP", "TCP", "UDP")
PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
LEVELS = ("baseline", "privileged", "restricted")
CONTAINER: Mapping[str, tuple[str, ...]] = {
    "imagePullPolicy": ("Always", "IfNotPresent", "Never"),
    "livenessProbe.httpGet.scheme": ("HTTP", "HTTPS"),
    "ports.protocol": PROTOCOLS,
    "readinessProbe.httpGet.scheme": ("HTTP", "HTTPS"),
    "securityContext.seccompProfile.type": PROFILES,
    "startupProbe.httpGet.scheme": ("HTTP", "HTTPS"),
    "terminationMessagePolicy": ("FallbackToLogsOnError", "File"),
    "volumeMounts.mountPropagation": ("Bidirectional", "HostToContainer", "None"),
}
POD: Mapping[str, tuple[str, ...]] = {
    **{f"containers.{name}": allowed for name, allowed in CONTAINER.items()},
    **{f"initContainers.{name}": allowed for name, allowed in CONTAINER.items()},
    "initContainers.restartPolicy": ("Always", "Never", "OnFailure"),
    "preemptionPolicy": ("Never", "PreemptLowerPriority"),
    "securityContext.fsGroupChangePolicy": ("Always", "OnRootMismatch"),
    "securityContext.seccompProfile.type": PROFILES,
    "topologySpreadConstraints.whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway"),
    "volumes.emptyDir.medium": ("", "HugePages", "HugePages-1Gi", "HugePages-2Mi", "Memory"),
    "volumes.hostPath.type": ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"),
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
    "HorizontalPodAutoscaler": {
        "spec.behavior.scaleDown.policies.type": ("Percent", "Pods"),
        "spec.behavior.scaleDown.selectPolicy": ("Disabled", "Max", "Min"),
        "spec.behavior.scaleUp.policies.type": ("Percent", "Pods"),
        "spec.behavior.scaleUp.selectPolicy": ("Disabled", "Max", "Min"),
        "spec.metrics.type": ("ContainerResource", "External", "Object", "Pods", "Resource"),
        "spec.metrics.resource.target.type": ("AverageValue", "Utilization", "Value"),
    },
    "Job": {"spec.completionMode": ("Indexed", "NonIndexed"), **_inside("spec.template.spec", RUNNING)},
    "LimitRange": {"spec.limits.type": ("Container", "PersistentVolumeClaim", "Pod")},
    "NetworkPolicy": {"spec.egress.ports.protocol": PROTOCOLS, "spec.ingress.ports.protocol": PROTOCOLS, "spec.policyTypes": ("Egress", "Ingress")},
    "PersistentVolume": {
        "spec.accessModes": ACCESS_MODES,
        "spec.persistentVolumeReclaimPolicy": ("Delete", "Recycle", "Retain"),
        "spec.volumeMode": ("Block", "Filesystem"),
    },
    "PersistentVolumeClaim": {"spec.accessModes": ACCESS_MODES, "spec.volumeMode": ("Block", "Filesystem")},
    "Pod": _inside("spec", POD),
    "PodDisruptionBudget": {"spec.unhealthyPodEvictionPolicy": ("AlwaysAllow", "IfHealthyBudget")},
    "PriorityClass": {"preemptionPolicy": ("Never", "PreemptLowerPriority")},
    "ResourceClaim": {"spec.devices.requests.exactly.allocationMode": ("All", "ExactCount")},
    "ResourceClaimTemplate": {"spec.spec.devices.requests.exactly.allocationMode": ("All", "ExactCount")},
    "ResourceQuota": {
        "spec.scopeSelector.matchExpressions.operator": ("DoesNotExist", "Exists", "In", "NotIn"),
        "spec.scopes": ("BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating", "VolumeAttributesClass"),
    },
    "RoleBinding": {"roleRef.kind": ("ClusterRole", "Role"), "subjects.kind": ("Group", "ServiceAccount", "User")},
    "ClusterRoleBinding": {"roleRef.kind": ("ClusterRole",), "subjects.kind": ("Group", "ServiceAccount", "User")},
    "Service": {
        "spec.externalTrafficPolicy": TRAFFIC,
        "spec.internalTrafficPolicy": TRAFFIC,
        "spec.ipFamilies": ("IPv4", "IPv6"),
        "spec.ipFamilyPolicy": ("PreferDualStack", "RequireDualStack", "SingleStack"),
        "spec.ports.protocol": PROTOCOLS,
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
    if kind == "Namespace":
        yield from _mistakes_in_levels(object_)
    if kind == "StorageClass":
        yield from _mistakes_in_class(object_)


SECURITY = "pod-security.kubernetes.io/"


def _mistakes_in_levels(object_: Properties) -> Iterator[tuple[str, str]]:
    """The API server refuses a namespace whose pod security level there is not (Kubernetes documentation, "Pod Security Admission")."""
    labels = (object_.get("metadata") or {}).get("labels")
    for name, value in labels.items() if isinstance(labels, dict) else ():
        if name.startswith(SECURITY) and not name.endswith("-version") and value not in (*LEVELS, UNKNOWN):
            yield f'metadata.labels["{name}"]', _not_one_of(str(value), LEVELS)


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
