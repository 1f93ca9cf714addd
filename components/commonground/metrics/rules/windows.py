"""Windows over series that are recorded every 5 minutes."""

import re

_MINUTES = {"m": 1, "h": 60, "d": 1440}

LATEST = "10m"
"""The range in which the newest sample of a series that is recorded every 5 minutes surely is: an instant read looks back 5 minutes only, and misses it while
the next one is late."""

HOURLY = "2h"
"""The same of a series that is recorded once an hour."""


def latest(series: str) -> str:
    """The newest sample of a series that another group records every 5 minutes."""
    return f"last_over_time({series}[{LATEST}])"


def samples_range(window: str) -> str:
    """The range in which exactly a window's recorded samples are, one every 5 minutes: a millisecond short of it. Example: `1h` -> `59m59s999ms`.

    Groups are evaluated at times of their own, up to an interval after the one that records. A whole window would hold one too many where both times
    are the same and ranges are closed (Prometheus 2); half an interval less would hold one too few where they are far apart. Times are whole milliseconds.
    """
    hours, minutes = divmod(sum(int(number) * _MINUTES[unit] for number, unit in re.findall(r"(\d+)([mhd])", window)) - 1, 60)
    return f"{hours}h{minutes}m59s999ms" if hours else f"{minutes}m59s999ms"
