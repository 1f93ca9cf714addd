"""The two ways to get a Pulumi CLI that is not there: the official installer, and its Go module."""

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from commonground.engine.versions import VERSION

PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
FLAGS = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"
INSTALLER = "https://get.pulumi.com/install.sh"
"""Where the Automation API's `PulumiCommand.install` gets the installer."""
SECONDS_BETWEEN_SIGNS_OF_LIFE = 60
SECONDS_TO_REACH = 4
"""Where the internet is reached at all, the answer is there in a fraction of this."""


class NotBuiltError(Exception):
    """This way does not work here; its text says why."""


def official(folder: Path, report: Callable[[str], None]) -> Path:
    """The CLI by the official installer, into `folder`. Gives up in seconds where the internet is not reached. Raises `NotBuiltError`."""
    if not reached():
        raise NotBuiltError(f"{INSTALLER} is not reached from here")
    report(f"installing the Pulumi CLI {VERSION} by its official installer")
    from pulumi.automation import PulumiCommand  # half a second, only where it is needed
    from semver import VersionInfo

    try:
        PulumiCommand.install(root=str(folder), version=VersionInfo.parse(VERSION))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise NotBuiltError(f"the installer failed ({type(error).__name__}: {error})") from None
    return folder / "bin" / "pulumi"


def reached() -> bool:
    """Whether the official installer can be downloaded, through a proxy where one is set. Known in seconds, also where names do not resolve."""
    import urllib.request  # with all of HTTP and TLS, once on a machine

    found = threading.Event()

    def ask() -> None:
        try:
            urllib.request.urlopen(urllib.request.Request(INSTALLER, method="HEAD"), timeout=SECONDS_TO_REACH).close()  # a constant
        except OSError:  # URLError is one
            return
        found.set()

    # In a thread: resolving a name knows no timeout.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(SECONDS_TO_REACH)
    return found.is_set()


def from_go(folder: Path, module: Path | None, report: Callable[[str], None]) -> Path:
    """The CLI built from the Go module that `module` (a folder with go.mod and go.sum) pins, into `folder`. Raises `NotBuiltError`."""
    if shutil.which("go") is None:
        raise NotBuiltError("there is no `go` on PATH")
    if module is None:
        raise NotBuiltError("scripts/engine/go.mod, which pins the CLI, is not here: run this in a checkout of Commonground")
    report(f"building the Pulumi CLI {VERSION} from its Go module, about 3 minutes (once for each user)")
    binary = folder / "bin" / "pulumi"
    binary.parent.mkdir(parents=True, exist_ok=True)
    try:
        go_build(module, PACKAGE, binary, FLAGS)
    except NotBuiltError as error:
        raise NotBuiltError(f"`go build` failed: {error}") from None
    return binary


def go_build(module: Path, package: str, binary: Path, flags: str, *options: str, **variables: str) -> None:
    """Builds a package of the Go module in a folder, as its go.mod and go.sum pin it. `flags` are the linker's. Raises `NotBuiltError` with go's last word."""
    command = ["go", "build", "-mod=readonly", *options, "-ldflags", flags, "-o", str(binary), package]
    environment = os.environ | {"GOFLAGS": "", "GOWORK": "off"} | variables
    with tempfile.NamedTemporaryFile("w+") as log:
        built = subprocess.run(command, cwd=module, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
        log.seek(0)
        said = [line.strip() for line in log if line.strip() and not line.startswith("go: downloading")]
    if built.returncode != 0:
        raise NotBuiltError(said[-1] if said else f"code {built.returncode}")


def cache() -> Path:
    """Where what is installed or built is kept: once for each user, so that the next clone has it at once."""
    place = os.environ.get("XDG_CACHE_HOME")
    return (Path(place) if place else Path.home() / ".cache") / "commonground"


def pinned(path: str) -> Path | None:
    """A checkout's folder with a go.mod: of the working directory's checkout, or of the one that this package runs from."""
    for root in (Path.cwd(), *Path.cwd().parents, *Path(__file__).parents):
        if (root / path / "go.mod").is_file():
            return root / path
    return None


@contextmanager
def alone(lock: Path, report: Callable[[str], None], waiting: str) -> Iterator[None]:
    """One at a time among all runs of the user; who has to wait says so, and once more each minute."""
    held = FileLock(lock)
    for minutes in count():
        try:
            held.acquire(timeout=SECONDS_BETWEEN_SIGNS_OF_LIFE if minutes else 0)
        except Timeout:
            report(f"still {waiting}, {minutes} min" if minutes else waiting)
        else:
            break
    try:
        yield
    finally:
        held.release()
