"""What may differ between environments of one shape, as data: what is collapsed, and which properties scale, bindings or lock move."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Owner(StrEnum):
    """Whose a value is that may differ."""

    SCALE = "scale"
    BINDINGS = "bindings"
    LOCK = "lock"


@dataclass(frozen=True)
class Rule:
    """A property that may have another value, or be more or fewer, in another environment."""

    type: str
    """Resource type; `*`: any."""
    path: str
    """Property path; `*` stands for one key or index, `**` at the end for all that is below. JSON in a string counts as properties."""
    owner: Owner
    why: str
    """What of the owner's moves it. Example: `protect`."""

    def covers(self, type_: str, path: str) -> bool:
        """Whether it speaks of this property."""
        return self.type in ("*", type_) and re.fullmatch(_pattern(self.path), path) is not None


def _pattern(path: str) -> str:
    below = path.endswith(".**")
    plain = re.escape(path.removesuffix(".**")).replace(r"\*", r"[^.\[\]]+")
    return plain + (r"([.\[].*)?" if below else "")


COLLAPSED: tuple[tuple[str, str], ...] = ((r"[a-z]+[0-9]*-az[0-9]+", "<zone>"),)
"""Parts of logical names that count instances, and what stands in their place. Zone ids: EC2 user guide, "Availability Zone IDs"."""

LOG_GROUP, NODE_GROUP = "aws:cloudwatch/logGroup:LogGroup", "aws:eks/nodeGroup:NodeGroup"
CLUSTER, ADDON = "aws:eks/cluster:Cluster", "aws:eks/addon:Addon"

RULES: tuple[Rule, ...] = (
)
