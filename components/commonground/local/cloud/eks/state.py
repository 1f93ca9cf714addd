# mypy: allow-subclassing-any
"""What EKS keeps of one account and region: moto's own backend, so that accounts and regions stay apart and moto's reset clears it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Any

from moto.core.utils import utcnow
from moto.eks import urls
from moto.eks.models import EKSBackend
from moto.moto_api._internal import mock_random

from .errors import ResourceNotFound

Params = Mapping[str, Any]
"""A call's parameters by the names of botocore's model."""
Answer = Mapping[str, object]
"""A call's result by the names of botocore's model; objects may spell them in snake case."""


def now() -> datetime:
    """The time in UTC, as moto's serialiser takes it."""
    moment: datetime = utcnow()
    return moment


def new_uuid() -> str:
    """A new UUID, from moto's generator, which a test can seed."""
    return str(mock_random.uuid4())


def new_hex(length: int, *, upper: bool = False) -> str:
    """Hexadecimal digits, from moto's generator."""
    digits = str(mock_random.get_random_hex(length))
    return digits.upper() if upper else digits


@dataclass
class Update:
    """A change of a cluster, a node group or an add-on. Changes are immediate here, so it is always done."""

    type: str
    params: list[dict[str, str]]
    nodegroup_name: str | None = None
    addon_name: str | None = None
    id: str = field(default_factory=new_uuid)
    status: str = "Successful"
    created_at: datetime = field(default_factory=now)
    errors: list[object] = field(default_factory=list)


@dataclass
class PodIdentity:
    """A pod identity association."""

    cluster_name: str
    namespace: str
    service_account: str
    role_arn: str
    association_id: str
    association_arn: str
    owner_arn: str | None
    tags: dict[str, str]
    disable_session_tags: bool = False
    target_role_arn: str | None = None
    external_id: str | None = None
    policy: str | None = None
    created_at: datetime = field(default_factory=now)
    modified_at: datetime = field(default_factory=now)


@dataclass
class AssociatedPolicy:
    """An access policy given to a principal."""

    policy_arn: str
    access_scope: dict[str, Any]
    associated_at: datetime = field(default_factory=now)
    modified_at: datetime = field(default_factory=now)


@dataclass
class AccessEntry:
    """What lets a principal into a cluster."""

    cluster_name: str
    principal_arn: str
    type: str
    username: str
    kubernetes_groups: list[str]
    access_entry_arn: str
    tags: dict[str, str]
    by_eks: bool = False
    """Made by EKS for a node role, and taken away with the role's last node group."""
    policies: dict[str, AssociatedPolicy] = field(default_factory=dict)
    created_at: datetime = field(default_factory=now)
    modified_at: datetime = field(default_factory=now)


@dataclass
class Addon:
    """An add-on. Its status and health are found when it is asked for: nodes come and go."""

    cluster_name: str
    addon_name: str
    addon_version: str
    addon_arn: str
    namespace: str
    owner: str
    tags: dict[str, str]
    configuration_values: str | None = None
    service_account_role_arn: str | None = None
    pod_identity_associations: list[str] = field(default_factory=list)
    """ARNs of the associations that it owns."""
    publisher: str = "eks"
    created_at: datetime = field(default_factory=now)
    modified_at: datetime = field(default_factory=now)


@dataclass
class NodeGroup:
    """A managed node group. How many nodes are desired stands in its auto scaling group, where others may move it."""

    cluster_name: str
    nodegroup_name: str
    nodegroup_arn: str
    auto_scaling_group: str
    node_role: str
    subnets: list[str]
    version: str
    release_version: str
    ami_type: str
    capacity_type: str
    scaling_config: dict[str, int]
    instance_types: list[str] | None
    disk_size: int | None
    labels: dict[str, str]
    taints: list[dict[str, str]]
    tags: dict[str, str]
    launch_template: dict[str, str] | None
    remote_access: dict[str, Any] | None
    update_config: dict[str, Any]
    node_repair_config: dict[str, Any]
    warm_pool_config: dict[str, Any] | None = None
    created_at: datetime = field(default_factory=now)
    modified_at: datetime = field(default_factory=now)


@dataclass
class Cluster:
    """A cluster and all that belongs to it."""

    name: str
    arn: str
    role_arn: str
    version: str
    endpoint: str
    certificate_authority: dict[str, str]
    identity: dict[str, Any]
    resources_vpc_config: dict[str, Any]
    kubernetes_network_config: dict[str, Any]
    logging: dict[str, Any]
    access_config: dict[str, Any]
    upgrade_policy: dict[str, Any]
    zonal_shift_config: dict[str, Any]
    deletion_protection: bool
    encryption_config: list[dict[str, Any]]
    tags: dict[str, str]
    control_plane_scaling_config: dict[str, Any]
    compute_config: dict[str, Any] | None = None
    storage_config: dict[str, Any] | None = None
    remote_network_config: dict[str, Any] | None = None
    client_request_token: str | None = None
    status: str = "ACTIVE"
    platform_version: str = "eks.1"
    health: dict[str, Any] = field(default_factory=lambda: {"issues": []})
    created_at: datetime = field(default_factory=now)
    node_groups: dict[str, NodeGroup] = field(default_factory=dict)
    addons: dict[str, Addon] = field(default_factory=dict)
    access_entries: dict[str, AccessEntry] = field(default_factory=dict)
    identities: dict[str, PodIdentity] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)
    fargate_profiles: dict[str, Any] = field(default_factory=dict)
    """Moto's own: its calls for Fargate work on our clusters."""
    fargate_profile_count: int = 0
    is_active: bool = True

    def note(self, update: Update) -> Update:
        """Keeps the record of a change, for DescribeUpdate."""
        self.updates[update.id] = update
        return update


class Region(EKSBackend):
    """EKS in one account and region."""

    clusters: dict[str, Cluster]
    access_key: str = ""
    """Who makes the call that is being answered."""
    account_id: str
    region_name: str
    partition: str

    @property
    def _url_module(self) -> ModuleType:
        """Moto looks for it beside the class."""
        module: ModuleType = urls
        return module

    def cluster(self, name: str) -> Cluster:
        """The cluster of that name, or `ResourceNotFound`."""
        if name not in self.clusters:
            raise ResourceNotFound(f"No cluster found for name: {name}.", cluster=name)
        return self.clusters[name]

    def arn(self, resource: str) -> str:
        """ARN of something of EKS in this account and region."""
        return f"arn:{self.partition}:eks:{self.region_name}:{self.account_id}:{resource}"
