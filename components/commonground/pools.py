"""Pools: nodes with one purpose, as managed node groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_aws as aws

from commonground import gpus
from commonground.cluster import ByZone, ClusterLike
from commonground.efa import HUGE_PAGES_MIB, network_interfaces
from commonground.gpus import GPU as GPU
from commonground.settings.base import Accelerator, Capacity, PoolPurpose
from commonground.settings.environment import PoolSettings
from commonground.tags import named

POOL_LABEL = "commonground.dev/pool"
PURPOSE_LABEL = "commonground.dev/purpose"
# By this label the Cluster Autoscaler knows a GPU node before its GPUs are there (kubernetes/autoscaler, cluster-autoscaler/cloudprovider/aws/README.md).
ACCELERATOR_LABEL = "k8s.amazonaws.com/accelerator"

# Where the Cluster Autoscaler looks for what a node of an empty group would be like (the same README, "Scaling a node group to 0").
HINTS = "k8s.io/cluster-autoscaler/node-template/"

ROOT_DEVICE = "/dev/xvda"  # of Amazon Linux 2023

# What EC2 makes by a launch template: none of it gets the provider's default tags.
TAGGED_BY_TEMPLATE = ("instance", "volume", "network-interface")

# botocore: eks, CapacityTypes.
CAPACITY_TYPES: dict[Capacity, str] = {Capacity.ON_DEMAND: "ON_DEMAND", Capacity.SPOT: "SPOT"}

# GPU capacity is scarce: a node goes before its successor comes (EKS user guide, "Understand each phase of node updates", minimal strategy).
UPDATES: dict[PoolPurpose, aws.eks.NodeGroupUpdateConfigArgsDict] = {
    PoolPurpose.SYSTEM: {"max_unavailable": 1, "update_strategy": "DEFAULT"},
    PoolPurpose.GENERAL: {"max_unavailable_percentage": 33, "update_strategy": "DEFAULT"},
    PoolPurpose.GPU: {"max_unavailable": 1, "update_strategy": "MINIMAL"},
}


class Effect(StrEnum):
    """What a taint does to pods that do not tolerate it: Kubernetes' word, under EKS' name (botocore: eks, TaintEffect)."""

    NO_SCHEDULE = "NoSchedule"
    NO_EXECUTE = "NoExecute"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"


@dataclass(frozen=True)
class Taint:
    """Keeps pods away from a node, except those that tolerate it."""

    key: str
    value: str
    effect: Effect


TAINTS: dict[PoolPurpose, tuple[Taint, ...]] = {
    PoolPurpose.SYSTEM: (),
    PoolPurpose.GENERAL: (),
    PoolPurpose.GPU: (Taint(GPU, "true", Effect.NO_SCHEDULE),),
}


class NoSubnetError(ValueError):
    """A pool is to be in a zone in which the cluster has no subnet for nodes."""

    def __init__(self, pool: str, zone: str, zones: Sequence[str]) -> None:
        super().__init__(f"pool {pool!r}: expected a zone of the cluster ({', '.join(sorted(zones))}), found {zone!r}")
        self.pool = pool
        self.zone = zone
        self.zones = tuple(sorted(zones))


class Pool(pulumi.ComponentResource):
    """A managed node group with a launch template of its own, and hints by which the autoscaler can start it from zero.

    Labels of its nodes: `commonground.dev/pool` (the name) and `commonground.dev/purpose`; with GPUs also `k8s.amazonaws.com/accelerator`, as in
    `nvidia-l4`, `commonground.dev/gpu-product`, as in `l4`, and `commonground.dev/gpu-memory-mib`, and where pods share a GPU in turns or by MPS
    `commonground.dev/gpu-shared=true`; with EFA `commonground.dev/efa=true`. Pools for GPU work carry the taint `nvidia.com/gpu=true:NoSchedule`.
    With EFA all nodes are in the first of the pool's zones, where they reach each other by it.
    """

    template: aws.ec2.LaunchTemplate
    node_group: aws.eks.NodeGroup
    labels: dict[str, str]
    """Labels of the nodes."""
    taints: tuple[Taint, ...]
    """Taints of the nodes."""
    auto_scaling_group: pulumi.Output[str]
    """Name of the group that EKS makes."""
    hints: dict[str, aws.autoscaling.Tag]
    """By what they are about: `label/commonground.dev/pool`, `taint/nvidia.com/gpu`, `resources/nvidia.com/gpu`."""

    def __init__(
        self,
        name: str,
        settings: PoolSettings,
        *,
        cluster: ClusterLike,
        security_group_ids: Sequence[pulumi.Input[str]] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`security_group_ids` are the nodes', beside the cluster's own. Raises `NoSubnetError`, `UnfitForEfaError`, `NoSuchProfileError`."""
        super().__init__("commonground:pools:Pool", name, None, opts)
        self._label = name
        self._inside = pulumi.ResourceOptions(parent=self)
        self.labels = labels(settings)
        self.taints = TAINTS[settings.purpose]

        self.template = self._template(settings, cluster, security_group_ids)
        self.node_group = self._node_group(settings, cluster)
        self.auto_scaling_group = self.node_group.resources.apply(_auto_scaling_group)
        self.hints = {about: self._hint(about, value) for about, value in hints(settings).items()}
        self.register_outputs({"node_group": self.node_group.node_group_name, "auto_scaling_group": self.auto_scaling_group})

    def _template(self, settings: PoolSettings, cluster: ClusterLike, security_group_ids: Sequence[pulumi.Input[str]]) -> aws.ec2.LaunchTemplate:
        """It names the cluster's security group: EKS adds it only where a template names none."""
        label = f"{self._label}-template"
        tags = pulumi.Output.from_input(cluster.tags).apply(lambda shared: {**shared, **named(self._label, {POOL_LABEL: settings.name})})
        groups = [cluster.security_group_id, *security_group_ids]
        return aws.ec2.LaunchTemplate(
            label,
            update_default_version=True,
            # Of the instance or of its interfaces: EC2 refuses both (EKS user guide, "Customize managed nodes with launch templates").
            vpc_security_group_ids=None if settings.efa else groups,
            network_interfaces=network_interfaces(settings, groups) if settings.efa else None,
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                # One hop: pods do not reach the node's credentials (EKS best practices, "Restrict access to the instance profile").
                "http_put_response_hop_limit": 1,
            },
            block_device_mappings=[{"device_name": ROOT_DEVICE, "ebs": _root_volume(settings)}],
            tag_specifications=[{"resource_type": made, "tags": tags} for made in TAGGED_BY_TEMPLATE],
            tags=named(label),
            opts=self._inside,
        )

    def _node_group(self, settings: PoolSettings, cluster: ClusterLike) -> aws.eks.NodeGroup:
        """Its name is drawn by the engine, so that one that replaces it is there first."""
        label = f"{self._label}-nodes"
        return aws.eks.NodeGroup(
            label,
            cluster_name=cluster.name,
            node_role_arn=cluster.node_role_arn,
            subnet_ids=_subnets(settings, cluster.subnet_ids),
            ami_type=settings.ami_type.value,
            release_version=settings.ami_release,
            version=settings.kubernetes,
            instance_types=[instance_type.name for instance_type in settings.instance_types],
            capacity_type=CAPACITY_TYPES[settings.capacity],
            launch_template={"id": self.template.id, "version": self.template.latest_version.apply(str)},
            labels=self.labels,
            taints=[{"key": taint.key, "value": taint.value, "effect": taint.effect.name} for taint in self.taints],
            scaling_config={"min_size": settings.min, "desired_size": settings.desired, "max_size": settings.max},
            update_config=UPDATES[settings.purpose],
            node_repair_config={"enabled": True},
            tags=named(label),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*cluster.before_nodes], ignore_changes=_left_alone(settings)),
        )

    def _hint(self, about: str, value: str) -> aws.autoscaling.Tag:
        """Tags of a node group do not reach its auto scaling group (EKS user guide, "Create a managed node group for your cluster")."""
        return aws.autoscaling.Tag(
            f"{self._label}-hint-{about}",
            autoscaling_group_name=self.auto_scaling_group,
            tag={"key": f"{HINTS}{about}", "value": value, "propagate_at_launch": False},
            opts=self._inside,
        )


