"""A team on the cluster: its namespaces, what it may use, who may do what in them, whom its pods reach, and their one AWS identity."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.core.v1 import ResourceQuotaSpecArgsDict, ScopedResourceSelectorRequirementArgsDict

from commonground import networkpolicies
from commonground.addons import NoKubernetesError
from commonground.cluster import ClusterLike
from commonground.dra import GPU_CLASS, MIG_CLASS
from commonground.gpus import GPU
from commonground.grants import BucketGrants, RepositoryGrants
from commonground.iam import Identity, by_service_account, document
from commonground.networkpolicies import TEAM_LABEL
from commonground.priorities import SYSTEM
from commonground.settings import names
from commonground.settings.environment import MemberSettings, QuotaSettings, TeamSettings
from commonground.tags import named
from commonground.teamroles import RULES

# Warnings and audit beside the refusal: only these are said of a Deployment, whose pods are refused later (Kubernetes docs, "Pod Security Admission",
# workload resources). No version: it is the cluster's own then, which the lock moves.
POD_SECURITY = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}

RESERVED_PRIORITIES = (SYSTEM.name, "system-cluster-critical", "system-node-critical")
"""Priority classes of the foundation's and the cluster's own software: a team's pod would push it off its node."""

# With memory a container without a limit would take its node's; a CPU limit throttles what nobody else wants, so there is none (Kubernetes docs, "Limit
# Ranges" and "Resource Management for Pods and Containers").
DEFAULT_REQUEST = {"cpu": "100m", "memory": "128Mi"}
DEFAULT_LIMIT = {"memory": "512Mi"}
# A container that asks for next to nothing takes one of its node's places for pods all the same: with these the quota bounds their number. The least that
# `workloads` take, too.
LEAST_REQUEST = {"cpu": "10m", "memory": "16Mi"}

MEMORY_QUOTAS = ("requests.memory", "limits.memory")

# A pod that claims a device asks for no `nvidia.com/gpu`: a quota of that alone would not see it (Kubernetes docs, "Resource Quotas", DRA).
GPU_QUOTAS = (f"requests.{GPU}", *(f"{name}.deviceclass.resource.k8s.io/devices" for name in (GPU_CLASS, MIG_CLASS)))

# Who may make a service could publish it: by a load balancer, which is public where nobody says otherwise, or a port of every node. What the world reaches
# goes by an ingress (Kubernetes docs, "Resource Quotas", object counts of services).
NO_WAY_IN = {"services.loadbalancers": "0", "services.nodeports": "0"}

# What a namespace holds at most that takes nothing of the quota, and room in the cluster's one database: a loop that makes objects ends here.
MOST_OBJECTS = {"count/configmaps": "1k", "count/cronjobs.batch": "200", "count/jobs.batch": "2k", "count/secrets": "1k", "count/services": "200"}

Thing = TypeVar("Thing", covariant=True)


class ByName(Protocol[Thing]):
    """Things by their name in the blueprint: `Storage` has buckets so, `Registries` repositories, and a `Platform` both; a dict will do."""

    def __getitem__(self, name: str, /) -> Thing: ...


