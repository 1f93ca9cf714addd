"""From the engine's events to what a reviewer reads."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commonground.preview.changes import environment
    from commonground.preview.comparison.parity import Difference, Parity, compare, parity_report, render
    from commonground.preview.comparison.rules import Owner, Rule
    from commonground.preview.facts import Facts

# Where each name lives: a comparison of shapes needs no report, and a report's forms are modules of their own.
_HOMES = {
    "Difference": "comparison.parity.Difference",
    "Facts": "facts.Facts",
    "Owner": "comparison.rules.Owner",
    "Parity": "comparison.parity.Parity",
    "Rule": "comparison.rules.Rule",
    "compare": "comparison.parity.compare",
    "environment": "changes.environment",
    "parity_report": "comparison.parity.parity_report",
    "render": "comparison.parity.render",
}

__all__ = ["Difference", "Facts", "Owner", "Parity", "Rule", "compare", "environment", "parity_report", "render"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, member = _HOMES[name].rpartition(".")[::2]
    return getattr(import_module(f"{__name__}.{module}"), member)
