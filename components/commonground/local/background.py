"""Processes that outlive the command that starts them: what the local cloud, the keeper of its clusters and a control plane have in common."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

POLL_SECONDS = 0.02
REAP_SECONDS = 1.0
LOG_TAIL_LINES = 20

Found = TypeVar("Found")

_children: dict[int, "subprocess.Popen[bytes]"] = {}
"""What this very process started, by process id: kept so that it can be reaped, and so that what is tied to it lives as long as it does."""


def spawn(module: str, arguments: Sequence[str], *, log: Path, environment: dict[str, str], tied: bool = False) -> "subprocess.Popen[bytes]":
    """A module of this package as a process in a session of its own: an interrupt in the terminal does not reach it. What it says goes to `log`.

    One that is `tied` can read the end of this process from its standard input; another reads nothing.
    """
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE if tied else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    _children[child.pid] = child
    return child


def environment(dropped: Callable[[str], bool] = lambda name: False) -> dict[str, str]:
    """This process' environment without the names that are `dropped`, with this package on the path."""
    kept = {name: value for name, value in os.environ.items() if not dropped(name)}
    package_root = str(Path(__file__).parents[2])
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, [package_root, kept.get("PYTHONPATH")]))}


def ready(find: Callable[[], Found | None], seconds: float, child: "subprocess.Popen[bytes] | None" = None) -> Found | None:
    """What `find` finds once it is there; None if `child` ended before, or the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = find()
        if found is not None:
            return found
        if child is not None and child.poll() is not None:
            return None
        time.sleep(POLL_SECONDS)
    return None


def end(pid: int, gone: Callable[[], bool], seconds: float) -> bool:
    """Asks a process to end, then ends it by force; each has that many seconds. Whether it is `gone`."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sent)
        if ready(lambda: gone() or None, seconds):
            _reap(pid)
            return True
    return False


def lives(pid: int, name: str = "") -> bool:
    """Whether a process of this id runs, of a program whose name begins so. Where /proc tells nothing of programs, whether there is a process at all."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        program, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except FileNotFoundError:
        return not Path("/proc/self/stat").exists()
    # A killed process whose parent does not ask for it stays in the table as Z, in a container often for good (proc(5)).
    return program.startswith(name) and rest.split()[0] != "Z"


@contextlib.contextmanager
def locked(lock: Path, seconds: float, busy: Callable[[str], Exception]) -> Iterator[None]:
    """Alone among those that take this lock. Raises what `busy` makes of a reason if it is not free in time."""
    try:
        with FileLock(lock, timeout=seconds):
            yield
    except Timeout as error:
        raise busy(f"another command holds {lock}") from error


def write(path: Path, data: Any) -> None:
    """Writes JSON in one step, so that nobody reads half of it."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
    draft.replace(path)


def tail(log: Path, lines: int = LOG_TAIL_LINES) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-lines:])


def _reap(pid: int) -> None:
    """A process that this one started stays a zombie until its exit code is read."""
    child = _children.pop(pid, None)
    if child is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(REAP_SECONDS)
