"""What EKS' access policies allow: roles of the cluster, bound to the groups that stand for the policies when somebody first comes in with one.

Real EKS decides with an authoriser of its own; its rules are fixed lists, which Kubernetes' own roles `admin`, `edit` and `view` come close to (EKS user
guide, "Review access policy permissions"). So these bindings can be seen here, and not there.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from .api import Api, NotFoundError
from .tokens import CLUSTER_ADMIN, TokenError, group_of

RBAC = "rbac.authorization.k8s.io"
MANAGER = "eks"
READ = ["get", "list", "watch"]
SEEN_SECONDS = 5.0
"""How long Kubernetes' authoriser may take to see a binding: it follows them, and is not told."""


@dataclass(frozen=True)
class Policy:
    """What an access policy comes to: a role of Kubernetes' own, or rules."""

    role: str = ""
    rules: tuple[Mapping[str, Any], ...] = ()
    shows: str = "pods"
    """What whoever has it may get."""


# EKS user guide, "Review access policy permissions".
POLICIES: Mapping[str, Policy] = {
    CLUSTER_ADMIN: Policy(role="cluster-admin"),
    "AmazonEKSAdminPolicy": Policy(role="admin"),
    "AmazonEKSEditPolicy": Policy(role="edit"),
    "AmazonEKSViewPolicy": Policy(role="view"),
    "AmazonEKSAdminViewPolicy": Policy(rules=({"apiGroups": ["*"], "resources": ["*"], "verbs": READ},)),
    "AmazonEKSSecretReaderPolicy": Policy(rules=({"apiGroups": [""], "resources": ["secrets"], "verbs": READ},), shows="secrets"),
}


class Bindings:
    """The bindings of one cluster, each made once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._made: set[tuple[str, str]] = set()
        self._lock = Lock()

    def allow(self, policy: str, namespaces: tuple[str, ...]) -> None:
        """Binds a policy for the cluster, or for namespaces; one that is not there yet is left for the next time. TokenError for an unknown policy."""
        if policy == CLUSTER_ADMIN and not namespaces:
            return  # system:masters, which needs no binding
        if policy not in POLICIES:
            raise TokenError(f"the access policy {policy} is not for people: known are {', '.join(sorted(POLICIES))}")
        with self._lock:
            for namespace in namespaces or ("",):
                if (policy, namespace) not in self._made and self._bind(policy, namespace):
                    self._made.add((policy, namespace))

    def _bind(self, policy: str, namespace: str) -> bool:
        try:
            for object_ in objects(policy, namespace):
                self._api.apply(object_, manager=MANAGER)
        except NotFoundError:
            return False
        self._wait(policy, namespace)
        return True

    def _wait(self, policy: str, namespace: str) -> None:
        """Until the authoriser sees the binding: whoever comes in is not to be refused what the binding allows."""
        wanted = {"verb": "get", "resource": POLICIES[policy].shows, **({"namespace": namespace} if namespace else {})}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": MANAGER, "groups": [group_of(policy, namespace)], "resourceAttributes": wanted},
        }
        until = time.monotonic() + SEEN_SECONDS
        while not self._api.create(review)["status"]["allowed"] and time.monotonic() < until:
            time.sleep(0.02)


def objects(policy: str, namespace: str = "") -> list[dict[str, Any]]:
    """What stands for a policy in the cluster: a role where Kubernetes has none like it, and a binding, of a namespace where one is given."""
    facts, group = POLICIES[policy], group_of(policy)
    role = facts.role or group
    made: list[dict[str, Any]] = []
    if facts.rules:
        made.append({"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": role}, "rules": [dict(rule) for rule in facts.rules]})
    made.append(
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
            "metadata": {"name": group, **({"namespace": namespace} if namespace else {})},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": group_of(policy, namespace)}],
        }
    )
    return made
