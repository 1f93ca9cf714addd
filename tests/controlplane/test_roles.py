"""Who may do what on the shipped foundation, asked of Kubernetes' own authorizer: a team's members, and the service accounts of its pods."""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.controlplane.support import Provisioned, Trial, pod
from tests.foundation.checkout import ACCOUNT, REGION

from commonground.local.cluster import lifecycle
from commonground.local.cluster.api import Api, Credentials, ForbiddenError
from commonground.settings.base import TeamRole
from commonground.teamroles import allowed

ROLES = ("viewer", "developer", "ml_engineer", "operator", "ci")
RBAC = "rbac.authorization.k8s.io"

LETTERS = {"g": "get", "l": "list", "w": "watch", "c": "create", "u": "update", "p": "patch", "d": "delete", "x": "deletecollection"}
VERBS = tuple(LETTERS.values())
UNUSUAL = ("bind", "escalate", "impersonate", "use", "*")
"""Verbs that lift whoever has them above himself, or that stand for all."""
IMPERSONATE = ("impersonate", "impersonate:user-info", "impersonate:serviceaccount", "impersonate-on:user-info:list", "impersonate-on:serviceaccount:list")
"""The old verb, and some of Kubernetes 1.36 (feature gate ConstrainedImpersonation)."""

TABLE = """
                                              viewer  developer  ml_engineer  operator  ci
configmaps                                    glw     glwcupd    glwcupd      glwup     glwcupd
endpoints                                     glw     glw        glw          glw       glw
events                                        glw     glw        glw          glw       glw
limitranges                                   glw     glw        glw          glw       glw
namespaces                                    g       g          g            g         g
persistentvolumeclaims                        glw     glw        glwcupd      glw       glwcupd
pods                                          glw     glwd       glwcupd      glwd      glwd
pods/attach                                   -       -          -            gc        -
pods/ephemeralcontainers                      -       -          -            up        -
pods/eviction                                 -       -          -            c         -
pods/exec                                     -       -          -            gc        -
pods/log                                      g       g          g            g         g
pods/portforward                              -       gc         gc           gc        -
resourcequotas                                glw     glw        glw          glw       glw
secrets                                       -       -          -            glw       glwcupd
serviceaccounts                               glw     glw        glw          glw       glw
services                                      glw     glwcupd    glwcupd      glw       glwcupd
daemonsets.apps                               glw     glw        glw          glw       glw
deployments.apps                              glw     glwcupd    glw          glwup     glwcupd
deployments.apps/scale                        -       gup        -            gup       gup
replicasets.apps                              glw     glw        glw          glw       glw
statefulsets.apps                             glw     glwcupd    glw          glwup     glwcupd
statefulsets.apps/scale                       -       gup        -            gup       gup
horizontalpodautoscalers.autoscaling          glw     glwcupd    glw          glwup     glwcupd
cronjobs.batch                                glw     glwcupd    glwcupd      glwup     glwcupd
jobs.batch                                    glw     glwcupd    glwcupd      glwup     glwcupd
endpointslices.discovery.k8s.io               glw     glw        glw          glw       glw
events.events.k8s.io                          glw     glw        glw          glw       glw
pods.metrics.k8s.io                           gl      gl         gl           gl        gl
ingresses.networking.k8s.io                   glw     glw        glw          glw       glwcupd
networkpolicies.networking.k8s.io             glw     glw        glw          glw       glw
poddisruptionbudgets.policy                   glw     glwcupd    glw          glw       glwcupd
resourceclaims.resource.k8s.io                glw     glwcupd    glwcupd      glw       glwcupd
resourceclaimtemplates.resource.k8s.io        glw     glwcupd    glwcupd      glw       glwcupd
"""
"""What a role may do in its team's namespaces. What is not here, nobody may: that is asked of every resource that the server has."""


