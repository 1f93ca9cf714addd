"""Pages in a real headless Chromium, which fail their test on a console error or on any request beyond the page's own file."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, Route, sync_playwright

from commonground.preview.forms import html
from commonground.preview.model import Report

ROOT = Path(__file__).parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
Open = Callable[..., Page]


@pytest.fixture(scope="module")  # its driver keeps an event loop running, which tests of other rooms in this process could not bear
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH: apt-get install chromium")
    # Chromium's sandbox refuses to run as root.
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield opened
        opened.close()


@pytest.fixture
def open_report(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """`open_report(report, ...)` opens its HTML; what else is given goes to the browser's context."""
    complaints: list[str] = []
    contexts = []

    def opened(report: Report, *, fragment: str = "", **context: Any) -> Page:
        file = tmp_path / "report.html"
        file.write_text(html.render(report))

        def watch(route: Route, request: Request) -> None:
            if request.url.partition("#")[0] == file.as_uri():
                route.continue_()
            else:
                complaints.append(f"asked for {request.url}")
                route.abort()

        made = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
        contexts.append(made)
        made.route("**/*", watch)
        page = made.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(file.as_uri() + fragment)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Where CI finds what a person looks at."""
    folder = Path(os.environ.get("COMMONGROUND_ARTIFACTS") or ROOT / "reports" / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
