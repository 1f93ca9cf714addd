"""A file's data with the line of every key and the very characters of every value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Keys = tuple[str | int, ...]
"""Where a value stands: keys of mappings, places in lists."""

DAMAGED = -0.5
"""Stands in the data for an unquoted number or time that some reader on the way changes: `012`, `1e3`, `2026-01-01`.

No setting is a negative fraction, so every model refuses it; the message shows the file's own characters.
"""


@dataclass(frozen=True)
class Document:
    """One file's data, with lines."""

    file: str
    data: object
    lines: Mapping[Keys, int] = field(default_factory=dict)
    raw: Mapping[Keys, str] = field(default_factory=dict)
    """Scalars as written, without their quotes."""

    def line(self, keys: Keys) -> int:
        """Return the line of a key, or of the nearest one around it that is there; 0 where no text is known."""
        for end in range(len(keys), -1, -1):
            if keys[:end] in self.lines:
                return self.lines[keys[:end]]
        return 0


def key_text(keys: Keys) -> str:
    """Return a path of keys as a person writes it: `pools.gpu.instance_types[0]`."""
    text = ""
    for part in keys:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")
