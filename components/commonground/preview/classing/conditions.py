"""What a property's two values say to each other: more, less, on, off, wider, narrower. Values that are secret or not known yet say nothing."""

import ipaddress
import re
from collections.abc import Callable
from typing import Any

from commonground.engine.steps import MASK, MISSING, UNKNOWN

Condition = Callable[[Any, Any], bool]
"""Of the value before and after; `MISSING` where there is none."""


def always(before: Any, after: Any) -> bool:
    """Whatever it is."""
    return True


def anew(before: Any, after: Any) -> bool:
    """The spec of a workload whose pods are replaced all at once."""
    old, new = (found if isinstance(found, dict) else {} for found in (before, after))
    strategy = new.get("strategy")
    return old.get("template") != new.get("template") and isinstance(strategy, dict) and strategy.get("type") == "Recreate"


def raised(before: Any, after: Any) -> bool:
    """A number, or an amount of Kubernetes, that is more; from nothing to something too."""
    return is_known(before) and is_known(after) and _amount(after) > _amount(before)


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
    return _is_empty(before) and not _is_empty(after) and is_known(after)


def goes(before: Any, after: Any) -> bool:
    """There was one, and there is none."""
    return appears(after, before)


def more(before: Any, after: Any) -> bool:
    """A list, or map, that has what it had not. An address range that lies in one of before is nothing new, and what is not known yet may be anything."""
    if not is_known_throughout(before) or not is_known(after):
        return False
    old = _items(before)
    return any(item not in old and not is_inside(item, old) and is_known_throughout(item) for item in _items(after))


def fewer(before: Any, after: Any) -> bool:
    """A list, or map, that has no more what it had."""
    return more(after, before)


def becomes(*values: Any) -> Condition:
    """A condition: now one of these values, and it was not."""
    return lambda before, after: after in values and before not in values and is_known(before)


def was(*values: Any) -> Condition:
    """A condition: it was one of these values, and is not."""
    return lambda before, after: before in values and after not in values and is_known(after)


def was_none_of(*values: Any) -> Condition:
    """A condition: it was something else than these, and is another one now."""
    return lambda before, after: before not in values and before != after and is_known(before) and is_known(after)


def gains(value: Any) -> Condition:
    """A condition: a list that has a value which it had not."""
    return lambda before, after: value in _items(after) and value not in _items(before) and is_known(before)


def loses(value: Any) -> Condition:
    """A condition: a list that has a value no more."""
    return lambda before, after: gains(value)(after, before)


def longer(before: Any, after: Any) -> bool:
    """A list that has more items, whatever they are."""
    return isinstance(after, list) and len(after) > (len(before) if isinstance(before, list) else 0)


def shorter(before: Any, after: Any) -> bool:
    """A list that has fewer items."""
    return longer(after, before)


def newer(before: Any, after: Any) -> bool:
    """A version that comes after the one before."""
    return _version(before) is not None and _version(after) is not None and (_version(after) or ()) > (_version(before) or ())


def older(before: Any, after: Any) -> bool:
    """A version that comes before the one before."""
    return newer(after, before)


def stronger(*ranks: frozenset[str]) -> Condition:
    """A condition: another name of the same rank or a later one, or one that is in none. What counts is the value's end, after its last slash."""

    def rank(value: Any) -> int:
        return next((place for place, names in enumerate(ranks) if str(value).rpartition("/")[2] in names), len(ranks))

    return lambda before, after: is_known(before) and is_known(after) and before != after and rank(after) >= rank(before)


def weaker(*ranks: frozenset[str]) -> Condition:
    """A condition: the other way round, of names that have a rank."""
    named = frozenset[str]().union(*ranks)
    return lambda before, after: str(after).rpartition("/")[2] in named and stronger(*ranks)(after, before)


def is_known(value: Any) -> bool:
    """Whether the value says anything: neither secret nor known after up only."""
    return not (isinstance(value, str) and (value == MASK or value in UNKNOWN))


def is_known_throughout(value: Any) -> bool:
    """Whether nothing in it is secret or known after up only."""
    if isinstance(value, dict):
        return all(map(is_known_throughout, value.values()))
    return all(map(is_known_throughout, value)) if isinstance(value, list) else is_known(value)


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


def _items(value: Any) -> list[Any]:
    if _is_empty(value):
        return []
    if isinstance(value, dict):
        return [[key, inner] for key, inner in value.items()]
    return value if isinstance(value, list) else [value]


def is_inside(address_range: Any, ranges: list[Any]) -> bool:
    """Whether a range of addresses lies in one of others."""
    network = _network(address_range)
    return network is not None and any(
        other is not None and other.version == network.version and network.subnet_of(other)  # type: ignore[arg-type]  # one version
        for other in map(_network, ranges)
    )


def _network(value: Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _version(value: Any) -> tuple[int, ...] | None:
    """Example: (1, 36) of `1.36`, (1, 36, 0, 20260101) of `1.36.0-20260101`."""
    found = re.findall(r"[0-9]+", value) if isinstance(value, str) and is_known(value) else []
    return tuple(map(int, found)) or None
