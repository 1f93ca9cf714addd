"""A stack's state as Pulumi's file backend keeps it, read and begun without the engine."""

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


def create(backend: Path, project: str, environment: str) -> None:
    """Makes a stack with nothing in it, as `pulumi stack init` first does; starting the CLI for that takes half a second."""
    file = place(backend, project, environment)
    file.parent.mkdir(parents=True, exist_ok=True)
    (backend / ".pulumi" / "meta.yaml").write_text("version: 1\n", "utf-8")
    file.write_text(json.dumps({"version": 3, "checkpoint": {"stack": f"organization/{project}/{environment}"}}), "utf-8")