def labels(settings: PoolSettings) -> dict[str, str]:
    """Labels of a pool's nodes."""
    found = {POOL_LABEL: settings.name, PURPOSE_LABEL: settings.purpose.value}
    if settings.accelerator is not None:
        found[ACCELERATOR_LABEL] = _accelerator(settings, settings.accelerator)
    if settings.efa:
        found[gpus.EFA_LABEL] = "true"
    return found | gpus.gpu_labels(settings)


def hints(settings: PoolSettings) -> dict[str, str]:
    """What the autoscaler has to know of a node that is not there yet: what it is about, below `HINTS` -> value.

    CPU and memory it knows by the instance type. Of several instance types the one with the fewest GPUs counts: what it promises is there. GPUs
    are counted as pods see them, after sharing.
    """
    found = {f"label/{label}": value for label, value in labels(settings).items()}
    found |= {f"taint/{taint.key}": f"{taint.value}:{taint.effect.value}" for taint in TAINTS[settings.purpose]}
    found["resources/ephemeral-storage"] = f"{settings.root_volume_gib}Gi"
    found |= {f"resources/{resource}": str(amount) for resource, amount in gpus.offered(settings).items()}
    if settings.efa:
        found["resources/hugepages-2Mi"] = f"{HUGE_PAGES_MIB}Mi"
    return found


