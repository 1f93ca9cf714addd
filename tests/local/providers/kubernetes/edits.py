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

from tests.local.providers.kubernetes.objects import LABELS, OBJECTS, OTHER_NAMESPACE, RULE, Object

IN_PLACE_SETTINGS = ("enableConfigMapMutable", "enableSecretMutable")
"""By these the provider changes the content of a ConfigMap or a Secret in place. The foundation sets the first."""
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


NONE, UPDATE, REPLACE, REFUSED = Outcome
ENFORCE = "pod-security.kubernetes.io/enforce"
POD_SPEC = "spec.template.spec"
TEMPLATE = f"{POD_SPEC}.containers.0"
CONTAINER = f"{POD_SPEC}.containers[0]"
CLAIM = "spec.spec.devices.requests"
RECREATE = {"type": "Recreate"}
FAILURES = {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]}
SELECTED = "spec.scopeSelector.matchExpressions.0"
OF_A_CLASS = {
    "spec.hard": {"pods": "0"},
    "spec.scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["batch"]}]},
}
PROBE = {"httpGet": {"path": "/healthz", "port": 8080}}
SCRATCH = {f"{POD_SPEC}.volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}], f"{TEMPLATE}.volumeMounts": [{"name": "tmp", "mountPath": "/scratch"}]}
BALANCER = {"spec.loadBalancerClass": "service.k8s.aws/nlb"}


def _zone(name: str) -> Object:
    expression = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [name]}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}


