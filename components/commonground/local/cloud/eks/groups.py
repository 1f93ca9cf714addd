# mypy: allow-subclassing-any
"""The auto scaling group of a node group: a real one in moto, with the launch template that EKS makes for it, and without instances."""

from collections.abc import Mapping
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup, autoscaling_backends

from . import neighbours
from .state import NodeGroup, Region


class NodesOnly(FakeAutoScalingGroup):
    """Counts its nodes and starts no instance: nobody here asks for them, and each would cost memory and be left behind."""

    def replace_autoscaling_group_instances(self, count_needed: int, propagated_tags: dict[str, str]) -> None:
        """Starts nothing."""

    def update(self, *, desired_capacity: int | None, max_size: int | None, min_size: int | None, **others: Any) -> None:
        """UpdateAutoScalingGroup. Moto counts instances to keep desired between the bounds; here desired itself is kept there."""
        low = self.min_size if min_size is None else min_size
        high = self.max_size if max_size is None else max_size
        wanted = self.desired_capacity if desired_capacity is None else desired_capacity
        super().update(desired_capacity=max(low, min(wanted, high)), max_size=max_size, min_size=min_size, **others)


def make(region: Region, group: NodeGroup, template: Mapping[str, Any]) -> None:
    """The group and its launch template, tagged as EKS does (EKS user guide, "Simplify node lifecycle with managed node groups")."""
    backend, tags = _backend(region), _tags(group)
    own = {tag["Key"]: tag["Value"] for tag in tags if tag["Key"].startswith("eks:")}
    launch = neighbours.ec2(region).create_launch_template(_template_name(group), "", dict(template), {"launch-template": own})
    backend.autoscaling_groups[group.auto_scaling_group] = NodesOnly(
        name=group.auto_scaling_group,
        availability_zones=[],
        vpc_zone_identifier=",".join(group.subnets),
        desired_capacity=group.scaling_config["desiredSize"],
        max_size=group.scaling_config["maxSize"],
        min_size=group.scaling_config["minSize"],
        launch_config_name="",
        launch_template={"LaunchTemplateId": launch.id, "Version": "1"},
        default_cooldown=None,
        health_check_period=15,
        health_check_type="EC2",
        load_balancers=[],
        target_group_arns=[],
        placement_group=None,
        termination_policies=["AllocationStrategy", "OldestLaunchTemplate", "OldestInstance"],
        autoscaling_backend=backend,
        ec2_backend=neighbours.ec2(region),
        tags=tags,
        mixed_instances_policy=None,
        capacity_rebalance=group.capacity_type == "SPOT",
    )


def _tags(group: NodeGroup) -> list[dict[str, Any]]:
    tags = {
        "eks:cluster-name": group.cluster_name,
        "eks:nodegroup-name": group.nodegroup_name,
        "k8s.io/cluster-autoscaler/enabled": "true",
        f"k8s.io/cluster-autoscaler/{group.cluster_name}": "owned",
        f"kubernetes.io/cluster/{group.cluster_name}": "owned",
    }
    return [{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in tags.items()]


def sizes(region: Region, group: NodeGroup) -> dict[str, int] | None:
    """The group's sizes as they are now, whoever set them. None if it is gone."""
    found = _backend(region).autoscaling_groups.get(group.auto_scaling_group)
    return None if found is None else {"minSize": found.min_size, "maxSize": found.max_size, "desiredSize": found.desired_capacity}


def resize(region: Region, group: NodeGroup) -> None:
    """Brings the group in step with the node group's scaling."""
    found = _backend(region).autoscaling_groups.get(group.auto_scaling_group)
    if found is not None:
        found.min_size, found.max_size = group.scaling_config["minSize"], group.scaling_config["maxSize"]
        found.set_desired_capacity(group.scaling_config["desiredSize"])


def relaunch(region: Region, group: NodeGroup, template: Mapping[str, Any]) -> None:
    """A new version of the launch template that EKS made, which the group takes."""
    launch = neighbours.ec2(region).get_launch_template_by_name(_template_name(group))
    version = str(launch.create_version(dict(template), "").number)
    found = _backend(region).autoscaling_groups.get(group.auto_scaling_group)
    if found is not None:
        found.launch_template_version = found.provided_launch_template_version = version


def remove(region: Region, group: NodeGroup) -> None:
    """Takes both away; nothing if somebody has done so."""
    backend, ec2 = _backend(region), neighbours.ec2(region)
    if group.auto_scaling_group in backend.autoscaling_groups:
        backend.delete_auto_scaling_group(group.auto_scaling_group)
    if _template_name(group) in ec2.launch_template_name_to_ids:
        ec2.delete_launch_template(_template_name(group), None)


def _template_name(group: NodeGroup) -> str:
    return f"eks-{group.nodegroup_arn.rpartition('/')[2]}"


def _backend(region: Region) -> Any:
    return autoscaling_backends[region.account_id][region.region_name]
