"""Times how long a browser takes to open the HTML report of a very large preview."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
CHANGES = 2_000
LIMIT_SECONDS = 2


def opening(runs: int) -> str:
    """A line for the documentation: from the request to the page's load event, by the browser's own clock, in a browser that is running already."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return "The HTML report was not opened: there is no chromium on PATH.\n"
    sys.path.insert(0, str(ROOT))
    from playwright.sync_api import sync_playwright
    from tests.preview import reports

    from commonground.preview.forms import html

    with tempfile.TemporaryDirectory(prefix="commonground-bench-") as folder, sync_playwright() as driver:
        file = Path(folder) / "report.html"
        file.write_text(html.render(reports.large(CHANGES)))
        browser = driver.chromium.launch(executable_path=chromium, args=[] if os.geteuid() else ["--no-sandbox"])
        seconds = []
        for _ in range(runs):
            page = browser.new_page()
            page.goto(file.as_uri())
            seconds.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000)
            page.close()
        browser.close()
    spread = f"{median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"
    return f"The HTML report of {CHANGES:,} changed resources opens in {spread} in headless Chromium (limit {LIMIT_SECONDS} s).\n"
