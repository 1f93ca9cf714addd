"""What a user can rely on of the members' roles: who may do what in a team's namespaces."""

import pytest

from commonground.settings.base import TeamRole
from commonground.teamroles import RULES, allowed

EVERYBODY = set(TeamRole)
NOBODY: set[TeamRole] = set()
VIEWER, DEVELOPER, ML_ENGINEER, OPERATOR, CI = TeamRole.VIEWER, TeamRole.DEVELOPER, TeamRole.ML_ENGINEER, TeamRole.OPERATOR, TeamRole.CI
RBAC = "rbac.authorization.k8s.io"


@pytest.mark.parametrize(
    ("verb", "resource", "group", "roles"),
    [
        ("list", "pods", "", EVERYBODY),
        ("get", "pods/log", "", EVERYBODY),
        ("watch", "deployments", "apps", EVERYBODY),
        ("get", "resourcequotas", "", EVERYBODY),
        ("list", "events", "", EVERYBODY),
        ("list", "pods", "metrics.k8s.io", EVERYBODY),
        ("get", "namespaces", "", EVERYBODY),
        ("create", "deployments", "apps", {DEVELOPER, CI}),
        ("delete", "statefulsets", "apps", {DEVELOPER, CI}),
        ("patch", "deployments", "apps", {DEVELOPER, OPERATOR, CI}),
        ("patch", "deployments/scale", "apps", {DEVELOPER, OPERATOR, CI}),
        ("create", "jobs", "batch", {DEVELOPER, ML_ENGINEER, CI}),
        ("patch", "cronjobs", "batch", {DEVELOPER, ML_ENGINEER, OPERATOR, CI}),
        ("create", "configmaps", "", {DEVELOPER, ML_ENGINEER, CI}),
        ("create", "services", "", {DEVELOPER, ML_ENGINEER, CI}),
        ("create", "ingresses", "networking.k8s.io", {CI}),
        ("create", "persistentvolumeclaims", "", {ML_ENGINEER, CI}),
        ("create", "resourceclaimtemplates", "resource.k8s.io", {DEVELOPER, ML_ENGINEER, CI}),
        ("create", "pods", "", {ML_ENGINEER}),
        ("delete", "pods", "", {DEVELOPER, ML_ENGINEER, OPERATOR, CI}),
        ("create", "pods/eviction", "", {OPERATOR}),
        ("create", "pods/portforward", "", {DEVELOPER, ML_ENGINEER, OPERATOR}),
        ("patch", "pods/ephemeralcontainers", "", {OPERATOR}),
        ("list", "secrets", "", {OPERATOR, CI}),
        ("get", "secrets", "", {OPERATOR, CI}),
        ("create", "secrets", "", {CI}),
    ],
)
def test_who_may_do_it(verb: str, resource: str, group: str, roles: set[TeamRole]) -> None:
    assert {role for role in TeamRole if allowed(role, verb, resource, group)} == roles


@pytest.mark.parametrize("resource", ["pods/exec", "pods/attach"])
@pytest.mark.parametrize("verb", ["get", "create"])
def test_only_operators_open_a_shell_by_either_of_the_two_verbs_that_open_one(verb: str, resource: str) -> None:
    assert {role for role in TeamRole if allowed(role, verb, resource)} == {OPERATOR}


@pytest.mark.parametrize("verb", ["create", "update", "patch", "delete", "deletecollection"])
@pytest.mark.parametrize(
    ("resource", "group"),
    [
        ("resourcequotas", ""),
        ("limitranges", ""),
        ("namespaces", ""),
        ("serviceaccounts", ""),
        ("serviceaccounts/token", ""),
        ("networkpolicies", "networking.k8s.io"),
        ("roles", RBAC),
        ("rolebindings", RBAC),
        ("daemonsets", "apps"),
        ("controllerrevisions", "apps"),
        ("pods/binding", ""),
    ],
)
def test_nobody_moves_the_teams_bounds_or_runs_node_software(verb: str, resource: str, group: str) -> None:
    assert {role for role in TeamRole if allowed(role, verb, resource, group)} == NOBODY


def test_no_role_has_a_wildcard_or_a_verb_that_lifts_it_above_itself() -> None:
    said = {word for rules in RULES.values() for rule in rules for word in (*rule.verbs, *rule.resources, rule.group)}
    assert said.isdisjoint({"*", "bind", "escalate", "impersonate", "approve", "sign", "use", "users", "groups", "roles", "rolebindings", RBAC})


def test_there_is_a_row_for_each_role_and_no_resource_has_the_same_verbs_said_twice() -> None:
    assert set(RULES) == EVERYBODY
    for rules in RULES.values():
        said = [(rule.group, resource) for rule in rules for resource in rule.resources]
        assert len(said) == len(set(said))