@dataclass(frozen=True)
class Asker:
    """Somebody, as the API server knows him."""

    name: str
    user: str
    groups: tuple[str, ...]

    @classmethod
    def member(cls, team: str, role: str) -> "Asker":
        return cls(f"{team}'s {role}", "somebody", (f"commonground:{team}:{role}", "system:authenticated"))

    @classmethod
    def everything(cls, team: str) -> "Asker":
        """Somebody with all of a team's roles."""
        return cls(f"{team}'s all", "somebody", (*(f"commonground:{team}:{role}" for role in ROLES), "system:authenticated"))

    @classmethod
    def account(cls, namespace: str, name: str) -> "Asker":
        """A service account, in the groups that every one is in."""
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        return cls(f"pods of {namespace}/{name}", f"system:serviceaccount:{namespace}:{name}", groups)


@dataclass(frozen=True)
class Wish:
    """Something that one may be allowed to do."""

    verb: str
    resource: str
    """`deployments.apps/scale`, as kubectl writes it; a path, where it begins with a slash."""
    namespace: str = ""
    """Empty: in all of them, or without one."""
    name: str = ""

    @property
    def attributes(self) -> dict[str, Any]:
        """Of a SubjectAccessReview's spec."""
        if self.resource.startswith("/"):
            return {"nonResourceAttributes": {"path": self.resource, "verb": self.verb}}
        whole, _, subresource = self.resource.partition("/")
        resource, _, group = whole.partition(".")
        found = {"verb": self.verb, "resource": resource, "group": group, "subresource": subresource, "namespace": self.namespace, "name": self.name}
        return {"resourceAttributes": {key: value for key, value in found.items() if value}}


@dataclass
class Authorizer:
    """Asks the API server's own, many questions at a time."""

    api: Api
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8))

    def allowed(self, asked: Iterable[tuple[Asker, Wish]]) -> set[tuple[str, Wish]]:
        """Those of the wishes that are allowed, with the asker's name."""
        everything = list(asked)
        answers = self.threads.map(lambda each: self._ask(*each), everything)
        return {(asker.name, wish) for (asker, wish), answer in zip(everything, answers, strict=True) if answer}

    def _ask(self, asker: Asker, wish: Wish) -> bool:
        spec = {"user": asker.user, "groups": list(asker.groups), **wish.attributes}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        status: Mapping[str, Any] = self.api.create(review)["status"]
        assert not status.get("evaluationError"), status
        return bool(status["allowed"])


@pytest.fixture(scope="module")
def authorizer(provisioned: Provisioned) -> Iterator[Authorizer]:
    found = Authorizer(provisioned.api)
    yield found
    found.threads.shutdown()


@pytest.fixture(scope="module")
def namespaced(provisioned: Provisioned) -> set[str]:
    """Every resource and subresource that is in namespaces, as the server lists them."""
    groups = provisioned.api.get("/apis")["groups"]
    paths = ["/api/v1", *(f"/apis/{version['groupVersion']}" for group in groups for version in group["versions"])]
    found = set()
    for path in paths:
        group = path.split("/")[2] if path.startswith("/apis/") else ""
        for resource in provisioned.api.get(path)["resources"]:
            if resource["namespaced"]:
                name, slash, subresource = resource["name"].partition("/")
                found.add(f"{name}{'.' if group else ''}{group}{slash}{subresource}")
    return found


def table() -> dict[str, dict[str, set[str]]]:
    """Resource -> role -> verbs."""
    head, *rows = TABLE.strip().splitlines()
    assert tuple(head.split()) == ROLES
    found = {}
    for row in rows:
        resource, *letters = row.split()
        found[resource] = {role: {LETTERS[letter] for letter in each if each != "-"} for role, each in zip(ROLES, letters, strict=True)}
    return found


def name_in(resource: str, namespace: str) -> str:
    """A namespace is named, since it is the one object that is in itself."""
    return namespace if resource == "namespaces" else ""


def test_each_role_may_do_what_the_table_says(authorizer: Authorizer) -> None:
    expected = table()
    wishes = [(role, Wish(verb, resource, "shop", name_in(resource, "shop"))) for role in ROLES for resource in expected for verb in VERBS]
    found = authorizer.allowed((Asker.member("shop", role), wish) for role, wish in wishes)
    says = {(f"shop's {role}", wish) for role, wish in wishes if wish.verb in expected[wish.resource][role]}
    assert sorted(found - says, key=str) == []
    assert sorted(says - found, key=str) == []


