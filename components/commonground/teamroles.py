"""What the members of a team may do in its namespaces: a table of Kubernetes rules by role.

No role may do what would lift it above itself, or the team above its bounds: no verb on roles and bindings; none but reading on quotas, limits, network
policies, namespaces and service accounts; no token of a service account, no impersonation, no wildcard. What is not in the table is refused.

Whoever can start pods reaches, by a pod, what that namespace's pods may reach: its secrets, and the team's AWS role (Kubernetes docs, "Role Based Access
Control Good Practices", workload creation). The namespace is the boundary. That developers and ML engineers have no verb on secrets keeps them out of
terminals and logs; it does not hide them from somebody who wants them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from commonground.settings.base import TeamRole

READ = ("get", "list", "watch")
WRITE = ("create", "delete", "patch", "update")
CHANGE = ("patch", "update")


@dataclass(frozen=True)
class Rule:
    """Verbs on resources of an API group, in one namespace."""

    group: str
    """The core group is the empty text."""
    resources: tuple[str, ...]
    verbs: tuple[str, ...]


def _merged(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules with what is said twice of a resource said once: all of its verbs in one rule."""
    verbs: dict[tuple[str, str], set[str]] = {}
    for rule in rules:
        for resource in rule.resources:
            verbs.setdefault((rule.group, resource), set()).update(rule.verbs)
    resources: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, resource), found in verbs.items():
        resources.setdefault((group, tuple(sorted(found))), []).append(resource)
    return tuple(Rule(group, tuple(sorted(of)), found) for (group, found), of in sorted(resources.items()))


# Subresources are named one by one: a websocket is opened by `get`, so "pods/*" for readers would be a shell.
SEEN = (
    # Endpoints: the provider watches them until a service has pods.
    Rule("", ("configmaps", "endpoints", "events", "limitranges", "persistentvolumeclaims", "pods", "resourcequotas", "serviceaccounts", "services"), READ),
    # The namespace itself, by name; a log has no list.
    Rule("", ("namespaces", "pods/log"), ("get",)),
    Rule("apps", ("daemonsets", "deployments", "replicasets", "statefulsets"), READ),
    Rule("autoscaling", ("horizontalpodautoscalers",), READ),
    Rule("batch", ("cronjobs", "jobs"), READ),
    Rule("discovery.k8s.io", ("endpointslices",), READ),
    Rule("events.k8s.io", ("events",), READ),
    Rule("metrics.k8s.io", ("pods",), ("get", "list")),
    Rule("networking.k8s.io", ("ingresses", "networkpolicies"), READ),
    Rule("policy", ("poddisruptionbudgets",), READ),
    Rule("resource.k8s.io", ("resourceclaims", "resourceclaimtemplates"), READ),
)

# Both verbs: a websocket is opened by `get`, and from Kubernetes 1.35 on `create` is asked for beside it (feature gate
# AuthorizePodWebsocketUpgradeCreatePermission).
TUNNEL = ("create", "get")
PORTS = Rule("", ("pods/portforward",), TUNNEL)
RESTART = Rule("", ("pods",), ("delete",))
SCALE = Rule("apps", ("deployments/scale", "statefulsets/scale"), ("get", *CHANGE))

# Services and their kin. DaemonSets are the foundation's: what runs on every node is node software.
SERVICES = (
    Rule("", ("configmaps", "services"), WRITE),
    Rule("apps", ("deployments", "statefulsets"), WRITE),
    SCALE,
    Rule("autoscaling", ("horizontalpodautoscalers",), WRITE),
    Rule("policy", ("poddisruptionbudgets",), WRITE),
)
JOBS = (
    Rule("batch", ("cronjobs", "jobs"), WRITE),
    # GPUs by DRA are asked for by claims.
    Rule("resource.k8s.io", ("resourceclaims", "resourceclaimtemplates"), WRITE),
)
CLAIMS = Rule("", ("persistentvolumeclaims",), WRITE)

_TABLE: Mapping[TeamRole, tuple[Rule, ...]] = MappingProxyType(
    {
        # Sees what runs and why it does not. No secrets, no way into a pod.
        TeamRole.VIEWER: SEEN,
        # Tries an application out where it is bound (dev, as a rule), restarts a pod, looks at it through a port. No shell: in a pod that is the team's AWS
        # role in somebody's hands; who needs it where nothing is at stake is bound there as an operator. No ingress: what the world reaches goes by CI.
        TeamRole.DEVELOPER: (*SEEN, *SERVICES, *JOBS, RESTART, PORTS),
        # Trains: jobs with their inputs, claims and headless services, single pods for notebooks, ports for what they show. Serving goes by CI.
        TeamRole.ML_ENGINEER: (
            *SEEN,
            *JOBS,
            CLAIMS,
            Rule("", ("configmaps", "services"), WRITE),
            Rule("", ("pods",), WRITE),
            PORTS,
        ),
        # Keeps running what runs, at three in the morning: scales, rolls back (which is a patch), suspends, evicts, opens a shell, reads every secret.
        # Makes and deletes nothing but pods.
        TeamRole.OPERATOR: (
            *SEEN,
            Rule("", ("secrets",), READ),
            Rule("", ("pods/attach", "pods/exec", "pods/portforward"), TUNNEL),
            Rule("", ("pods/ephemeralcontainers",), CHANGE),
            Rule("", ("pods/eviction",), ("create",)),
            RESTART,
            Rule("", ("configmaps",), CHANGE),
            Rule("apps", ("deployments", "statefulsets"), CHANGE),
            SCALE,
            Rule("autoscaling", ("horizontalpodautoscalers",), CHANGE),
            Rule("batch", ("cronjobs", "jobs"), CHANGE),
        ),
        # Applies everything that the team's stacks hold. Reads every secret: the provider watches what it deletes until it is gone, and without the right
        # waits ten minutes; whoever may start pods reaches them anyway. No shell and no port: a machine needs neither.
        TeamRole.CI: (
            *SEEN,
            *SERVICES,
            *JOBS,
            CLAIMS,
            RESTART,
            Rule("", ("secrets",), (*READ, *WRITE)),
            Rule("networking.k8s.io", ("ingresses",), WRITE),
        ),
    }
)

RULES: Mapping[TeamRole, tuple[Rule, ...]] = MappingProxyType({role: _merged(rules) for role, rules in _TABLE.items()})
"""Role -> the rules of its Kubernetes role, each resource in one of them, sorted."""


def allowed(role: TeamRole, verb: str, resource: str, group: str = "") -> bool:
    """Whether the table lets a role do this in its namespaces. A subresource is a resource of its own. Example: `allowed(role, "create", "pods/exec")`."""
    return any(verb in rule.verbs and resource in rule.resources and group == rule.group for rule in RULES[role])
