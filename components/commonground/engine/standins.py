"""The stand-ins' process: started for one run, ended with it."""

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from commonground.engine.errors import StandInsError
from commonground.engine.request import StandIns

COMMAND = "COMMONGROUND_STAND_INS"
"""Names another program to serve in the stand-ins' place, as JSON: tests of the engine have a small one."""
SECONDS_TO_END = 5


def served_by(python: str) -> dict[str, str]:
    """Environment of a worker whose stand-ins another interpreter serves than its own."""
    return {COMMAND: os.environ.get(COMMAND, json.dumps([python, "-P", "-m", "commonground.local.providers"]))}


class Process:
    """Stand-ins on their way up: they import all they need, and wait to be told what to serve. They end by themselves when this process does: stdin closes."""

    def __init__(self) -> None:
        command = json.loads(os.environ[COMMAND]) if COMMAND in os.environ else [sys.executable, "-P", "-m", "commonground.local.providers"]
        # A session of its own: an interrupt is for the engine, which still needs the stand-ins to come to an orderly end.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self._said: deque[str] = deque(maxlen=20)
        self._reader = threading.Thread(target=self._read_errors, daemon=True)
        self._reader.start()

    def serve(self, stand_ins: StandIns, half_made: str | None) -> None:
        """Tells them what to serve."""
        options = {
            "--mode": stand_ins.mode,
            "--kubernetes": stand_ins.kubernetes,
            "--endpoint": stand_ins.endpoint,
            "--manifests": stand_ins.manifests,
            "--half-made": half_made,
        }
        assert self._process.stdin
        with suppress(BrokenPipeError):  # they have ended; `attach` says why
            self._process.stdin.write(json.dumps([part for option, value in options.items() if value for part in (option, value)]) + "\n")
            self._process.stdin.flush()

    def attach(self, *, without: Container[str] = ()) -> str:
        """Waits until they serve. Returns the value of PULUMI_DEBUG_PROVIDERS, `without` some packages. Raises `StandInsError`."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        try:
            ports: dict[str, int] = json.loads(line)
        except ValueError:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(SECONDS_TO_END)
            self._reader.join(1)
            raise StandInsError((self._said[-1] if self._said else line).strip()) from None
        return ",".join(f"{package}:{port}" for package, port in sorted(ports.items()) if package not in without)

    def end(self) -> None:
        """Ends them, by force if they do not follow."""
        assert self._process.stdin
        with suppress(OSError):
            self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read_errors(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self._said.append(line)
            sys.stderr.write(line)


@contextmanager
def serving(ahead: Process | None, stand_ins: StandIns | None, half_made: Path | None = None) -> Iterator[Process | None]:
    """The stand-ins of a run, if it has any: those that were started `ahead`, if they were.

    `half_made`: file that may come to list the URNs of what a killed run was creating.
    """
    process = ahead or (Process() if stand_ins else None)
    try:
        if process and stand_ins:
            process.serve(stand_ins, str(half_made) if half_made else None)
        yield process if stand_ins else None
    finally:
        if process:
            process.end()
