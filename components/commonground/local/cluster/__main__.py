"""`python -m commonground.local.cluster build|start|stop|status`: behind scripts/control-plane."""

import argparse
import sys
from pathlib import Path

from .builds import control_plane
from .errors import ControlPlaneError
from .processes import ControlPlane, running, start, stop

FOLDER = Path(".commonground") / "local" / "cluster"


def main() -> int:
    """The exit code: 0, or 1 where it cannot be done or, for status, none runs."""
    parser = argparse.ArgumentParser(prog="control-plane", description="A real Kubernetes control plane on loopback, with simulated nodes.")
    parser.add_argument("do", choices=("build", "start", "stop", "status"))
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where it keeps its credentials and logs (default: %(default)s)")
    arguments = parser.parse_args()
    try:
        return _do(arguments.do, arguments.folder)
    except ControlPlaneError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _do(what: str, folder: Path) -> int:
    if what == "build":
        print(control_plane(_progress))
        return 0
    if what == "stop":
        print("stopped" if stop(folder) else "none runs here")
        return 0
    found = start(folder, _progress) if what == "start" else running(folder)
    if found is None:
        print("none runs here")
        return 1
    print(_text(found))
    return 0


def _text(found: ControlPlane) -> str:
    return "\n".join(
        (
            f"Kubernetes {found.version} at {found.endpoint}",
            f"kubectl:  export KUBECONFIG={found.admin_kubeconfig}",
            f"logs:     {found.folder}/*.log",
            f"process:  {found.pid}, which holds the others",
        )
    )


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
