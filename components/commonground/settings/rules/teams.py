"""Teams: the same in blueprint and scale, apart from each other, and made of what the blueprint has."""

from collections.abc import Iterable, Iterator

from commonground.settings.base import BucketPurpose, PoolPurpose
from commonground.settings.blueprint import Team
from commonground.settings.document import Keys
from commonground.settings.files import Block, Files
from commonground.settings.mistakes import did_you_mean, listed
from commonground.settings.rules.access import ROLES
from commonground.settings.rules.problem import Problem, Rule, repeated, unmatched, unread
from commonground.settings.scale import TeamScale

RESERVED = {
    "default": "nothing of a team's is kept apart there",
    "accelerators": "the GPU software lives there, with privileges that a team's pods must not have",
}
"""Namespaces that no team has, and why. `kube-` is a prefix that Kubernetes keeps for itself (its documentation, "Namespaces")."""

SHARED_OUT = ("cpu", "memory_gib", "gpus", "storage_gib")
"""Parts of a quota that a team's namespaces get an even share of."""


def both(files: Files) -> Iterator[tuple[str, Team, TeamScale]]:
    """Yield the teams that blueprint and scale both have."""
    for name, team in files.blueprint.teams.items():
        if name in files.scale.teams:
            yield name, team, files.scale.teams[name]


def same(files: Files) -> Iterator[Problem]:
    """The scale has a quota for exactly the blueprint's teams."""
    yield from unmatched(
        files,
        "teams",
        "team",
        shape=files.blueprint.teams,
        scale=files.scale.teams,
        lacks="the quota of every team of the blueprint",
        add=lambda name: f"{name}: {{cpu: 20, memory_gib: 80, storage_gib: 200}}",
    )


def quotas(files: Files) -> Iterator[Problem]:
    """A quota has a share for each namespace, and GPUs only where a pool has any."""
    gpu_pools = [name for name, pool in files.blueprint.pools.items() if pool.purpose is PoolPurpose.GPU]
    for name, team, quota in both(files):
        if quota.gpus and not gpu_pools and not files.partly(Block.BLUEPRINT, "pools"):
            expected = "0: no pool of the blueprint has the purpose gpu"
            yield Problem(Block.SCALE, ("teams", name, "gpus"), str(quota.gpus), expected, "remove it, or add a GPU pool to the blueprint")
            continue
        count = len(team.namespaces)
        for key in SHARED_OUT if not files.unsure(Block.BLUEPRINT, "teams", name, "namespaces") else ():
            value = getattr(quota, key)
            if 0 < value < count:
                expected = f"at least {count}: it is shared out evenly among the namespaces {listed(team.namespaces)}"
                yield Problem(Block.SCALE, ("teams", name, key), str(value), expected, f"write {count} or more{', or 0' if key == 'gpus' else ''}")


def names(files: Files) -> Iterator[Problem]:
    """A team's name is free for its service account."""
    if "default" in files.blueprint.teams:
        expected = "another name: the team's service account has it, and Kubernetes makes one named `default` in every namespace"
        yield Problem(Block.BLUEPRINT, ("teams", "default"), "the name `default`", expected, "rename the team")


def namespaces(files: Files) -> Iterator[Problem]:
    """Each namespace belongs to one team, and none is the cluster's own."""
    owners: dict[str, str] = {}
    for name, team in files.blueprint.teams.items():
        if files.unsure(Block.BLUEPRINT, "teams", name, "namespaces"):
            continue
        for index, namespace in enumerate(team.namespaces):
            keys = ("teams", name, "namespaces", index)
            reason = "Kubernetes keeps the prefix `kube-` for itself" if namespace.startswith("kube-") else RESERVED.get(namespace)
            if reason is not None:
                yield Problem(Block.BLUEPRINT, keys, namespace, f"a namespace of the team's own: {reason}", f"rename it, for example {name}")
            elif namespace in team.namespaces[:index]:
                yield Problem(Block.BLUEPRINT, keys, f"{namespace} a second time", "each namespace once", "remove it")
            elif owners.setdefault(namespace, name) != name:
                yield Problem(Block.BLUEPRINT, keys, namespace, f"a namespace that no other team has: `{owners[namespace]}` has it", "rename one of the two")


