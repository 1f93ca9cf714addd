"""What is known of kinds of Kubernetes objects beyond their schemas: what replaces them, what has no status, what has no namespace."""

from collections.abc import Mapping

from commonground.local.providers.diff import Rules
from commonground.local.providers.values import Properties

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
