"""IAM policy documents: what a service refuses in one, and which texts mean the same."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from commonground.local.providers.values import UNKNOWN

VERSIONS = ("2012-10-17", "2008-10-17")
TOP = {"Id", "Statement", "Version"}
STATEMENT = {"Action", "Condition", "Effect", "NotAction", "NotPrincipal", "NotResource", "Principal", "Resource", "Sid"}
PRINCIPALS = {"AWS", "CanonicalUser", "Federated", "Service"}

# IAM user guide, "IAM JSON policy elements: Condition operators".
_COMPARISONS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
OPERATORS = {
    *(f"String{name}" for name in ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")),
    *(f"{kind}{name}" for kind in ("Numeric", "Date") for name in _COMPARISONS),
    *(f"Arn{name}" for name in ("Equals", "Like", "NotEquals", "NotLike")),
    *("Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"),
}
_QUALIFIED = re.compile(r"^(?:ForAllValues:|ForAnyValue:)?(\w+?)(?:IfExists)?$")
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_ONE_PRINCIPAL = re.compile(r"\*|\d{12}|arn:[^*?]+|A[A-Z0-9]{15,}")
"""An account, an ARN or a unique id; a wildcard stands for everybody and for nothing in between (IAM user guide, "AWS JSON policy elements: Principal")."""


@dataclass(frozen=True)
class Kind:
    """What a policy may hold, by what it belongs to. `principal`, `resource`: True where each statement needs one, False where none may have one."""

    principal: bool
    resource: bool | None
    most: int
    """Characters, white space not counted where IAM counts."""
    strict: bool = False
    """IAM's own: a statement's `Sid` is letters and digits only."""
    actions: str = ""
    """How every action has to begin."""


# IAM user guide, "IAM and AWS STS quotas": a trust policy's 2048 can be raised to 4096.
IDENTITY = Kind(principal=False, resource=True, most=6144, strict=True)
INLINE = Kind(principal=False, resource=True, most=10240, strict=True)
TRUST = Kind(principal=True, resource=False, most=4096, strict=True, actions="sts:")
BUCKET = Kind(principal=True, resource=True, most=20480)  # S3 user guide, "Bucket policies": 20 KB
KEY = Kind(principal=True, resource=True, most=32768)  # KMS developer guide, "Resource quotas": 32 KB
REPOSITORY = Kind(principal=True, resource=None, most=10240)  # ECR API reference, SetRepositoryPolicy


def listed(value: Any) -> list[Any]:
    """One thing or a list of them, as IAM's documents have it anywhere."""
    return value if isinstance(value, list) else [] if value is None else [value]


def statements(text: Any) -> list[dict[str, Any]]:
    """The statements of a policy that is well formed; none of anything else, what is not known yet included."""
    try:
        policy = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return []
    return [item for item in listed(policy.get("Statement")) if isinstance(item, dict)] if isinstance(policy, dict) else []


def not_json(text: Any) -> str | None:
    """Why a text is not a JSON object; None if it is one or not known yet."""
    if not isinstance(text, str) or text == UNKNOWN:
        return None
    try:
        found = json.loads(text)
    except ValueError as error:
        return f"is not JSON: {error}"
    return None if isinstance(found, dict) else "is JSON, but not an object"


def check_policy(kind: Kind, name: str) -> Callable[[Mapping[str, Any]], Iterator[tuple[str, str]]]:
    """A row's check of the policy in an argument: every statement of it is held against IAM's grammar."""
    return lambda inputs: ((name, reason) for reason in mistakes(kind, inputs.get(name)))


def mistakes(kind: Kind, text: Any) -> Iterator[str]:
    """What AWS refuses in a policy (IAM user guide, "Grammar of the IAM JSON policy language"). A missing or unknown text is not wrong."""
    if not isinstance(text, str) or text == UNKNOWN:
        return
    if reason := not_json(text):
        yield reason
        return
    policy = json.loads(text)
    size = len(re.sub(r"\s", "", text))
    if size > kind.most:
        yield f"has {size} characters, expected at most {kind.most}"
    yield from (f"has no {key} in IAM's grammar ({', '.join(sorted(TOP))})" for key in sorted(set(policy) - TOP))
    if policy.get("Version") not in VERSIONS:
        yield (
            f"needs Version {VERSIONS[0]!r}: without it IAM replaces no policy variable"
            if "Version" not in policy
            else (f"Version {policy['Version']!r} is not one of {', '.join(VERSIONS)}")
        )
    found = listed(policy.get("Statement"))
    if not found:
        yield "has no Statement"
    sids = [item["Sid"] for item in found if isinstance(item, dict) and item.get("Sid")]
    yield from (f"Sid {sid!r} is given to more than one statement" for sid in sorted({sid for sid in sids if sids.count(sid) > 1}, key=str))
    for index, item in enumerate(found):
        reasons = _statement(kind, item) if isinstance(item, dict) else ["is not an object"]
        said = item.get("Sid") if isinstance(item, dict) else None
        yield from (f"Statement[{index}]{f' ({said})' if said else ''}: {reason}" for reason in reasons)


