"""What is known of kinds of Kubernetes objects beyond their schemas."""

from commonground.local.providers.diff import Rules
from commonground.local.providers.values import Properties

IDENTITY = ("apiVersion", "kind", "metadata.name", "metadata.namespace")

# Fields that the API server refuses to change (Kubernetes API reference and its validation code, `ValidateImmutableField`).
IMMUTABLE: dict[str, tuple[str, ...]] = {
    "StorageClass": ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    "Deployment": ("spec.selector",),
    "DaemonSet": ("spec.selector",),
    "StatefulSet": ("spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"),
    "Job": ("spec.selector", "spec.template", "spec.completions", "spec.completionMode"),
    "RoleBinding": ("roleRef",),
    "ClusterRoleBinding": ("roleRef",),
    "PersistentVolumeClaim": ("spec.accessModes", "spec.storageClassName", "spec.volumeName", "spec.volumeMode", "spec.selector"),
    "PriorityClass": ("value", "preemptionPolicy"),
    "Secret": ("type",),
    "CSIDriver": ("spec.attachRequired", "spec.fsGroupPolicy", "spec.volumeLifecycleModes"),
}

WITHOUT_STATUS = frozenset(
    {"StorageClass", "ConfigMap", "Secret", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "PriorityClass"}
)


def rules(object_: Properties) -> Rules:
    """How two versions of an object are compared."""
    return Rules(replaces=(*IDENTITY, *IMMUTABLE.get(str(object_.get("kind")), ())))


def full_name(object_: Properties) -> str:
    """`namespace/name`, or the name of what has no namespace. It is the resource's id."""
    metadata = object_.get("metadata") or {}
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata.get('name')}" if namespace else str(metadata.get("name"))


def has_status(object_: Properties) -> bool:
    """Whether the server adds a status that is known only once the object is there."""
    return object_.get("kind") not in WITHOUT_STATUS
