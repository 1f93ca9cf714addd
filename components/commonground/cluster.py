"""The cluster: an EKS control plane, who reaches it, what its nodes are, and the add-ons that nodes need before they join."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pulumi
import pulumi_aws as aws
from pulumi_kubernetes import Provider as KubernetesProvider

from commonground.eksaddons import install
from commonground.iam import Statement, document, trust_service
from commonground.keys import Key
from commonground.kubeconfig import kubeconfig
from commonground.network import ANYWHERE, NetworkLike
from commonground.roles import ManagedRole, managed_role
from commonground.settings.base import EndpointAccess, Support
from commonground.settings.environment import AccessSettings, ClusterSettings, GroupAccessSettings
from commonground.tags import named

# EKS user guide, "Send control plane logs to CloudWatch Logs".
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")

# botocore: eks, SupportType.
SUPPORT_TYPES: dict[Support, str] = {Support.STANDARD: "STANDARD", Support.EXTENDED: "EXTENDED"}

ACCESS_POLICIES = "arn:aws:eks::aws:cluster-access-policy/"

CONTROL_PLANE_POLICIES = {"control-plane": "AmazonEKSClusterPolicy"}
# The worker policy, not the minimal one: AL2023 nodes ask EC2 for their own name (EKS user guide, "Amazon EKS node IAM role"). The CNI's is here because
# the CNI runs before pod identity does.
NODE_POLICIES = {
    "worker": "AmazonEKSWorkerNodePolicy",
    "images": "AmazonEC2ContainerRegistryPullOnly",
    "cni": "AmazonEKS_CNI_Policy",
}

ByZone = Mapping[str, pulumi.Input[str]]
"""Zone id -> subnet id."""


class ClusterLike(Protocol):
    """What others need of a cluster: `Cluster` has it, and so has `ExistingCluster`."""

    @property
    def name(self) -> pulumi.Input[str]: ...

    @property
    def arn(self) -> pulumi.Input[str]: ...

    @property
    def security_group_id(self) -> pulumi.Input[str]: ...

    @property
    def subnet_ids(self) -> pulumi.Input[ByZone]: ...

    @property
    def node_role_arn(self) -> pulumi.Input[str]: ...

    @property
    def tags(self) -> pulumi.Input[Mapping[str, str]]: ...

    @property
    def before_nodes(self) -> Sequence[pulumi.Resource]: ...

    @property
    def kubernetes(self) -> KubernetesProvider | None: ...


@dataclass(frozen=True)
class ExistingCluster:
    """A cluster that is there already, or that another stack made."""

    name: pulumi.Input[str]
    arn: pulumi.Input[str]
    security_group_id: pulumi.Input[str]
    """The one that EKS made for the cluster: nodes need it to reach the control plane and each other."""
    subnet_ids: pulumi.Input[ByZone]
    """Subnets for nodes, by the id of their zone. Example: `{"euc1-az1": "subnet-0a1b"}`."""
    node_role_arn: pulumi.Input[str]
    """IAM role of the nodes; EKS lets it in by itself."""
    tags: pulumi.Input[Mapping[str, str]] = field(default_factory=dict)
    """Tags of what EC2 makes for nodes: instances, volumes, network interfaces. A provider's default tags do not reach them."""
    before_nodes: Sequence[pulumi.Resource] = ()
    """What must be there before a node joins."""
    kubernetes: KubernetesProvider | None = None
    """For Kubernetes objects; a pool needs none."""


class OpenEndpointError(ValueError):
    """A protected cluster whose public endpoint anybody could reach."""

    def __init__(self, cluster: str) -> None:
        super().__init__(f"cluster {cluster!r}: a public endpoint of a protected cluster needs the CIDRs that may reach it: name `clients`, or make it private")
        self.cluster = cluster


class NoDeployerAccessError(ValueError):
    """Nobody could make Kubernetes objects: the deploying role has no entry."""

    def __init__(self, cluster: str, deployer_arn: str) -> None:
        super().__init__(f"cluster {cluster!r}: expected the deployer {deployer_arn} among the principals in `access`")
        self.cluster = cluster
        self.deployer_arn = deployer_arn


CONTROL_PLANE_ZONES = 2
"""Zones with network interfaces of the control plane: the least that EKS takes. It refuses others later, so a zone that is added must not be among them.

Source: EKS API reference, "UpdateClusterConfig": subnets belong to the zones that were specified at creation. Nodes may be in any zone of the VPC.
"""