class Team(pulumi.ComponentResource):
    """Namespaces with bounds, roles for the team's members, and one AWS role for its pods: application and model side by side.

    In each namespace: pod security level `restricted`; a share of the team's quota; no pods of the foundation's priorities; no service that the world
    reaches; defaults for containers that ask for nothing; network policies (`networkpolicies`); a role and its binding for each row of `teamroles`; the
    service account that takes the AWS role. Pods that use the AWS role run as that service account and have `networkpolicies.IDENTITY_LABELS`.
    """

    namespaces: dict[str, kubernetes.core.v1.Namespace]
    """By name."""
    role: aws.iam.Role
    """What the team's pods are in AWS: its prefixes in the buckets and its repositories, no more."""
    identity: Identity
    """Takes further grants. Its namespace is the team's first; the role is taken in all of them."""
    service_account: str
    """Named after the team, in each namespace."""

    def __init__(
        self,
        name: str,
        settings: TeamSettings,
        *,
        cluster: ClusterLike,
        storage: ByName[BucketGrants],
        registries: ByName[RepositoryGrants],
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`after`: what must run before anybody makes Kubernetes objects: the add-ons as a rule, and the pools whose nodes are to outlive the team.

        Raises `NoKubernetesError`.
        """
        super().__init__("commonground:teams:Team", name, None, opts)
        if cluster.kubernetes is None:
            raise NoKubernetesError(name)
        self._label = name
        self._inside = pulumi.ResourceOptions(parent=self)
        self._kubernetes = cluster.kubernetes
        self.service_account = settings.name

        self.namespaces = {namespace: self._namespace(settings, namespace, after) for namespace in settings.namespaces}
        for namespace, quota in shares(settings.quota, settings.namespaces).items():
            self._bounds(settings, namespace, quota)
            self._network_policies(settings, namespace)
            self._service_account(namespace)
            for member in settings.members:
                self._member(namespace, member)

        self.role = self._role(settings, cluster)
        self.identity = Identity(settings.name, self.role, settings.namespaces[0], self.service_account)
        self._associations(cluster, after=self._grants(settings, storage, registries))
        self.register_outputs({"namespaces": sorted(self.namespaces), "role_arn": self.role.arn, "service_account": self.service_account})

    def _part(self, namespace: str, part: str = "") -> str:
        """A logical name. No part has a hyphen, so that namespaces `a` and `a-b` stay apart."""
        label = names.namespace(self._label, namespace)
        return f"{label}-{part}" if part else label

    def _in(self, namespace: str) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, provider=self._kubernetes, depends_on=[self.namespaces[namespace]])

    def _namespace(self, settings: TeamSettings, namespace: str, after: Sequence[pulumi.Resource]) -> kubernetes.core.v1.Namespace:
        label = self._part(namespace)
        return kubernetes.core.v1.Namespace(
            label,
            metadata={"name": namespace, "labels": {**POD_SECURITY, TEAM_LABEL: settings.name}},
            opts=pulumi.ResourceOptions(parent=self, provider=self._kubernetes, depends_on=[*after], protect=settings.protection.covers(label)),
        )

    def _bounds(self, settings: TeamSettings, namespace: str, quota: dict[str, str]) -> None:
        """The first quota is named after the team: who is over it reads that name."""
        self._quota(namespace, "quota", f"{settings.name}-quota", {"hard": {**quota, **NO_WAY_IN, **MOST_OBJECTS}})
        only_reserved: ScopedResourceSelectorRequirementArgsDict = {"scope_name": "PriorityClass", "operator": "In", "values": list(RESERVED_PRIORITIES)}
        self._quota(namespace, "reserved", "reserved-priorities", {"hard": {"pods": "0"}, "scope_selector": {"match_expressions": [only_reserved]}})
        kubernetes.core.v1.LimitRange(
            self._part(namespace, "defaults"),
            metadata={"name": "defaults", "namespace": namespace},
            spec={"limits": [{"type": "Container", "default_request": DEFAULT_REQUEST, "default": DEFAULT_LIMIT, "min": LEAST_REQUEST}]},
            opts=self._in(namespace),
        )

    def _quota(self, namespace: str, part: str, name: str, spec: ResourceQuotaSpecArgsDict) -> None:
        kubernetes.core.v1.ResourceQuota(self._part(namespace, part), metadata={"name": name, "namespace": namespace}, spec=spec, opts=self._in(namespace))

    def _network_policies(self, settings: TeamSettings, namespace: str) -> None:
        policies = {"closed": networkpolicies.closed(settings.name, settings.peers, settings.reaches), "identity": networkpolicies.identity()}
        if settings.scraped_from:
            policies["scraped"] = networkpolicies.scraped(settings.scraped_from)
        for part, spec in policies.items():
            kubernetes.networking.v1.NetworkPolicy(
                self._part(namespace, part), metadata={"name": part, "namespace": namespace}, spec=spec, opts=self._in(namespace)
            )

    def _service_account(self, namespace: str) -> None:
        """Without a token of the Kubernetes API, which has nothing for the team's pods; pod identity brings its own."""
        kubernetes.core.v1.ServiceAccount(
            self._part(namespace, "account"),
            metadata={"name": self.service_account, "namespace": namespace},
            automount_service_account_token=False,
            opts=self._in(namespace),
        )

    def _member(self, namespace: str, member: MemberSettings) -> None:
        """The rules of a role, for the group that the cluster's access entries put its members in."""
        label = self._part(namespace, member.role.value)
        name = member.role.value.replace("_", "-")
        metadata: kubernetes.meta.v1.ObjectMetaArgsDict = {"name": name, "namespace": namespace}
        kubernetes.rbac.v1.Role(
            label,
            metadata=metadata,
            rules=[{"api_groups": [rule.group], "resources": list(rule.resources), "verbs": list(rule.verbs)} for rule in RULES[member.role]],
            opts=self._in(namespace),
        )
        kubernetes.rbac.v1.RoleBinding(
            label,
            metadata=metadata,
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            subjects=[{"api_group": "rbac.authorization.k8s.io", "kind": "Group", "name": member.group}],
            opts=self._in(namespace),
        )

    def _role(self, settings: TeamSettings, cluster: ClusterLike) -> aws.iam.Role:
        trust = by_service_account("AssumedByTheTeamsPods", self.service_account, namespaces=settings.namespaces, cluster={"eks-cluster-arn": cluster.arn})
        label = f"{self._label}-workloads"
        return aws.iam.Role(label, assume_role_policy=document([trust]), tags=named(label), opts=self._inside)

    def _grants(self, settings: TeamSettings, storage: ByName[BucketGrants], registries: ByName[RepositoryGrants]) -> list[pulumi.Resource]:
        """To push is to pull, too: images are pulled by nodes, and pushed by pods that build them."""
        grants: list[pulumi.Resource] = []
        for bucket, prefix in settings.buckets.items():
            grants.append(storage[bucket].grant_read(self.identity, prefix=prefix))
            grants.append(storage[bucket].grant_write(self.identity, prefix=prefix))
        grants.extend(registries[repository].grant_push(self.identity) for repository in settings.registries)
        return grants

    def _associations(self, cluster: ClusterLike, *, after: Sequence[pulumi.Resource]) -> None:
        """After the grants: who waits for the team has its rights."""
        for namespace in self.namespaces:
            label = self._part(namespace, "identity")
            aws.eks.PodIdentityAssociation(
                label,
                cluster_name=cluster.name,
                namespace=namespace,
                service_account=self.service_account,
                role_arn=self.role.arn,
                tags=named(label),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[*after]),
            )


