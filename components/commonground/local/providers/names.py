"""Auto-names: the same for the same resource each time, another one for its replacement."""

import hashlib
import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Autoname:
    """The property that is filled when the program leaves it out, and how (pulumi-aws: `<logical name>-<7 hex digits>`)."""

    property: str
    separator: str = "-"
    max_length: int = 255
    suffix_length: int = 7
    lower: bool = False
    prefix: str = ""
    """What the service wants in front; put there where the logical name does not begin with it."""
    excluded_by: tuple[str, ...] = ()
    """Properties that, when given, leave the name to the service."""


class Autonames:
    """Draws names: from the URN, and for a replacement, which is checked twice and the second time without the old one, from the URN and the old name."""

    def __init__(self) -> None:
        self._old: dict[str, str] = {}
        self._lock = threading.Lock()

    def keep(self, urn: str, name: str) -> str:
        """Remembers the name that a resource has."""
        with self._lock:
            self._old[urn] = name
        return name

    def draw(self, urn: str, logical_name: str, rule: Autoname) -> str:
        """A name for a resource that has none yet, or for the replacement of one that was kept before."""
        with self._lock:
            seed = f"{urn}\0{self._old.get(urn, '')}"
        suffix = hashlib.sha256(seed.encode()).hexdigest()[: rule.suffix_length]
        room = rule.max_length - len(rule.separator) - len(suffix)
        name = f"{logical_name[:room]}{rule.separator}{suffix}"
        name = name.lower() if rule.lower else name
        return name if name.startswith(rule.prefix) else f"{rule.prefix}{name}"
