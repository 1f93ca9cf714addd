"""Files that are no event log, and logs with anything anywhere: one clear error, or what can be read; never a crash, never a secret."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.preview.logs import SECRETS, events, log

from commonground.engine.errors import EngineError, EventLogError
from commonground.engine.steps import MARK
from commonground.preview.recorded.events import read

TEXT = "Previewing update (dev):\n  +  aws:s3:Bucket one create\n"
STATE = json.dumps({"version": 3, "deployment": {"resources": []}}, indent=2)
NO_LOGS = {
    "nothing": (b"", None, "is empty"),
    "blank": (b"\n \n", None, "is empty"),
    "text": (b"hello\n", 1, "is no JSON"),
    "for people": (TEXT.encode(), 1, "is what `pulumi` prints for people to read"),
    "binary": (b"\x7fELF\x02\x00\x00", None, "is a binary file"),
    "compressed": (gzip.compress(b"{}"), None, "is compressed (gzip)"),
    "state": (STATE.encode(), 1, "is a stack's state (`pulumi stack export`)"),
    "plan": (json.dumps({"resourcePlans": {}}).encode(), 1, "is an update plan (`--save-plan`)"),
    "other": (b'{"a": 1}', 1, "is JSON, but no object with `steps` and no events"),
    "number": (b"[1, 2]", 1, "is JSON, but no object with `steps` and no events"),
    "cut digest": (log("import.digest.json").read_bytes()[:900], 23, "ends in the middle of the JSON: it is cut off"),
    "broken digest": (b'{\n "steps": [\n  {"op" "same"}\n ]\n}\n', 3, "is no JSON here"),
    "first line cut": (b'{"sequence":0,"timestamp":17,"preludeEv', 1, "has no whole event in it: it is cut off"),
    "deep": (b"[" * 200_000, None, "is nested too deep to be read"),
}


@pytest.mark.parametrize("name", NO_LOGS)
def test_what_is_no_log_is_one_error_that_names_file_line_and_fix(name: str, tmp_path: Path) -> None:
    content, line, what = NO_LOGS[name]
    file = tmp_path / "preview.json"
    file.write_bytes(content)
    with pytest.raises(EventLogError) as raised:
        read(file)
    where = f"{file}, line {line}" if line else str(file)
    assert str(raised.value).startswith(f"{where}: {what}; expected an event log of `pulumi preview`. Fix: ")
    assert isinstance(raised.value, EngineError)
    assert raised.value.line == line


def test_a_directory_and_a_missing_file_are_errors_of_the_same_class(tmp_path: Path) -> None:
    with pytest.raises(EventLogError, match="is a directory"):
        read(tmp_path)
    with pytest.raises(EventLogError, match="there is no such file"):
        read(tmp_path / "none")


JUNK: tuple[Any, ...] = (None, 7, "text", [["x"], {"a": 1}], {"a": 1})
SAID_TO_BE_SECRET = ('"plaintext"', MARK[1], '"additionalSecretOutputs": ["bcryptHash", "result"]')
"""What tells that something is secret."""


def places(found: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of each value in a document, by keys and indices."""
    for key in found if isinstance(found, dict) else range(len(found)) if isinstance(found, list) else ():
        yield (*place, key)
        yield from places(found[key], (*place, key))


def damaged(found: Any, place: tuple[Any, ...], junk: Any) -> Any:
    """A document with something else in one place."""
    key, *rest = place
    copy = found.copy()
    copy[key] = damaged(found[key], tuple(rest), junk) if rest else junk
    return copy


@pytest.mark.parametrize("name", ["import.digest.json", "show-secrets.events.jsonl", "foreign.digest.json"])
def test_whatever_stands_in_any_place_of_a_log_is_no_crash_and_shows_no_secret(name: str, tmp_path: Path) -> None:
    file = tmp_path / "log"
    whole = json.loads(log(name).read_text()) if name.endswith(".json") else events(name.split(".")[0])
    outcomes = set()
    for place in places(whole):
        for junk in JUNK:
            found = damaged(whole, place, junk)
            file.write_text(json.dumps(found) if isinstance(whole, dict) else "\n".join(map(json.dumps, found)))
            still_said = place[-1] != "plaintext" and all(json.dumps(found).count(words) == json.dumps(whole).count(words) for words in SAID_TO_BE_SECRET)
            try:
                recorded = read(file)
            except EventLogError:
                outcomes.add("error")
            else:
                outcomes.add("read")
                assert not still_said or [secret for secret in SECRETS if secret in repr(recorded)] == [], (place, junk)
    assert "read" in outcomes
