"""What components get: blueprint, scale, bindings and lock of one environment, merged and validated."""

from collections.abc import Iterator
from typing import Self

from pydantic import Field, model_validator

from commonground.settings.ami import AMI_TYPES, AmiType
from commonground.settings.base import (
    Accelerator,
    Architecture,
    BucketPurpose,
    Capacity,
    CiSystem,
    Cloud,
    EndpointAccess,
    Gpus,
    GpuSoftware,
    InstanceType,
    NatGateways,
    PoolPurpose,
    Protection,
    Settings,
    SharingStrategy,
    Support,
    TeamRole,
    Zone,
)
from commonground.settings.metrics import MetricsSettings
from commonground.settings.words import AUDIENCE, BRANCH, CI_REPOSITORY, HOST


class TierSettings(Settings):
    """A tier of subnets, one subnet a zone."""

    name: str
    """`public` (routes to the internet gateway), `private` (nodes and pods; routes to NAT) or `intra` (no way out)."""
    slot: int = Field(ge=0)
    """Its slot in the address plan. Never changes: a subnet that moves is replaced."""


class NetworkSettings(Settings):
    """A VPC and its subnets."""

    cidr: str
    """IPv4 range of the VPC, /16 to /20. Example: `10.16.0.0/16`."""
    account: str
    region: str
    zones: tuple[Zone, ...]
    """Zones used, ordered by number."""
    tiers: tuple[TierSettings, ...]
    nat: NatGateways
    endpoints: tuple[str, ...]
    """Services reached inside the VPC, by the last part of their name: `s3` (a gateway, free) or `ecr.api` (an interface, billed by zone and hour)."""
    flow_logs: bool
    log_retention_days: int
    cluster: str | None = None
    """Physical name of the cluster whose load balancer controller finds the subnets by tag."""
    protection: Protection
    """Of the flow logs."""


class BucketSettings(Settings):
    """One bucket."""

    name: str
    """Name in the blueprint; part of every logical name. Example: `datasets`."""
    purpose: BucketPurpose
    keep_old_versions_days: int = Field(default=90, ge=1, le=3650)
    """How long an overwritten or deleted object can be brought back, in days. Costs its storage until then. Models keep every version."""
    expire_days: int | None = Field(default=None, ge=1, le=3650)
    """Age at which objects are deleted, in days; none: never. Refused for models, which are kept."""
    protection: Protection


class StorageSettings(Settings):
    """The environment's buckets. One of them may have the purpose `logs`: the others' access logs go there."""

    account: str
    buckets: tuple[BucketSettings, ...]
    protection: Protection
    """Of the key that encrypts them."""


class RegistrySettings(Settings):
    """One ECR repository."""

    name: str
    """Name in the blueprint and in ECR, with slashes. Example: `models/churn`."""
    released_tags: tuple[str, ...]
    """Patterns of tags that never expire, at most four `*` each. Example: `v*`."""
    expire_days: int = Field(ge=1, le=3650)
    """Age at which every other image expires, in days."""
    protection: Protection


class RegistriesSettings(Settings):
    """The environment's repositories."""

    account: str
    repositories: tuple[RegistrySettings, ...]
    protection: Protection
    """Of the key that encrypts them."""


class AccessSettings(Settings):
    """One principal's way into the cluster."""

    name: str
    """Part of the logical name: the binding's, and for the members of a list a part of the role's name. Example: `operators-platform`."""
    principal_arn: str
    """ARN of an IAM role."""
    policy: str
    """EKS access policy, by name. Example: `AmazonEKSClusterAdminPolicy`."""


class GroupAccessSettings(Settings):
    """A principal that enters the cluster as a member of Kubernetes groups: what these may do, the teams' roles say."""

    name: str
    """Part of the logical name, unique beside those of `AccessSettings`. Example: `shop_developers`."""
    principal_arn: str
    """ARN of an IAM role."""
    groups: tuple[str, ...] = Field(min_length=1)
    """Kubernetes groups, sorted. Example: `commonground:shop:developer`."""


class AddonSettings(Settings):
    """An EKS add-on at the release that the lock names."""

    name: str
    version: str


