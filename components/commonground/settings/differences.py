"""Accepted differences between environments: a short list that a reviewer reads. What is not in it cannot differ in shape."""

from datetime import date

from pydantic import Field, JsonValue, RootModel

from commonground.settings.base import Settings
from commonground.settings.words import Date, Name


class Difference(Settings):
    """One environment's blueprint differs at one place, for a reason, until a date."""

    environment: Name
    """Environment that differs. Example: `prod`."""
    path: str = Field(min_length=1)
    """Path in the blueprint. Example: `cluster.endpoint`."""
    value: JsonValue
    """What stands there for this environment. Example: `{access: private}`."""
    reason: str = Field(min_length=10)
    """Why, for the reviewer. Example: `the landing zone reaches the cluster by its own network`."""
    until: Date
    """Last day on which it is accepted, in quotes. Then it is removed, or renewed with a reason. Example: `"2027-03-31"`."""

    def expired(self, today: date) -> bool:
        """Whether its last day has passed."""
        return date.fromisoformat(self.until) < today


class Differences(RootModel[tuple[Difference, ...]]):
    """All accepted differences."""
