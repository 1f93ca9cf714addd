"""What a document's two versions say to each other: IAM policies, network policies, and rules by which S3 and ECR delete what is old.

A document that is secret, or not known before `up`, says nothing.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from math import prod
from typing import Any

from commonground.engine.steps import MASK, MISSING, UNKNOWN
from commonground.preview.classing.conditions import is_inside, is_known_throughout

EVERYTHING = "*"
NEVER_REACHED = 100_000
"""Amazon ECR service quotas, "Images per repository": a rule that counts to this expires nothing, and keeps its images from the rules after it."""
MOST_PEERS = 1000
"""A peer that stands for more is compared as a whole."""


@dataclass(frozen=True)
class Statement:
    """One effect, principal, action and resource of an IAM policy."""

    effect: str
    principal: str
    action: str
    """With the element that it stands in: `action:s3:getobject`, `notaction:iam:*`."""
    resource: str
    conditions: frozenset[tuple[str, str, frozenset[str]]]
    """Operator, key, values."""

    def covers(self, other: "Statement") -> bool:
        """Whether all that `other` speaks of is in this one: other names that wildcards stand for, the same conditions or fewer."""
        return (
            self.effect == other.effect
            and _stands_for(self.principal, other.principal)
            and _stands_for(self.action, other.action)
            and _stands_for(self.resource, other.resource)
            and all(any(_is_weaker(own, theirs) for theirs in other.conditions) for own in self.conditions)
        )


def grants_more(before: Any, after: Any) -> bool:
    """An IAM policy, as JSON or as an object, that allows what it did not, or refuses no more what it did."""
    if not (_is_known(before) and _is_known(after)):
        return False
    old, new = list(_statements(before)), list(_statements(after))
    allowed = [statement for statement in old if statement.effect == "Allow"]
    refused = [statement for statement in new if statement.effect == "Deny"]
    return any(not _is_covered(statement, allowed) for statement in new if statement.effect == "Allow") or any(
        not _is_covered(statement, refused) for statement in old if statement.effect == "Deny"
    )


def grants_less(before: Any, after: Any) -> bool:
    """The other way round."""
    return grants_more(after, before)


def without(policy: str, arns: Iterable[str]) -> str:
    """An IAM policy without what it says of some resources, and of what is in them."""
    gone = tuple(arns)
    parsed = _parsed(policy)
    if not isinstance(parsed, dict):
        return policy
    kept = []
    for statement in _list(parsed.get("Statement")):
        resources = _list(statement.get("Resource")) if isinstance(statement, dict) else []
        left = [resource for resource in resources if not any(f"{resource}/".startswith(f"{arn}/") for arn in gone)]
        if left or not resources:
            kept.append({**statement, "Resource": left} if resources else statement)
    return json.dumps({**parsed, "Statement": kept})


def reaches_more(before: Any, after: Any) -> bool:
    """Rules of a network policy that let through what they did not: a peer, a port, or more addresses."""
    if not (_is_known(before) and _is_known(after)):
        return False
    old = list(_ways(before))
    return any(not any(_is_within(way, known) for known in old) for way in _ways(after))


def reaches_less(before: Any, after: Any) -> bool:
    """The other way round."""
    return reaches_more(after, before)


def wider_scope(before: Any, after: Any) -> bool:
    """The scope of an access policy that has namespaces which it had not, or all of the cluster."""
    if not (isinstance(before, dict) and isinstance(after, dict) and _is_known(before) and _is_known(after)):
        return False
    old, new = ([EVERYTHING] if scope.get("type") == "cluster" else _list(scope.get("namespaces")) for scope in (before, after))
    return EVERYTHING not in old and any(name not in old for name in new)


def narrower_scope(before: Any, after: Any) -> bool:
    """The other way round."""
    return wider_scope(after, before)


def without_key(before: Any, after: Any) -> bool:
    """S3's rules of encryption that name a key of KMS no more."""
    return _is_known(before) and _is_known(after) and _has_key(before) and not _has_key(after)


def with_key(before: Any, after: Any) -> bool:
    """The other way round."""
    return without_key(after, before)


def freer(before: Any, after: Any) -> bool:
    """Containers, one of which may do on its node what it could not: by privilege, by capabilities, as root."""
    if not (_is_known(before) and _is_known(after)):
        return False
    return not set(_freedoms(after)) <= set(_freedoms(before))


def expires_more(before: Any, after: Any) -> bool:
    """S3's lifecycle rules that delete what they did not, or sooner."""
    if not (_is_known(before) and _is_known(after)):
        return False
    old = _ages(before)
    return any(days < old.get(what, float("inf")) for what, days in _ages(after).items())


def expires_less(before: Any, after: Any) -> bool:
    """The other way round."""
    return expires_more(after, before)