def test_whoever_has_all_roles_may_do_nothing_else_with_anything_that_the_server_has(authorizer: Authorizer, namespaced: set[str]) -> None:
    expected = table()
    others = [Wish(verb, resource, "shop") for resource in namespaced - expected.keys() for verb in VERBS]
    unusual = [Wish(verb, resource, "shop") for resource in expected for verb in UNUSUAL]
    assert len(namespaced) > 60
    assert authorizer.allowed((Asker.everything("shop"), wish) for wish in (*others, *unusual)) == set()


def resolved(api: Api, asker: Asker, namespace: str) -> list[str]:
    """All that the authorizer knows of somebody's rights in a namespace: rules that its roles come to."""
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}}
    status = api.acting_as(asker.user, *asker.groups).create(review)["status"]
    assert not status["incomplete"]
    return sorted(json.dumps(rule, sort_keys=True) for rule in status["resourceRules"])


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_the_same_in_all_namespaces_of_its_team_and_in_every_team_and_nothing_elsewhere(provisioned: Provisioned, role: str) -> None:
    api, shop, payments = provisioned.api, Asker.member("shop", role), Asker.member("payments", role)
    rights = resolved(api, shop, "shop")
    assert resolved(api, shop, "shop-jobs") == rights
    assert resolved(api, payments, "payments") == rights
    anybody = resolved(api, Asker("anybody", "somebody", ("system:authenticated",)), "payments")
    assert len(rights) > len(anybody)
    assert resolved(api, shop, "payments") == anybody
    assert resolved(api, payments, "shop") == resolved(api, payments, "shop-jobs") == anybody
    assert resolved(api, shop, "kube-system") == resolved(api, shop, "accelerators") == anybody


@pytest.mark.parametrize("role", ROLES)
def test_what_the_program_says_of_a_role_is_what_the_table_says(role: str) -> None:
    for resource, rights in table().items():
        whole, slash, subresource = resource.partition("/")
        plural, _, group = whole.partition(".")
        assert {verb for verb in (*VERBS, *UNUSUAL) if allowed(TeamRole(role), verb, f"{plural}{slash}{subresource}", group)} == rights[role], resource


FOREIGN: dict[str, tuple[str, ...]] = {
    "serviceaccounts": (*VERBS, "impersonate"),
    "serviceaccounts.authentication.k8s.io": IMPERSONATE,
    "serviceaccounts/token": ("create",),
    "configmaps": VERBS,
    "secrets": VERBS,
    "pods": VERBS,
    "pods/exec": ("get", "create"),
    "pods/attach": ("get", "create"),
    "pods/portforward": ("get", "create"),
    "pods/proxy": ("get", "create"),
    "pods/log": ("get",),
    "pods/ephemeralcontainers": ("update", "patch"),
    "services": ("get", "list", "create"),
    "services/proxy": ("get", "create"),
    "persistentvolumeclaims": ("get", "list", "create"),
    "resourcequotas": ("get", "list", "update", "patch", "delete"),
    "deployments.apps": ("get", "list", "create", "patch"),
    "daemonsets.apps": ("get", "create", "patch"),
    "jobs.batch": ("get", "create"),
    "networkpolicies.networking.k8s.io": ("get", "create", "patch", "delete"),
    f"roles.{RBAC}": ("get", "create", "patch", "bind", "escalate"),
    f"rolebindings.{RBAC}": ("get", "create", "patch", "delete"),
}
"""What matters of somebody else's namespace."""

