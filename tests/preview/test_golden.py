"""The report of each recorded event log, as a reviewer reads it. `--rewrite-golden` writes what comes out now: review the difference."""

from pathlib import Path

import pytest
from tests.preview.logs import MADE, RECORDED, SECRETS, log

from commonground.preview.changes import environment
from commonground.preview.forms import markdown
from commonground.preview.model import Report
from commonground.preview.recorded.events import read

GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted({file.name.split(".")[0] for file in RECORDED.glob("*.json*")} | MADE.keys())
LIMITS = {"provider-upgrade": 6_000}
"""Characters of a report that has to be cut, so that what is left out can be reviewed too."""


def report(name: str, folder: Path) -> str:
    """The Markdown report of a log; of one that was recorded in several forms, of the events."""
    recorded = read(MADE[name](folder) if name in MADE else _events(name))
    made = environment(
        recorded.stack,
        recorded.steps,
        against=f"as {name} recorded it",
        findings=recorded.findings,
        problems=recorded.problems,
        notes=recorded.notes,
    )
    return markdown.render(Report((made,), project="example"), limit=LIMITS.get(name, markdown.GITHUB))


def _events(name: str) -> Path:
    found = RECORDED / f"{name}.events.jsonl"
    return found if found.exists() else log(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_report_of_a_recorded_log_is_the_reviewed_one(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    golden = GOLDEN / f"{name}.md"
    text = report(name, tmp_path)
    if request.config.getoption("--rewrite-golden"):
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_every_golden_file_is_of_a_log() -> None:
    assert sorted(file.stem for file in GOLDEN.glob("*.md")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_no_report_shows_a_secret(name: str, tmp_path: Path) -> None:
    assert [secret for secret in SECRETS if secret in report(name, tmp_path)] == []