class ClusterSettings(Settings):
    """An EKS control plane, who reaches it, and the add-ons that nodes need before they join."""

    name: str
    """Physical name, with the lock's incarnation in it: `commonground-dev-k7q2`."""
    account: str
    region: str
    kubernetes: str = Field(pattern=r"^1\.[0-9]{2}$")
    endpoint: EndpointAccess
    clients: tuple[str, ...] = ()
    """CIDRs that reach a public endpoint."""
    deployer_arn: str
    """Role that deploys: its own entry comes first, and Kubernetes objects are made as this role."""
    as_caller: bool = False
    """Whether providers act as whoever runs the engine, not as the deployer: for previews by a role that only reads."""
    access: tuple[AccessSettings, ...]
    """All principals, the deployer included."""
    members: tuple[GroupAccessSettings, ...] = ()
    """Teams' members. One that is in `access` too has one entry with both."""
    addons: tuple[AddonSettings, ...]
    """DaemonSet add-ons: vpc-cni, kube-proxy, eks-pod-identity-agent."""
    log_retention_days: int
    support: Support
    zonal_shift: bool
    protection: Protection


class AddonsSettings(Settings):
    """Add-ons that need nodes, after the system pool: coredns, aws-ebs-csi-driver, metrics-server, kube-state-metrics and the like."""

    addons: tuple[AddonSettings, ...]


class SharingSettings(Settings):
    """How pods share a GPU."""

    strategy: SharingStrategy = SharingStrategy.NONE
    replicas: int = Field(default=1, ge=1)
    """Pods a GPU takes: 1 without sharing and with MIG, where the parts are devices of their own."""
    profile: str | None = None
    """MIG profile. Example: `1g.10gb`."""


class PoolSettings(Settings):
    """Nodes with one purpose: a managed node group."""

    name: str
    purpose: PoolPurpose
    architecture: Architecture
    accelerator: Accelerator | None = None
    kubernetes: str = Field(pattern=r"^1\.[0-9]{2}$")
    ami_type: AmiType
    """From `ami.AMI_TYPES`, by architecture and accelerator."""
    ami_release: str
    """Release of the AMI type, from the lock. Example: `1.36.0-20260101`."""
    instance_types: tuple[InstanceType, ...] = Field(min_length=1)
    capacity: Capacity
    root_volume_gib: int = Field(ge=20, le=16384)
    sharing: SharingSettings = SharingSettings()
    efa: bool = False
    """Whether its nodes get all the Elastic Fabric Adapters that their type has."""
    min: int = Field(ge=0)
    desired: int = Field(ge=0)
    """Nodes at creation. The autoscaler moves it afterwards, without a diff."""
    max: int = Field(ge=1)
    resize: bool = False
    """Whether `desired` is set once more in this run: the pool stands in the scale's `resize`."""
    rezone: bool = False
    """Whether the nodes move to `zones` in this run, by a new node group in place of the old. Otherwise they stay in the zones of their creation."""
    zones: tuple[str, ...]
    """Ids of the zones in which every one of the instance types is offered, out of the network's."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """What EKS would refuse only while deploying, or what would leave GPU pods waiting for ever."""
        for mistake in _pool_mistakes(self):
            raise ValueError(mistake)
        return self


def _pool_mistakes(pool: PoolSettings) -> Iterator[str]:
    if pool.purpose is PoolPurpose.GPU and pool.accelerator is None:
        yield f"pool {pool.name!r}: a pool with the purpose gpu needs an accelerator: set `accelerator: nvidia`"
    bare = [kind.name for kind in pool.instance_types if kind.gpus is None]
    if pool.accelerator is not None and bare:
        yield f"pool {pool.name!r}: expected instance types with GPUs, found {', '.join(bare)}"
    idle = [kind.name for kind in pool.instance_types if kind.gpus is not None]
    if pool.accelerator is None and idle:
        yield f"pool {pool.name!r}: expected instance types without GPUs, which nothing would use, found {', '.join(idle)}: set `accelerator`"
    alien = [f"{kind.name} ({kind.architecture.value})" for kind in pool.instance_types if kind.architecture is not pool.architecture]
    if alien:
        yield f"pool {pool.name!r}: expected instance types of the architecture {pool.architecture.value}, found {', '.join(alien)}"
    if pool.ami_type is not AMI_TYPES[pool.architecture, pool.accelerator]:
        yield f"pool {pool.name!r}: expected the AMI type {AMI_TYPES[pool.architecture, pool.accelerator].value}, found {pool.ami_type.value}"
    if not pool.min <= pool.desired <= pool.max:
        yield f"pool {pool.name!r}: expected min <= desired <= max, found {pool.min}, {pool.desired}, {pool.max}"
    if not pool.zones:
        yield f"pool {pool.name!r}: expected at least one zone in which every instance type is offered"


class ImagesSettings(Settings):
    """Where the images of the cluster's own software are pulled from: the foundation's registry, as a cache or a mirror of the public ones."""

    environment: str
    """First part of every repository's name, since an account has each cache prefix only once. Example: `dev`."""
    account: str
    region: str


