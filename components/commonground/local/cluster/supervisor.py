"""The process that holds the control plane: starts its five processes, and ends them all when one ends or when it is told to.

    python -m commonground.local.cluster.supervisor FOLDER BINARIES INSTANCE [--webhook URL] [--tied]

With `--tied` it ends when its standard input closes: with the process that started it, however that ends.
"""

import argparse
import contextlib
import ctypes
import os
import select
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path

from filelock import FileLock

from commonground.local.background import tail

from .commands import SERVICE_ADDRESS, Process, api_server, clients, endpoint, etcd, free_ports
from .credentials import ADMIN, Files, make, webhook_kubeconfig
from .records import LOCK, Record

READY_SECONDS = 60.0
POLL_SECONDS = 0.05
STARTS = 3
PORT_TAKEN = "address already in use"
LOG_TAIL_LINES = 10
LOCK_SECONDS = 5.0
"""Who looks whether the lock is held holds it for a moment."""
_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux' prctl."""


class _EndedError(Exception):
    """A process ended that should run."""


class _Supervisor:
    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self.binaries = binaries
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, process: Process) -> None:
        """Starts a process, which ends with this one."""
        home = {"HOME": str(self.folder), "PATH": os.environ.get("PATH", "")}
        with (self.folder / f"{process.name}.log").open("wb") as log:
            # Nothing of the user's environment: a proxy, a kubeconfig or a kwok configuration would lead it astray.
            self.children[process.name] = subprocess.Popen(
                [self.binaries / process.name, *process.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=home,
                preexec_fn=_end_with_parent(os.getpid()),
            )

    def wait(self, what: str, done: Callable[[], bool]) -> None:
        """Until `done`, as long as every process runs."""
        deadline = time.monotonic() + READY_SECONDS
        while not done():
            self.check()
            if time.monotonic() > deadline:
                raise _EndedError(f"{what} was not there in {READY_SECONDS:.0f} seconds")
            time.sleep(POLL_SECONDS)

    def check(self) -> None:
        """Raises if a process ended."""
        for name, child in self.children.items():
            if child.poll() is not None:
                raise _EndedError(f"{name} ended with code {child.returncode}\n{tail(self.folder / f'{name}.log', LOG_TAIL_LINES)}")

    def end(self) -> None:
        """Ends all of them at once: nothing that they hold is to be kept."""
        for child in self.children.values():
            with contextlib.suppress(ProcessLookupError):
                child.kill()
        for child in self.children.values():
            child.wait()
        self.children.clear()


def main() -> int:
    """Runs until told to end. The exit code is 1 if a process of the control plane ended by itself; why stands on stderr."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("binaries", type=Path)
    parser.add_argument("instance")
    parser.add_argument("--webhook")
    parser.add_argument("--tied", action="store_true")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    wake = _wake_on_signals()
    # Held as long as this process lives: that is how others know that it does.
    with FileLock(folder / LOCK, timeout=LOCK_SECONDS):
        supervisor = _Supervisor(folder, arguments.binaries)
        try:
            record = _started(supervisor, arguments.instance, arguments.webhook)
            record.write(folder)
            _serve(supervisor, wake, sys.stdin.fileno() if arguments.tied else None)
        except _EndedError as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            supervisor.end()
            Record.remove(folder)
            shutil.rmtree(folder / "etcd", ignore_errors=True)
    return 0


def _started(supervisor: _Supervisor, instance: str, webhook: str | None) -> Record:
    """Starts all of them, again if another program took a port between the choice and the use of it."""
    for _ in range(STARTS - 1):
        try:
            return _start(supervisor, instance, webhook)
        except _EndedError as error:
            if PORT_TAKEN not in str(error):
                raise
            supervisor.end()
    return _start(supervisor, instance, webhook)


def _start(supervisor: _Supervisor, instance: str, webhook: str | None) -> Record:
    folder = supervisor.folder
    previous = Record.last_port(folder)
    shutil.rmtree(folder / "etcd", ignore_errors=True)
    ports = free_ports(previous)
    files = make(folder / "credentials", endpoint(ports), SERVICE_ADDRESS)
    webhook_file = None
    if webhook:
        webhook_file = folder / "webhook.json"
        webhook_file.write_text(webhook_kubeconfig(webhook), "utf-8")
    asks = _Asks(files)
    server = api_server(files, ports, webhook_file)
    supervisor.run(etcd(folder, files, ports))
    supervisor.run(server)
    supervisor.wait("the API server", partial(asks.answers, server.health))
    others = tuple(clients(files, ports))
    for process in others:
        supervisor.run(process)
    for process in others:
        supervisor.wait(process.name, partial(asks.answers, process.health))
    # Without it no pod is accepted in the namespace.
    account = f"{endpoint(ports)}/api/v1/namespaces/default/serviceaccounts/default"
    supervisor.wait("the first service account", partial(asks.answers, account))
    return Record(endpoint=endpoint(ports), instance=instance, pid=os.getpid(), webhook=webhook)


class _Asks:
    """Questions to the processes, as the administrator and past any proxy."""

    def __init__(self, files: Files) -> None:
        context = ssl.create_default_context(cafile=str(files.ca))
        context.load_cert_chain(files.certificate(ADMIN), files.key(ADMIN))
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))

    def answers(self, url: str) -> bool:
        """Whether the answer is 200."""
        try:
            with self._opener.open(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False


def _serve(supervisor: _Supervisor, wake: int, tied: int | None) -> None:
    """Sleeps until a signal, a child's end, or the end of standard input."""
    watched = [wake] if tied is None else [wake, tied]
    while True:
        ready, _, _ = select.select(watched, [], [])
        if tied is not None and tied in ready and not os.read(tied, 1):
            return
        if wake in ready and set(os.read(wake, 64)) & {signal.SIGTERM, signal.SIGINT}:
            return
        supervisor.check()


def _wake_on_signals() -> int:
    """A file that holds a byte for each signal that came."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return reader


def _end_with_parent(parent: int) -> Callable[[], None]:
    """For a child between fork and exec: Linux ends it when its parent ends, however that ends. Elsewhere the parent has to do it."""
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None).prctl

    def arrange() -> None:
        prctl(_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return arrange


if __name__ == "__main__":
    sys.exit(main())
