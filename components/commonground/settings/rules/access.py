"""Who reaches the cluster, and as whom."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from commonground.settings.base import EndpointAccess
from commonground.settings.bindings import BindingType
from commonground.settings.files import Block, Files
from commonground.settings.merge import DEPLOYER
from commonground.settings.mistakes import did_you_mean, listed
from commonground.settings.rules.network import PRIVATE
from commonground.settings.rules.problem import Problem, Rule

ROLES = (BindingType.ROLE_ARN, BindingType.ROLE_ARNS)
"""Types of the bindings that are principals."""

# Nobody comes from these ranges by the internet (RFC 1918, RFC 6598, loopback and link-local).
_NEVER_PUBLIC = (*PRIVATE, *(IPv4Network(text) for text in ("127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10")))
REQUIRED_ADDONS = {
    "vpc-cni": "pods have no network without it",
    "kube-proxy": "services have no addresses without it",
    "eks-pod-identity-agent": "pods have no AWS identity without it",
    "coredns": "names are not resolved without it",
}
"""Add-ons that a cluster without self-managed ones cannot do without."""


def clients(files: Files) -> Iterator[Problem]:
    """A public endpoint says who its clients are, by a binding of ranges."""
    endpoint, named = files.blueprint.cluster.endpoint, files.blueprint.bindings
    files.sure(Block.BLUEPRINT, "bindings")
    keys = ("cluster", "endpoint", "clients")
    ranges = [name for name, binding in named.items() if binding.type is BindingType.CIDRS]
    if endpoint.clients is None:
        if endpoint.access is EndpointAccess.PUBLIC:
            fix = f"add `clients: {ranges[0] if ranges else 'api_clients'}`, or write `access: private`"
            yield Problem(Block.BLUEPRINT, keys, "nothing", "a binding of type cidrs: who reaches a public endpoint", fix)
    elif endpoint.access is EndpointAccess.PRIVATE:
        yield Problem(Block.BLUEPRINT, keys, endpoint.clients, "nothing: a private endpoint has no clients outside the VPC", "remove it")
    elif files.unsure(Block.BLUEPRINT, "bindings", endpoint.clients):
        return
    elif endpoint.clients not in named:
        guess = did_you_mean(endpoint.clients, ranges)
        fix = f'did you mean "{guess}"?' if guess else f"add `{endpoint.clients}: {{type: cidrs}}` to the blueprint's bindings"
        yield Problem(Block.BLUEPRINT, keys, endpoint.clients, f"a binding of type cidrs: {listed(ranges)}", fix)
    elif named[endpoint.clients].type is not BindingType.CIDRS:
        yield Problem(
            Block.BLUEPRINT,
            keys,
            f"{endpoint.clients}, a {named[endpoint.clients].type}",
            f"a binding of type cidrs: {listed(ranges)}",
            "name a binding of ranges",
        )


def client_ranges(files: Files) -> Iterator[Problem]:
    """With protection on, a public endpoint is not open to the world; a client's range is one of the internet."""
    endpoint = files.blueprint.cluster.endpoint
    values = files.bindings.values.get(endpoint.clients or "")
    if endpoint.access is not EndpointAccess.PUBLIC or endpoint.clients is None or not isinstance(values, list):
        return
    if not values and files.scale.protect:
        expected = "the ranges that reach the public endpoint: without any, it is open to the world"
        yield Problem(Block.BINDINGS, (endpoint.clients,), "an empty list", expected, "add your ranges, or `access: private` in the blueprint")
    for index, value in enumerate(values):
        try:
            network = IPv4Network(str(value), strict=False)
        except ValueError:
            continue
        keys = (endpoint.clients, index)
        if network.prefixlen == 0 and files.scale.protect:
            yield Problem(
                Block.BINDINGS,
                keys,
                str(value),
                "ranges that are yours: `protect: true` does not go with an endpoint that is open to the world",
                "name your own ranges",
            )
        if any(network.subnet_of(never) for never in _NEVER_PUBLIC):
            yield Problem(
                Block.BINDINGS,
                keys,
                str(value),
                "a range of the internet: private ones never reach a public endpoint",
                "name the range that your clients leave by",
            )


