"""One object of each kind that the foundation and the example team make, plain and small, for tests to lay edits over."""

from typing import Any

Object = dict[str, Any]

NAMESPACE = "edits"
OTHER_NAMESPACE = "edits-too"
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}


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
    "ValidatingAdmissionPolicy": _object(
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy",
        namespaced=False,
        spec={
            "failurePolicy": "Fail",
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"edits.example/none": "true"}},
                "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
            },
            "validations": [{"expression": "!has(object.spec.nodeName)", "message": "no"}],
        },
    ),
    "ValidatingAdmissionPolicyBinding": _object(
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicyBinding",
        namespaced=False,
        spec={"policyName": "edits", "validationActions": ["Deny"]},
    ),
}
"""By kind. Those that need one are in `NAMESPACE`; every one says `pulumi.com/skipAwait`, so that no controller has to run."""
