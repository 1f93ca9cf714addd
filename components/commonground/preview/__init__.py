"""From the engine's events to what a reviewer reads."""

from commonground.preview.facts import Facts
from commonground.preview.parity import Difference, Parity, compare, render
from commonground.preview.rules import Owner, Rule

__all__ = ["Difference", "Facts", "Owner", "Parity", "Rule", "compare", "render"]
