"""Rules of monitoring."""

from collections.abc import Sequence

from commonground.metrics.rules.model import Group
from commonground.settings.metrics import MetricsSettings


def groups(settings: MetricsSettings) -> Sequence[Group]:
    """All groups of this namespace."""
    return ()