def expires_more_images(before: Any, after: Any) -> bool:
    """An ECR lifecycle policy that deletes images that it did not, or sooner, or keeps no more those that it did."""
    if not (_is_known(before) and _is_known(after)):
        return False
    (old, kept_before), (new, kept_after) = _images(before), _images(after)
    return any(number < old.get(what, float("inf")) for what, number in new.items()) or not kept_before <= kept_after


def expires_fewer_images(before: Any, after: Any) -> bool:
    """The other way round."""
    return expires_more_images(after, before)


def takes_fewer_series(before: Any, after: Any) -> bool:
    """Limits of a Prometheus workspace, of which one of a set of labels is lower; or new, unless all others have one: a new team has no series yet."""
    if not (_is_known(before) and _is_known(after)):
        return False
    old, new = _limits(before), _limits(after)
    unnamed = dict.fromkeys(new, 0.0) if EVERYTHING_ELSE in old and EVERYTHING_ELSE in new else {}
    return any(most < old.get(labels, unnamed.get(labels, float("inf"))) for labels, most in new.items())


def takes_more_series(before: Any, after: Any) -> bool:
    """The other way round."""
    return takes_fewer_series(after, before)


def _is_known(document: Any) -> bool:
    return is_known_throughout(document) and not (isinstance(document, str) and any(mark in document for mark in (MASK, *UNKNOWN)))


def _is_covered(statement: Statement, others: list[Statement]) -> bool:
    return any(other.covers(statement) for other in others)


def _stands_for(pattern: str, name: str) -> bool:
    if pattern in (name, EVERYTHING):
        return True
    return not pattern.lower().startswith("not") and fnmatchcase(name, pattern.replace("[", "[[]"))


def _is_weaker(own: tuple[str, str, frozenset[str]], theirs: tuple[str, str, frozenset[str]]) -> bool:
    """Whether whatever fulfils their condition fulfils this one: more values, or of those that exclude fewer."""
    if own[:2] != theirs[:2]:
        return False
    return own[2] <= theirs[2] if "Not" in own[0] else theirs[2] <= own[2]


def _statements(policy: Any) -> Iterator[Statement]:
    """What a policy says, one principal, action and resource at a time."""
    policy = _parsed(policy)
    for statement in _list(policy.get("Statement")) if isinstance(policy, dict) else []:
        if not isinstance(statement, dict):
            continue
        conditions = frozenset(_conditions(statement.get("Condition")))
        for principal, action, resource in product(_principals(statement), _named(statement, "Action"), _named(statement, "Resource")):
            yield Statement(str(statement.get("Effect")), principal, action, "*" if resource == "Resource:*" else resource, conditions)


def _principals(statement: dict[str, Any]) -> Iterator[str]:
    """Example: `AWS:arn:aws:iam::111111111111:root`; `*` is everybody; of an identity's policy nothing."""
    for name in ("Principal", "NotPrincipal"):
        found = statement.get(name)
        if isinstance(found, dict):
            yield from (_everybody(f"{name}:{kind}:{one}") for kind, values in found.items() for one in _list(values))
        elif found is not None:
            yield EVERYTHING if found == EVERYTHING else f"{name}:{found}"
    if not {"Principal", "NotPrincipal"} & statement.keys():
        yield ""


def _everybody(principal: str) -> str:
    return EVERYTHING if principal == "Principal:AWS:*" else principal


def _named(statement: dict[str, Any], name: str) -> Iterator[str]:
    found = [f"{key}:{one}" for key in (name, f"Not{name}") for one in _list(statement.get(key))]
    yield from (one.lower() if name == "Action" else one for one in found or [""])


def _conditions(condition: Any) -> Iterator[tuple[str, str, frozenset[str]]]:
    for operator, keys in condition.items() if isinstance(condition, dict) else ():
        for key, values in keys.items() if isinstance(keys, dict) else ():
            yield str(operator), str(key).lower(), frozenset(str(one) for one in _list(values))


def _ways(rules: Any) -> Iterator[dict[str, Any]]:
    """Each peer and port that rules let through; a rule without peers or ports lets all of them through."""
    for rule in rules if isinstance(rules, list) else []:
        if not isinstance(rule, dict):
            continue
        peers = [one for peer in _list(rule.get("from", rule.get("to"))) for one in _peers(peer)] or [EVERYTHING]
        for peer, port in product(peers, _list(rule.get("ports")) or [EVERYTHING]):
            yield {"peer": peer, "port": port}


def _peers(peer: Any) -> Iterator[Any]:
    """One for each value that a label may have: a peer with two is two peers."""
    if prod(len(found) for found in _choices(peer)) > MOST_PEERS:
        yield peer
    else:
        yield from _alternatives(peer)


def _choices(value: Any) -> Iterator[list[Any]]:
    if _is_choice(value):
        yield value["values"]
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _choices(inner)