CHANGES: dict[str, tuple[Change, ...]] = {
    "ClusterRole": (
        Change("another verb", {"rules.0.verbs.2": "watch"}, UPDATE, ("rules[0].verbs[2]",)),
        Change("no names in words", {"rules.0.resourceNames": []}, NONE),
        Change("no rules in words", {"rules": []}, UPDATE, ("rules",), {"rules": GONE}),
    ),
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
        Change("no content", {"data": GONE}, REPLACE, ("data",)),
        Change("no content in words", {"data": {}}, NONE, (), {"data": GONE}),
        Change("immutable, another value", {"data.a": "3"}, REPLACE, ("data.a",), {"immutable": True}),
    ),
    "CronJob": (
        Change("another time", {"spec.schedule": "0 1 * * *"}, UPDATE, ("spec.schedule",)),
        Change("another image", {"spec.jobTemplate.spec.template.spec.containers.0.image": "api:2"}, UPDATE, (f"spec.jobTemplate.{CONTAINER}.image",)),
    ),
    "CSIDriver": (
        Change("another capacity", {"spec.storageCapacity": True}, UPDATE, ("spec.storageCapacity",)),
        Change("another group policy", {"spec.fsGroupPolicy": "File"}, UPDATE, ("spec.fsGroupPolicy",)),
        Change("with attachment", {"spec.attachRequired": True}, REFUSED, ("spec.attachRequired",)),
        Change("another life cycle", {"spec.volumeLifecycleModes": ["Ephemeral"]}, REFUSED, ("spec.volumeLifecycleModes",)),
        Change("the default in words", {"spec.volumeLifecycleModes": ["Persistent"]}, UPDATE, ("spec.volumeLifecycleModes",)),
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
        Change("another way to roll", {"spec.updateStrategy": {"type": "OnDelete"}}, UPDATE, ("spec.updateStrategy",)),
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
        Change("no number of replicas", {"spec.replicas": GONE}, UPDATE, ("spec.replicas",)),
        Change("the same memory in other words", {f"{TEMPLATE}.resources.limits.memory": "65536Ki"}, NONE),
        Change("the same memory in bytes", {f"{TEMPLATE}.resources.limits.memory": "67108864"}, UPDATE, (f"{CONTAINER}.resources.limits.memory",)),
        Change("less than a binary unit", {f"{TEMPLATE}.resources.limits.memory": "0.5Ki"}, NONE, (), {f"{TEMPLATE}.resources.limits.memory": "512"}),
        Change("no variables in words", {f"{TEMPLATE}.env": []}, NONE),
        Change("no variable left", {f"{TEMPLATE}.env": []}, UPDATE, (f"{CONTAINER}.env",), {f"{TEMPLATE}.env": [{"name": "A", "value": "b"}]}),
        Change("no labels in words", {"metadata.labels": {}}, NONE),
        Change("defaults in words", {"spec.paused": False, "spec.minReadySeconds": 0, "spec.template.spec.hostNetwork": False}, NONE),
        Change("no token in words", {f"{POD_SPEC}.automountServiceAccountToken": False}, UPDATE, (f"{POD_SPEC}.automountServiceAccountToken",)),
        Change("no resources in words", {f"{TEMPLATE}.resources": {}}, UPDATE, (f"{CONTAINER}.resources",), {f"{TEMPLATE}.resources": GONE}),
        Change("all at once", {"spec.strategy": RECREATE}, REFUSED, ("spec.strategy",)),
        Change("all at once, from rolling", {"spec.strategy": RECREATE}, REFUSED, ("spec.strategy.type",), {"spec.strategy": {"type": "RollingUpdate"}}),
        Change(
            "all at once, from rolling in words",
            {"spec.strategy": RECREATE},
            UPDATE,
            ("spec.strategy.rollingUpdate", "spec.strategy.type"),
            {"spec.strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}},
        ),
        Change("rolling again", {"spec.strategy": GONE}, UPDATE, ("spec.strategy",), {"spec.strategy": RECREATE}),
        Change("another namespace", {"metadata.namespace": OTHER_NAMESPACE}, REPLACE, ("metadata.namespace",)),
        Change("the same scratch space in other words", {f"{POD_SPEC}.volumes.0.emptyDir.sizeLimit": "1024Mi"}, NONE, (), SCRATCH),
        Change("more scratch space", {f"{POD_SPEC}.volumes.0.emptyDir.sizeLimit": "2Gi"}, UPDATE, (f"{POD_SPEC}.volumes[0].emptyDir.sizeLimit",), SCRATCH),
        Change("written to in words", {f"{TEMPLATE}.volumeMounts.0.readOnly": False}, NONE, (), SCRATCH),
        Change("an empty variable in words", {f"{TEMPLATE}.env": [{"name": "A", "value": ""}]}, NONE, (), {f"{TEMPLATE}.env": [{"name": "A"}]}),
        Change("no delay in words", {f"{TEMPLATE}.livenessProbe": {**PROBE, "initialDelaySeconds": 0}}, NONE, (), {f"{TEMPLATE}.livenessProbe": PROBE}),
    ),
    "DeviceClass": (
        Change("another expression", {"spec.selectors.0.cel.expression": "device.driver == 'mig.nvidia.com'"}, UPDATE, ("spec.selectors[0].cel.expression",)),
        Change("no configuration in words", {"spec.config": []}, UPDATE, ("spec.config",)),
    ),
    "HorizontalPodAutoscaler": (
        Change("more at most", {"spec.maxReplicas": 5}, UPDATE, ("spec.maxReplicas",)),
        Change("another target", {"spec.scaleTargetRef.name": "web"}, UPDATE, ("spec.scaleTargetRef.name",)),
    ),
    "Job": (
        Change("another image", {f"{TEMPLATE}.image": "registry.example/api:2"}, REPLACE, ("spec.template.spec.containers[0].image",)),
        Change("more at once", {"spec.parallelism": 2}, REPLACE, ("spec.parallelism",)),
        Change("more in all", {"spec.completions": 2}, REPLACE, ("spec.completions",)),
        Change("more tries", {"spec.backoffLimit": 3}, UPDATE, ("spec.backoffLimit",)),
        Change("another deadline", {"spec.activeDeadlineSeconds": 60}, UPDATE, ("spec.activeDeadlineSeconds",)),
        Change("managed by another", {"spec.managedBy": "kueue.x-k8s.io/multikueue"}, REFUSED, ("spec.managedBy",)),
        Change("with an index", {"spec.completionMode": "Indexed"}, REFUSED, ("spec.completionMode",), {"spec.completions": 2}),
        Change("a policy of failures", {"spec.podFailurePolicy": FAILURES}, REFUSED, ("spec.podFailurePolicy",)),
        Change("no longer suspended", {"spec.suspend": False}, UPDATE, ("spec.suspend",)),
        Change("the default parallelism in words", {"spec.parallelism": 1}, REPLACE, ("spec.parallelism",)),
        Change("no variables in words", {f"{TEMPLATE}.env": []}, NONE),
    ),
    "LimitRange": (
        Change("another default", {"spec.limits.0.default.cpu": "2"}, UPDATE, ("spec.limits[0].default.cpu",)),
        Change("the same default in other words", {"spec.limits.0.default.cpu": "1000m"}, NONE),
    ),
    "Namespace": (Change("another security level", {"metadata.labels": {ENFORCE: "restricted"}}, UPDATE, ("metadata.labels",)),),
    "NetworkPolicy": (
        Change("a peer", {"spec.egress": [{"to": [{"podSelector": {}}]}]}, UPDATE, ("spec.egress",)),
        Change("no peers in words", {"spec.ingress": []}, NONE),
        Change("a direction less", {"spec.policyTypes": ["Ingress"]}, UPDATE, ("spec.policyTypes[1]",)),
    ),
    "PersistentVolume": (
        Change("more room", {"spec.capacity.storage": "2Gi"}, UPDATE, ("spec.capacity.storage",)),
        Change("another bucket", {"spec.csi.volumeAttributes.bucketName": "data"}, REPLACE, ("spec.csi.volumeAttributes.bucketName",)),
        Change("another mode", {"spec.volumeMode": "Block"}, REFUSED, ("spec.volumeMode",)),
        Change("other options", {"spec.mountOptions": ["allow-delete"]}, UPDATE, ("spec.mountOptions[0]",)),
        Change("another driver's", {"spec.csi": GONE, "spec.nfs": {"server": "files", "path": "/"}}, REPLACE, ("spec.csi", "spec.nfs")),
        Change("a first place", {"spec.nodeAffinity": _zone("a")}, UPDATE, ("spec.nodeAffinity",)),
        Change("no longer a place", {"spec.nodeAffinity": GONE}, REFUSED, ("spec.nodeAffinity",), {"spec.nodeAffinity": _zone("a")}),
        Change("no options left", {"spec.mountOptions": []}, UPDATE, ("spec.mountOptions",)),
    ),
    "PersistentVolumeClaim": (
        Change("another volume", {"spec.volumeName": "data"}, REPLACE, ("spec.volumeName",)),
        Change("another class", {"spec.storageClassName": "gp3"}, REPLACE, ("spec.storageClassName",)),
        Change("another access", {"spec.accessModes": ["ReadWriteMany"]}, REPLACE, ("spec.accessModes[0]",)),
        Change("another mode", {"spec.volumeMode": "Block"}, REFUSED, ("spec.volumeMode",)),
        # Another size hangs on whether the claim is bound, which no object says: it is not in the table.
        Change("a selector", {"spec.selector": {"matchLabels": LABELS}}, REPLACE, ("spec.selector",)),
        Change("a limit", {"spec.resources.limits": {"storage": "2Gi"}}, REFUSED, ("spec.resources.limits",)),
        Change("a copy", {"spec.dataSource": {"kind": "PersistentVolumeClaim", "name": "data"}}, REFUSED, ("spec.dataSource",)),
    ),
    "PodDisruptionBudget": (
        Change("another number", {"spec.maxUnavailable": 2}, UPDATE, ("spec.maxUnavailable",)),
        Change("at least", {"spec.maxUnavailable": GONE, "spec.minAvailable": 1}, UPDATE, ("spec.maxUnavailable", "spec.minAvailable")),
    ),
    "PriorityClass": (
        Change("another description", {"description": "Batch"}, UPDATE, ("description",)),
        Change("another value", {"value": 2000}, REFUSED, ("value",)),
        Change("no pre-emption", {"preemptionPolicy": "Never"}, REFUSED, ("preemptionPolicy",)),
        Change("the default in words", {"preemptionPolicy": "PreemptLowerPriority"}, UPDATE, ("preemptionPolicy",)),
        Change("pre-emption again", {"preemptionPolicy": GONE}, REFUSED, ("preemptionPolicy",), {"preemptionPolicy": "Never"}),
        Change("not everybody's in words", {"globalDefault": False}, NONE),
    ),
    "ResourceClaimTemplate": (
        Change(
            "another class",
            {"spec.spec.devices.requests.0.exactly.deviceClassName": "mig.nvidia.com"},
            REFUSED,
            ("spec.spec.devices.requests[0].exactly.deviceClassName",),
        ),
        Change("a label", {"metadata.labels": {"a": "b"}}, UPDATE, ("metadata.labels",)),
        Change("more of them", {f"{CLAIM}.0.exactly.count": 2}, REFUSED, (f"{CLAIM}[0].exactly.count",)),
        Change("the default in words", {f"{CLAIM}.0.exactly.count": 1}, UPDATE, (f"{CLAIM}[0].exactly.count",)),
        Change("no tolerations in words", {f"{CLAIM}.0.exactly.tolerations": []}, UPDATE, (f"{CLAIM}[0].exactly.tolerations",)),
    ),
    "ResourceQuota": (
        Change("more CPU", {"spec.hard|requests.cpu": "8"}, UPDATE, ('spec.hard["requests.cpu"]',)),
        Change("the same in other words", {"spec.hard|requests.cpu": "4000m"}, NONE),
        Change("a new limit", {"spec.hard|requests.nvidia.com/gpu": "2"}, UPDATE, ('spec.hard["requests.nvidia.com/gpu"]',)),
        Change("another scope", {"spec.scopes": ["NotTerminating"]}, REPLACE, ("spec.scopes[0]",), {"spec.scopes": ["Terminating"]}),
        Change("a first scope", {"spec.scopes": ["Terminating"]}, REPLACE, ("spec.scopes",)),
        Change("no scope in words", {"spec.scopes": []}, NONE),
        Change("another class of pods", {f"{SELECTED}.values.0": "system"}, UPDATE, ("spec.scopeSelector.matchExpressions[0].values[0]",), OF_A_CLASS),
        Change("a limit less", {"spec.hard|pods": GONE}, UPDATE, ("spec.hard.pods",)),
    ),
    "Role": (
        Change("a rule more", {"rules.1": {**RULE, "resources": ["services"]}}, UPDATE, ("rules[1]",)),
        Change("a verb less", {"rules.0.verbs.1": GONE}, UPDATE, ("rules[0].verbs[1]",)),
    ),
    "RoleBinding": (
        Change("another group", {"subjects.0.name": "commonground:shop:operator"}, UPDATE, ("subjects[0].name",)),
        Change("another role", {"roleRef.name": "developer"}, REPLACE, ("roleRef.name",)),
        Change("a role of the cluster", {"roleRef.kind": "ClusterRole"}, REPLACE, ("roleRef.kind",)),
        Change("no groups in words", {"subjects": []}, NONE, (), {"subjects": GONE}),
        Change("another namespace", {"metadata.namespace": OTHER_NAMESPACE}, REPLACE, ("metadata.namespace",)),
    ),
    "Secret": (
        Change("another value", {"data.password": "b3RoZXI="}, REPLACE, ("data.password",)),
        Change("another type", {"type": "example.com/key"}, REPLACE, ("type",), {"type": "Opaque"}),
        Change("no longer immutable", {"immutable": GONE}, REFUSED, ("immutable",), {"immutable": True}),
        Change("the same as text", {"data": GONE, "stringData": {"password": "secret"}}, NONE),
        Change("another text", {"data": GONE, "stringData": {"password": "other"}}, REPLACE, ("data.password",)),
        Change("no content in words", {"data": {}}, REPLACE, ("data",), {"data": GONE}),
        Change("immutable, another value", {"data.password": "b3RoZXI="}, REPLACE, ("data.password",), {"immutable": True}),
    ),
    "Service": (
        Change("another port", {"spec.ports.0.port": 8080}, UPDATE, ("spec.ports[0].port",)),
        Change("another type", {"spec.type": "NodePort"}, UPDATE, ("spec.type",)),
        Change("headless", {"spec.clusterIP": "None"}, REPLACE, ("spec.clusterIP",)),
        Change("no longer headless", {"spec.clusterIP": GONE}, REPLACE, ("spec.clusterIP",), {"spec.clusterIP": "None"}),
        Change("any address in words", {"spec.clusterIP": ""}, NONE),
        Change("a balancer", {"spec.type": "LoadBalancer", **BALANCER}, UPDATE, ("spec.loadBalancerClass", "spec.type")),
        Change("a balancer's class", BALANCER, REFUSED, ("spec.loadBalancerClass",), {"spec.type": "LoadBalancer"}),
        Change("a class less", {"spec.loadBalancerClass": GONE}, REFUSED, ("spec.loadBalancerClass",), {"spec.type": "LoadBalancer", **BALANCER}),
    ),
    "ServiceAccount": (
        Change("with a token", {"automountServiceAccountToken": True}, UPDATE, ("automountServiceAccountToken",)),
        Change("an annotation", {"metadata.annotations|eks.amazonaws.com/role-arn": "arn"}, UPDATE, ('metadata.annotations["eks.amazonaws.com/role-arn"]',)),
        Change("no say on tokens", {"automountServiceAccountToken": GONE}, UPDATE, ("automountServiceAccountToken",)),
    ),
    "StorageClass": (
        Change("growing", {"allowVolumeExpansion": True}, UPDATE, ("allowVolumeExpansion",)),
        Change("another type", {"parameters.type": "io2"}, REPLACE, ("parameters.type",)),
        Change("another driver", {"provisioner": "efs.csi.aws.com"}, REPLACE, ("provisioner",)),
        Change("kept volumes", {"reclaimPolicy": "Retain"}, REFUSED, ("reclaimPolicy",)),
        Change("later binding", {"volumeBindingMode": "WaitForFirstConsumer"}, REFUSED, ("volumeBindingMode",)),
        Change("the default in words", {"reclaimPolicy": "Delete"}, UPDATE, ("reclaimPolicy",)),
        Change("no parameters in words", {"parameters": {}}, NONE, (), {"parameters": GONE}),
        Change("other options", {"mountOptions": ["noatime"]}, UPDATE, ("mountOptions[0]",), {"mountOptions": ["ro"]}),
    ),
    "ValidatingAdmissionPolicy": (
        Change("another expression", {"spec.validations.0.expression": "true"}, UPDATE, ("spec.validations[0].expression",)),
        Change(
            "another operation",
            {"spec.matchConstraints.resourceRules.0.operations.1": "UPDATE"},
            UPDATE,
            ("spec.matchConstraints.resourceRules[0].operations[1]",),
        ),
        Change("the default in words", {"spec.matchConstraints.matchPolicy": "Equivalent"}, UPDATE, ("spec.matchConstraints.matchPolicy",)),
    ),
    "ValidatingAdmissionPolicyBinding": (
        Change("a warning, too", {"spec.validationActions.1": "Audit"}, UPDATE, ("spec.validationActions[1]",)),
        Change("another policy", {"spec.policyName": "edits-too"}, UPDATE, ("spec.policyName",)),
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
