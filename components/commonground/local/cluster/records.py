"""What stands in a control plane's folder about the one that runs there."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from commonground.local import background

LOCK = "supervisor.lock"
"""Held by the process that holds the control plane."""
_RECORD = "cluster.json"
_PORT = "port"


@dataclass(frozen=True)
class Record:
    """Written when everything is ready."""

    endpoint: str
    instance: str
    pid: int
    webhook: str | None

    def write(self, folder: Path) -> None:
        """Writes it."""
        background.write(folder / _RECORD, asdict(self))
        (folder / _PORT).write_text(self.endpoint.rsplit(":", 1)[1], "utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Record | None":
        """The folder's, whether or not what it tells of still runs."""
        try:
            return cls(**json.loads((folder / _RECORD).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    @staticmethod
    def remove(folder: Path) -> None:
        """Removes it: nothing runs here."""
        (folder / _RECORD).unlink(missing_ok=True)

    @staticmethod
    def last_port(folder: Path) -> int:
        """Where the API server listened the last time; 0 if there was none."""
        try:
            return int((folder / _PORT).read_text("utf-8"))
        except (OSError, ValueError):
            return 0
