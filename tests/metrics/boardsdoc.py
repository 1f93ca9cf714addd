"""The part of docs/dashboards.md that is made from the code. `python -m tests.metrics.boardsdoc` writes it."""

from pathlib import Path

from commonground.metrics import dashboards
from commonground.metrics.dashboards.model import Dashboard
from tests.metrics.factory import metrics_settings

PAGE = Path(__file__).parents[2] / "docs" / "dashboards.md"
MARK = "<!-- From here on made from the code: python -m tests.metrics.boardsdoc -->\n"


def made() -> str:
    """All dashboards with their panels."""
    return "\n".join(_section(dashboard) for dashboard in dashboards.dashboards(metrics_settings()).values())


def page() -> str:
    """The page as it should be: what is written by hand, and what is made."""
    by_hand, _, _ = PAGE.read_text().partition(MARK)
    return f"{by_hand}{MARK}\n{made()}"


def _section(dashboard: Dashboard) -> str:
    lines = [
        f"## {dashboard.title}",
        "",
        f"`{dashboard.uid}`. {dashboard.description}",
        "",
        "| panel | says | may be empty, and says why |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {panel.title} | {panel.description} | {panel.empty.value if panel.empty else ''} |" for panel in dashboard.panels()]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page())
