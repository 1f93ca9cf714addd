"""A control plane as processes of its own: it outlives the command that started it and ends by `stop`, or, for tests, ends with them.

Everything it leaves stands in one folder, a checkout's `.commonground/local/cluster`: `cluster.json` (address, instance, process id), `credentials/`
and a log for each process. What it stores is gone when it ends.
"""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from commonground.local import background

from .builds import BINARIES, KUBERNETES, control_plane
from .errors import ControlPlaneError
from .records import LOCK, Record

START_SECONDS = 90.0
STOP_SECONDS = 10.0
_LOG = "supervisor.log"


@dataclass(frozen=True)
class ControlPlane:
    """A running control plane."""

    folder: Path
    endpoint: str
    """URL of the API server, on loopback."""
    instance: str
    """Drawn when it started: another one means that everything in it is new."""
    pid: int
    """Of the process that holds the others."""
    webhook: str | None = None
    """URL that is asked who a token belongs to."""
    version: str = KUBERNETES

    @property
    def credentials(self) -> Path:
        """Folder of its certificates and keys (`credentials.Files` names them)."""
        return self.folder / "credentials"

    @property
    def ca(self) -> Path:
        """Certificate of the authority that signed the API server's, PEM."""
        return self.credentials / "ca.crt"

    @property
    def ca_pem(self) -> str:
        """Its text."""
        return self.ca.read_text("utf-8")

    @property
    def admin_kubeconfig(self) -> Path:
        """kubeconfig of a user in the group `system:masters`. Holds a private key."""
        return self.credentials / "admin.kubeconfig"

    @property
    def admin_certificate(self) -> Path:
        """That user's certificate, PEM."""
        return self.credentials / "admin.crt"

    @property
    def admin_key(self) -> Path:
        """Its private key, PEM."""
        return self.credentials / "admin.key"

    @property
    def logs(self) -> dict[str, Path]:
        """Log of each process, by its name."""
        return {name: self.folder / f"{name}.log" for name in BINARIES}


def start(
    folder: Path, report: Callable[[str], None] = lambda _: None, *, webhook: str | None = None, outlives: bool = True, binaries: Path | None = None
) -> ControlPlane:
    """The folder's control plane, built and started if none runs. Two that start at once get the same one.

    `webhook` is a URL on loopback that takes TokenReviews (authentication.k8s.io/v1). Without `outlives` it ends with the calling process, however
    that ends. `binaries` is a folder of them (default: built, or built before). One line to `report` for each step that takes long.
    Raises `ControlPlaneError` with the end of the log if it does not come up, or if one runs here with another webhook.
    """
    binaries = binaries or control_plane(report)
    folder = folder.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder):
        if found := running(folder):
            if found.webhook != webhook:
                raise ControlPlaneError(f"one runs in {folder} that asks {found.webhook} about tokens, not {webhook}: stop it first")
            return found
        report(f"starting a Kubernetes {KUBERNETES} control plane")
        return _started(folder, binaries, webhook, outlives)


def running(folder: Path) -> ControlPlane | None:
    """The control plane of a folder, if one runs and is ready."""
    folder = folder.resolve()
    record = Record.read(folder)
    if record is None or not _held(folder):
        return None
    return ControlPlane(folder=folder, endpoint=record.endpoint, instance=record.instance, pid=record.pid, webhook=record.webhook)


def stop(folder: Path) -> bool:
    """Ends the folder's control plane, and all that was in it. False if none ran. Raises `ControlPlaneError` if it does not end."""
    if not folder.is_dir():
        return False
    folder = folder.resolve()
    with _locked(folder):
        found = running(folder)
        if found is None:
            return False
        if not background.end(found.pid, lambda: not _held(folder), STOP_SECONDS):
            raise ControlPlaneError(f"process {found.pid} does not end", log=folder / _LOG)
        Record.remove(folder)
        return True


def _started(folder: Path, binaries: Path, webhook: str | None, outlives: bool) -> ControlPlane:
    instance, log = secrets.token_hex(8), folder / _LOG
    Record.remove(folder)
    arguments = [str(folder), str(binaries.resolve()), instance, *(["--webhook", webhook] if webhook else []), *([] if outlives else ["--tied"])]
    child = background.spawn(f"{__package__}.supervisor", arguments, log=log, environment=background.environment(), tied=not outlives)

    def found() -> ControlPlane | None:
        plane = running(folder)
        return plane if plane is not None and plane.instance == instance else None

    if plane := background.ready(found, START_SECONDS, child):
        return plane
    if child.returncode is not None:
        raise ControlPlaneError("it did not come up", log=log, tail=background.tail(log))
    child.kill()
    child.wait()
    raise ControlPlaneError(f"it was not ready within {START_SECONDS:.0f} seconds", log=log, tail=background.tail(log))


def _held(folder: Path) -> bool:
    """Whether a supervisor lives here: it holds its lock as long as it does."""
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _locked(folder: Path) -> AbstractContextManager[None]:
    return background.locked(folder / "cluster.lock", START_SECONDS + STOP_SECONDS, ControlPlaneError)
