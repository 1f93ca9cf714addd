"""Trust in CI systems: a token of theirs opens a role for one repository, on named branches or environments, and for AWS only."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from policies.policy import EXAMPLE, Note, Policy, Resource, Severity, Thresholds, example, resource
from policies.statements import conditions, statements
from policies.tokens import ROLE
from policies.values import at, known, show, texts

PROVIDER = re.compile(r":oidc-provider/(?P<issuer>.+)$")
# Issuers that are no CI system: clusters for their own pods (EKS user guide, "IAM roles for service accounts"), and people's identities.
OTHERS = re.compile(r"^oidc\.eks\.|^oidc-eks\.|^cognito-identity\.|^accounts\.google\.com$|^sts\.windows\.net/|^login\.microsoftonline\.com/")
GITHUB = "token.actions.githubusercontent.com"
ENTERPRISE = "/_services/token"  # GitHub Enterprise Server's issuer ends so (GitHub docs, "OpenID Connect reference")
EQUALS = frozenset({"stringequals", "stringlike", "foranyvalue:stringequals", "foranyvalue:stringlike", "stringequalsignorecase"})

# Subjects, by issuer (GitHub docs, "OpenID Connect reference"; GitLab docs, "ID token payload"). An owner or repository may carry its id: `owner@1/name@2`.
GITHUB_SUBJECT = re.compile(r"^repo:[^/:*?]+/[^/:*?]+:(?P<rest>environment:[^*?]+|ref:refs/(?:heads|tags)/[^*?]+|(?P<any>pull_request))$")
GITLAB_SUBJECT = re.compile(r"^project_path:[^:*?]+/[^:*?]+:ref_type:(?:branch|tag):ref:(?:[^*?]+|(?P<any>\*))$")
FORMS = {
    "github": (GITHUB_SUBJECT, "repo:OWNER/NAME:environment:ENVIRONMENT or repo:OWNER/NAME:ref:refs/heads/BRANCH"),
    "gitlab": (GITLAB_SUBJECT, "project_path:GROUP/NAME:ref_type:branch:ref:BRANCH"),
}


def bound(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Roles that a CI system's tokens open: for which audience and which subjects.

    `pull_request`, and GitLab's `ref:*`, are all branches of one repository, and so what anybody may push who may open one: for roles that only read. Which
    roles these are, policies.yaml says (`any_branch`); that they only read is not seen here, since their policies are other resources.
    """
    for name, statement in statements(one.document("assumeRolePolicy"), "Allow"):
        for arn in texts(statement, "Principal", "Federated"):
            found = PROVIDER.search(arn)
            if found and not OTHERS.search(found["issuer"]):
                for problem in _unbound(statement, found["issuer"], one.name, thresholds):
                    yield f"the statement {show(name)} trusts {show(found['issuer'])}, and {problem}"


def _unbound(statement: dict[str, Any], issuer: str, role: str, thresholds: Thresholds) -> Iterator[str]:
    if not known(at(statement, "Condition")):
        return
    found: dict[str, list[tuple[str, list[str]]]] = {"aud": [], "sub": []}
    for operator, key, values in conditions(statement):
        host, _, claim = key.rpartition(":")
        if host.lower() == issuer.lower() and claim.lower() in found:
            found[claim.lower()].append((operator.lower(), texts(values)))
            if operator.lower().startswith("forallvalues:") or operator.lower().endswith("ifexists"):
                yield f"{operator} on {claim} also holds where the token has no such claim"
    yield from _audience(found["aud"])
    yield from _subjects(found["sub"], issuer, role, thresholds)


def _audience(audiences: list[tuple[str, list[str]]]) -> Iterator[str]:
    values = [value for operator, listed in audiences if operator in EQUALS for value in listed]
    if not values:
        yield "says nothing of the audience (aud)"
    for value in values:
        if "*" in value or "?" in value:
            yield f"takes the audience {show(value)}, which is not one"


