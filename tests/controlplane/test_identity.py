"""As whom pods run, and what they may of their nodes: asked of the objects that stand on the API server after both stacks' `up`, not of the components."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.controlplane.support import TEAM_NAMESPACES, Provisioned, Trial, eventually, pod

from commonground.local.cluster.api import Api, ForbiddenError

REASON = "commonground.dev/reason"
LEVEL = "pod-security.kubernetes.io/enforce"
SHOP = ("shop", "shop-jobs")
TEMPLATES = {
    "/api/v1/podtemplates": ("template",),
    "/api/v1/replicationcontrollers": ("spec", "template"),
    "/apis/apps/v1/deployments": ("spec", "template"),
    "/apis/apps/v1/replicasets": ("spec", "template"),
    "/apis/apps/v1/daemonsets": ("spec", "template"),
    "/apis/apps/v1/statefulsets": ("spec", "template"),
    "/apis/batch/v1/jobs": ("spec", "template"),
    "/apis/batch/v1/cronjobs": ("spec", "jobTemplate", "spec", "template"),
    "/api/v1/pods": (),
}
"""Every kind that has pods, or is one: where it is listed, and where in it the pod is."""

Object = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """A pod, or what pods are made of."""

    name: str
    """`daemonsets accelerators/dcgm-exporter`."""
    namespace: str
    reason: str
    spec: Object


def templates(api: Api) -> list[Template]:
    """All of the cluster's."""
    return [_template(path, within, found) for path, within in TEMPLATES.items() for found in api.list(path)]


def _template(path: str, within: tuple[str, ...], found: Object) -> Template:
    metadata, part = found["metadata"], found
    for step in within:
        part = part[step]
    reason = (part.get("metadata", {}).get("annotations") or {}).get(REASON, "")
    return Template(f"{path.rpartition('/')[2]} {metadata['namespace']}/{metadata['name']}", metadata["namespace"], reason, part["spec"])


def findings(spec: Object) -> set[str]:
    """What needs a written reason: words that the reason has to have."""
    around = spec.get("securityContext") or {}
    found = {word for key, word in (("hostNetwork", "host network"), ("hostPID", "host processes"), ("hostIPC", "host memory")) if spec.get(key)}
    found |= {"host path" for volume in spec.get("volumes") or [] if "hostPath" in volume}
    starting = spec.get("initContainers") or []
    for container in (*starting, *spec["containers"]):
        inside = container.get("securityContext") or {}
        found |= set(_privileges({**around, **inside}, inside))
        found |= {f"{kind}: {name}" for kind, name in _unbounded(container.get("resources") or {})}
        probed = container not in starting or container.get("restartPolicy") == "Always"
        found |= {"probe" for probe in ("livenessProbe", "readinessProbe") if probed and probe not in container}
    return found


