"""Delivery: one repository, one branch or environment, and bindings of the right types."""

from collections.abc import Iterator

from commonground.settings.base import CiSystem
from commonground.settings.bindings import LOOKS, MADE_HERE, BindingType
from commonground.settings.blueprint import Delivery
from commonground.settings.files import Block, Files
from commonground.settings.merge import issuer
from commonground.settings.rules.problem import Problem, Rule, bound

PLACEHOLDERS = ("your-organization", "your-group", "octo-org", "octocat", "example", "example-org", "my-group", "mygroup")
"""First parts of repositories that only show the form: the shipped blueprint's, and those of GitHub's and GitLab's documentation. Whoever has such a name
there would be trusted."""

ONLY = {CiSystem.GITHUB: ("owner_id", "repository_id", "environment"), CiSystem.GITLAB: ("host", "audience")}
"""Keys that mean something for one system only."""


def _given(files: Files) -> Iterator[Delivery]:
    """Yield the delivery, if there is one."""
    if files.blueprint.delivery is not None:
        yield files.blueprint.delivery


def systems(files: Files) -> Iterator[Problem]:
    """No key belongs to the other system."""
    for delivery in _given(files):
        for system, keys in ONLY.items():
            for key in keys:
                if system is not delivery.system and getattr(delivery, key) is not None:
                    why = ": GitLab's subjects name no environment" if key == "environment" else ""
                    yield Problem(Block.BLUEPRINT, ("delivery", key), str(getattr(delivery, key)), f"nothing: it is for {system} only{why}", "remove it")


def repository(files: Files) -> Iterator[Problem]:
    """The repository is a whole one, and has both of its ids or none."""
    for delivery in _given(files):
        keys = ("delivery", "repository")
        parts = delivery.repository.split("/")
        if delivery.system is CiSystem.GITHUB and len(parts) != 2:
            yield Problem(Block.BLUEPRINT, keys, delivery.repository, "GitHub's owner and name, with one `/`", f"write {parts[0]}/{parts[-1]}")
        elif parts[-1].endswith(".git"):
            yield Problem(Block.BLUEPRINT, keys, delivery.repository, "the repository's name, as subjects have it", "leave out `.git`")
        ids = {"owner_id": delivery.owner_id, "repository_id": delivery.repository_id}
        missing = [key for key, value in ids.items() if value is None]
        if delivery.system is CiSystem.GITHUB and len(missing) == 1:
            fix = f"add it: `gh api repos/{delivery.repository} --jq {'.owner.id' if missing[0] == 'owner_id' else '.id'}`"
            yield Problem(Block.BLUEPRINT, ("delivery", missing[0]), "nothing", "both ids, which stand in one subject, or none", fix)


def branch(files: Files) -> Iterator[Problem]:
    """The branch is a name, not a reference: subjects would have `refs/heads/` twice."""
    for delivery in _given(files):
        if delivery.branch.startswith("refs/"):
            name = delivery.branch.removeprefix("refs/heads/")
            fix = f"write {name}" if name != delivery.branch else "name a branch"
            yield Problem(Block.BLUEPRINT, ("delivery", "branch"), delivery.branch, "the branch's name alone, without `refs/heads/`", fix)


def bindings(files: Files) -> Iterator[Problem]:
    """What is bound is named in the blueprint, with the type that it needs."""
    for delivery in _given(files):
        yield from bound(files, ("delivery", "provider"), delivery.provider, BindingType.OIDC_PROVIDER)
        if delivery.environment is not None and delivery.system is CiSystem.GITHUB:
            yield from bound(files, ("delivery", "environment"), delivery.environment, BindingType.CI_ENVIRONMENT)
        if delivery.state is not None:
            yield from bound(files, ("delivery", "state", "bucket"), delivery.state.bucket, BindingType.BUCKET_NAME)
            if delivery.state.key is not None:
                yield from bound(files, ("delivery", "state", "key"), delivery.state.key, BindingType.KEY_ARN)


def provider(files: Files) -> Iterator[Problem]:
    """A provider that is there already is the environment's account's, and of the issuer that signs the tokens."""
    for delivery in _given(files):
        arn = files.bindings.values.get(delivery.provider)
        if not isinstance(arn, str) or arn == MADE_HERE or not LOOKS[BindingType.OIDC_PROVIDER].fits(arn):
            continue
        files.sure(Block.BINDINGS, "account")
        account, host = arn.split(":")[4], arn.partition(":oidc-provider/")[2]
        if account != files.bindings.account:
            expected = f"one of the environment's account, {files.bindings.account}: a role trusts its own account's providers only"
            yield Problem(Block.BINDINGS, (delivery.provider,), f"a provider of account {account}", expected, "bind the account's own, or `here`")
        elif host != issuer(delivery):
            expected = f"the provider of {issuer(delivery)}, which signs the tokens"
            yield Problem(Block.BINDINGS, (delivery.provider,), f"a provider of {host}", expected, "bind that one, or correct `delivery` in the blueprint")


def placeholder(files: Files) -> Iterator[Problem]:
    """No repository that only shows the form is trusted by a real account."""
    for delivery in _given(files):
        if files.real and delivery.repository.split("/")[0].lower() in PLACEHOLDERS:
            fix = f"put your own there, remove `delivery` (and its bindings), or `commonground preview {files.name} --offline`, which takes placeholders"
            yield Problem(Block.BLUEPRINT, ("delivery", "repository"), f"the placeholder repository {delivery.repository}", "your own", fix)


RULES: tuple[Rule, ...] = (systems, repository, branch, bindings, provider, placeholder)
