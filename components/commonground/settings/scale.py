"""Scale: how much of the blueprint one environment has. Sizes, counts, retention, protection, and nothing that changes the shape."""

from typing import Literal

from pydantic import Field

from commonground.settings.base import Capacity, Settings, Support
from commonground.settings.metrics import MetricsScale
from commonground.settings.words import InstanceTypeName, Name

RetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
"""What CloudWatch Logs accepts (its API reference, "PutRetentionPolicy")."""


class PoolScale(Settings):
    """How many nodes a pool has, and of what kind."""

    instance_types: tuple[InstanceTypeName, ...] = Field(min_length=1, max_length=20)
    """EC2 instance types, the preferred one first; spot wants several. All of the pool's architecture, and the lock must know them. Example: `[m7i.xlarge,
    m7i.2xlarge]`."""
    capacity: Capacity
    """`on_demand`, or `spot`: up to 90 % cheaper, and taken back with two minutes' notice. Changing it replaces the node group. Example: `on_demand`."""
    min: int = Field(ge=0, le=450)
    """Nodes that always run, and are always paid. 0 lets a pool vanish when idle; a system pool needs 2. Example: `1`."""
    desired: int = Field(ge=0, le=450)
    """Nodes at creation, from `min` to `max`; afterwards the autoscaler moves it. Example: `1`."""
    max: int = Field(ge=1, le=450)
    """Nodes at most: the limit of what a mistake can cost. Example: `6`."""


class TeamScale(Settings):
    """What a team may use at most: the quota over all of its namespaces, shared out evenly among them."""

    cpu: int = Field(ge=1, le=100_000)
    """CPUs that its pods may request together. Example: `40`."""
    memory_gib: int = Field(ge=1, le=1_000_000)
    """Memory that its pods may request together, and take at most by their limits, in GiB. Example: `160`."""
    gpus: int = Field(default=0, ge=0, le=10_000)
    """GPUs, or shares of GPUs, that its pods may request together. Default: none. Example: `4`."""
    storage_gib: int = Field(ge=1, le=1_000_000)
    """Volumes that it may claim together, in GiB. Example: `500`."""


class Scale(Settings):
    """How much of the blueprint one environment has."""

    protect: bool = Field(examples=[False])
    """The environment's one switch: what holds data can neither be deleted nor replaced, and EKS has its deletion protection on. No default: say it. Example:
    `true`."""
    zones: int = Field(ge=2, le=6, examples=[2])
    """Availability zones, those with the lowest numbers first. EKS needs 2; every further one costs interface endpoints, and NAT gateways where they are one a
    zone. Example: `3`."""
    nat_gateways: Literal["one", "one_per_zone"] | None = Field(default=None, examples=["one"])
    """`one` (the zone that it is in takes the others' way out with it) or `one_per_zone` (each costs about 35 dollars a month, and saves traffic between
    zones). Left out where the
    blueprint has `nat: false`. Example: `one`."""
    log_retention_days: RetentionDays = Field(examples=[30])
    """How long logs of the control plane and the network are kept, in days. Costs their storage until then. Example: `30`."""
    zonal_shift: bool = Field(examples=[False])
    """Whether AWS may move traffic away from a zone that fails (zonal shift of the cluster). Needs room in the others. Example: `false`."""
    support: Support = Field(examples=["standard"])
    """`standard` upgrades the cluster by itself when its version ends; `extended` keeps it another year, at about six times the price of the control plane.
    Example: `standard`."""
    pools: dict[Name, PoolScale]
    """Exactly the blueprint's pools. Example: `general: {instance_types: [m7i.xlarge], capacity: on_demand, min: 1, desired: 1, max: 6}`."""
    teams: dict[Name, TeamScale] = Field(default_factory=dict)
    """Exactly the blueprint's teams: their quotas. Example: `shop: {cpu: 40, memory_gib: 160, gpus: 4, storage_gib: 500}`."""
    metrics: MetricsScale | None = None
    """Retention and limits of the metrics stack; exactly where the blueprint has one. Example: `{retention_days: 150}`."""
    resize: tuple[str, ...] = ()
    """Pools whose `desired` is set once more in this run: needed with a raised `min`, since AWS refuses a minimum above what runs. Default: none. Example:
    `[general]`."""
    rezone: tuple[str, ...] = ()
    """Pools whose nodes move to all of the network's zones in this run, by a new node group in place of the old: after a zone was added. Default: none.
    Example: `[general]`."""
    unprotected: tuple[str, ...] = ()
    """Logical names of resources whose protection a reviewer lifted, so that they can be replaced or removed. Risk: their data. Default: none. Example:
    `[datasets-bucket]`."""
