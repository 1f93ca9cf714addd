"""A stack's state as Pulumi's file backend keeps it, read without the engine."""

import json
from pathlib import Path
from typing import Any


def place(backend: Path, project: str, environment: str) -> Path:
    """The stack's file in a backend."""
    return backend / ".pulumi" / "stacks" / project / f"{environment}.json"


def read(file: Path) -> dict[str, Any] | None:
    """A JSON file of the backend's; None where there is none, or half of one."""
    try:
        data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return data


def latest(checkpoint: dict[str, Any] | None) -> dict[str, Any]:
    """The deployment in a stack's file; an empty one where nothing was deployed."""
    found: dict[str, Any] | None = ((checkpoint or {}).get("checkpoint") or {}).get("latest")
    return {} if found is None else found
