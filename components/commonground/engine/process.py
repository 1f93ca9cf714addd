"""Starts a run in a process of its own, follows it, and gives what came of it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any, Protocol

from commonground.engine import standins
from commonground.engine.errors import (
    PREVIEW,
    BusyError,
    EngineError,
    InterruptedRunError,
    NotCreatedError,
    NotLoggedInError,
    PendingError,
    Problem,
    ProtectedError,
    RunError,
)
from commonground.engine.findings import Finding, ordered
from commonground.engine.request import Answer, Mode, Request, State, Status
from commonground.engine.steps import MAKING, Step

# How often an interrupt is passed on to the engine (the first: finish what is going on; the second: stop now) before all is ended by force.
POLITE_INTERRUPTS = 2
WHAT = {
    Mode.UP: "up",
    Mode.PREVIEW: PREVIEW,
    Mode.DESTROY: "destroy",
    Mode.REFRESH: "refresh",
    Mode.OUTPUTS: "reading the outputs",
    Mode.INIT: "init",
    Mode.PLAN: "bringing it up offline",
}


class Watcher(Protocol):
    """Who is told what goes on, in order, by one thread; `say` may come from others too."""

    def say(self, text: str) -> None:
        """One line for the user."""

    def phase(self, name: str) -> None:
        """A part of the run begins: `preview`, `up`, `destroy`, `refresh`."""

    def begin(self, step: Step) -> None:
        """The engine begins with a resource."""

    def end(self, step: Step) -> None:
        """It is done with it."""

    def fail(self, step: Step) -> None:
        """It could not do it; the reason comes at the end."""

    def message(self, severity: str, text: str, urn: str | None) -> None:
        """What the engine, a provider, a policy or the program says."""

    def ask(self, preview: tuple[Step, ...]) -> bool:
        """Whether to go on after what the preview showed."""


@dataclass
class Outcome:
    """What came of a run that did not fail: it is done, or declined, or violates mandatory policies."""

    status: Status
    outputs: dict[str, Any] = field(default_factory=dict)
    """The stack's outputs, secrets masked."""
    preview: tuple[Step, ...] = ()
    """What the preview said, sorted by URN."""
    steps: tuple[Step, ...] = ()
    """What was done, sorted by URN; of a preview the same as `preview`."""
    findings: tuple[Finding, ...] = ()
    """What policies found: the mandatory ones, of a run that is `Status.VIOLATED`, first."""
    changed: bool = False
    """Whether it had begun to change things."""
    against: str = ""
    """What a preview was made against, in words, where that is not what is there."""
    notes: tuple[str, ...] = ()
    """What a reader has to know of how it was made."""


@dataclass
class Worker:
    """The process of one run, started before it is known what it is asked: it imports the program meanwhile."""

    process: "subprocess.Popen[str]"
    log: IO[str]


