"""What a property's two values say to each other: more, less, on, off, wider, narrower. Values that are secret or not known yet say nothing."""

import ipaddress
import json
from collections.abc import Callable, Iterator
from typing import Any

from commonground.engine.report import MISSING
from commonground.engine.steps import MASK, UNKNOWN

Condition = Callable[[Any, Any], bool]
"""Of the value before and after; `MISSING` where there is none."""

Statement = tuple[str, str, str, str]
"""Effect, principal, action, resource."""


def always(before: Any, after: Any) -> bool:
    """Whatever it is."""
    return True


def raised(before: Any, after: Any) -> bool:
    """A number, or an amount of Kubernetes, that is more; from nothing to something too."""
    return _amount(after) > _amount(before)


def lowered(before: Any, after: Any) -> bool:
    """A number that is less."""
    return raised(after, before)


def switched_on(before: Any, after: Any) -> bool:
    """From false or nothing to true."""
    return after is True and before is not True and is_known(before)


def switched_off(before: Any, after: Any) -> bool:
    """From true to false or nothing."""
    return switched_on(after, before)


def appears(before: Any, after: Any) -> bool:
    """There was none, and there is one; or from empty to something."""
    return _is_empty(before) and not _is_empty(after)


def goes(before: Any, after: Any) -> bool:
    """There was one, and there is none."""
    return appears(after, before)


def more(before: Any, after: Any) -> bool:
    """A list, or map, that has what it had not. An address range that lies in one of before is nothing new."""
    old = _items(before)
    return is_known(before) and is_known(after) and any(item not in old and not _is_inside(item, old) for item in _items(after))


def fewer(before: Any, after: Any) -> bool:
    """A list, or map, that has no more what it had."""
    return more(after, before)


def becomes(*values: Any) -> Condition:
    """A condition: now one of these values, and it was not."""
    return lambda before, after: after in values and before not in values


def was(*values: Any) -> Condition:
    """A condition: it was one of these values, and is not."""
    return lambda before, after: before in values and after not in values


def grants_more(before: Any, after: Any) -> bool:
    """An IAM policy, as JSON or as an object, that allows what it did not, refuses no more what it did, or has other conditions."""
    if not is_known(before) or not is_known(after):
        return False
    old, new = _statements(before), _statements(after)
    for key, conditions in new.items():
        if key[0] == "Allow" and (key not in old or not old[key] <= conditions):
            return True
    return any(key[0] == "Deny" and key not in new for key in old)


def grants_less(before: Any, after: Any) -> bool:
    """The other way round."""
    return grants_more(after, before)


def is_known(value: Any) -> bool:
    """Whether the value says anything: neither secret nor known after up only."""
    return not (isinstance(value, str) and (value == MASK or value in UNKNOWN))


def _is_empty(value: Any) -> bool:
    return value is MISSING or value is None or value in ("", [], {})


def _amount(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or not is_known(value):
        return 0.0
    if isinstance(value, int | float):
        return float(value)
    return _quantity(value)


SUFFIXES = {"m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
"""Kubernetes documentation, "Resource Management for Pods and Containers": units of CPU and memory."""


def _quantity(text: str) -> float:
    number = text.rstrip("".join(set("".join(SUFFIXES))))
    suffix = text[len(number) :]
    try:
        return float(number) * SUFFIXES.get(suffix, 1.0 if not suffix else 0.0)
    except ValueError:
        return 0.0


def _items(value: Any) -> list[str]:
    if _is_empty(value):
        return []
    if isinstance(value, dict):
        return [json.dumps([key, inner], sort_keys=True, default=str) for key, inner in value.items()]
    return [json.dumps(item, sort_keys=True, default=str) for item in (value if isinstance(value, list) else [value])]


def _is_inside(item: str, ranges: list[str]) -> bool:
    network = _network(item)
    return network is not None and any(
        other is not None and other.version == network.version and network.subnet_of(other)  # type: ignore[arg-type]  # one version
        for other in map(_network, ranges)
    )


def _network(item: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(json.loads(item))
    except (ValueError, TypeError):
        return None


def _statements(policy: Any) -> dict[Statement, frozenset[str]]:
    """What a policy says, one action and resource at a time, each with its conditions."""
    if isinstance(policy, str):
        try:
            policy = json.loads(policy)
        except ValueError:
            return {}
    found: dict[Statement, frozenset[str]] = {}
    for statement in _list(policy.get("Statement")) if isinstance(policy, dict) else []:
        if isinstance(statement, dict):
            conditions = frozenset(json.dumps(item, sort_keys=True) for item in (statement.get("Condition") or {}).items())
            for key in _keys(statement):
                # The same thing allowed twice: whatever fulfils the weaker conditions is allowed.
                found[key] = found[key] & conditions if key in found else conditions
    return found


def _keys(statement: dict[str, Any]) -> Iterator[Statement]:
    principals = [json.dumps(statement.get(name), sort_keys=True) for name in ("Principal", "NotPrincipal") if name in statement] or [""]
    for action_key in ("Action", "NotAction"):
        for action in _list(statement.get(action_key)):
            for resource in _list(statement.get("Resource", statement.get("NotResource", ""))):
                for principal in principals:
                    yield str(statement.get("Effect")), principal, f"{action_key}:{action}", str(resource)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