class Cluster(pulumi.ComponentResource):
    """An EKS control plane with its key, logs and access entries, the role of its nodes, and the add-ons that run on each node.

    Nodes come with `Pool`, what runs as a Deployment with `Addons`. The Kubernetes provider waits for the deployer's access; whoever makes Kubernetes
    objects waits for nodes, too.
    """

    cluster: aws.eks.Cluster
    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    certificate: pulumi.Output[str]
    """The cluster's certificate authority, base64."""
    security_group_id: pulumi.Output[str]
    """The group that EKS makes: control plane and nodes."""
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Subnets for nodes, by the id of their zone."""
    node_role: aws.iam.Role
    node_role_arn: pulumi.Output[str]
    tags: pulumi.Output[Mapping[str, str]]
    """The cluster's tags, the AWS provider's default ones among them: what EC2 makes for nodes carries them, too."""
    addons: dict[str, aws.eks.Addon]
    """Those that run on each node, by name."""
    access: dict[str, aws.eks.AccessPolicyAssociation]
    """By the access' name."""
    before_nodes: list[pulumi.Resource]
    """What must be there before a node joins: ways out, the node role's rights, the CNI with its configuration, pod identity."""
    kubernetes: KubernetesProvider

    def __init__(self, name: str, settings: ClusterSettings, *, network: NetworkLike, opts: pulumi.ResourceOptions | None = None) -> None:
        """Raises `OpenEndpointError`, `NoDeployerAccessError`, and `UnknownAddonError` for an add-on that the table lacks."""
        super().__init__("commonground:cluster:Cluster", name, None, opts)
        self._label = name
        self._inside = pulumi.ResourceOptions(parent=self)
        self.subnet_ids = network.private_subnet_ids

        self.cluster = self._control_plane(settings)
        self._expose()
        self.access = self._access(settings)
        deployer = self._deployer_access(settings)
        nodes = self._node_role()
        self.node_role, self.node_role_arn = nodes.role, nodes.role.arn
        self.addons = {addon.name: install(f"{name}-{addon.name}", addon, cluster_name=self.name, after=deployer, parent=self) for addon in settings.addons}
        self.before_nodes = [*network.ready, *nodes.ready, *self.addons.values()]
        self.kubernetes = self._kubernetes(settings, after=deployer)
        self.register_outputs({"name": self.name, "arn": self.arn, "endpoint": self.endpoint})

    def _control_plane(self, settings: ClusterSettings) -> aws.eks.Cluster:
        """Access mode, bootstrap admin and self-managed add-ons are stated: EKS' own defaults differ and cannot be changed later."""
        protected = settings.protection.covers(self._label)
        role = managed_role(f"{self._label}-role", trust=trust_service("eks.amazonaws.com"), policies=CONTROL_PLANE_POLICIES, opts=self._inside)
        key = self._key(settings)
        key_policy = aws.iam.RolePolicy(f"{self._label}-secrets", role=role.role.name, policy=document([_use_key(key)]), opts=self._inside)
        logs = self._logs(settings)
        return aws.eks.Cluster(
            self._label,
            name=settings.name,
            version=settings.kubernetes,
            role_arn=role.role.arn,
            vpc_config=self._vpc_config(settings),
            access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
            bootstrap_self_managed_addons=False,
            encryption_config={"provider": {"key_arn": key.arn}, "resources": ["secrets"]},
            enabled_cluster_log_types=list(LOG_TYPES),
            upgrade_policy={"support_type": SUPPORT_TYPES[settings.support]},
            zonal_shift_config={"enabled": settings.zonal_shift},
            deletion_protection=protected,
            tags=named(self._label),
            opts=pulumi.ResourceOptions(parent=self, protect=protected, depends_on=[logs, key_policy, *role.ready]),
        )

    def _key(self, settings: ClusterSettings) -> Key:
        label = f"{self._label}-key"
        return Key(label, purpose=f"Secrets of the cluster {settings.name}", account=settings.account, protection=settings.protection, opts=self._inside)

    def _logs(self, settings: ClusterSettings) -> aws.cloudwatch.LogGroup:
        """Before the cluster: EKS makes a group that is missing, and one that keeps everything for ever."""
        label = f"{self._label}-logs"
        return aws.cloudwatch.LogGroup(
            label,
            name=f"/aws/eks/{settings.name}/cluster",
            retention_in_days=settings.log_retention_days,
            tags=named(label),
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protection.covers(label)),
        )

    def _vpc_config(self, settings: ClusterSettings) -> aws.eks.ClusterVpcConfigArgsDict:
        """Private access is always on: nodes stay inside the VPC, whoever else may come in."""
        public = settings.endpoint is EndpointAccess.PUBLIC
        if public and not settings.clients and settings.protection.on:
            raise OpenEndpointError(settings.name)
        config: aws.eks.ClusterVpcConfigArgsDict = {
            "subnet_ids": list(self.subnet_ids.values())[:CONTROL_PLANE_ZONES],
            "endpoint_private_access": True,
            "endpoint_public_access": public,
        }
        if public:
            config["public_access_cidrs"] = list(settings.clients) or [ANYWHERE]
        return config

    def _expose(self) -> None:
        self.name, self.arn, self.endpoint = self.cluster.name, self.cluster.arn, self.cluster.endpoint
        self.certificate = self.cluster.certificate_authority.apply(_certificate)
        # By attribute, not by `apply`: it stays known while a subnet beside it is still to be made, and so no node is rolled for an added zone.
        self.security_group_id = self.cluster.vpc_config.cluster_security_group_id.apply(_or_empty)
        self.tags = self.cluster.tags_all.apply(_or_no_tags)

    def _access(self, settings: ClusterSettings) -> dict[str, aws.eks.AccessPolicyAssociation]:
        """One entry a principal, which may have several policies, and groups as a member of teams; the deployer's first."""
        ordered = sorted(settings.access, key=lambda access: access.principal_arn != settings.deployer_arn)
        entries = {arn: self._entry(arn, names, _groups(settings, arn)) for arn, names in _principals([*ordered, *settings.members]).items()}
        associations: dict[str, aws.eks.AccessPolicyAssociation] = {}
        for access in ordered:
            associations[access.name] = aws.eks.AccessPolicyAssociation(
                f"{self._label}-access-{access.name}",
                cluster_name=self.name,
                principal_arn=entries[access.principal_arn].principal_arn,
                policy_arn=f"{ACCESS_POLICIES}{access.policy}",
                access_scope={"type": "cluster"},
                opts=self._inside,
            )
        return associations

    def _entry(self, principal_arn: str, names: Sequence[str], groups: Sequence[str]) -> aws.eks.AccessEntry:
        """Named by the first of its names, and known by the others: one that comes to be the first makes no second entry, which EKS would refuse.

        Its groups are given even if there are none: the provider leaves those that are there in place where nothing is said of them.
        """
        label, *others = [f"{self._label}-access-{name}" for name in names]
        return aws.eks.AccessEntry(
            label,
            cluster_name=self.name,
            principal_arn=principal_arn,
            type="STANDARD",
            kubernetes_groups=list(groups),
            tags=named(label),
            opts=pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(name=other) for other in others]),
        )

    def _deployer_access(self, settings: ClusterSettings) -> list[pulumi.Resource]:
        found: list[pulumi.Resource] = [self.access[access.name] for access in settings.access if access.principal_arn == settings.deployer_arn]
        if not found:
            raise NoDeployerAccessError(settings.name, settings.deployer_arn)
        return found

    def _node_role(self) -> ManagedRole:
        """One for all pools. EKS lets it into the cluster by itself: an entry of ours would be in the way."""
        return managed_role(f"{self._label}-nodes", trust=trust_service("ec2.amazonaws.com"), policies=NODE_POLICIES, opts=self._inside)

    def _kubernetes(self, settings: ClusterSettings, *, after: Sequence[pulumi.Resource]) -> KubernetesProvider:
        """Its identifier is the name from the settings: an output would replace every object whenever it is unknown."""
        return KubernetesProvider(
            f"{self._label}-kubernetes",
            kubeconfig=kubeconfig(
                cluster=settings.name,
                endpoint=self.endpoint,
                certificate=self.certificate,
                region=settings.region,
                role_arn=None if settings.as_caller else settings.deployer_arn,
            ),
            cluster_identifier=settings.name,
            enable_server_side_apply=True,
            enable_config_map_mutable=True,  # otherwise each edit of one replaces it, and takes it away from the pods that use it
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*after]),
        )


def _principals(entries: Sequence[AccessSettings | GroupAccessSettings]) -> dict[str, list[str]]:
    """The names that each principal has, in the order of the entries. One binding may give it a policy and groups: that is one name."""
    names: dict[str, dict[str, None]] = {}
    for entry in entries:
        names.setdefault(entry.principal_arn, {})[entry.name] = None
    return {arn: list(found) for arn, found in names.items()}


def _groups(settings: ClusterSettings, principal_arn: str) -> list[str]:
    return sorted({group for member in settings.members if member.principal_arn == principal_arn for group in member.groups})


def _use_key(key: Key) -> Statement:
    """What the control plane does with the key (EKS user guide, "Encrypt Kubernetes secrets with KMS on existing clusters")."""
    return Statement("EncryptSecrets", ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"), (key.arn,))


# Under Pulumi's mocks, computed outputs are missing: these give what there is.
def _certificate(authority: aws.eks.outputs.ClusterCertificateAuthority | None) -> str:
    return (authority.data if authority else None) or ""


def _or_empty(known: str | None) -> str:
    return known or ""


def _or_no_tags(tags: Mapping[str, str] | None) -> Mapping[str, str]:
    return tags or {}