def _privileges(context: Object, own: Object) -> Iterator[str]:
    """Of a container, whose own context goes before its pod's."""
    if context.get("runAsUser") == 0 or not (context.get("runAsNonRoot") or context.get("runAsUser")):
        yield "root"
    if own.get("privileged"):
        yield "privileged"
    elif own.get("allowPrivilegeEscalation") is not False:
        yield "more privileges"
    if not own.get("readOnlyRootFilesystem"):
        yield "writes"
    if (context.get("seccompProfile") or {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield "seccomp"
    capabilities = own.get("capabilities") or {}
    yield from capabilities.get("add") or []
    if not own.get("privileged") and capabilities.get("drop") != ["ALL"]:
        yield "capabilities"


def _unbounded(resources: Object) -> Iterator[tuple[str, str]]:
    for kind in ("requests", "limits"):
        yield from ((kind, name) for name in ("cpu", "memory") if name not in (resources.get(kind) or {}))


@pytest.fixture(scope="module")
def found(provisioned: Provisioned) -> list[Template]:
    return templates(provisioned.api)


def test_there_are_pods_of_the_team_and_of_the_foundation(found: list[Template]) -> None:
    names = {template.name for template in found}
    assert {"deployments shop/web", "deployments shop/churn", "daemonsets accelerators/dcgm-exporter"} <= names
    assert {"daemonsets accelerators/device-plugin-gpu", "daemonsets accelerators/device-plugin-training"} <= names
    assert {template.namespace for template in found} == {"shop", "accelerators", "monitoring"}
    assert len([template for template in found if template.name.startswith("pods ")]) >= 7


def test_no_pod_of_a_team_needs_a_reason(found: list[Template]) -> None:
    assert {template.name: wrong for template in found if template.namespace in TEAM_NAMESPACES and (wrong := findings(template.spec))} == {}


def test_the_foundations_node_software_names_everything_that_it_may_and_lacks_and_is_on_every_node_or_none(found: list[Template]) -> None:
    excepted = [template for template in found if findings(template.spec)]
    assert excepted
    assert {template.namespace for template in excepted} == {"accelerators"}
    assert {template.name.partition(" ")[0] for template in excepted} == {"daemonsets", "pods"}
    assert {template.name: unsaid for template in excepted if (unsaid := {word for word in findings(template.spec) if word not in template.reason})} == {}


def test_a_careless_pod_is_found_out() -> None:
    """Without this the tests above could be blind."""
    assert findings({"containers": [{"name": "main"}]}) == {
        "root",
        "more privileges",
        "writes",
        "seccomp",
        "capabilities",
        "probe",
        "requests: cpu",
        "requests: memory",
        "limits: cpu",
        "limits: memory",
    }
    sound = {"runAsNonRoot": True, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "seccompProfile": {"type": "RuntimeDefault"}}
    bounds = {"cpu": "1", "memory": "1Gi"}
    container: Object = {"securityContext": {**sound, "capabilities": {"drop": ["ALL"]}}, "resources": {"requests": bounds, "limits": bounds}}
    serving = {**container, "livenessProbe": {}, "readinessProbe": {}}
    assert findings({"initContainers": [container], "containers": [serving]}) == set()
    assert findings({"containers": [serving], "hostNetwork": True, "volumes": [{"name": "host", "hostPath": {"path": "/"}}]}) == {"host network", "host path"}
    rooted = {**serving, "securityContext": {**serving["securityContext"], "runAsUser": 0, "capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}}
    assert findings({"containers": [rooted]}) == {"root", "SYS_ADMIN"}
    assert findings({"containers": [{**serving, "securityContext": {"privileged": True, "readOnlyRootFilesystem": True, "runAsUser": 0}}]}) == {
        "privileged",
        "root",
        "seccomp",
    }


def test_a_namespace_with_pods_is_restricted_or_says_why_it_is_not(provisioned: Provisioned, found: list[Template]) -> None:
    spaces = {space["metadata"]["name"]: space["metadata"] for space in provisioned.api.list("/api/v1/namespaces")}
    for name in {template.namespace for template in found} | set(TEAM_NAMESPACES):
        level = spaces[name]["labels"][LEVEL]
        assert level == "restricted" or spaces[name]["annotations"][REASON], name
        assert (level == "restricted") == (name in (*TEAM_NAMESPACES, "monitoring"))


def test_applications_and_models_of_a_team_run_as_the_same_account_with_the_same_rights(provisioned: Provisioned, found: list[Template]) -> None:
    web, churn = (next(template.spec for template in found if template.name == name) for name in ("deployments shop/web", "deployments shop/churn"))
    for part in ("serviceAccountName", "automountServiceAccountToken", "securityContext", "priorityClassName"):
        assert web[part] == churn[part], part
    assert web["serviceAccountName"] == "shop"
    assert web["automountServiceAccountToken"] is False
    assert web["containers"][0]["securityContext"] == churn["containers"][0]["securityContext"]
    pods = [template.spec["serviceAccountName"] for template in found if template.namespace in SHOP and template.name.startswith("pods ")]
    assert set(pods) == {"shop"}


@pytest.mark.parametrize("what", ["rbac.authorization.k8s.io/v1/roles", "rbac.authorization.k8s.io/v1/rolebindings", "networking.k8s.io/v1/networkpolicies"])
def test_every_namespace_of_a_team_has_the_same_roles_members_and_network_policies(provisioned: Provisioned, what: str) -> None:
    group, version, plural = what.split("/")
    first, second = ({one["metadata"]["name"]: _contents(one) for one in _in(provisioned.api, f"/apis/{group}/{version}", name, plural)} for name in SHOP)
    assert first
    assert first == second


def test_every_namespace_of_a_team_is_named_by_its_label_and_has_its_account_without_a_token(provisioned: Provisioned) -> None:
    for name in TEAM_NAMESPACES:
        team = provisioned.api.get(f"/api/v1/namespaces/{name}")["metadata"]["labels"]["commonground.dev/team"]
        assert team == name.partition("-")[0]
        account = provisioned.api.get(f"/api/v1/namespaces/{name}/serviceaccounts/{team}")
        assert account["automountServiceAccountToken"] is False
        assert not account.get("secrets")


def test_in_aws_a_teams_account_is_one_role_in_all_of_its_namespaces_and_another_teams_is_another(provisioned: Provisioned) -> None:
    eks, cluster = provisioned.checkout.aws.eks, provisioned.cluster.name
    associations = eks.list_pod_identity_associations(clusterName=cluster)["associations"]
    described = [eks.describe_pod_identity_association(clusterName=cluster, associationId=one["associationId"])["association"] for one in associations]
    roles = {(one["namespace"], one["serviceAccount"]): one["roleArn"] for one in described if one["namespace"] in TEAM_NAMESPACES}
    assert roles.keys() == {("shop", "shop"), ("shop-jobs", "shop"), ("payments", "payments")}
    assert roles["shop", "shop"] == roles["shop-jobs", "shop"] != roles["payments", "payments"]


def _in(api: Api, path: str, namespace: str, plural: str) -> list[Object]:
    return api.list(f"{path}/namespaces/{namespace}/{plural}")


def _contents(found: Object) -> Object:
    return {key: value for key, value in found.items() if key != "metadata"}


def _pod_with(**spec: Any) -> Callable[[], Object]:
    def made() -> Object:
        found = pod("careless", "shop")
        found["spec"] |= spec
        return found

    return made


def _container_with(**context: Any) -> Callable[[], Object]:
    """What is None goes."""

    def made() -> Object:
        found = pod("careless", "shop")
        container = found["spec"]["containers"][0]
        container["securityContext"] = {key: value for key, value in {**container["securityContext"], **context}.items() if value is not None}
        return found

    return made


VIOLATIONS: dict[str, tuple[Callable[[], Object], str]] = {
    "privileged": (_container_with(privileged=True, allowPrivilegeEscalation=None), "privileged"),
    "root": (_container_with(runAsUser=0), "runAsUser=0"),
    "who knows whom": (_container_with(runAsNonRoot=None), "runAsNonRoot != true"),
    "escalation": (_container_with(allowPrivilegeEscalation=True), "allowPrivilegeEscalation != false"),
    "capabilities kept": (_container_with(capabilities=None), "unrestricted capabilities"),
    "a capability": (_container_with(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}), "SYS_ADMIN"),
    "no seccomp profile": (_container_with(seccompProfile=None), "seccompProfile"),
    "seccomp off": (_container_with(seccompProfile={"type": "Unconfined"}), "seccompProfile"),
    "a host path": (_pod_with(volumes=[{"name": "host", "hostPath": {"path": "/var/lib/kubelet"}}]), "hostPath"),
    "host network": (_pod_with(hostNetwork=True), "host namespaces"),
    "host processes": (_pod_with(hostPID=True), "host namespaces"),
    "host memory": (_pod_with(hostIPC=True), "host namespaces"),
}


@pytest.mark.parametrize("what", VIOLATIONS)
def test_a_pod_that_breaks_out_is_refused_even_to_an_administrator(provisioned: Provisioned, what: str) -> None:
    made, said = VIOLATIONS[what]
    for namespace in TEAM_NAMESPACES:
        careless = made()
        careless["metadata"]["namespace"] = namespace
        with pytest.raises(ForbiddenError, match=r'violates PodSecurity "restricted:latest": ') as refused:
            provisioned.api.create(careless, dry_run=True)
        assert said in refused.value.message


def test_a_pod_that_keeps_to_the_level_is_taken(provisioned: Provisioned) -> None:
    for namespace in TEAM_NAMESPACES:
        assert provisioned.api.create(pod("careful", namespace), dry_run=True)["metadata"]["name"] == "careful"


def test_a_deployment_whose_pods_break_out_has_none_and_why_says_so(trial: Trial, why: Callable[[str], str]) -> None:
    labels = {"app": "careless"}
    template = {"metadata": {"labels": labels}, "spec": VIOLATIONS["a host path"][0]()["spec"]}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    path = trial.make({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "careless", "namespace": "shop"}, "spec": spec}, "shop", "developer")
    eventually(lambda: "ReplicaFailure" in str(trial.api.get(path)["status"].get("conditions")))
    assert trial.pods("careless") == []
    said = why("deployment/careless")
    assert said.startswith("shop/deployment/careless, 0 of 1 pods made: the pod security level restricted of namespace shop refuses it: ")
    assert "hostPath" in said
    assert said.count("\n") == 1
