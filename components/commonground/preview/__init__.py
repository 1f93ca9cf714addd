"""From the engine's events to what a reviewer reads."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commonground.preview.changes import environment
    from commonground.preview.facts import Facts
    from commonground.preview.parity import Difference, Parity, compare, parity_report, render
    from commonground.preview.rules import Owner, Rule

# Where each name lives: a comparison of shapes needs no report, and a report's forms are modules of their own.
_HOMES = {
    "Difference": "parity.Difference",
    "Facts": "facts.Facts",
    "Owner": "rules.Owner",
    "Parity": "parity.Parity",
    "Rule": "rules.Rule",
    "compare": "parity.compare",
    "environment": "changes.environment",
    "parity_report": "parity.parity_report",
    "render": "parity.render",
}

__all__ = ["Difference", "Facts", "Owner", "Parity", "Rule", "compare", "environment", "parity_report", "render"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, member = _HOMES[name].split(".")
    return getattr(import_module(f"{__name__}.{module}"), member)
