"""What a stand-in tells the engine when it cannot do what it was asked."""

from dataclasses import dataclass, field

from commonground.local.providers.values import Properties


class StandInError(Exception):
    """One message for the user, without a traceback: the call, the code and the reason."""


@dataclass
class Failure:
    """A property that is wrong, and why."""

    property: str
    reason: str


@dataclass
class UnhealthyError(Exception):
    """A resource that was made but is not healthy. The engine keeps it in state and tries again with the next `up`."""

    id: str
    inputs: Properties
    outputs: Properties
    reasons: list[str] = field(default_factory=list)