def _subjects(subjects: list[tuple[str, list[str]]], issuer: str, role: str, thresholds: Thresholds) -> Iterator[str]:
    values = [value for operator, listed in subjects if operator in EQUALS for value in listed]
    if not values:
        yield "says nothing of the subject (sub): every repository there is may assume it"
    kind = "github" if issuer == GITHUB or issuer.endswith(ENTERPRISE) else "gitlab" if "gitlab" in issuer else ""
    for value in values:
        if not kind:
            if "*" in value or "?" in value:
                yield f"takes the subjects {show(value)}, which are more than one"
            continue
        form, words = FORMS[kind]
        match = form.match(value)
        if not match:
            yield f"takes the subject {show(value)}, which is not bound to one repository and a branch or an environment; expected {words}"
        elif match["any"] and not any(fnmatchcase(role, pattern) for pattern in thresholds.any_branch):
            yield f"takes every branch ({show(value)}), and {role} is not among the roles that only read (any_branch in policies.yaml)"


def _role(condition: Any, *, issuer: str = GITHUB, name: str = "it") -> Resource:
    provider = f"arn:aws:iam::111111111111:oidc-provider/{issuer}"
    statement = {"Sid": "Ci", "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition}
    return resource(ROLE, {"assumeRolePolicy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}, name)


def _claims(sub: Any, *, issuer: str = GITHUB, aud: str = "sts.amazonaws.com", operator: str = "StringEquals") -> dict[str, Any]:
    return {operator: {f"{issuer}:aud": aud, f"{issuer}:sub": sub}}


_READERS = replace(EXAMPLE, any_branch=("*-preview",))
_MAIN = "repo:o/r:ref:refs/heads/main"
_LAB = "gitlab.com"
_LAB_MAIN = "project_path:g/p:ref_type:branch:ref:main"

POLICIES = (
    Policy(
        id="ci-trust-bound",
        title="CI identities are bound to repository, branch or environment, and audience",
        severity=Severity.ALWAYS,
        why="Without an exact subject every repository of the CI system, anybody's, can assume the role; with one for all branches every pull request can.",
        fix="Compare sub and aud with StringEquals: `commonground.delivery` makes such roles. Roles that only read may take any branch of one repository.",
        types=(ROLE,),
        check=bound,
        passing=lambda: (
            example("a branch", _role(_claims(_MAIN))),
            example("an environment, by ids", _role(_claims("repo:o@1/r@2:environment:prod", operator="StringLike"))),
            example("a project's branch", _role(_claims(_LAB_MAIN, issuer=_LAB, aud="https://gitlab.com"), issuer=_LAB)),
            example("any pull request, to read", _role(_claims("repo:o/r:pull_request"), name="ci-preview"), thresholds=_READERS),
            example("a cluster's own pods", _role({}, issuer="oidc.eks.eu-central-1.amazonaws.com/id/1")),
            example("another CI system", _role(_claims("org/1/project/2/user/3", issuer="oidc.example.com"), issuer="oidc.example.com")),
        ),
        failing=lambda: (
            example("nothing said", _role({})),
            example("no subject", _role({"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}})),
            example("no audience", _role({"StringEquals": {f"{GITHUB}:sub": _MAIN}})),
            example("any audience", _role(_claims(_MAIN, aud="*", operator="StringLike"))),
            example("any repository of the organization", _role(_claims("repo:o/*:ref:refs/heads/main", operator="StringLike"))),
            example("anything of the repository", _role(_claims("repo:o/r:*", operator="StringLike"))),
            example("any branch", _role(_claims("repo:o/r:ref:refs/heads/*", operator="StringLike"))),
            example("any pull request, to change", _role(_claims("repo:o/r:pull_request"), name="ci-deploy"), thresholds=_READERS),
            example("holds without the claim", _role({**_claims(_MAIN), "ForAllValues:StringLike": {f"{GITHUB}:sub": [_MAIN]}})),
            example("any project", _role(_claims("project_path:g/*", issuer=_LAB, operator="StringLike"), issuer=_LAB)),
            example("any branch of a project", _role(_claims("project_path:g/p:ref_type:branch:ref:*", issuer=_LAB, operator="StringLike"), issuer=_LAB)),
            example("anybody of another CI system", _role(_claims("org/*", issuer="oidc.example.com"), issuer="oidc.example.com")),
        ),
    ),
)
