"""The worker's end of its conversation with the command line: JSON lines out, JSON lines in."""

import json
import os
import signal
import sys
import threading
from dataclasses import asdict
from queue import SimpleQueue
from types import FrameType
from typing import Any

from commonground.engine.findings import Finding
from commonground.engine.request import Answer
from commonground.engine.steps import Step


class Channel:
    """Keeps the real stdin and stdout to itself: what a program prints goes to stderr, with everything else that is captured."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        self._requests = os.fdopen(os.dup(0), encoding="utf-8")
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        self._lock = threading.Lock()
        self._in: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self.interrupted = False
        """Whether somebody wants this run to end: the engine then fails for no other reason."""
        signal.signal(signal.SIGINT, self._interrupt)
        threading.Thread(target=self._listen, daemon=True).start()

    def receive(self) -> dict[str, Any] | None:
        """The next line from the command line; nothing when it is gone."""
        return self._in.get()

    def say(self, text: str) -> None:
        """One line for the user."""
        self._send({"kind": "say", "text": text})

    def phase(self, name: str) -> None:
        """A new part of the run begins: `preview`, `up`, ..."""
        self._send({"kind": "phase", "name": name})

    def step(self, kind: str, step: Step) -> None:
        """A step begins (`begin`), is done (`end`) or failed (`fail`)."""
        self._send({"kind": kind, "step": asdict(step)})

    def message(self, severity: str, text: str, urn: str | None) -> None:
        """What the engine, a provider or the program says."""
        self._send({"kind": "message", "severity": severity, "text": text, "urn": urn})

    def finding(self, finding: Finding) -> None:
        """What a policy found."""
        self._send({"kind": "finding", "finding": asdict(finding)})

    def ask(self) -> bool:
        """Whether the user wants to go on after what the preview showed."""
        self._send({"kind": "ask"})
        answer = self.receive()
        return bool(answer and answer.get("go"))

    def answer(self, answer: Answer) -> None:
        """The last line."""
        self._send({"kind": "answer", "answer": asdict(answer)})

    def _send(self, line: dict[str, Any]) -> None:
        with self._lock:
            try:
                self._out.write(json.dumps(line) + "\n")
                self._out.flush()
            except BrokenPipeError:
                self.interrupted = True

    def _interrupt(self, signum: int, frame: FrameType | None) -> None:
        """An interrupt reaches the whole process group: the engine cancels what it does, and this process waits for it."""
        self.interrupted = True

    def _listen(self) -> None:
        for line in self._requests:
            self._in.put(json.loads(line))
        self._in.put(None)
        # The command line is gone: the engine is asked to stop in order, as by Ctrl-C, instead of running on unseen.
        os.killpg(os.getpgid(0), signal.SIGINT)