ABOVE: dict[str, tuple[str, ...]] = {
    "users": ("impersonate",),
    "groups": ("impersonate",),
    "serviceaccounts": ("impersonate", "list"),
    "users.authentication.k8s.io": IMPERSONATE,
    "groups.authentication.k8s.io": IMPERSONATE,
    "uids.authentication.k8s.io": IMPERSONATE,
    "userextras.authentication.k8s.io/scopes": ("impersonate",),
    f"clusterroles.{RBAC}": ("get", "create", "update", "patch", "bind", "escalate"),
    f"clusterrolebindings.{RBAC}": ("get", "create", "update", "patch", "delete"),
    f"roles.{RBAC}": ("create", "bind", "escalate"),
    f"rolebindings.{RBAC}": ("create",),
    "namespaces": ("list", "create", "update", "patch", "delete"),
    "secrets": ("list",),
    "configmaps": ("list",),
    "pods": ("list", "create"),
    "nodes": ("get", "list", "patch", "delete"),
    "nodes/proxy": ("get", "create"),
    "nodes/status": ("patch",),
    "persistentvolumes": ("get", "list", "create"),
    "storageclasses.storage.k8s.io": ("create", "patch", "delete"),
    "priorityclasses.scheduling.k8s.io": ("create", "patch", "delete"),
    "deviceclasses.resource.k8s.io": ("create", "patch"),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": ("create", "patch"),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": ("create", "patch", "delete"),
    "customresourcedefinitions.apiextensions.k8s.io": ("create",),
    "certificatesigningrequests.certificates.k8s.io": ("create", "patch"),
    "certificatesigningrequests.certificates.k8s.io/approval": ("update",),
    "signers.certificates.k8s.io": ("approve", "sign"),
    "tokenreviews.authentication.k8s.io": ("create",),
    "subjectaccessreviews.authorization.k8s.io": ("create",),
    "/metrics": ("get",),
    "/logs": ("get",),
    "/debug/pprof": ("get",),
}
"""What matters of the whole cluster."""

MEMBERS = [Asker.member("shop", role) for role in ROLES]
ACCOUNTS = [Asker.account(namespace, name) for namespace in ("shop", "shop-jobs") for name in ("shop", "default")]


def test_nobody_of_a_team_reaches_anything_of_another_team(authorizer: Authorizer) -> None:
    wishes = [Wish(verb, resource, "payments") for resource, verbs in FOREIGN.items() for verb in verbs]
    # By its name, too: a rule may be for one object alone.
    named = [Wish("get", "secrets", "payments", "payments"), Wish("create", "serviceaccounts/token", "payments", "payments")]
    assert authorizer.allowed((asker, wish) for asker in (*MEMBERS, *ACCOUNTS) for wish in (*wishes, *named)) == set()


@pytest.mark.parametrize("namespace", ["kube-system", "accelerators"])
def test_whoever_has_all_roles_reaches_nothing_of_the_clusters_own_software(authorizer: Authorizer, namespace: str) -> None:
    wishes = [Wish(verb, resource, namespace) for resource, verbs in FOREIGN.items() for verb in verbs]
    assert authorizer.allowed((asker, wish) for asker in (Asker.everything("shop"), ACCOUNTS[0]) for wish in wishes) == set()


def test_nobody_of_a_team_may_do_anything_to_the_whole_cluster_or_be_somebody_else(authorizer: Authorizer) -> None:
    wishes = [Wish(verb, resource) for resource, verbs in ABOVE.items() for verb in verbs]
    assert authorizer.allowed((asker, wish) for asker in (*MEMBERS, ACCOUNTS[0]) for wish in wishes) == set()


def test_pods_have_no_rights_in_their_own_namespace_either(authorizer: Authorizer) -> None:
    wishes = [Wish(verb, resource, "shop") for resource, verbs in FOREIGN.items() for verb in verbs]
    assert authorizer.allowed((asker, wish) for asker in ACCOUNTS[:2] for wish in wishes) == set()


def test_the_questions_find_what_is_allowed(authorizer: Authorizer) -> None:
    """An administrator may do all of it: questions that nobody could answer with yes would prove nothing."""
    administrator = Asker("administrator", "admin", ("system:masters",))
    wishes = [Wish(verb, resource, "payments") for resource, verbs in FOREIGN.items() for verb in verbs]
    wishes += [Wish(verb, resource) for resource, verbs in ABOVE.items() for verb in verbs]
    assert authorizer.allowed((administrator, wish) for wish in wishes) == {("administrator", wish) for wish in wishes}


