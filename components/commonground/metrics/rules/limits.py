"""What the scale bounds, as series: the one rule file that differs between environments, so that all others are the same everywhere."""

from collections.abc import Sequence

from commonground.metrics.rules.model import Group, Recording
from commonground.settings.metrics import MetricsSettings

TEAM_SERIES = "commonground:team_series:limit"
"""Series that a team may have."""
PLATFORM_SERIES = "commonground:platform_series:limit"
"""Series that all that is no team's may have."""


def groups(settings: MetricsSettings) -> Sequence[Group]:
    """All groups of this namespace."""
    bounds = {TEAM_SERIES: settings.team_series, PLATFORM_SERIES: settings.platform_series}
    return (Group("limits", [Recording(name, f"vector({most})") for name, most in bounds.items()]),)