@contextmanager
def started(project: Path, *, stand_ins: bool = False, debug: bool = False, python: str = sys.executable, components: Path | None = None) -> Iterator[Worker]:
    """A worker for a project, ended on the way out.

    `stand_ins`: whether it is likely to need them, and starts them at once. `debug` shows what it writes to stderr. `python`: the program's interpreter.
    `components`: folder of the program's own package `commonground`, where that is not the one at work here.
    """
    code = [str(Path(__file__).parent / "base" / "elsewhere.py"), str(components)] if components else ["-m", "commonground.engine.worker"]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [python, "-P", *code, str(project), *(["--stand-ins"] if stand_ins else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if debug else log,
            text=True,
            env={**os.environ, **standins.served_by(sys.executable)} if python != sys.executable else None,
            start_new_session=True,  # so that an interrupt reaches the engine once, from here
        )
        try:
            yield Worker(process, log)
        finally:
            # One that was asked has ended by now; what is left of it, or was never asked anything, has nothing to lose.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run(request: Request, watcher: Watcher, worker: Worker) -> Outcome:
    """Does a run to its end, in a worker that has done none. Raises the errors of `commonground.engine.errors`."""
    followed = _Follower(worker.process, watcher, request)
    with _interrupts(worker.process, watcher.say) as received:
        try:
            followed.follow()
        finally:
            _end(worker.process)
    if followed.answer is None and received:
        raise followed.interrupted(changing=followed.changing)
    if followed.answer is None:
        worker.log.seek(0)
        raise EngineError(_breakdown(WHAT[request.mode], worker.process.returncode, worker.log))
    return _outcome(followed, request)


class _Follower:
    """Reads a worker's lines."""

    def __init__(self, process: "subprocess.Popen[str]", watcher: Watcher, request: Request) -> None:
        self._process = process
        self._watcher = watcher
        self._request = request
        self._phase = ""
        self._begun: dict[str, Step] = {}
        self.steps: dict[str, list[Step]] = {}
        self.findings: list[Finding] = []
        self.answer: Answer | None = None

    @property
    def changing(self) -> bool:
        return self._phase not in ("", "preview", "verify", "plan")

    def follow(self) -> None:
        self._send(self._request.to_json())
        assert self._process.stdout
        for line in self._process.stdout:
            self._take(json.loads(line))
            if self.answer:
                break

    def interrupted(self, *, changing: bool) -> InterruptedRunError:
        """What is said of a run that was: a team's state keeps no note of what it was changing."""
        halfway = [step.name for step in self._begun.values() if step.custom and step.op in MAKING]
        unread = halfway if changing and self._request.state is State.TEAM else []
        return InterruptedRunError(WHAT[self._request.mode], changing=changing, environment=self._request.environment, unread=unread)

    def of(self, phase: str) -> tuple[Step, ...]:
        return tuple(sorted(self.steps.get(phase, []), key=lambda step: (step.urn, step.op)))

    def _take(self, line: dict[str, Any]) -> None:
        match line["kind"]:
            case "say":
                self._watcher.say(line["text"])
            case "phase":
                self._phase = line["name"]
                self._begun.clear()
                self.steps[self._phase] = []
                self._watcher.phase(self._phase)
            case "message":
                self._watcher.message(line["severity"], line["text"], line["urn"])
            case "finding":
                self._finding(Finding(**line["finding"]))
            case "ask":
                with _default_interrupts():
                    self._send({"go": self._watcher.ask(self.of(self._phase))})
            case "answer":
                self.answer = Answer(**{**line["answer"], "status": Status(line["answer"]["status"])})
            case kind:
                step = Step(**line["step"])
                if kind == "begin":
                    self._begun[step.urn] = step
                if kind == "end":
                    self._begun.pop(step.urn, None)
                if kind == "end":
                    self.steps[self._phase].append(step)
                getattr(self._watcher, kind)(step)

    def _finding(self, found: Finding) -> None:
        """What ends the run is told at its end, all at once."""
        self.findings.append(found)
        if not found.mandatory:
            self._watcher.message("policy advisory", f"{found.policy}: {found.message}", found.urn or None)

    def _send(self, line: dict[str, Any]) -> None:
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(line) + "\n")
            self._process.stdin.flush()


def _outcome(followed: _Follower, request: Request) -> Outcome:
    answer = followed.answer
    assert answer
    what = WHAT[request.mode]
    errors: dict[Status, Callable[[], EngineError]] = {
        Status.BUSY: lambda: BusyError(request.environment, answer.holder),
        Status.NOT_CREATED: lambda: NotCreatedError(request.environment),
        Status.NOT_LOGGED_IN: lambda: NotLoggedInError(request.cli),
        Status.PROTECTED: lambda: ProtectedError(answer.names, what, followed.of("preview")),
        Status.PENDING: lambda: PendingError(answer.names, what, request.environment),
        Status.INTERRUPTED: lambda: followed.interrupted(changing=answer.changed),
        Status.FAILED: lambda: RunError([Problem(**problem) for problem in answer.problems], what, followed.of("preview")),
    }
    if answer.status in errors:
        raise errors[answer.status]()
    last = next((phase for phase in reversed(followed.steps) if phase != "verify"), "preview")
    return Outcome(answer.status, answer.outputs, followed.of("preview"), followed.of(last), ordered(followed.findings), answer.changed)


@contextmanager
def _interrupts(process: "subprocess.Popen[str]", say: Callable[[str], None]) -> Iterator[list[int]]:
    """Passes Ctrl-C and SIGTERM on to the engine, which then comes to an orderly end. Gives the list of those received."""
    received: list[int] = []

    def forward(signum: int, frame: FrameType | None) -> None:
        received.append(signum)
        polite = len(received) <= POLITE_INTERRUPTS
        if len(received) == 1:
            say("stopping: what is going on is brought to its end (once more to stop at once)")
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT if polite else signal.SIGKILL)

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _default_interrupts() -> Iterator[None]:
    """While a question is asked, an interrupt answers it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end(process: "subprocess.Popen[str]") -> None:
    """Lets a worker go that has answered, and leaves nothing behind of one that broke down."""
    assert process.stdin
    assert process.stdout
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.stdout.read()
    process.stdout.close()
    process.wait()


def _breakdown(what: str, code: int, log: IO[str]) -> str:
    lines = [line.strip() for line in log if line.strip()]
    how = f"by signal {-code}" if code < 0 else f"with code {code}"
    return f"{what} broke down: its process ended {how}" + (f": {lines[-1]}" if lines else "")