def shares(quota: QuotaSettings, namespaces: Sequence[str]) -> dict[str, dict[str, str]]:
    """The team's quota, shared out evenly over its namespaces: by namespace, the `hard` of a ResourceQuota.

    CPUs are shared in thousandths, memory and storage in MiB, GPUs whole; what is left over goes to the first namespaces, one each. Together they are
    the team's quota exactly. Memory counts by what pods request, and by their limits: a pod could request little and take much. GPUs count once by the
    device plugin's name and once by each of the DRA driver's device classes, whichever is installed.
    """
    parts = len(namespaces)
    return {
        namespace: {
            "requests.cpu": quantity(_share(quota.cpu * 1000, parts, position), 1000, ("m", "", "k")),
            **dict.fromkeys(MEMORY_QUOTAS, quantity(_share(quota.memory_gib * 1024, parts, position), 1024, ("Mi", "Gi", "Ti"))),
            "requests.storage": quantity(_share(quota.storage_gib * 1024, parts, position), 1024, ("Mi", "Gi", "Ti")),
            **dict.fromkeys(GPU_QUOTAS, quantity(_share(quota.gpus, parts, position), 1000, ("", "k"))),
        }
        for position, namespace in enumerate(namespaces)
    }


def quantity(amount: int, step: int, units: Sequence[str]) -> str:
    """An amount of the first unit as Kubernetes writes it back, in the largest unit that leaves it whole: what is written otherwise differs for ever.

    Source: Kubernetes API reference, "Quantity", canonical form. Example: `quantity(81920, 1024, ("Mi", "Gi"))` is `80Gi`.
    """
    for unit in units[:-1]:
        if amount == 0 or amount % step:
            return f"{amount}{unit}" if amount else "0"
        amount //= step
    return f"{amount}{units[-1]}"


def _share(whole: int, parts: int, position: int) -> int:
    return whole // parts + (1 if position < whole % parts else 0)
