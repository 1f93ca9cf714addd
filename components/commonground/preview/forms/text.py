"""Words and short forms that every rendering of a report shares: one line, printable, no longer than a reader takes in."""

import re

from commonground.engine.report import printable
from commonground.preview.model import Amount, Cost, Operation

SIGNS: dict[Operation, str] = {"create": "+", "change": "~", "replace": "±", "delete": "-"}
LATER = "known after up"
NOTHING = "nothing"
"""Stands for a value where there was none, or will be none."""
COUNTED = ("create", "change", "replace", "delete", "same")
"""What `EnvironmentReport.counts` counts, in a report's order."""
OUTSIDE = "outside of any component"
plain = printable
MARGIN = 40
"""Characters that are shown before the first difference of two long values; fewer are not worth leaving out."""


def left_out(count: int) -> str:
    """Stands where characters are left out."""
    return f"[{number(count, 'character')} left out]"


def cut(text: str, limit: int) -> str:
    """A text of about `limit` characters at most; of a longer one the beginning, and how many characters are left out."""
    return text if len(text) <= limit + MARGIN else f"{text[:limit]} {left_out(len(text) - limit)}"


def cut_pair(before: str, after: str, limit: int) -> tuple[str, str]:
    """Two values, the longer ones cut to where they differ first: what a long document changes is seldom at its beginning."""
    if max(len(before), len(after)) <= limit + MARGIN:
        return before, after
    start = max(0, common(before, after) - MARGIN)
    return _window(before, start, limit), _window(after, start, limit)


def common(one: str, other: str) -> int:
    """With how many characters two texts begin alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def place(names: tuple[str, ...]) -> str:
    """Where a resource stands in the component tree. Example: `Foundation / Network`."""
    return " / ".join(names) or OUTSIDE


def name(urn: str) -> str:
    """Logical name of a resource."""
    return urn.rsplit("::", 1)[-1]


def number(count: int, one: str) -> str:
    """A count with its word: `1 resource`, `2 resources`, `2 policies`."""
    if count == 1:
        return f"1 {one}"
    return f"{count:,} {re.sub('y$', 'ie', one) if not re.search('[aeo]y$', one) else one}s"


def cost(found: Cost) -> str:
    """What node groups may cost at most. What stays is left out. Example: `nodes 10 -> 14 (+4)`."""
    told = [(name, amount) for name, amount in (("nodes", found.nodes), ("GPUs", found.gpus)) if amount.before != amount.after or amount.before is None]
    return ", ".join(_amount(name, amount) for name, amount in told)


def _amount(name: str, amount: Amount) -> str:
    before, after = ("not known" if value is None else f"{value:,}" for value in (amount.before, amount.after))
    return f"{name} {before} -> {after}" + (f" ({amount.more:+,})" if amount.more else "")


def _window(text: str, start: int, limit: int) -> str:
    if start <= MARGIN:
        return cut(text, limit)
    return f"{left_out(min(start, len(text)))} {cut(text[start:], limit)}".rstrip()
