"""Where everything of the local cloud's clusters lies: a folder beside the local cloud's own files."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Files:
    """Files by the local cloud's directory."""

    directory: Path

    @property
    def folder(self) -> Path:
        """All of it."""
        return self.directory / "cluster"

    @property
    def keeper(self) -> Path:
        """Port, process and local cloud of the keeper."""
        return self.folder / "keeper.json"

    @property
    def log(self) -> Path:
        """What the keeper writes."""
        return self.folder / "keeper.log"

    @property
    def endpoints(self) -> Path:
        """`account/region/cluster` -> `endpoint` and `certificate`, read by the local cloud. While it is there, a cluster that it lacks is being made."""
        return self.folder / "endpoints.json"

    @property
    def planes(self) -> Path:
        """A folder a control plane."""
        return self.folder / "planes"

    @property
    def programs(self) -> Path:
        """Programs that a run finds first: the `aws` of `shim`."""
        return self.folder / "bin"

    def record(self) -> dict[str, Any] | None:
        """What the last keeper wrote down, whether or not it still runs."""
        try:
            found: dict[str, Any] = json.loads(self.keeper.read_text("utf-8"))
            return found if {"cloud", "instance", "pid", "port"} <= found.keys() else None
        except (OSError, ValueError, AttributeError):
            return None

    def last_port(self) -> int:
        """Where the last keeper listened; 0 if there was none."""
        record = self.record()
        return int(record["port"]) if record else 0
