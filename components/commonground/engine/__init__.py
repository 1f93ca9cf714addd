"""The engine: finding or installing the Pulumi CLI, running a stack with it, its events as progress and as a report."""

from commonground.engine.errors import EngineError
from commonground.engine.installation import Engine, find
from commonground.engine.process import Outcome, Watcher
from commonground.engine.project import Project
from commonground.engine.request import Status
from commonground.engine.runs import Checkout, Run
from commonground.engine.steps import Op, Step

__all__ = ["Checkout", "Engine", "EngineError", "Op", "Outcome", "Project", "Run", "Status", "Step", "Watcher", "find"]
