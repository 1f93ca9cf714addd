"""The base of all settings, and the words that more than one of them uses."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Frozen, strict, nothing unknown; attribute docstrings become the schema's descriptions (`commonground.settings.descriptions`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Cloud(StrEnum):
    """Where an environment lives."""

    AWS = "aws"
    LOCAL = "local"


class Architecture(StrEnum):
    """CPU architecture, as Kubernetes' `kubernetes.io/arch` and EC2 name it in their own ways."""

    X86_64 = "x86_64"
    ARM64 = "arm64"


class Accelerator(StrEnum):
    """What speeds up a pool's work beside its CPUs."""

    NVIDIA = "nvidia"


class PoolPurpose(StrEnum):
    """What a pool's nodes are for. Decides taints, update strategy and what may land there."""

    SYSTEM = "system"
    GENERAL = "general"
    GPU = "gpu"


class GpuSoftware(StrEnum):
    """How pods get GPUs: by NVIDIA's device plugin (a count), or by its DRA driver (claims of devices; Kubernetes 1.34 or later)."""

    DEVICE_PLUGIN = "device_plugin"
    DRA = "dra"


class SharingStrategy(StrEnum):
    """How pods share a GPU: not at all, in turns (`time_slicing`), side by side in one context (`mps`), or in parts made by the hardware (`mig`)."""

    NONE = "none"
    TIME_SLICING = "time_slicing"
    MPS = "mps"
    MIG = "mig"


class TeamRole(StrEnum):
    """What a member of a team may do in its namespaces."""

    VIEWER = "viewer"
    DEVELOPER = "developer"
    ML_ENGINEER = "ml_engineer"
    OPERATOR = "operator"
    CI = "ci"


class CiSystem(StrEnum):
    """Whose pipelines deliver: whoever signs their identity tokens."""

    GITHUB = "github"
    GITLAB = "gitlab"


class BucketPurpose(StrEnum):
    """What a bucket holds. Decides its encryption and the life of its objects."""

    DATASETS = "datasets"
    MODELS = "models"
    ARTIFACTS = "artifacts"
    LOGS = "logs"


class Capacity(StrEnum):
    """How EC2 capacity is bought."""

    ON_DEMAND = "on_demand"
    SPOT = "spot"


class NatGateways(StrEnum):
    """How private subnets reach the internet: not at all, by one NAT gateway, or by one in each zone."""

    NONE = "none"
    ONE = "one"
    ONE_PER_ZONE = "one_per_zone"


class Support(StrEnum):
    """EKS support policy of a Kubernetes version: `standard` upgrades by itself at its end, `extended` costs more."""

    STANDARD = "standard"
    EXTENDED = "extended"


class EndpointAccess(StrEnum):
    """From where the cluster's API endpoint is reached."""

    PRIVATE = "private"
    PUBLIC = "public"


class Gpus(Settings):
    """The GPUs of one instance."""

    count: int = Field(ge=1)
    model: str
    memory_mib: int = Field(ge=1)
    """Memory of one GPU, in MiB."""


class InstanceType(Settings):
    """Facts of an EC2 instance type, from the lock (EC2's DescribeInstanceTypes)."""

    name: str
    architecture: Architecture
    vcpu: int = Field(ge=1)
    memory_mib: int = Field(ge=1)
    pods: int = Field(ge=1)
    """Pods a node takes by its network interfaces, without prefix delegation."""
    efa: int = Field(ge=0)
    """Elastic Fabric Adapters at most."""
    gpus: Gpus | None = None
    zones: tuple[str, ...]
    """Ids of the zones where it is offered."""


class Zone(Settings):
    """An availability zone. Its id means the same in every account, its name does not."""

    id: str = Field(pattern=r"^[a-z0-9]+-az[1-9][0-9]?$")
    name: str

    @property
    def number(self) -> int:
        """Number at the end of the id: the zone's slot in the address plan."""
        return int(self.id.rsplit("-az", 1)[1])


class Protection(Settings):
    """Which resources that hold data a plan may not delete or replace."""

    on: bool
    """The scale's one `protect`."""
    unprotected: tuple[str, ...] = ()
    """Logical names whose protection a reviewer lifted: the scale's `unprotected`."""

    def covers(self, logical_name: str) -> bool:
        """Whether the resource of this logical name is protected."""
        return self.on and logical_name not in self.unprotected
