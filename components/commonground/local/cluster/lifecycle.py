"""Starting, finding and ending the keeper of a local cloud's clusters, from the command line's side."""

import json
import secrets
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from commonground.local import background
from commonground.local.cloud import Cloud

from . import builds, shim
from .errors import ControlPlaneError
from .files import Files
from .hanging import HangingPod, tell
from .webhook import LOOPBACK, STATUS, WANTED

START_SECONDS = 120.0
STOP_SECONDS = 30.0
ANSWER_SECONDS = 10.0
# What would lead boto3 away from the local cloud, or make it read a profile that is not there.
_DROPPED = ("AWS_",)


@dataclass(frozen=True)
class LeavingNode:
    """A node that is being emptied."""

    name: str
    pods: tuple[str, ...]
    """What is still on it, with the reason."""


@dataclass(frozen=True)
class KeptCluster:
    """A cluster of the local cloud with its control plane."""

    name: str
    endpoint: str
    version: str
    """Of the control plane, whatever version the cluster was made with."""
    kubeconfig: Path
    """Of an administrator."""
    leaving: tuple[LeavingNode, ...] = ()
    hanging: tuple[HangingPod, ...] = ()


@dataclass(frozen=True)
class Kept:
    """A running keeper, as it says of itself."""

    instance: str
    pid: int
    cloud: str
    """Instance of the local cloud that it serves."""
    ready: bool
    """Whether a control plane runs."""
    problem: str = ""
    """What its last step met."""
    clusters: tuple[KeptCluster, ...] = ()
    programs: Path = field(default_factory=Path)
    """Folder to be first on the PATH of whoever reaches the clusters as the kubeconfig of `commonground.kubeconfig` says."""


class LostClusterError(ControlPlaneError):
    """The control planes are gone, while the local cloud still has what was provisioned on them."""

    def __init__(self, log: Path) -> None:
        super().__init__("it has ended, and all objects with it: `commonground local stop`, then `commonground up local --cluster` build all again", log=log)


def start(directory: Path, cloud: Cloud, account: str, region: str, report: Callable[[str], None] = lambda _: None) -> Kept:
    """The keeper of the directory's local cloud, started if none runs, with a control plane that waits for its first cluster.

    Builds what it needs first, once for each user. As long as the calling process and the keeper live, `report` is told, by a thread, of each pod that was
    to end and does not: whatever the process does in a cluster may wait for it. Raises `ControlPlaneError`, `NoToolchainError`, `LostClusterError`.
    """
    found = _found_or_started(Files(directory.resolve()), cloud, account, region, report)
    tell(lambda: running(directory), report)
    return found


def _found_or_started(files: Files, cloud: Cloud, account: str, region: str, report: Callable[[str], None]) -> Kept:
    builds.control_plane(report)
    files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(files):
        found = running(files.directory)
        if found is not None and found.cloud == cloud.instance:
            return found if found.ready else _ready(files, found.instance, None)
        if found is not None:
            _end(files, found)
        elif used(files.directory, cloud):
            raise LostClusterError(files.log)
        report(f"starting a Kubernetes {builds.KUBERNETES} control plane")
        shim.write(files.programs)
        return _started(files, account, region)


def used(directory: Path, cloud: Cloud) -> bool:
    """Whether the clusters of this local cloud have, or had, control planes."""
    record = Files(directory).record()
    return record is not None and record["cloud"] == cloud.instance


def running(directory: Path, *, wanted: bool = False) -> Kept | None:
    """The keeper of a directory if one runs: the process at its port has to say the instance that stands in the directory."""
    files = Files(directory.resolve())
    record = files.record()
    answer = _ask(int(record["port"]), WANTED if wanted else STATUS) if record else None
    if record is None or answer is None or answer.get("instance") != record["instance"]:
        return None
    clusters = tuple(
        KeptCluster(
            name=cluster["name"],
            endpoint=cluster["endpoint"],
            version=cluster["version"],
            kubeconfig=Path(cluster["kubeconfig"]),
            leaving=tuple(LeavingNode(node["node"], tuple(node["pods"])) for node in cluster["leaving"]),
            hanging=tuple(HangingPod(pod["name"], tuple(pod["finalizers"])) for pod in cluster.get("hanging", ())),
        )
        for cluster in answer["clusters"]
    )
    return Kept(answer["instance"], answer["pid"], record["cloud"], answer["ready"], answer["problem"], clusters, files.programs)


def stop(directory: Path) -> bool:
    """Ends the directory's keeper, with all control planes and what was in them. False if none ran. Raises `ControlPlaneError` if it does not end."""
    files = Files(directory.resolve())
    if not files.folder.is_dir():
        return False
    with _locked(files):
        found = running(directory)
        if found is not None:
            _end(files, found)
        files.keeper.unlink(missing_ok=True)
        files.endpoints.unlink(missing_ok=True)
    return found is not None


def _started(files: Files, account: str, region: str) -> Kept:
    instance = secrets.token_hex(4)
    environment = background.environment(lambda name: name.startswith(_DROPPED))
    child = background.spawn(f"{__package__}.keeper", [str(files.directory), instance, account, region], log=files.log, environment=environment)
    return _ready(files, instance, child)


def _ready(files: Files, instance: str, child: "subprocess.Popen[bytes] | None") -> Kept:
    def found() -> Kept | None:
        kept = running(files.directory, wanted=True)
        return kept if kept is not None and kept.instance == instance and kept.ready else None

    if kept := background.ready(found, START_SECONDS, child):
        return kept
    if child is not None and child.returncode is not None:
        raise ControlPlaneError("its keeper ended at once", log=files.log, tail=background.tail(files.log))
    if child is not None:
        child.terminate()
    raise ControlPlaneError(f"it was not ready within {START_SECONDS:.0f} seconds", log=files.log, tail=background.tail(files.log))


def _end(files: Files, found: Kept) -> None:
    if not background.end(found.pid, lambda: not background.lives(found.pid), STOP_SECONDS):
        raise ControlPlaneError(f"its keeper, process {found.pid}, does not end", log=files.log, tail=background.tail(files.log))


def _ask(port: int, path: str) -> dict[str, Any] | None:
    """Straight to loopback: a proxy of the environment must not see it."""
    connection = HTTPConnection(LOOPBACK, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        return answer
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _locked(files: Files) -> AbstractContextManager[None]:
    return background.locked(files.folder / "keeper.lock", START_SECONDS + STOP_SECONDS, ControlPlaneError)