class AcceleratedPoolSettings(Settings):
    """What the GPU software has to know of a pool."""

    name: str
    gpus: Gpus
    """Of the instance type that has the fewest."""
    sharing: SharingSettings
    efa: bool = False


class AcceleratorsSettings(Settings):
    """GPU software for the pools that have GPUs."""

    software: GpuSoftware
    pools: tuple[AcceleratedPoolSettings, ...] = Field(min_length=1)
    kubernetes: str = Field(pattern=r"^1\.[0-9]{2}$")


class QuotaSettings(Settings):
    """What a team may use at most, over all of its namespaces."""

    cpu: int = Field(ge=1)
    """CPUs requested."""
    memory_gib: int = Field(ge=1)
    gpus: int = Field(ge=0)
    """GPUs, or shares of GPUs."""
    storage_gib: int = Field(ge=1)


class MemberSettings(Settings):
    """Who has a role in a team."""

    role: TeamRole
    group: str
    """Kubernetes group, from an EKS access entry. Example: `commonground:shop:developer`."""


class TeamSettings(Settings):
    """A team: namespaces, quota, members, data and images."""

    name: str
    namespaces: tuple[str, ...] = Field(min_length=1)
    members: tuple[MemberSettings, ...]
    """All five roles, whether somebody is bound to them or not, so that parity holds."""
    buckets: dict[str, str]
    """Bucket's name in the blueprint -> prefix. Example: `models: shop/`."""
    registries: tuple[str, ...]
    peers: tuple[str, ...]
    """Names of teams whose pods may reach this team's."""
    reaches: tuple[str, ...] = ()
    """Names of teams that name this one among their peers: whom its pods may reach."""
    scraped_from: tuple[str, ...] = ()
    """IPv4 ranges that reach all of its pods, on any port: where the metrics collector stands, and nothing else does. None where nothing is measured."""
    quota: QuotaSettings
    protection: Protection
    """Of the namespaces: a namespace that goes takes the volumes that were claimed in it along."""


class StateSettings(Settings):
    """The bucket with Pulumi's state."""

    bucket: str
    key_arn: str | None = None


class DeliverySettings(Settings):
    """The roles that the pipelines of one repository take in an environment's account."""

    environment: str
    """Names the roles, and the state that they reach. Example: `dev`."""
    account: str
    region: str
    system: CiSystem
    host: str = Field(pattern=HOST.pattern)
    """Issuer of the tokens, without `https://`. Example: `token.actions.githubusercontent.com`."""
    audience: str = Field(pattern=AUDIENCE.pattern)
    repository: str = Field(pattern=CI_REPOSITORY.pattern)
    owner_id: int | None = None
    repository_id: int | None = None
    branch: str = Field(pattern=BRANCH.pattern)
    ci_environment: str | None = None
    """The GitHub environment whose jobs deploy; None: those of the branch do."""
    provider_arn: str | None = None
    """The account's OIDC provider; None: it is made here."""
    deployer_arn: str
    state: StateSettings | None = None

    @model_validator(mode="after")
    def _is_pinned(self) -> Self:
        """What the rules say of the files, for settings that are written by hand."""
        if self.ci_environment is not None and (self.system is CiSystem.GITLAB or set("*?$%") & set(self.ci_environment)):
            raise ValueError(f"expected the name of one GitHub environment, found {self.ci_environment!r}")
        if (self.owner_id is None) != (self.repository_id is None):
            raise ValueError("expected both ids of a GitHub repository, owner_id and repository_id, or none")
        return self


class Environment(Settings):
    """One environment: what `Foundation` provisions."""

    name: str
    cloud: Cloud
    account: str
    region: str
    network: NetworkSettings
    storage: StorageSettings
    registries: RegistriesSettings
    cluster: ClusterSettings
    pools: tuple[PoolSettings, ...]
    addons: AddonsSettings
    images: ImagesSettings
    accelerators: AcceleratorsSettings | None
    """None where no pool has GPUs."""
    teams: tuple[TeamSettings, ...]
    delivery: DeliverySettings | None = None
    """None where no pipeline has a role."""
    metrics: MetricsSettings | None = None
    """None where nothing is measured."""

    def as_caller(self) -> "Environment":
        """The same, with providers that act as whoever runs the engine: for previews by CI's role `preview`, which may not become the deployer."""
        return self.model_copy(update={"cluster": self.cluster.model_copy(update={"as_caller": True})})
