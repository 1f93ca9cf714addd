"""What a user sees on stderr while a run goes on: lines, or in a terminal a tree (`tree.py`)."""

import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

from commonground.engine.report import render
from commonground.engine.steps import Step

DOING = {
    "create": "creating",
    "update": "changing",
    "delete": "deleting",
    "create-replacement": "creating the replacement of",
    "delete-replaced": "deleting the old",
}
DONE = {"create": "created", "update": "changed", "delete": "deleted", "create-replacement": "created the replacement of", "delete-replaced": "deleted the old"}
TITLES = {
    "preview": "previewing",
    "verify": "previewing what that made: nothing may change",
    "plan": "bringing it up offline",
    "up": "provisioning",
    "destroy": "destroying",
    "refresh": "asking the cloud for what is there",
}
QUIET = ("preview", "verify", "plan")
"""Phases without a line a resource: their report comes at the end."""
SECONDS_BETWEEN_SIGNS_OF_LIFE = 30
MOST_NAMED = 3

Confirm = Callable[[str], bool]


class Muted:
    """Follows a run that only prepares another one: its words are told, its resources are not."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say

    def phase(self, name: str) -> None:
        """Nothing."""

    def begin(self, step: Step) -> None:
        """Nothing."""

    def end(self, step: Step) -> None:
        """Nothing."""

    def fail(self, step: Step) -> None:
        """Nothing: the reason comes at the end."""

    def message(self, severity: str, text: str, urn: str | None) -> None:
        """Nothing."""

    def ask(self, preview: tuple[Step, ...]) -> bool:
        """No."""
        return False


class Lines:
    """A line for each thing done, and one every half minute while something takes longer."""

    def __init__(self, environment: str, confirm: Confirm, stream: TextIO | None = None) -> None:
        self.environment = environment
        self._confirm = confirm
        self._stream = stream or sys.stderr
        self._phase = ""
        self._started = self._began = time.monotonic()
        self._open: dict[str, tuple[Step, float]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()

    def __enter__(self) -> "Lines":
        threading.Thread(target=self._signs_of_life, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()

    def say(self, text: str) -> None:
        """One line for the user."""
        self._line(text)

    def phase(self, name: str) -> None:
        """A part of the run begins."""
        self._phase, self._began = name, time.monotonic()
        self._line(f"{self.environment}: {TITLES.get(name, name)}")

    def begin(self, step: Step) -> None:
        """The engine begins with a resource."""
        with self._lock:
            self._open[step.urn] = (step, time.monotonic())

    def end(self, step: Step) -> None:
        """It is done with it."""
        took = self._took(step)
        if self._phase not in QUIET and step.custom and step.op in DONE:
            self._line(f"  {DONE[step.op]} {step.name} ({step.type}), {took:.1f} s")

    def fail(self, step: Step) -> None:
        """It could not do it."""
        took = self._took(step)
        self._line(f"  failed: {DOING.get(step.op, step.op)} {step.name} ({step.type}), {took:.1f} s")

    def message(self, severity: str, text: str, urn: str | None) -> None:
        """What the engine, a provider, a policy or the program says."""
        where = f"{urn.rsplit('::', 1)[-1]}: " if urn and "::pulumi:pulumi:Stack::" not in urn else ""
        self._line(f"  {severity}: {where}{text}" if severity.startswith(("warning", "policy")) else f"  {where}{text}")

    def ask(self, preview: tuple[Step, ...]) -> bool:
        """Shows what a preview said of a real environment, and asks."""
        self._line(render(preview, title=self.environment, creates_in_full=False).rstrip())
        return self._confirm(f"Do this in {self.environment}?")

    def finish(self) -> None:
        """How long all of it took; what came of it is on stdout."""
        self._line(f"{self.environment}: done in {time.monotonic() - self._started:.1f} s")

    def _took(self, step: Step) -> float:
        with self._lock:
            return time.monotonic() - self._open.pop(step.urn, (step, time.monotonic()))[1]

    def _line(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def _signs_of_life(self) -> None:
        while not self._over.wait(SECONDS_BETWEEN_SIGNS_OF_LIFE):
            with self._lock:
                waiting = sorted((since, step) for step, since in self._open.values() if step.custom and step.op in DOING)
            for since, step in waiting[:MOST_NAMED]:
                self._line(f"  still {DOING[step.op]} {step.name} ({step.type}), {time.monotonic() - since:.0f} s")
