"""What is known of kinds of Kubernetes objects beyond their schemas: what replaces them, what the API server never changes, what has no status."""

from collections.abc import Iterator, Mapping
from typing import Any

from commonground.local.providers.diff import Rules
from commonground.local.providers.values import UNKNOWN, Properties, at

AUTONAMED = "pulumi.com/autonamed"
IDENTITY = ("metadata.name", "metadata.namespace")
VOLUME_SOURCES = (
    *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker", "gcePersistentDisk", "glusterfs"),
    *("hostPath", "iscsi", "local", "nfs", "photonPersistentDisk", "portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"),
)
BINDING = ("roleRef",)

# What replaces an object: the official provider's own list, not the API server's (pulumi-kubernetes, provider/pkg/provider/diff.go, July 2026).
REPLACES: Mapping[str, tuple[str, ...]] = {
    "apps/v1/DaemonSet": ("spec.selector",),
    "apps/v1/Deployment": ("spec.selector",),
    "apps/v1/StatefulSet": (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    "batch/v1/Job": ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding": BINDING,
    "rbac.authorization.k8s.io/v1/RoleBinding": BINDING,
    "storage.k8s.io/v1/StorageClass": ("parameters", "provisioner"),
    "v1/PersistentVolume": tuple(f"spec.{source}" for source in VOLUME_SOURCES),
    "v1/PersistentVolumeClaim": ("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"),
    "v1/ResourceQuota": ("spec.scopes",),
    "v1/Secret": ("type",),
    "v1/Service": ("spec.clusterIP",),
}
CONTENT: Mapping[str, tuple[str, ...]] = {"v1/ConfigMap": ("binaryData", "data"), "v1/Secret": ("data", "stringData")}
"""What replaces an object unless the provider is told that its kind can be changed and the object itself says nothing else."""

# What the API server refuses to change though the official provider tries (kubernetes/pkg/apis/*/validation, 1.36), with the value that it fills in.
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

WITHOUT_STATUS = frozenset(
    {
        *("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount"),
        *("ConfigMap", "Endpoints", "EndpointSlice", "Lease", "LimitRange", "Secret"),
        *("CSIDriver", "CSINode", "StorageClass", "VolumeAttributesClass"),
        *("DeviceClass", "ResourceClaimTemplate", "ResourceSlice"),
        *("IngressClass", "NetworkPolicy", "PriorityClass", "RuntimeClass"),
        *("MutatingWebhookConfiguration", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"),
    }
)
OF_THE_CLUSTER = frozenset(
    {
        *("ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace", "Node", "PersistentVolume", "PriorityClass", "RuntimeClass"),
        *("CSIDriver", "CSINode", "DeviceClass", "IngressClass", "ResourceSlice", "StorageClass", "VolumeAttributesClass"),
        *("APIService", "FlowSchema", "PriorityLevelConfiguration", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
        *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
    }
)
"""Kinds that have no namespace."""


def full_kind(object_: Properties) -> str:
    """`apps/v1/Deployment`, `v1/Secret`."""
    return f"{object_.get('apiVersion')}/{object_.get('kind')}"


def rules(object_: Properties, mutable: frozenset[str] = frozenset()) -> Rules:
    """How two versions of an object are compared. `mutable`: the kinds (`v1/ConfigMap`) whose content the provider may change."""
    kind = full_kind(object_)
    content = () if kind in mutable and object_.get("immutable") is not True else CONTENT.get(kind, ())
    return Rules(replaces=(*IDENTITY, *REPLACES.get(kind, ()), *content))


def refused(old: Properties, new: Properties) -> Iterator[str]:
    """Paths at which the API server refuses to go from old to new in place. What is not known yet is not refused."""
    for path, default in FIXED.get(full_kind(new), {}).items():
        before, after = (next(at(object_, path), default) for object_ in (old, new))
        if after != UNKNOWN and before != after:
            yield path
    if full_kind(old) in CONTENT and old.get("immutable") is True and new.get("immutable") is not True:
        yield "immutable"


def full_name(object_: Properties) -> str:
    """`namespace/name`, or the name of what has no namespace. It is the resource's id."""
    metadata = object_.get("metadata") or {}
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata.get('name')}" if namespace else str(metadata.get("name"))


def is_autonamed(object_: Properties) -> bool:
    """Whether the engine drew the object's name."""
    annotations = (object_.get("metadata") or {}).get("annotations")
    return isinstance(annotations, dict) and annotations.get(AUTONAMED) == "true"


def has_status(object_: Properties) -> bool:
    """Whether the server adds a status that is known only once the object is there."""
    return object_.get("kind") not in WITHOUT_STATUS
