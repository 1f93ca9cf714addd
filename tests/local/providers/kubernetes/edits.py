"""What an edit of a Kubernetes object comes to: the table that the stand-in and the official provider have to agree on.

It knows neither of them: `EDITS` holds plain objects. Each stands in a cluster as `before` and is then given as `after` to a provider with server-side
apply and no other settings; `EDITS_IN_PLACE` are those that end differently with `IN_PLACE_SETTINGS`.

Held to it are the stand-in (test_edits.py beside this) and, on Kubernetes 1.36's own API server, the official provider that builds here
(tests/controlplane/test_edits.py): of January 2026, with SDK 4.22, while the program uses SDK 4.34. Of 4.34 itself nothing was tried. Its list of what
replaces was the same in July 2026 (pulumi-kubernetes 94977969, provider/pkg/provider/diff.go). What is known to differ is not in the table: a create over
an object that is there takes it over in January and is refused since 4.29 (option `upsertExistingObjects`), as in the stand-in.

Objects of namespaces are in `NAMESPACE` or `OTHER_NAMESPACE`, which have to be there. Every object says `pulumi.com/skipAwait`, so that no controller has
to run.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

Object = dict[str, Any]

NAMESPACE = "edits"
OTHER_NAMESPACE = "edits-too"
IN_PLACE_SETTINGS = ("enableConfigMapMutable", "enableSecretMutable")
"""By these the provider changes the content of a ConfigMap or a Secret in place. The foundation sets the first."""
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
GONE = object()
"""In an edit: takes the field away."""


class Outcome(StrEnum):
    """What a provider does with an edit."""

    NONE = "none"
    UPDATE = "update"
    REPLACE = "replace"
    REFUSED = "refused"
    """The provider updates, and the API server says no: already in a preview, which is a dry run there."""


@dataclass(frozen=True)
class Edit:
    """One edit of one object."""

    name: str
    before: Object
    after: Object
    outcome: Outcome
    paths: frozenset[str]
    """Of the detailed diff. Where the outcome is a replacement: those that replace, all others being left out."""

    @property
    def delete_first(self) -> bool:
        """Whether the old object has to go before the new one comes: both have one name."""
        same = all(self.before["metadata"].get(key) == self.after["metadata"].get(key) for key in ("name", "namespace"))
        return self.outcome is Outcome.REPLACE and same

    @property
    def token(self) -> str:
        """Pulumi's type token of the kind."""
        version = self.before["apiVersion"]
        return f"kubernetes:{version if '/' in version else f'core/{version}'}:{self.before['kind']}"


@dataclass(frozen=True)
class Change:
    """A change of an object: values by dotted path, `0` being a list's first item; a label's name is the last part after `|`."""

    name: str
    values: dict[str, Any]
    outcome: Outcome
    paths: tuple[str, ...] = ()
    base: dict[str, Any] | None = None
    """Laid over the kind's own object before the edit."""


def _set(object_: Object, path: str, value: Any) -> None:
    dotted, _, last = path.partition("|")
    *parents, name = [*dotted.split("."), *([last] if last else [])]
    place: Any = object_
    for parent in parents:
        place = place[int(parent)] if isinstance(place, list) else place.setdefault(parent, {})
    if value is GONE:
        del place[int(name) if isinstance(place, list) else name]
    elif isinstance(place, list):
        place[int(name) :] = [value, *place[int(name) + 1 :]]
    else:
        place[name] = value


def laid_over(object_: Object, values: dict[str, Any]) -> Object:
    """A copy of an object with values at their paths."""
    found = copy.deepcopy(object_)
    for path, value in values.items():
        _set(found, path, value)
    return found


def _object(api: str, kind: str, *, namespaced: bool = True, **rest: Any) -> Object:
    metadata: Object = {"name": f"edit-{kind.lower()}", "annotations": dict(SKIP_AWAIT)}
    return {"apiVersion": api, "kind": kind, "metadata": metadata | ({"namespace": NAMESPACE} if namespaced else {}), **rest}