def account_token(api: Api, namespace: str, name: str) -> str:
    """As a pod of that service account would have it, if it had one."""
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    return str(api.post(f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", request)["status"]["token"])


def test_a_token_of_a_teams_service_account_opens_nothing(provisioned: Provisioned) -> None:
    token = account_token(provisioned.api, "shop", "shop")
    api = Api(provisioned.cluster.endpoint, provisioned.cluster.kubeconfig.parent / "ca.crt", Credentials(token=token))
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    assert api.create(review)["status"]["userInfo"]["username"] == "system:serviceaccount:shop:shop"
    for path in ("/api/v1/namespaces/payments/secrets", "/api/v1/namespaces/shop/secrets", "/api/v1/namespaces/payments/configmaps", "/api/v1/nodes"):
        with pytest.raises(ForbiddenError, match="system:serviceaccount:shop:shop"):
            api.list(path)
    with pytest.raises(ForbiddenError, match="cannot impersonate"):
        api.acting_as("system:serviceaccount:payments:payments").list("/api/v1/namespaces/payments/configmaps")


@pytest.mark.parametrize("role", ROLES)
def test_no_role_takes_the_token_of_a_service_account_its_own_or_anothers(provisioned: Provisioned, role: str) -> None:
    api = provisioned.api.acting_as("somebody", f"commonground:shop:{role}")
    for namespace, name in (("shop", "shop"), ("payments", "payments")):
        with pytest.raises(ForbiddenError, match="serviceaccounts/token"):
            account_token(api, namespace, name)


def test_a_pod_cannot_run_as_another_teams_service_account(trial: Trial) -> None:
    stranger = pod("stranger", "shop")
    stranger["spec"]["serviceAccountName"] = "payments"
    with pytest.raises(ForbiddenError, match='serviceaccount "payments" not found'):
        trial.make(stranger, "shop", "ml_engineer")
    with pytest.raises(ForbiddenError, match='cannot create resource "pods" in API group "" in the namespace "payments"'):
        trial.make(pod("stranger", "payments"), "shop", "ml_engineer")


@pytest.mark.parametrize("role", ROLES)
def test_no_role_binds_itself_to_more(provisioned: Provisioned, role: str) -> None:
    api = provisioned.api.acting_as("somebody", f"commonground:shop:{role}")
    subject = {"kind": "Group", "apiGroup": RBAC, "name": f"commonground:shop:{role}"}
    reference = {"kind": "ClusterRole", "apiGroup": RBAC, "name": "cluster-admin"}
    binding = {"apiVersion": f"{RBAC}/v1", "metadata": {"name": "more", "namespace": "shop"}, "roleRef": reference, "subjects": [subject]}
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        with pytest.raises(ForbiddenError, match="cannot create resource"):
            api.create({**binding, "kind": kind}, dry_run=True)
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    with pytest.raises(ForbiddenError, match='cannot patch resource "roles"'):
        api.apply({"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": {"name": role.replace("_", "-"), "namespace": "shop"}, "rules": rules})


@pytest.mark.parametrize(
    ("role", "team", "bound"),
    [("shop-developers", "shop", "developer"), ("shop-scientists", "shop", "ml_engineer"), ("payments-developers", "payments", "developer")],
)
def test_who_comes_in_by_an_aws_role_is_what_the_blueprint_says(provisioned: Provisioned, role: str, team: str, bound: str) -> None:
    """By a token of `aws eks get-token`, as kubectl asks for one."""
    kept = lifecycle.running(provisioned.checkout.local)
    assert kept
    command = [str(kept.programs / "aws"), "eks", "get-token", "--cluster-name", provisioned.cluster.name, "--region", REGION, "--output", "json"]
    command += ["--role-arn", f"arn:aws:iam::{ACCOUNT}:role/{role}"]
    variables = provisioned.checkout.cloud.environment(REGION)
    said = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=True)
    token = Credentials(token=json.loads(said.stdout)["status"]["token"])
    api = Api(provisioned.cluster.endpoint, provisioned.cluster.kubeconfig.parent / "ca.crt", token)
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    assert f"commonground:{team}:{bound}" in api.create(review)["status"]["userInfo"]["groups"]
    other = "payments" if team == "shop" else "shop"
    api.list(f"/api/v1/namespaces/{team}/pods")
    for path in (f"/api/v1/namespaces/{team}/secrets", f"/api/v1/namespaces/{other}/pods", f"/api/v1/namespaces/{other}/configmaps"):
        with pytest.raises(ForbiddenError):
            api.list(path)