def _accelerator(settings: PoolSettings, accelerator: Accelerator) -> str:
    """Maker and model, where all have the same one: `nvidia-l4`."""
    models = {instance_type.gpus.model for instance_type in settings.instance_types if instance_type.gpus}
    if len(models) != 1:
        return accelerator.value
    return f"{accelerator.value}-{gpus.product(models.pop())}"


def _left_alone(settings: PoolSettings) -> list[str]:
    """The autoscaler moves `desired`. Other subnets would replace the group, so an added zone waits until it is asked for."""
    asked = {"scalingConfig.desiredSize": settings.resize, "subnetIds": settings.rezone}
    return [argument for argument, wanted in asked.items() if not wanted]


def _root_volume(settings: PoolSettings) -> aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgsDict:
    """Encrypted by the account's key for EBS."""
    return {"volume_type": "gp3", "volume_size": settings.root_volume_gib, "encrypted": "true", "delete_on_termination": "true"}


def _subnets(settings: PoolSettings, by_zone: pulumi.Input[ByZone]) -> pulumi.Input[Sequence[pulumi.Input[str]]]:
    """Only the zones' own, so that a subnet that is still to be made elsewhere leaves these known."""
    if isinstance(by_zone, Mapping):
        return _in_zones(settings, by_zone)
    outputs: pulumi.Output[ByZone] = pulumi.Output.from_input(by_zone)
    return outputs.apply(lambda known: _in_zones(settings, known))


def _in_zones(settings: PoolSettings, by_zone: ByZone) -> list[pulumi.Input[str]]:
    """With EFA the first zone only: its traffic does not leave a zone (EC2 user guide, "Elastic Fabric Adapter for AI/ML and HPC workloads")."""
    zones = settings.zones[:1] if settings.efa else settings.zones
    for zone in zones:
        if zone not in by_zone:
            raise NoSubnetError(settings.name, zone, list(by_zone))
    return [by_zone[zone] for zone in zones]


def _auto_scaling_group(resources: Sequence[aws.eks.outputs.NodeGroupResource] | None) -> str:
    """EKS makes exactly one. Under Pulumi's mocks there is none."""
    groups = [group.name for resource in resources or () for group in resource.autoscaling_groups or ()]
    return groups[0] if groups and groups[0] else ""
