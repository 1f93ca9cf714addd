"""Kubernetes' amounts: `500m`, `16Gi`, `4`."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

# Kubernetes API reference, "Quantity".
UNITS = {"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal(1000)}
UNITS |= {unit: Decimal(1000) ** power for power, unit in enumerate(("M", "G", "T", "P", "E"), start=2)}
UNITS |= {unit: Decimal(1024) ** power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)}
QUANTITY = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([numkMGTPE]i?|Ki|)")

BYTES = ("memory", "ephemeral-storage", "storage")
GIB, MIB = Decimal(1024) ** 3, Decimal(1024) ** 2

Amounts = dict[str, Decimal]
"""By resource: `cpu`, `memory` in bytes, `nvidia.com/gpu`."""


def amount(written: object) -> Decimal:
    """The number that a quantity stands for; 0 for what is none."""
    match = QUANTITY.fullmatch(str(written))
    return Decimal(match[1]) * UNITS[match[2]] if match else Decimal(0)


def amounts(written: Mapping[str, object] | None) -> Amounts:
    """Each quantity of a resource list."""
    return {resource: amount(value) for resource, value in (written or {}).items()}


def total(lists: Iterable[Mapping[str, Decimal]]) -> Amounts:
    """The sum of resource lists."""
    found: Amounts = {}
    for each in lists:
        for resource, value in each.items():
            found[resource] = found.get(resource, Decimal(0)) + value
    return found


def largest(lists: Iterable[Mapping[str, Decimal]]) -> Amounts:
    """Of each resource the most that any list has."""
    found: Amounts = {}
    for each in lists:
        for resource, value in each.items():
            found[resource] = max(found.get(resource, Decimal(0)), value)
    return found


def shown(resource: str, value: Decimal) -> str:
    """An amount as a person reads it: `2.5 CPU`, `16 GiB memory`, `4 nvidia.com/gpu`."""
    name = plain(resource)
    return f"{number(resource, value)} {'CPU' if name == 'cpu' else name}"


def number(resource: str, value: Decimal) -> str:
    """The same without the resource: `2.5`, `16 GiB`, `4`. At most two places."""
    name = plain(resource)
    if name in BYTES or name.startswith("hugepages-"):
        return f"{_short(value / GIB)} GiB" if abs(value) >= GIB else f"{_short(value / MIB)} MiB"
    return _short(value)


def plain(resource: str) -> str:
    """A resource without what quotas put before it: `requests.cpu` -> `cpu`."""
    return resource.removeprefix("requests.").removeprefix("limits.")


def _short(value: Decimal) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text or "0"
