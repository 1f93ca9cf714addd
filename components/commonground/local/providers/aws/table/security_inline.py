"""Rules inside a security group (`ingress`, `egress`): one object of Pulumi's may be many rules of EC2's, one a source.

Facts from terraform-provider-aws (internal/service/ec2/vpc_security_group.go) and the API reference of AuthorizeSecurityGroupIngress.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table.common import not_a_range
from commonground.local.providers.values import UNKNOWN, Properties

DIRECTIONS = ("ingress", "egress")

PERMISSIONS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}

SOURCES = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
}
"""Where a rule's sources stand in an EC2 permission, by Pulumi's name."""

SCALARS: dict[str, type] = {"description": str, "fromPort": int, "protocol": str, "self": bool, "toPort": int}

NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}
"""Protocols that have a name and a number (API reference, IpPermission)."""

WORDS = re.compile(r"[0-9A-Za-z_ .:/()#,@\[\]+=&;{}!$*-]*")


class Rule(NamedTuple):
    """A rule as EC2 has it: with one source."""

    protocol: str
    ports: tuple[int, int] | None
    """None where the protocol is every protocol."""
    kind: str
    source: str
    description: str

    def permission(self, *, described: bool = True) -> dict[str, Any]:
        """The rule as a request has it. Revoking goes by the rule, not by its description."""
        place, key = SOURCES[self.kind]
        account, _, group = self.source.rpartition("/") if self.kind == "securityGroups" else ("", "", self.source)
        source = {key: group, **({"UserId": account} if account else {}), **({"Description": self.description} if described and self.description else {})}
        ports = {"FromPort": self.ports[0], "ToPort": self.ports[1]} if self.ports else {}
        return {"IpProtocol": self.protocol, **ports, place: [source]}


def protocol_of(value: Any) -> str:
    """A protocol by the name that EC2 gives it."""
    return NUMBERS.get(str(value).lower(), str(value).lower())


def worded(value: Any) -> str | None:
    """Why EC2 would not take a name or description of groups and rules; None if it would."""
    if not isinstance(value, str) or value == UNKNOWN:
        return None
    if len(value) > 255:
        return f"is {len(value)} characters, expected at most 255"
    if not WORDS.fullmatch(value):
        wrong = sorted({sign for sign in value if not WORDS.fullmatch(sign)})
        return f"has {' '.join(wrong)}; EC2 takes letters, digits, spaces and ._-:/()#,@[]+=&;{{}}!$* (API reference, CreateSecurityGroup)"
    return None


def inline_traps(inputs: Properties) -> Iterator[tuple[str, str]]:
    """What is wrong with the rules inside a group."""
    for name in DIRECTIONS:
        rules = inputs.get(name, [])
        for index, rule in enumerate(rules if isinstance(rules, list) else []):
            if isinstance(rule, dict):
                yield from _rule_traps(rule, f"{name}[{index}]")


def _rule_traps(rule: Properties, path: str) -> Iterator[tuple[str, str]]:
    for name, value in rule.items():
        if name not in SOURCES and name not in SCALARS:
            yield f"{path}.{name}", f"is not a known property of a rule ({', '.join(sorted({*SOURCES, *SCALARS}))})"
        elif value != UNKNOWN and not isinstance(value, SCALARS.get(name, list)):
            yield f"{path}.{name}", f"expected {SCALARS.get(name, list).__name__}, got {type(value).__name__} {value!r}"
    for name in ("fromPort", "protocol", "toPort"):
        if name not in rule:
            yield f"{path}.{name}", "is required"
    if not any(rule.get(name) for name in (*SOURCES, "self")):
        yield path, f"needs a source: {', '.join(SOURCES)} or self"
    if protocol_of(rule.get("protocol")) == "-1" and any(rule.get(name, 0) not in (0, UNKNOWN) for name in ("fromPort", "toPort")):
        yield f"{path}.fromPort", "has to be 0, as toPort, where the protocol is every protocol (-1)"
    if reason := worded(rule.get("description", UNKNOWN)):
        yield f"{path}.description", reason
    for name, version in (("cidrBlocks", 4), ("ipv6CidrBlocks", 6)):
        for cidr in rule.get(name, []) if isinstance(rule.get(name, []), list) else []:
            if reason := not_a_range(cidr, version):
                yield f"{path}.{name}", reason


def settle_rules(api: Api, id_: str, wanted: Properties) -> None:
    """Brings the given directions to the wanted rules: what is too much goes first, as in the official provider."""
    for direction in (name for name in DIRECTIONS if name in wanted):
        there, after = _there(api, id_, direction), set(_rules(wanted[direction], id_))
        word = direction.capitalize()
        if gone := sorted(there - after):
            api.gone(f"RevokeSecurityGroup{word}", GroupId=id_, IpPermissions=[rule.permission(described=False) for rule in gone])
        if new := sorted(after - there):
            api.call(f"AuthorizeSecurityGroup{word}", GroupId=id_, IpPermissions=[rule.permission() for rule in new])


def shown_rules(api: Api, id_: str, state: Properties) -> Properties:
    """Rules of both directions as Pulumi has them: the ones that are known in their own grouping, then the others."""
    return {name: _grouped(_there(api, id_, name), state.get(name) or [], id_) for name in DIRECTIONS}


def _rules(objects: Iterable[Properties], id_: str) -> Iterator[Rule]:
    for item in objects:
        protocol = protocol_of(item["protocol"])
        ports = None if protocol == "-1" else (int(item["fromPort"]), int(item["toPort"]))
        for kind in SOURCES:
            for source in item.get(kind) or []:
                yield Rule(protocol, ports, kind, source, item.get("description") or "")
        if item.get("self"):
            yield Rule(protocol, ports, "securityGroups", id_, item.get("description") or "")


def _there(api: Api, id_: str, direction: str) -> set[Rule]:
    groups = api.call("DescribeSecurityGroups", GroupIds=[id_])["SecurityGroups"]
    return {rule for permission in groups[0].get(PERMISSIONS[direction], []) for rule in _permitted(api, permission)}


def _permitted(api: Api, permission: dict[str, Any]) -> Iterator[Rule]:
    protocol = protocol_of(permission["IpProtocol"])
    ports = None if protocol == "-1" else (permission.get("FromPort", -1), permission.get("ToPort", -1))
    for kind, (place, key) in SOURCES.items():
        for source in permission.get(place, []):
            account = source.get("UserId", api.account) if kind == "securityGroups" else api.account
            value = source[key] if account == api.account else f"{account}/{source[key]}"
            yield Rule(protocol, ports, kind, value, source.get("Description", ""))


def _grouped(there: set[Rule], known: list[Properties], id_: str) -> list[Properties]:
    rest, shown = set(there), []
    for item in known:
        rules = set(_rules([item], id_))
        if rules and rules <= rest:
            rest -= rules
            shown.append(item)
    others: dict[tuple[str, tuple[int, int] | None, str], Properties] = {}
    for rule in sorted(rest, key=str):
        first, last = rule.ports or (0, 0)
        fresh: Properties = {
            "protocol": rule.protocol,
            "fromPort": first,
            "toPort": last,
            "description": rule.description,
            "self": False,
            **{kind: [] for kind in SOURCES},
        }
        item = others.setdefault((rule.protocol, rule.ports, rule.description), fresh)
        if rule.source == id_:
            item["self"] = True
        else:
            item[rule.kind].append(rule.source)
    return [*shown, *others.values()]
