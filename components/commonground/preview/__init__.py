"""From the engine's events to what a reviewer reads."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commonground.preview.changes import environment
    from commonground.preview.facts import Facts
    from commonground.preview.html import render as as_html
    from commonground.preview.jsonreport import render as as_json
    from commonground.preview.markdown import render as as_markdown
    from commonground.preview.parity import Difference, Parity, compare, parity_report, render
    from commonground.preview.rules import Owner, Rule

# Where each name lives: a report in one form needs not what makes the others.
_HOMES = {
    "Difference": "parity.Difference",
    "Facts": "facts.Facts",
    "Owner": "rules.Owner",
    "Parity": "parity.Parity",
    "Rule": "rules.Rule",
    "as_html": "html.render",
    "as_json": "jsonreport.render",
    "as_markdown": "markdown.render",
    "compare": "parity.compare",
    "environment": "changes.environment",
    "parity_report": "parity.parity_report",
    "render": "parity.render",
}

__all__ = ["Difference", "Facts", "Owner", "Parity", "Rule", "as_html", "as_json", "as_markdown", "compare", "environment", "parity_report", "render"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, member = _HOMES[name].split(".")
    return getattr(import_module(f"{__name__}.{module}"), member)
