"""What has to fit together in an object, and that every mistake of one is told. Kubernetes 1.36.3 was asked the same of both tables: it agrees."""

from typing import Any

import pytest
from tests.local.providers.kubernetes.edits import GONE, laid_over
from tests.local.providers.kubernetes.objects import OBJECTS

from commonground.local.providers.errors import StandInError
from commonground.local.providers.kubernetes.provider import KubernetesStandIn
from commonground.local.providers.provider import Subject
from commonground.local.providers.values import UNKNOWN

CONTAINER = "spec.template.spec.containers.0"


def told(object_: dict[str, Any]) -> list[str]:
    subject = Subject("urn:pulumi:test::test::kubernetes:thing::thing", "kubernetes:thing", "one")
    _, failures = KubernetesStandIn("1.36", None).check(subject, None, object_)
    return [f"{failure.property}: {failure.reason}" for failure in failures]


@pytest.mark.parametrize(
    ("kind", "values", "refusal"),
    [
        ("Namespace", {"metadata.name": "Shop"}, "metadata.name: 'Shop' is not a name of a Namespace"),
        ("Namespace", {"metadata.name": "shop.models"}, "metadata.name: 'shop.models' is not a name of a Namespace"),
        (
            "Namespace",
            {"metadata.labels": {"pod-security.kubernetes.io/enforce": "strict"}},
            "metadata.labels[\"pod-security.kubernetes.io/enforce\"]: 'strict'",
        ),
        ("ConfigMap", {"metadata.name": "a_b"}, "metadata.name: 'a_b' is not a name of a ConfigMap"),
        ("ConfigMap", {"metadata.labels": {"team": "the shop"}}, "metadata.labels[\"team\"]: 'the shop' is not a label's value"),
        ("ConfigMap", {"metadata.labels": {"a/b/c": "x"}}, "metadata.labels: 'a/b/c' is not the name of a label"),
        ("ConfigMap", {"data": {"a/b": "x"}}, "data: 'a/b' is not a key"),
        ("PriorityClass", {"metadata.name": "system-team"}, "metadata.name: names that begin with system-"),
        ("PriorityClass", {"value": 2_000_000_000}, "value: 2000000000 is above"),
        ("Deployment", {"spec.template.metadata.labels.app": "web"}, "spec.selector: app=api does not select"),
        ("DaemonSet", {"spec.template.metadata.labels": GONE}, "spec.selector: app=api does not select"),
        (
            "Deployment",
            {f"{CONTAINER}.volumeMounts": [{"name": "data", "mountPath": "/data"}]},
            f"{CONTAINER.replace('.0', '[0]')}.volumeMounts[0].name: 'data'",
        ),
        ("Deployment", {"spec.template.spec.containers.1": {"name": "api", "image": "x"}}, "spec.template.spec.containers[1].name: 'api' is given to more"),
        (
            "Deployment",
            {f"{CONTAINER}.resources.requests.memory": "128Mi"},
            f"{CONTAINER.replace('.0', '[0]')}.resources.requests: memory: 128Mi is not within",
        ),
        (
            "Deployment",
            {f"{CONTAINER}.resources.requests.cpu": "100n n"},
            f"{CONTAINER.replace('.0', '[0]')}.resources.requests.cpu: '100n n' is not a quantity",
        ),
        ("Deployment", {f"{CONTAINER}.resources.requests|nvidia.com/gpu": "1"}, f"{CONTAINER.replace('.0', '[0]')}.resources.limits: lack nvidia.com/gpu"),
        (
            "Deployment",
            {f"{CONTAINER}.securityContext": {"seccompProfile": {"type": "Default"}}},
            "spec.template.spec.containers.securityContext.seccompProfile",
        ),
        ("Deployment", {f"{CONTAINER}.image": GONE}, "spec.template.spec.containers[0].image: is required"),
        ("Deployment", {f"{CONTAINER}.name": "A_b"}, "spec.template.spec.containers[0].name: 'A_b' is not a container's name"),
        ("Deployment", {f"{CONTAINER}.ports": [{"containerPort": 99999}]}, "spec.template.spec.containers[0].ports[0].containerPort: 99999 is not a port"),
        (
            "Deployment",
            {f"{CONTAINER}.env": [{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
            "spec.template.spec.containers[0].env[0].valueFrom: cannot be given",
        ),
        (
            "DaemonSet",
            {f"{CONTAINER}.securityContext": {"privileged": True, "allowPrivilegeEscalation": False}},
            "spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation: cannot be false",
        ),
        (
            "DaemonSet",
            {"spec.template.spec.volumes": [{"name": "a", "emptyDir": {}}, {"name": "a", "emptyDir": {}}]},
            "spec.template.spec.volumes[1].name: 'a'",
        ),
        ("DaemonSet", {"spec.template.spec.volumes": [{"name": "a", "emptyDir": {}, "hostPath": {"path": "/a"}}]}, "spec.template.spec.volumes[0]: has"),
        ("DaemonSet", {"spec.template.spec.tolerations": [{"effect": "NoSchedule"}]}, "spec.template.spec.tolerations[0].operator: has to be Exists"),
        (
            "DaemonSet",
            {"spec.template.spec.tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]},
            "spec.template.spec.tolerations[0].value: cannot",
        ),
        ("NetworkPolicy", {"spec.egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/33"}}]}]}, "spec.egress[0].to[0].ipBlock: '10.0.0.0/33' is not a range"),
        ("NetworkPolicy", {"spec.egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}]}, "spec.egress[0].to[0].ipBlock: cannot be given"),
        ("NetworkPolicy", {"spec.ingress": [{"from": [{}]}]}, "spec.ingress[0].from[0]: is empty"),
        ("NetworkPolicy", {"spec.egress": [{"ports": [{"port": 0}]}]}, "spec.egress[0].ports[0].port: 0 is not a port"),
        ("LimitRange", {"spec.limits.0.max": {"cpu": "500m"}}, "spec.limits[0].default: cpu: 1 is above max, 500m"),
        ("LimitRange", {"spec.limits.0.defaultRequest": {"cpu": "2"}}, "spec.limits[0].defaultRequest: cpu: 2 is above default, 1"),
        ("ResourceQuota", {"spec.hard|gpus": "1"}, "spec.hard: 'gpus' is not a resource"),
        ("ResourceQuota", {"spec.hard|pods": "-1"}, "spec.hard: pods: '-1' is below 0"),
        ("CronJob", {"spec.schedule": "every day"}, "spec.schedule: 'every day' is not a schedule"),
        ("PersistentVolume", {"spec.csi": GONE}, "spec: has no source"),
        ("PersistentVolume", {"spec.hostPath": {"path": "/a"}}, "spec: has csi and hostPath"),
        ("PersistentVolume", {"spec.capacity": GONE}, "spec.capacity: is required"),
        ("Secret", {"data.password": "not base64!"}, "data: password is not base64"),
        ("ConfigMap", {"binaryData": {"b": "?"}}, "binaryData: b is not base64"),
        ("Service", {"spec.ports.0.port": 0}, "spec.ports[0].port: 0 is not a port"),
        ("RoleBinding", {"roleRef.name": ""}, "roleRef.name: is required"),
        ("Job", {"spec.template.spec.restartPolicy": GONE}, "spec.template.spec.restartPolicy: is required"),
        ("CronJob", {"spec.jobTemplate.spec.template.spec.restartPolicy": GONE}, "spec.jobTemplate.spec.template.spec.restartPolicy: is required"),
        ("Role", {"rules.0.verbs": []}, "rules[0].verbs: are required"),
        ("Role", {"rules.0.apiGroups": GONE}, "rules[0].apiGroups: are required"),
        ("Role", {"rules.1": {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}}, "rules[1].nonResourceURLs: have no namespace"),
        ("ClusterRoleBinding", {"subjects.0": {"kind": "ServiceAccount", "name": "shop"}}, "subjects[0].namespace: is required"),
        ("RoleBinding", {"subjects.0.apiGroup": "apps"}, "subjects[0].apiGroup: 'apps'"),
        ("RoleBinding", {"roleRef.kind": "Rolle"}, "roleRef.kind: 'Rolle' is not one of ClusterRole, Role; did you mean Role?"),
        ("PodDisruptionBudget", {"spec.minAvailable": 1}, "spec.minAvailable: cannot be given together"),
        ("HorizontalPodAutoscaler", {"spec.minReplicas": 4}, "spec.maxReplicas: 3 is below minReplicas, 4"),
        ("PersistentVolumeClaim", {"spec.resources": GONE}, "spec.resources.requests.storage: is required"),
        ("ResourceQuota", {"spec.hard|requests.cpu": "four"}, "spec.hard: requests.cpu: 'four' is not a quantity"),
        ("ResourceQuota", {"spec.scopes": ["Forever"]}, "spec.scopes: 'Forever' is not one of"),
        ("LimitRange", {"spec.limits.0.type": "Containers"}, "spec.limits.type: 'Containers' is not one of"),
        ("Service", {"spec.ports.1": {"port": 81}}, "spec.ports: need a name each"),
        ("Service", {"spec.ports": GONE}, "spec.ports: are required"),
        ("ResourceClaimTemplate", {"spec.spec.devices.requests.0.exactly.allocationMode": "Some"}, "spec.spec.devices.requests.exactly.allocationMode: 'Some'"),
    ],
)
def test_what_the_api_server_would_refuse_is_refused_with_its_place(kind: str, values: dict[str, Any], refusal: str) -> None:
    (found,) = told(laid_over(OBJECTS[kind], values))
    assert found.startswith(refusal)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("ClusterRole", {"metadata.name": "commonground:shop:viewer"}),
        ("ClusterRole", {"rules.1": {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}}),
        ("Deployment", {f"{CONTAINER}.resources": {"requests": {"nvidia.com/gpu": 1}, "limits": {"nvidia.com/gpu": "1"}}}),
        ("Deployment", {f"{CONTAINER}.resources": {"requests": {"cpu": UNKNOWN, "memory": "1Gi"}, "limits": {"memory": UNKNOWN}}}),
        ("Deployment", {"spec.selector.matchLabels.team": UNKNOWN, "spec.template.metadata.labels": UNKNOWN}),
        ("Deployment", {f"{CONTAINER}.volumeMounts": [{"name": "data", "mountPath": "/data"}], "spec.template.spec.volumes": UNKNOWN}),
        ("RoleBinding", {"subjects.0.apiGroup": GONE}),
        ("RoleBinding", {"subjects.0.apiGroup": ""}),
        ("Deployment", {"spec.template.spec.volumes": [{"name": "scratch"}], f"{CONTAINER}.volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}]}),
        ("RoleBinding", {"subjects.0": {"kind": "ServiceAccount", "name": "shop"}}),
        ("Service", {"spec.clusterIP": "None", "spec.ports": GONE}),
        ("ConfigMap", {"metadata.labels": {"team": UNKNOWN, "empty": ""}, "metadata.name": UNKNOWN}),
        ("PersistentVolumeClaim", {"spec": UNKNOWN}),
        ("ResourceQuota", {"spec.hard|requests.cpu": UNKNOWN}),
    ],
)
def test_what_fits_or_is_not_known_yet_is_taken(kind: str, values: dict[str, Any]) -> None:
    assert told(laid_over(OBJECTS[kind], values)) == []


def test_the_claims_of_a_stateful_set_are_volumes_of_its_pods() -> None:
    claim = {"metadata": {"name": "data"}, "spec": OBJECTS["PersistentVolumeClaim"]["spec"]}
    stateful = laid_over(
        OBJECTS["Deployment"],
        {
            "kind": "StatefulSet",
            "spec.serviceName": "api",
            "spec.volumeClaimTemplates": [claim],
            f"{CONTAINER}.volumeMounts": [{"name": "data", "mountPath": "/data"}],
        },
    )
    assert told(stateful) == []
    assert told(laid_over(stateful, {"spec.volumeClaimTemplates": UNKNOWN})) == []
    assert told(laid_over(stateful, {"spec.volumeClaimTemplates": []})) == [
        "spec.template.spec.containers[0].volumeMounts[0].name: 'data' is none of the pod's volumes"
    ]


def test_all_mistakes_of_an_object_are_told() -> None:
    wrong = laid_over(
        OBJECTS["Deployment"],
        {
            "spec.replica": 2,
            "spec.paused": "perhaps",
            "spec.template.spec.containers.0.imagePullPolicy": "Sometimes",
            "spec.template.spec.containers.1": {"nam": "web", "image": "web"},
            "metadata.labels": {"team": "the shop"},
        },
    )
    assert sorted(line.partition(":")[0] for line in told(wrong)) == [
        'metadata.labels["team"]',
        "spec.paused",
        "spec.replica",
        "spec.template.spec.containers.imagePullPolicy",
        "spec.template.spec.containers[1].nam",
        "spec.template.spec.containers[1].name",
    ]


def test_a_required_field_may_still_be_unknown_only_where_it_belongs() -> None:
    object_ = laid_over(OBJECTS["Deployment"], {"spec.selector": UNKNOWN, "metadata.labels": UNKNOWN})
    assert told(object_) == []
    object_ = laid_over(OBJECTS["Deployment"], {"spec.selector": GONE, "metadata.labels": UNKNOWN})
    assert told(object_) == ["spec.selector: is required"]


@pytest.mark.parametrize("missing", ["apiVersion", "kind"])
def test_an_object_says_what_it_is(missing: str) -> None:
    assert told(laid_over(OBJECTS["ConfigMap"], {missing: GONE})) == [f"{missing}: is required"]


def test_what_is_no_object_at_all_is_refused_by_its_type() -> None:
    with pytest.raises(StandInError, match=r"kubernetes:helm\.sh/v4:Chart is not a Kubernetes object"):
        KubernetesStandIn("1.36", None).check(Subject("urn", "kubernetes:helm.sh/v4:Chart", "one"), None, {"chart": "x"})


def test_a_generated_name_is_refused_as_server_side_apply_does() -> None:
    (found,) = told(laid_over(OBJECTS["ConfigMap"], {"metadata.name": GONE, "metadata.generateName": "api-"}))
    assert found.startswith("metadata.generateName: is not supported with server-side apply")
    assert told(laid_over(OBJECTS["ConfigMap"], {"metadata.generateName": "api-"})) == []


def test_metadata_that_is_none_is_refused() -> None:
    assert told({**OBJECTS["ConfigMap"], "metadata": "api"}) == ["metadata: expected an object, got str"]
    assert told({**OBJECTS["ConfigMap"], "metadata": UNKNOWN}) == []


def test_a_drawn_name_is_another_one_for_a_replacement_which_is_made_first() -> None:
    stand_in = KubernetesStandIn("1.36", None)
    subject = Subject("urn:pulumi:test::test::kubernetes:core/v1:ConfigMap::api", "kubernetes:core/v1:ConfigMap", "one")
    unnamed = laid_over(OBJECTS["ConfigMap"], {"metadata.name": GONE})
    old, _ = stand_in.check(subject, None, unnamed)
    new, _ = stand_in.check(subject, old, laid_over(unnamed, {"data.a": "3"}))
    found = stand_in.diff(subject, "id", old, new)
    assert found.replaces == {"data.a"}
    assert not found.delete_before_replace
    again, _ = stand_in.check(subject, None, laid_over(unnamed, {"data.a": "3"}))
    assert again["metadata"]["name"] != old["metadata"]["name"]
