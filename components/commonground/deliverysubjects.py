"""Whose token is trusted: the subjects of GitHub's and GitLab's pipelines, and the conditions of a role's trust that are made of them.

AWS knows a token by its issuer, audience and subject. Of GitHub's it takes further claims as keys, of GitLab's none, so the subject alone decides here.
"""

from commonground.iam import Conditions
from commonground.settings.base import CiSystem
from commonground.settings.environment import DeliverySettings


def repositories(settings: DeliverySettings) -> tuple[str, ...]:
    """How subjects name the repository: one way for each form that GitHub has, one for GitLab.

    With ids: repositories that were created, renamed or moved after 2026-07-15, or have opted in. A repository that is made under a name that somebody
    gave up has ids, and other ones: the form without them stays safe (GitHub docs, "OpenID Connect reference", immutable subject claims).
    """
    if settings.system is CiSystem.GITLAB:
        return (f"project_path:{settings.repository}",)
    owner, _, name = settings.repository.partition("/")
    with_ids = (f"repo:{owner}@{settings.owner_id}/{name}@{settings.repository_id}",) if settings.owner_id is not None else ()
    return (f"repo:{settings.repository}", *with_ids)


def deployed_from(settings: DeliverySettings) -> str:
    """The end of the subjects that deploy: of the environment where there is one, else of the branch.

    A job that names an environment has its subject and no other, whatever its branch (GitHub docs, "OpenID Connect reference", example subject claims).
    """
    if settings.ci_environment is not None:
        return f"environment:{_escaped(settings.ci_environment)}"
    return _branch(settings)


def deploy_conditions(settings: DeliverySettings) -> Conditions:
    """Exactly the subjects that deploy."""
    return {"StringEquals": {f"{settings.host}:aud": settings.audience, f"{settings.host}:sub": _each(settings, deployed_from(settings))}}


def preview_conditions(settings: DeliverySettings) -> Conditions:
    """The repository's pull requests; its branch and environment too, whose drift check then needs no right to change anything.

    GitLab has no subject for merge requests: their pipelines have the one of the source branch, with `ref_type:branch`, and of the source project, so a
    fork's has another one (GitLab's source, lib/gitlab/ci/jwt.rb and jwt_v2.rb; the latter since issue 548165 was fixed in 2025). Any merge request is
    any branch of this one project, therefore: the project and the type are fixed, the branch alone is open.
    """
    audience, subject = f"{settings.host}:aud", f"{settings.host}:sub"
    if settings.system is CiSystem.GITLAB:
        return {"StringEquals": {audience: settings.audience}, "StringLike": {subject: _each(settings, "ref_type:branch:ref:*")}}
    ends = dict.fromkeys(("pull_request", _branch(settings), deployed_from(settings)))
    return {"StringEquals": {audience: settings.audience, subject: [found for end in ends for found in _each(settings, end)]}}


def _branch(settings: DeliverySettings) -> str:
    return f"ref_type:branch:ref:{settings.branch}" if settings.system is CiSystem.GITLAB else f"ref:refs/heads/{settings.branch}"


def _each(settings: DeliverySettings, end: str) -> list[str]:
    return [f"{repository}:{end}" for repository in repositories(settings)]


def _escaped(text: str) -> str:
    """As GitHub writes a name in a subject (GitHub docs, "OpenID Connect reference", metadata containing `:`)."""
    return text.replace(":", "%3A")