def _statement(kind: Kind, item: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{key} is not an element of a statement" for key in sorted(set(item) - STATEMENT))
    if item.get("Effect") not in ("Allow", "Deny"):
        yield f"Effect is {item.get('Effect')!r}, expected Allow or Deny"
    yield from _elements(item, "Action", True)
    yield from _elements(item, "Principal", kind.principal)
    yield from _elements(item, "Resource", kind.resource)
    if kind.strict and not re.fullmatch(r"[A-Za-z0-9]*", str(item.get("Sid", "")), re.ASCII):
        yield "Sid may hold letters and digits only"
    yield from _actions(kind, [*listed(item.get("Action")), *listed(item.get("NotAction"))])
    for resource in [*listed(item.get("Resource")), *listed(item.get("NotResource"))]:
        if kind.resource and not (isinstance(resource, str) and (resource == "*" or resource.startswith("arn:"))):
            yield f"Resource {resource!r} is neither an ARN nor '*'"
    for element in ("Principal", "NotPrincipal"):
        if kind.principal and element in item:
            yield from _principals(item[element])
    yield from _conditions(item.get("Condition", {}))


def _elements(item: Mapping[str, Any], element: str, needed: bool | None) -> Iterator[str]:
    given = [name for name in (element, f"Not{element}") if name in item]
    if needed is False and given:
        yield f"{given[0]} has no place in this kind of policy"
    elif needed is True and not given:
        yield f"names no {element}"
    elif len(given) > 1:
        yield f"has both {given[0]} and {given[1]}"
    yield from (f"{name} is empty" for name in given if item[name] in ([], "", {}))


def _actions(kind: Kind, actions: Iterable[Any]) -> Iterator[str]:
    for action in actions:
        if not isinstance(action, str) or not _ACTION.fullmatch(action):
            yield f"Action {action!r} is not like service:Action"
        elif not action.startswith(kind.actions):
            yield f"Action {action!r} has no place in a trust policy, which allows {kind.actions} actions only"


def _principals(principal: Any) -> Iterator[str]:
    if principal == "*":
        return
    if not isinstance(principal, dict):
        yield f"Principal {principal!r} is neither '*' nor an object of {', '.join(sorted(PRINCIPALS))}"
        return
    yield from (f"Principal {key!r} is not one of {', '.join(sorted(PRINCIPALS))}" for key in sorted(set(principal) - PRINCIPALS))
    for named in listed(principal.get("AWS")):
        if not isinstance(named, str) or not _ONE_PRINCIPAL.fullmatch(named):
            yield f"Principal {named!r} is not an account, an ARN without wildcards, or '*'"
    for named in listed(principal.get("Service")):
        if not isinstance(named, str) or not re.fullmatch(r"[\w-]+(\.[\w-]+)+", named):
            yield f"Principal {named!r} is not a service like ec2.amazonaws.com"


def _conditions(condition: Any) -> Iterator[str]:
    if not isinstance(condition, dict):
        yield "Condition is not an object"
        return
    for operator, tests in condition.items():
        match = _QUALIFIED.match(operator)
        if match is None or match[1] not in OPERATORS:
            yield f"Condition {operator!r} is not an operator of IAM"
        if not isinstance(tests, dict) or not tests:
            yield f"Condition {operator!r} has no keys"


def same_policy(text: str) -> Any:
    """What is compared in place of a policy: order, and one thing or a list of one, mean nothing to IAM, as in the official provider."""
    if not_json(text) or text == UNKNOWN:
        return text
    policy = json.loads(text)
    found = [_normal(item) if isinstance(item, dict) else item for item in listed(policy.get("Statement"))]
    return {**policy, "Statement": sorted(json.dumps(item, sort_keys=True) for item in found)}


def _normal(item: Mapping[str, Any]) -> dict[str, Any]:
    normal = dict(item)
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if name in item:
            normal[name] = sorted(map(str, listed(item[name])))
    for name in ("Principal", "NotPrincipal"):
        if name in item:
            named = item[name] if isinstance(item[name], dict) else {"AWS": item[name]}
            normal[name] = {kind: sorted(_account(str(one)) for one in listed(names)) for kind, names in named.items()}
    if isinstance(item.get("Condition"), dict):
        normal["Condition"] = {operator: _tests(tests) for operator, tests in item["Condition"].items()}
    return normal


def _account(principal: str) -> str:
    """An account is named by its id or by its root's ARN."""
    found = re.fullmatch(r"arn:[\w-]+:iam::(\d{12}):root", principal)
    return found[1] if found else principal


def _tests(tests: Any) -> Any:
    if not isinstance(tests, dict):
        return tests
    return {key: sorted(str(value).lower() if isinstance(value, bool) else str(value) for value in listed(values)) for key, values in tests.items()}