LABELS = {"app": "api"}
POD: Object = {
    "metadata": {"labels": dict(LABELS)},
    "spec": {"containers": [{"name": "api", "image": "registry.example/api:1", "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "64Mi"}}}]},
}
BATCH_POD: Object = {"spec": {**POD["spec"], "restartPolicy": "Never"}}
RBAC = "rbac.authorization.k8s.io"
RULE = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
GROUP = {"apiGroup": RBAC, "kind": "Group", "name": "commonground:shop:viewer"}
DEVICES = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com"}}]}}

OBJECTS: dict[str, Object] = {
    "ClusterRole": _object(f"{RBAC}/v1", "ClusterRole", namespaced=False, rules=[RULE]),
    "ClusterRoleBinding": _object(
        f"{RBAC}/v1", "ClusterRoleBinding", namespaced=False, roleRef={"apiGroup": RBAC, "kind": "ClusterRole", "name": "view"}, subjects=[GROUP]
    ),
    "ConfigMap": _object("v1", "ConfigMap", data={"a": "1", "b": "2"}),
    "CronJob": _object("batch/v1", "CronJob", spec={"schedule": "0 0 * * *", "suspend": True, "jobTemplate": {"spec": {"template": BATCH_POD}}}),
    "CSIDriver": _object("storage.k8s.io/v1", "CSIDriver", namespaced=False, spec={"attachRequired": False, "podInfoOnMount": True}),
    "DaemonSet": _object("apps/v1", "DaemonSet", spec={"selector": {"matchLabels": LABELS}, "template": POD}),
    "Deployment": _object("apps/v1", "Deployment", spec={"replicas": 1, "selector": {"matchLabels": LABELS}, "template": POD}),
    "DeviceClass": _object(
        "resource.k8s.io/v1", "DeviceClass", namespaced=False, spec={"selectors": [{"cel": {"expression": "device.driver == 'gpu.nvidia.com'"}}]}
    ),
    "HorizontalPodAutoscaler": _object(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        spec={
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
            "minReplicas": 1,
            "maxReplicas": 3,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}],
        },
    ),
    "Job": _object("batch/v1", "Job", spec={"suspend": True, "template": BATCH_POD}),
    "LimitRange": _object("v1", "LimitRange", spec={"limits": [{"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "100m"}}]}),
    "Namespace": _object("v1", "Namespace", namespaced=False),
    "NetworkPolicy": _object("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}),
    "PersistentVolume": _object(
        "v1",
        "PersistentVolume",
        namespaced=False,
        spec={
            "accessModes": ["ReadOnlyMany"],
            "capacity": {"storage": "1Gi"},
            "csi": {"driver": "s3.csi.aws.com", "volumeHandle": "models", "volumeAttributes": {"bucketName": "models"}},
            "mountOptions": ["read-only"],
            "storageClassName": "",
        },
    ),
    "PersistentVolumeClaim": _object(
        "v1",
        "PersistentVolumeClaim",
        spec={"accessModes": ["ReadOnlyMany"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "", "volumeName": "models"},
    ),
    "PodDisruptionBudget": _object("policy/v1", "PodDisruptionBudget", spec={"maxUnavailable": 1, "selector": {"matchLabels": LABELS}}),
    "PriorityClass": _object("scheduling.k8s.io/v1", "PriorityClass", namespaced=False, value=1000, description="Training"),
    "ResourceClaimTemplate": _object("resource.k8s.io/v1", "ResourceClaimTemplate", spec={"spec": DEVICES}),
    "ResourceQuota": _object("v1", "ResourceQuota", spec={"hard": {"requests.cpu": "4", "pods": "20"}}),
    "Role": _object(f"{RBAC}/v1", "Role", rules=[RULE]),
    "RoleBinding": _object(f"{RBAC}/v1", "RoleBinding", roleRef={"apiGroup": RBAC, "kind": "Role", "name": "viewer"}, subjects=[GROUP]),
    "Secret": _object("v1", "Secret", data={"password": "c2VjcmV0"}),
    "Service": _object("v1", "Service", spec={"selector": LABELS, "ports": [{"name": "http", "port": 80}]}),
    "ServiceAccount": _object("v1", "ServiceAccount", automountServiceAccountToken=False),
    "StorageClass": _object("storage.k8s.io/v1", "StorageClass", namespaced=False, provisioner="ebs.csi.aws.com", parameters={"type": "gp3"}),
}
"""One object of each kind that the foundation and the example team make."""

NONE, UPDATE, REPLACE, REFUSED = Outcome
ENFORCE = "pod-security.kubernetes.io/enforce"
TEMPLATE = "spec.template.spec.containers.0"

CHANGES: dict[str, tuple[Change, ...]] = {
    "ClusterRole": (Change("another verb", {"rules.0.verbs.2": "watch"}, UPDATE, ("rules[0].verbs[2]",)),),
    "ClusterRoleBinding": (
        Change("another group", {"subjects.0.name": "commonground:shop:operator"}, UPDATE, ("subjects[0].name",)),
        Change("another role", {"roleRef.name": "edit"}, REPLACE, ("roleRef.name",)),
    ),
    "ConfigMap": (
        Change("another value", {"data.a": "3"}, REPLACE, ("data.a",)),
        Change("a new key", {"data.c": "3"}, REPLACE, ("data.c",)),
        Change("a key less", {"data.b": GONE}, REPLACE, ("data.b",)),
        Change("a key with dots", {"data|config.yaml": "x"}, REPLACE, ('data["config.yaml"]',)),
        Change("a first binary", {"binaryData": {"b": "YQ=="}}, REPLACE, ("binaryData",), {"data": GONE}),
        Change("made immutable", {"immutable": True}, UPDATE, ("immutable",)),
        Change("no longer immutable", {"immutable": GONE}, REFUSED, ("immutable",), {"immutable": True}),
    ),
    "CronJob": (Change("another time", {"spec.schedule": "0 1 * * *"}, UPDATE, ("spec.schedule",)),),
    "CSIDriver": (
        Change("another capacity", {"spec.storageCapacity": True}, UPDATE, ("spec.storageCapacity",)),
        Change("another group policy", {"spec.fsGroupPolicy": "File"}, UPDATE, ("spec.fsGroupPolicy",)),
        Change("with attachment", {"spec.attachRequired": True}, REFUSED, ("spec.attachRequired",)),
        Change("another life cycle", {"spec.volumeLifecycleModes": ["Ephemeral"]}, REFUSED, ("spec.volumeLifecycleModes",)),
    ),
    "DaemonSet": (
        Change("another image", {f"{TEMPLATE}.image": "registry.example/api:2"}, UPDATE, ("spec.template.spec.containers[0].image",)),
        Change("tolerations", {"spec.template.spec.tolerations": [{"operator": "Exists"}]}, UPDATE, ("spec.template.spec.tolerations",)),
        Change(
            "another selector",
            {"spec.selector.matchLabels.app": "web", "spec.template.metadata.labels.app": "web"},
            REPLACE,
            ("spec.selector.matchLabels.app",),
        ),
    ),
    "Deployment": (
        Change("more replicas", {"spec.replicas": 2}, UPDATE, ("spec.replicas",)),
        Change("another image", {f"{TEMPLATE}.image": "registry.example/api:2"}, UPDATE, ("spec.template.spec.containers[0].image",)),
        Change("the same CPU in other words", {f"{TEMPLATE}.resources.requests.cpu": "0.1"}, NONE),
        Change("more CPU", {f"{TEMPLATE}.resources.requests.cpu": "200m"}, UPDATE, ("spec.template.spec.containers[0].resources.requests.cpu",)),
        Change("a label", {"metadata.labels": {"commonground.dev/team": "shop"}}, UPDATE, ("metadata.labels",)),
        Change(
            "another label",
            {"metadata.labels|commonground.dev/team": "b"},
            UPDATE,
            ('metadata.labels["commonground.dev/team"]',),
            {"metadata.labels|commonground.dev/team": "a"},
        ),
        Change(
            "another selector",
            {"spec.selector.matchLabels.tier": "web", "spec.template.metadata.labels.tier": "web"},
            REPLACE,
            ("spec.selector.matchLabels.tier",),
        ),
        Change("another name", {"metadata.name": "edit-another"}, REPLACE, ("metadata.name",)),
    ),
    "DeviceClass": (
        Change("another expression", {"spec.selectors.0.cel.expression": "device.driver == 'mig.nvidia.com'"}, UPDATE, ("spec.selectors[0].cel.expression",)),
    ),
    "HorizontalPodAutoscaler": (Change("more at most", {"spec.maxReplicas": 5}, UPDATE, ("spec.maxReplicas",)),),
    "Job": (
        Change("another image", {f"{TEMPLATE}.image": "registry.example/api:2"}, REPLACE, ("spec.template.spec.containers[0].image",)),
        Change("more at once", {"spec.parallelism": 2}, REPLACE, ("spec.parallelism",)),
        Change("more in all", {"spec.completions": 2}, REPLACE, ("spec.completions",)),
        Change("more tries", {"spec.backoffLimit": 3}, UPDATE, ("spec.backoffLimit",)),
        Change("another deadline", {"spec.activeDeadlineSeconds": 60}, UPDATE, ("spec.activeDeadlineSeconds",)),
        Change("managed by another", {"spec.managedBy": "kueue.x-k8s.io/multikueue"}, REFUSED, ("spec.managedBy",)),
    ),
    "LimitRange": (
        Change("another default", {"spec.limits.0.default.cpu": "2"}, UPDATE, ("spec.limits[0].default.cpu",)),
        Change("the same default in other words", {"spec.limits.0.default.cpu": "1000m"}, NONE),
    ),
    "Namespace": (Change("another security level", {"metadata.labels": {ENFORCE: "restricted"}}, UPDATE, ("metadata.labels",)),),
    "NetworkPolicy": (Change("a peer", {"spec.egress": [{"to": [{"podSelector": {}}]}]}, UPDATE, ("spec.egress",)),),
    "PersistentVolume": (
        Change("more room", {"spec.capacity.storage": "2Gi"}, UPDATE, ("spec.capacity.storage",)),
        Change("another bucket", {"spec.csi.volumeAttributes.bucketName": "data"}, REPLACE, ("spec.csi.volumeAttributes.bucketName",)),
        Change("another mode", {"spec.volumeMode": "Block"}, REFUSED, ("spec.volumeMode",)),
        Change("other options", {"spec.mountOptions": ["allow-delete"]}, UPDATE, ("spec.mountOptions[0]",)),
    ),
    "PersistentVolumeClaim": (
        Change("another volume", {"spec.volumeName": "data"}, REPLACE, ("spec.volumeName",)),
        Change("another class", {"spec.storageClassName": "gp3"}, REPLACE, ("spec.storageClassName",)),
        Change("another access", {"spec.accessModes": ["ReadWriteMany"]}, REPLACE, ("spec.accessModes[0]",)),
        Change("another mode", {"spec.volumeMode": "Block"}, REFUSED, ("spec.volumeMode",)),
        # Another size hangs on whether the claim is bound, which no object says: it is not in the table.
    ),
    "PodDisruptionBudget": (Change("another number", {"spec.maxUnavailable": 2}, UPDATE, ("spec.maxUnavailable",)),),
    "PriorityClass": (
        Change("another description", {"description": "Batch"}, UPDATE, ("description",)),
        Change("another value", {"value": 2000}, REFUSED, ("value",)),
        Change("no pre-emption", {"preemptionPolicy": "Never"}, REFUSED, ("preemptionPolicy",)),
        Change("the default in words", {"preemptionPolicy": "PreemptLowerPriority"}, UPDATE, ("preemptionPolicy",)),
    ),
    "ResourceClaimTemplate": (
        Change(
            "another class",
            {"spec.spec.devices.requests.0.exactly.deviceClassName": "mig.nvidia.com"},
            REFUSED,
            ("spec.spec.devices.requests[0].exactly.deviceClassName",),
        ),
        Change("a label", {"metadata.labels": {"a": "b"}}, UPDATE, ("metadata.labels",)),
    ),
    "ResourceQuota": (
        Change("more CPU", {"spec.hard|requests.cpu": "8"}, UPDATE, ('spec.hard["requests.cpu"]',)),
        Change("the same in other words", {"spec.hard|requests.cpu": "4000m"}, NONE),
        Change("a new limit", {"spec.hard|requests.nvidia.com/gpu": "2"}, UPDATE, ('spec.hard["requests.nvidia.com/gpu"]',)),
        Change("another scope", {"spec.scopes": ["NotTerminating"]}, REPLACE, ("spec.scopes[0]",), {"spec.scopes": ["Terminating"]}),
    ),
    "Role": (
        Change("a rule more", {"rules.1": {**RULE, "resources": ["services"]}}, UPDATE, ("rules[1]",)),
        Change("a verb less", {"rules.0.verbs.1": GONE}, UPDATE, ("rules[0].verbs[1]",)),
    ),
    "RoleBinding": (
        Change("another group", {"subjects.0.name": "commonground:shop:operator"}, UPDATE, ("subjects[0].name",)),
        Change("another role", {"roleRef.name": "developer"}, REPLACE, ("roleRef.name",)),
    ),
    "Secret": (
        Change("another value", {"data.password": "b3RoZXI="}, REPLACE, ("data.password",)),
        Change("another type", {"type": "example.com/key"}, REPLACE, ("type",), {"type": "Opaque"}),
        Change("no longer immutable", {"immutable": GONE}, REFUSED, ("immutable",), {"immutable": True}),
    ),
    "Service": (
        Change("another port", {"spec.ports.0.port": 8080}, UPDATE, ("spec.ports[0].port",)),
        Change("another type", {"spec.type": "NodePort"}, UPDATE, ("spec.type",)),
        Change("headless", {"spec.clusterIP": "None"}, REPLACE, ("spec.clusterIP",)),
    ),
    "ServiceAccount": (
        Change("with a token", {"automountServiceAccountToken": True}, UPDATE, ("automountServiceAccountToken",)),
        Change("an annotation", {"metadata.annotations|eks.amazonaws.com/role-arn": "arn"}, UPDATE, ('metadata.annotations["eks.amazonaws.com/role-arn"]',)),
    ),
    "StorageClass": (
        Change("growing", {"allowVolumeExpansion": True}, UPDATE, ("allowVolumeExpansion",)),
        Change("another type", {"parameters.type": "io2"}, REPLACE, ("parameters.type",)),
        Change("another driver", {"provisioner": "efs.csi.aws.com"}, REPLACE, ("provisioner",)),
        Change("kept volumes", {"reclaimPolicy": "Retain"}, REFUSED, ("reclaimPolicy",)),
        Change("later binding", {"volumeBindingMode": "WaitForFirstConsumer"}, REFUSED, ("volumeBindingMode",)),
        Change("the default in words", {"reclaimPolicy": "Delete"}, UPDATE, ("reclaimPolicy",)),
    ),
}


def _edits() -> Iterator[Edit]:
    for kind, changes in CHANGES.items():
        for change in changes:
            before = laid_over(OBJECTS[kind], change.base or {})
            yield Edit(f"{kind}: {change.name}", before, laid_over(before, change.values), change.outcome, frozenset(change.paths))


EDITS = tuple(_edits())
"""Every edit. Names are unique, so that a test can be called by them."""


def _edits_in_place() -> Iterator[Edit]:
    for edit in EDITS:
        kept = edit.after.get("immutable") is not True and all(path.startswith(("data", "binaryData")) for path in edit.paths)
        if edit.outcome is Outcome.REPLACE and edit.before["kind"] in ("ConfigMap", "Secret") and kept:
            yield replace(edit, name=f"{edit.name}, in place", outcome=Outcome.UPDATE)


EDITS_IN_PLACE = tuple(_edits_in_place())
"""What edits of content come to with `IN_PLACE_SETTINGS`."""
