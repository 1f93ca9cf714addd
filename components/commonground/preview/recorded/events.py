"""Reads a recorded event log that somebody's `pulumi` wrote: a digest (`pulumi preview --json`), or engine events in JSON lines.

Shapes: pkg/display, PreviewDigest; sdk/go/common/apitype, EngineEvent (CLI 3.274.1). A log that is read once is read in linear time, line by line.
"""

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from commonground.engine.errors import EventLogError
from commonground.engine.steps import Step
from commonground.preview.model import PolicyFinding
from commonground.preview.recorded.logged import Values
from commonground.preview.recorded.replay import Replay, is_event

# What a shell's redirection makes of a text: PowerShell's is UTF-16.
MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF8: "utf-8-sig"}
COMPRESSED = {b"\x1f\x8b": "gzip", b"PK": "zip", b"\x28\xb5": "zstd"}
DIGEST = frozenset({"steps", "diagnostics", "changeSummary", "duration", "config", "maybeCorrupt"})
FOR_PEOPLE = ("Previewing update", "Updating (", "View in Browser", "View Live:")
UNPACK = "unpack it first"


@dataclass(frozen=True)
class Recorded:
    """A preview that somebody else made."""

    steps: tuple[Step, ...]
    """Sorted by URN, secrets masked."""
    findings: tuple[PolicyFinding, ...]
    """Mandatory ones first."""
    problems: tuple[str, ...]
    """Why it failed; none: it came to its end."""
    stack: str
    """Name of the stack; empty where nothing was recorded that names it."""
    notes: tuple[str, ...]
    """What a reader has to know of the log itself: what is not in it, what was not understood, drift, warnings."""


def read(path: Path) -> Recorded:
    """What a log says. Raises `EventLogError` for a file that is none."""
    log = _Log(str(path))
    try:
        with _opened(path) as lines:
            log.read(lines)
    except FileNotFoundError:
        raise EventLogError(str(path), "there is no such file") from None
    except IsADirectoryError:
        raise EventLogError(str(path), "is a directory", fix="name the file in it") from None
    except OSError as error:
        raise EventLogError(str(path), f"cannot be read ({error.strerror})", fix="let this user read it") from None
    except RecursionError:
        raise EventLogError(str(path), "is nested too deep to be read") from None
    return log.recorded()


def _opened(path: Path) -> IO[str]:
    with path.open("rb") as file:
        start = file.read(4096)
    encoding = next((name for mark, name in MARKS.items() if start.startswith(mark)), "utf-8")
    for magic, name in COMPRESSED.items():
        if start.startswith(magic):
            raise EventLogError(str(path), f"is compressed ({name})", fix=UNPACK)
    if encoding != "utf-16" and b"\0" in start:
        raise EventLogError(str(path), "is a binary file")
    # Cut off in the middle of a character is cut off like in the middle of a line.
    return path.open(encoding=encoding, errors="replace")


@dataclass
class _Log:
    """A log while it is read."""

    path: str
    values: Values = field(default_factory=Values)
    replay: Replay = field(init=False)
    _said: list[str] = field(default_factory=list)
    """Lines that are no JSON: what the CLI said beside the log."""
    _unread: list[int] = field(default_factory=list)
    """Numbers of lines that look like JSON and are none."""

    def __post_init__(self) -> None:
        self.replay = Replay(self.values)

    def read(self, lines: IO[str]) -> None:
        """Finds out which form it has, and takes it in."""
        numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
        for number, line in numbered:
            if not line.lstrip().startswith(("{", "[")):
                self._said.append(line.strip())
                continue
            found = self._json(line)
            if isinstance(found, dict) and (is_event(found) or "events" in found):
                self._stream(number, found, numbered)
            elif found is None and _begins_event(line):
                self._unread.append(number)
                self._stream(number, {}, numbered)
            else:
                self._document(number, line + lines.read())
            self.replay.say(self._said)
            return
        if not self._said:
            raise EventLogError(self.path, "is empty")
        people = any(word in line for line in self._said for word in FOR_PEOPLE)
        found_text = "is what `pulumi` prints for people to read" if people else "is no JSON"
        raise EventLogError(self.path, found_text, line=1)

    def recorded(self) -> Recorded:
        """What it said."""
        told = self.replay.told()
        return Recorded(told.steps, told.findings, told.problems, told.stack, told.notes)

    def _json(self, line: str) -> Any:
        try:
            found = json.loads(line)
        except ValueError:
            return None
        self.values.learn(found, line)
        return found

    def _stream(self, first: int, event: dict[str, Any], lines: Iterator[tuple[int, str]]) -> None:
        """JSON lines, of which the last may be cut off."""
        taken, last = self._take(event), first
        for number, line in lines:
            last = number
            found = self._json(line)
            if isinstance(found, dict):
                taken += self._take(found)
            elif line.lstrip().startswith("{"):
                self._unread.append(number)
            else:
                self._said.append(line.strip())
        if not taken:
            raise EventLogError(self.path, "has no whole event in it: it is cut off", line=first)
        self.replay.close(cut=last if last in self._unread else None)
        if unread := [number for number in self._unread if number != last]:
            self.replay.note(f"{_lines(unread)} of the log cannot be read and was left out")

    def _take(self, found: dict[str, Any]) -> int:
        """The events in a line: one, or a batch as Pulumi Cloud gives them. Returns how many."""
        events = found["events"] if isinstance(found.get("events"), list) else [found]
        taken = [event for event in events if isinstance(event, dict) and self.replay.event(event)]
        return len(taken)

    def _document(self, first: int, text: str) -> None:
        """One JSON document over many lines: a digest, or a list of events."""
        try:
            found, end = json.JSONDecoder().raw_decode(text.lstrip())
        except ValueError as error:
            raise self._broken(first, text, error) from None
        self.values.learn(found, text)
        rest = text.lstrip()[end:]
        self._said += [line.strip() for line in rest.splitlines() if line.strip()]
        if isinstance(found, list) and any(isinstance(event, dict) and is_event(event) for event in found):
            self._take({"events": found})
            self.replay.close(cut=None)
        elif isinstance(found, dict) and (isinstance(found.get("steps"), list) or (found.keys() & DIGEST and "steps" not in found)):
            self.replay.digest(found)
        else:
            raise EventLogError(self.path, _other(found), line=first)

    def _broken(self, first: int, text: str, error: ValueError) -> EventLogError:
        line = first + getattr(error, "lineno", 1) - 1
        total = first + text.rstrip().count("\n")
        ends = line >= total
        return EventLogError(self.path, "ends in the middle of the JSON: it is cut off" if ends else "is no JSON here", line=line)


def _begins_event(line: str) -> bool:
    """Whether a broken line is the beginning of an event, and not of a document."""
    return line.lstrip().startswith(('{"sequence"', '{"timestamp"')) or 'Event":' in line[:200]


def _other(found: Any) -> str:
    """What a JSON document is that is no log."""
    if not isinstance(found, dict):
        return "is JSON, but no object with `steps` and no events"
    if not found:
        return "is `{}`: that preview failed before its first step, and its stderr says why"
    known = {
        "deployment": "is a stack's state (`pulumi stack export`)",
        "checkpoint": "is a stack's state",
        "resourcePlans": "is an update plan (`--save-plan`)",
        "planned_values": "is a plan of Terraform's",
    }
    return next((what for key, what in known.items() if key in found), "is JSON, but no object with `steps` and no events")


def _lines(numbers: list[int]) -> str:
    shown = ", ".join(str(number) for number, _ in zip(numbers, range(5), strict=False))
    more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
    return f"line{'s' if len(numbers) > 1 else ''} {shown}{more}"
