"""Bindings: exactly those that the blueprint names, each as its type says, and nothing left to be filled in."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network

from commonground.settings.bindings import FIXED, LOOKS, BindingType
from commonground.settings.document import Keys
from commonground.settings.files import Block, Files
from commonground.settings.lock import LockFile
from commonground.settings.merge import DEPLOYER, VPC_CIDR
from commonground.settings.mistakes import did_you_mean, listed
from commonground.settings.regions import REGIONS
from commonground.settings.rules.problem import Problem, Rule

DEMANDED = {VPC_CIDR: BindingType.CIDR, DEPLOYER: BindingType.ROLE_ARN}
"""Bindings that every blueprint names, since the network and the cluster stand on them."""


def demanded(files: Files) -> Iterator[Problem]:
    """The blueprint names the bindings that the foundation cannot do without, and none that every environment has anyway."""
    named = files.blueprint.bindings
    for name, type_ in DEMANDED.items():
        if name not in named:
            yield Problem(Block.BLUEPRINT, ("bindings", name), "nothing", f"a binding of type {type_}", f"add `{name}: {{type: {type_}}}`")
        elif named[name].type is not type_:
            yield Problem(Block.BLUEPRINT, ("bindings", name, "type"), named[name].type, type_, f"write `{name}: {{type: {type_}}}`")
    for name in named:
        if name in FIXED:
            yield Problem(Block.BLUEPRINT, ("bindings", name), f"the name `{name}`", "another name: every environment binds this one anyway", "remove it")


def complete(files: Files) -> Iterator[Problem]:
    """An environment binds exactly what the blueprint names."""
    named, bound = files.blueprint.bindings, files.bindings.values
    unread = {keys[1] for keys in files.unread.get(Block.BLUEPRINT, ()) if len(keys) > 1 and keys[0] == "bindings"}
    for name in bound:
        if name not in named and name not in unread:
            guess = did_you_mean(name, [*named, *FIXED])
            fix = f'did you mean "{guess}"?' if guess else "remove it, or name it in the blueprint's `bindings`"
            yield Problem(Block.BINDINGS, (name,), f"the unknown binding `{name}`", f"one that the blueprint names: {listed(named)}", fix)
    for name, binding in named.items():
        if name not in bound and name not in FIXED:
            look = LOOKS[binding.type]
            yield Problem(Block.BINDINGS, (name,), "nothing", f"{look.words} (the blueprint names this binding)", f"add `{name}: {look.written}`")


def typed(files: Files) -> Iterator[Problem]:
    """Each binding looks as its type says."""
    for name, binding in files.blueprint.bindings.items():
        if name not in files.bindings.values:
            continue
        look, value, keys = LOOKS[binding.type], files.bindings.values[name], (name,)
        part = files.parts[Block.BINDINGS]
        if look.many != isinstance(value, list):
            shape = "a list, each item" if look.many else "one text,"
            yield Problem(Block.BINDINGS, keys, part.shown(keys), f"{shape} {look.words}", f"write `{name}: {look.written}`")
            continue
        for place, text in [((name, index), item) for index, item in enumerate(value)] if isinstance(value, list) else [(keys, value)]:
            yield from _fits(place, text, part.shown(place), binding.type)


def _fits(keys: Keys, value: object, shown: str, type_: BindingType) -> Iterator[Problem]:
    look = LOOKS[type_]
    if isinstance(value, int | float) and not isinstance(value, bool) and look.fits(shown):
        yield Problem(Block.BINDINGS, keys, f"{shown} unquoted", f"{look.words}, in quotes", f'write "{shown}"')
    elif not isinstance(value, str) or not look.fits(value):
        yield Problem(Block.BINDINGS, keys, shown, look.words, f"write it in this form, for example {look.example}")
    elif type_ in (BindingType.CIDR, BindingType.CIDRS):
        network = IPv4Network(value, strict=False)
        if str(network.network_address) != value.split("/")[0]:
            yield Problem(Block.BINDINGS, keys, f"{value}, which has host bits set", "the first address of the range", f"write {network}")


def misspelt_region(files: Files) -> bool:
    """Tell whether the bindings' region is none: AWS has not had it so far, and no lock says that it answered."""
    region, lock = files.bindings.region, files.models.get(Block.LOCK)
    answered = isinstance(lock, LockFile) and not files.unsure(Block.LOCK, "asked", "region") and lock.asked.region == region
    return region not in REGIONS and not answered and not files.unsure(Block.BINDINGS, "region")


def region(files: Files) -> Iterator[Problem]:
    """The region is one that AWS has."""
    if misspelt_region(files):
        guess = did_you_mean(files.bindings.region, sorted(REGIONS))
        fix = f'did you mean "{guess}"?' if guess else "write a region that AWS has, for example eu-central-1"
        yield Problem(Block.BINDINGS, ("region",), files.bindings.region, "a region that AWS has", fix)


# Accounts of the shipped examples and of AWS' documentation; ranges and domains reserved for documentation (RFC 5737, RFC 2606).
_ACCOUNTS = ("111111111111", "222222222222", "333333333333", "123456789012")
_RANGES = tuple(IPv4Network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"))
_DOMAIN = re.compile(r"(^|[.@/])example(\.(com|net|org))?$|\.(example|invalid|test)$")


def placeholders(files: Files) -> Iterator[Problem]:
    """Nothing stands there that only shows the form."""
    if not files.real:
        return
    for name, value in {"account": files.bindings.account, **files.bindings.values}.items():
        for keys, text in [((name, index), item) for index, item in enumerate(value)] if isinstance(value, list) else [((name,), value)]:
            what = _placeholder(str(text))
            if what is not None:
                fix = f"put your own there, or `commonground preview {files.name} --offline`, which takes placeholders"
                yield Problem(Block.BINDINGS, keys, f"the placeholder {what}", "your own", fix)


def _placeholder(text: str) -> str | None:
    for account in _ACCOUNTS:
        if text == account or f":{account}:" in text:
            return f"account {account}"
    try:
        network = IPv4Network(text, strict=False)
    except ValueError:
        network = None
    if network is not None:
        return f"range {text}" if any(network.subnet_of(reserved) for reserved in _RANGES) else None
    return f"domain {text}" if _DOMAIN.search(text) else None


RULES: tuple[Rule, ...] = (demanded, complete, typed, region, placeholders)