def _alternatives(value: Any) -> Iterator[Any]:
    if _is_choice(value):
        yield from ({**value, "values": [one]} for one in value["values"])
    elif isinstance(value, dict):
        for combination in product(*(list(_alternatives(inner)) for inner in value.values())):
            yield dict(zip(value, combination, strict=True))
    elif isinstance(value, list):
        yield from map(list, product(*(list(_alternatives(inner)) for inner in value)))
    else:
        yield value


def _is_choice(value: Any) -> bool:
    return isinstance(value, dict) and value.get("operator") == "In" and isinstance(value.get("values"), list)


def _is_within(way: dict[str, Any], known: dict[str, Any]) -> bool:
    return known["port"] in (EVERYTHING, way["port"]) and (known["peer"] in (EVERYTHING, way["peer"]) or _has_addresses(known["peer"], way["peer"]))


def _has_addresses(known: Any, peer: Any) -> bool:
    """Whether a range of addresses lies in a known one that leaves nothing out."""
    ranges = [found.get("ipBlock") if isinstance(found, dict) else None for found in (known, peer)]
    if not all(isinstance(found, dict) for found in ranges):
        return False
    whole, part = ranges
    return not (whole or {}).get("except") and is_inside((part or {}).get("cidr"), [(whole or {}).get("cidr")])


def _has_key(rules: Any) -> bool:
    defaults = [rule.get("applyServerSideEncryptionByDefault") for rule in (rules if isinstance(rules, list) else []) if isinstance(rule, dict)]
    return any(isinstance(found, dict) and str(found.get("sseAlgorithm")).startswith("aws:kms") for found in defaults)


def _freedoms(containers: Any) -> Iterator[tuple[str, str]]:
    for container in containers if isinstance(containers, list) else []:
        if not isinstance(container, dict):
            continue
        said = container.get("securityContext")
        context = said if isinstance(said, dict) else {}
        name, capabilities = str(container.get("name")), context.get("capabilities")
        if context.get("privileged") is True:
            yield name, "privileged"
        if context.get("allowPrivilegeEscalation") is not False:  # Kubernetes' own default
            yield name, "allowPrivilegeEscalation"
        yield from ((name, what) for what in ("runAsNonRoot", "readOnlyRootFilesystem") if context.get(what) is False)
        yield from ((name, str(one)) for one in (_list(capabilities.get("add")) if isinstance(capabilities, dict) else []))


EXPIRIES = ("expiration", "noncurrentVersionExpiration")
DAYS = ("days", "noncurrentDays")
VERSIONS = "newerNoncurrentVersions"
"""So many are kept whatever their age."""


def _ages(rules: Any) -> dict[str, float]:
    """What is deleted, by which part of which filter -> after how many days; for what S3 counts, beyond how many versions."""
    found: dict[str, float] = {}
    for rule in rules if isinstance(rules, list) else []:
        if not isinstance(rule, dict) or rule.get("status") == "Disabled":
            continue
        for part in EXPIRIES:
            expiry = rule.get(part) or {}
            if not isinstance(expiry, dict) or not (days := [expiry[name] for name in DAYS if isinstance(expiry.get(name), int | float)]):
                continue
            kept = expiry.get(VERSIONS)
            for limit, number in (("days", days[0]), (VERSIONS, kept if isinstance(kept, int | float) else 0)):
                what = json.dumps([part, limit, rule.get("filter"), rule.get("prefix")], sort_keys=True, default=str)
                found[what] = min(found.get(what, float("inf")), float(number))
    return found


def _images(policy: Any) -> tuple[dict[str, float], frozenset[str]]:
    """What is deleted -> beyond which number or age; and what is kept from that by a rule that comes first."""
    policy = _parsed(policy)
    expired: dict[str, float] = {}
    kept: set[str] = set()
    for rule in _list(policy.get("rules")) if isinstance(policy, dict) else []:
        selection = dict(rule.get("selection") or {}) if isinstance(rule, dict) else {}
        number = selection.pop("countNumber", None)
        what = json.dumps(selection, sort_keys=True, default=str)
        if not isinstance(number, int | float):
            continue
        if selection.get("countType") == "imageCountMoreThan" and number >= NEVER_REACHED:
            kept.add(what)
        else:
            expired[what] = float(number)
    return expired, frozenset(kept)


EVERYTHING_ELSE = "{}"
"""The set of no labels, as `_limits` writes it: whatever is in no other set."""


def _limits(sets: Any) -> dict[str, float]:
    """A set of labels -> its most series."""
    found: dict[str, float] = {}
    for one in sets if isinstance(sets, list) else []:
        limits = one.get("limits") if isinstance(one, dict) else None
        most = limits.get("maxSeries") if isinstance(limits, dict) else None
        if isinstance(most, int | float):
            found[json.dumps(one.get("labelSet"), sort_keys=True, default=str)] = float(most)
    return found


def _parsed(document: Any) -> Any:
    if document is MISSING or not isinstance(document, str):
        return {} if document is MISSING else document
    try:
        return json.loads(document)
    except ValueError:
        return {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
