"""The recorded event logs, and what is made of them: cut off, cancelled, widened to hundreds of resources."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.preview.programs import TOKEN

RECORDED = Path(__file__).parent / "recorded"
BUCKET = "urn:pulumi:dev::example::aws:s3/bucket:Bucket::one"
SECRETS = (TOKEN, "plain-Pa55word", "plainhash", "p4ssw0rd", "admin-of-all")
"""What stands in recorded logs in plain text, and must be in no report."""
MANY = 300
"""So many log groups does the provider's upgrade change."""


def log(name: str) -> Path:
    """A recorded log by its name, or by the beginning of it."""
    (found,) = RECORDED.glob(f"{name}*") if "." not in name else [RECORDED / name]
    return found


def events(name: str) -> list[dict[str, Any]]:
    """The events of a recorded log."""
    return [json.loads(line) for line in log(f"{name}.events.jsonl").read_text("utf-8").splitlines()]


def written(file: Path, found: list[dict[str, Any]]) -> Path:
    """A log with these events."""
    file.write_text("".join(f"{json.dumps(event)}\n" for event in found), "utf-8")
    return file


def event(**metadata: Any) -> dict[str, Any]:
    """A step that is done, as an event."""
    return {"resOutputsEvent": {"metadata": {"op": "same", "urn": BUCKET, "type": "aws:s3/bucket:Bucket", **metadata}, "planning": True}}


def end(**more: Any) -> dict[str, Any]:
    return {"summaryEvent": {"maybeCorrupt": False, "durationSeconds": 1, "resourceChanges": {}, "isPreview": True, "result": "succeeded", **more}}


def cut(folder: Path) -> Path:
    """A preview whose log ends in the middle of a line: its runner was killed."""
    whole = log("replacement-chain.events.jsonl").read_bytes()
    place = whole.index(b'"op":"replace"', whole.index(b"RouteTable::public"))
    file = folder / "cut.events.jsonl"
    file.write_bytes(whole[:place])
    return file


def cancelled(folder: Path) -> Path:
    """A preview that somebody stopped when it had begun."""
    begun = events("first-preview")[:7]
    end = {"summaryEvent": {"maybeCorrupt": False, "durationSeconds": 1, "resourceChanges": {"create": 3}, "isPreview": True, "result": "canceled"}}
    return written(folder / "cancelled.events.jsonl", [*begun, end, {"cancelEvent": {}}])


def widened(folder: Path, number: int = MANY) -> Path:
    """The upgrade of a provider that changes this many log groups in one property."""
    lines = log("provider-upgrade.events.jsonl").read_text("utf-8").splitlines()
    template = [line for line in lines if "service-000" in line]
    file = folder / "provider-upgrade.events.jsonl"
    with file.open("w", encoding="utf-8") as out:
        for line in lines:
            if "service-000" in line and line is template[0]:
                out.writelines(f"{copy.replace('service-000', f'service-{place:03}')}\n" for place in range(number) for copy in template)
            elif "service-" not in line:
                out.write(line.replace('"same":5,"update":5', f'"same":{number + 1},"update":{number + 1}') + "\n")
    return file


MADE: dict[str, Callable[[Path], Path]] = {"cut": cut, "cancelled": cancelled, "provider-upgrade": widened}
"""Logs that are made of recorded ones in a folder."""