def principals(files: Files) -> Iterator[Problem]:
    """The cluster's access names bindings of roles, the deployer among them."""
    blueprint = files.blueprint
    roles = [name for name, binding in blueprint.bindings.items() if binding.type in ROLES]
    for name in blueprint.cluster.access:
        if name not in roles and not files.unsure(Block.BLUEPRINT, "bindings", name):
            guess = did_you_mean(name, roles)
            fix = f'did you mean "{guess}"?' if guess else f"add `{name}: {{type: role_arns}}` to the blueprint's bindings"
            yield Problem(Block.BLUEPRINT, ("cluster", "access", name), f"`{name}`", f"a binding of type role_arn or role_arns: {listed(roles)}", fix)
    policy = blueprint.cluster.access.get(DEPLOYER)
    admin = "AmazonEKSClusterAdminPolicy"
    if policy != admin:
        expected = f"{admin}: Kubernetes objects are made as this role"
        yield Problem(Block.BLUEPRINT, ("cluster", "access", DEPLOYER), policy or "nothing", expected, f"write `{DEPLOYER}: {admin}`")


def _let_in(files: Files) -> tuple[str, ...]:
    """Bindings whose roles come into the cluster: by a policy, or as members of teams."""
    blueprint = files.blueprint
    named = [*blueprint.cluster.access, *(binding for team in blueprint.teams.values() for binding in team.members.values())]
    return tuple(name for name in dict.fromkeys(named) if name in blueprint.bindings and blueprint.bindings[name].type in ROLES)


def one_entry_a_principal(files: Files) -> Iterator[Problem]:
    """No role has two policies or stands in a list twice: EKS has one access entry a principal (EKS user guide, "Create access entries").

    A role may have a policy and be a member of several teams: that is one entry with all of their groups.
    """
    access = files.blueprint.cluster.access
    with_policy: dict[str, str] = {}
    for name in _let_in(files):
        seen = with_policy if name in access else {}
        value = files.bindings.values.get(name)
        for keys, arn in [((name, index), item) for index, item in enumerate(value)] if isinstance(value, list) else [((name,), value)]:
            if not isinstance(arn, str):
                continue
            first = seen.setdefault(arn, name)
            if first != name or (isinstance(value, list) and value.index(arn) != keys[-1]):
                yield Problem(Block.BINDINGS, keys, f"{arn} a second time", f"each role once: `{first}` has it", "remove it from one of the two")


def entry_names(files: Files) -> Iterator[Problem]:
    """Entries are told apart by the last part of their role's name, whatever its path."""
    seen: dict[tuple[str, str], str] = {}
    for name in _let_in(files):
        value = files.bindings.values.get(name)
        for index, arn in enumerate(value if isinstance(value, list) else []):
            account, role = str(arn).split(":")[4:5], str(arn).rsplit("/", 1)[-1]
            first = seen.setdefault((name, f"{account}{role}"), str(arn))
            if first != arn:
                expected = f"roles that differ in the last part of their name: `{first}` has it too"
                yield Problem(Block.BINDINGS, (name, index), str(arn), expected, "rename one of the roles, or put it into a binding of its own")


def deployer(files: Files) -> Iterator[Problem]:
    """The deploying role lives in the environment's account."""
    arn, account = files.bindings.values.get(DEPLOYER), files.bindings.account
    files.sure(Block.BINDINGS, "account")
    parts = str(arn).split(":")
    if len(parts) == 6 and parts[4] != account:
        yield Problem(
            Block.BINDINGS,
            (DEPLOYER,),
            f"a role of account {parts[4]}",
            f"one of the environment's account, {account}",
            "correct the account here, or in `account`",
        )


def addons(files: Files) -> Iterator[Problem]:
    """The add-ons that a cluster cannot do without are there, each once."""
    listed_addons = files.blueprint.cluster.addons
    files.sure(Block.BLUEPRINT, "cluster", "addons")
    for name, reason in REQUIRED_ADDONS.items():
        if name not in listed_addons:
            yield Problem(Block.BLUEPRINT, ("cluster", "addons"), listed(listed_addons), f"{name} among them: {reason}", f"add {name}", whole=True)
    for index, addon in enumerate(listed_addons):
        if addon in listed_addons[:index]:
            yield Problem(Block.BLUEPRINT, ("cluster", "addons", index), f"{addon} a second time", "each add-on once", "remove it")


RULES: tuple[Rule, ...] = (clients, client_ranges, principals, one_entry_a_principal, entry_names, deployer, addons)
