"""Which backend keeps the state of real environments, as the Pulumi CLI finds it. No backend is asked."""

import json
import os
from pathlib import Path

from commonground.engine.project import Project, load

# In the CLI's order (Pulumi docs, "Environment variables" and "State and backends"); a token alone means Pulumi Cloud.
VARIABLES = ("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN")


def backend(project: Project) -> str | None:
    """What names the backend: a variable, the project's own setting, or an earlier `pulumi login`. Nothing where nobody has logged in.

    Its address is not part of it: an address may hold a password.
    """
    if os.environ.get(VARIABLES[0]):
        return VARIABLES[0]
    settings = (load(project.root / "Pulumi.yaml") or {}).get("backend")
    if isinstance(settings, dict) and settings.get("url"):
        return "`backend` in Pulumi.yaml"
    if os.environ.get(VARIABLES[1]):
        return VARIABLES[1]
    file = _credentials()
    return f"logged in, as {file} says" if _current(file) else None


def _credentials() -> Path:
    folder = os.environ.get("PULUMI_CREDENTIALS_PATH") or os.environ.get("PULUMI_HOME")
    return (Path(folder) if folder else Path.home() / ".pulumi") / "credentials.json"


def _current(file: Path) -> bool:
    try:
        data = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(data, dict) and bool(data.get("current"))