def members(files: Files) -> Iterator[Problem]:
    """A role in a team is held by a binding of IAM roles."""
    bindings = files.blueprint.bindings
    holders = [name for name, binding in bindings.items() if binding.type in ROLES]
    for name, team in files.blueprint.teams.items():
        for role, binding in team.members.items():
            keys = ("teams", name, "members", role.value)
            if binding in holders or files.unsure(Block.BLUEPRINT, "bindings", binding):
                continue
            if binding in bindings:
                found, fix = f"{binding}, a {bindings[binding].type}", "name a binding of IAM roles"
            else:
                guess = did_you_mean(binding, holders)
                found, fix = binding, f'did you mean "{guess}"?' if guess else f"add `{binding}: {{type: role_arns}}` to the blueprint's bindings"
            yield Problem(Block.BLUEPRINT, keys, found, f"a binding of type role_arn or role_arns: {listed(holders)}", fix)


def buckets(files: Files) -> Iterator[Problem]:
    """A team's buckets are the blueprint's, except the one for logs."""
    shape = files.blueprint.buckets
    usable = [name for name, bucket in shape.items() if bucket.purpose is not BucketPurpose.LOGS or files.unsure(Block.BLUEPRINT, "buckets", name, "purpose")]
    for name, team in files.blueprint.teams.items():
        for bucket in team.buckets:
            keys = ("teams", name, "buckets", bucket)
            if bucket not in shape:
                yield from _unknown(files, keys, "buckets", bucket, usable)
            elif bucket not in usable:
                expected = f"a bucket for a team's own objects: {listed(usable)}. `{bucket}` takes the others' access logs"
                yield Problem(Block.BLUEPRINT, keys, f"the bucket `{bucket}`", expected, "remove it")


def prefixes(files: Files) -> Iterator[Problem]:
    """No team's prefix in a bucket lies in another team's."""
    taken: list[tuple[str, str, str]] = []
    for name, team in files.blueprint.teams.items():
        for bucket, prefix in team.buckets.items():
            for other, there, owned in taken:
                if bucket == there and other != name and (prefix.startswith(owned) or owned.startswith(prefix)):
                    expected = f"a prefix apart from those of other teams: `{other}` has {owned} in this bucket"
                    fix = f"write {name}/" if not owned.startswith(f"{name}/") else "give one of the two another prefix"
                    yield Problem(Block.BLUEPRINT, ("teams", name, "buckets", bucket), prefix, expected, fix)
            taken.append((name, bucket, prefix))


def registries(files: Files) -> Iterator[Problem]:
    """A team's repositories are the blueprint's, each named once."""
    for name, team in files.blueprint.teams.items():
        yield from repeated(Block.BLUEPRINT, ("teams", name, "registries"), team.registries)
        for index, repository in enumerate(team.registries):
            if repository not in files.blueprint.registries and repository not in team.registries[:index]:
                yield from _unknown(files, ("teams", name, "registries", index), "registries", repository, files.blueprint.registries)


def peers(files: Files) -> Iterator[Problem]:
    """A team's peers are other teams, each named once."""
    teams = files.blueprint.teams
    for name, team in teams.items():
        yield from repeated(Block.BLUEPRINT, ("teams", name, "peers"), team.peers)
        for index, peer in enumerate(team.peers):
            keys = ("teams", name, "peers", index)
            if peer == name:
                yield Problem(
                    Block.BLUEPRINT, keys, f"{peer}, the team itself", "other teams: pods of one team reach each other in their namespaces", "remove it"
                )
            elif peer not in teams and peer not in team.peers[:index]:
                yield from _unknown(files, keys, "teams", peer, [other for other in teams if other != name])


def _unknown(files: Files, keys: Keys, kind: str, name: str, known: Iterable[str]) -> Iterator[Problem]:
    """Yield a problem for a name that the blueprint lacks; none where a name could not be read, since that may be the one that is meant."""
    if not unread(files, kind):
        known = list(known)
        guess = did_you_mean(name, known)
        fix = f'did you mean "{guess}"?' if guess else f"remove it, or add it to the blueprint's `{kind}`"
        yield Problem(Block.BLUEPRINT, keys, f"the unknown name `{name}`", f"one of the blueprint's {kind}: {listed(known)}", fix)


RULES: tuple[Rule, ...] = (same, quotas, names, namespaces, members, buckets, prefixes, registries, peers)
