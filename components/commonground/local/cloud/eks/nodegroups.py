"""Managed node groups: made, described, listed, deleted. Their changes are in `nodegroupchanges`."""

import re
from typing import Any

from . import access, groups, images, neighbours, scaling, templates
from .clusters import require_version
from .errors import InvalidParameter, ResourceInUse, ResourceNotFound
from .pages import page
from .state import Answer, Cluster, NodeGroup, Params, Region, new_uuid
from .templates import Template

NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,62}")
TRUSTED = "ec2.amazonaws.com"
DEFAULT_DISK_GIB = 20


def create(region: Region, params: Params) -> Answer:
    """CreateNodegroup. ACTIVE at once, with an auto scaling group of its own, and an access entry for its role."""
    cluster = region.cluster(params["clusterName"])
    name = params["nodegroupName"]
    if name in cluster.node_groups:
        raise ResourceInUse(f"NodeGroup already exists with name {name} and cluster name {cluster.name}", cluster=cluster.name, nodegroup=name)
    template = templates.resolve(region, params["launchTemplate"]) if params.get("launchTemplate") else None
    group = _checked(region, cluster, params, template)
    cluster.node_groups[name] = group
    groups.make(region, group, launch_data(group, template))
    access.admit_nodes(region, cluster, group.node_role, windows=group.ami_type.startswith("WINDOWS"))
    return {"nodegroup": view(region, group)}


def _checked(region: Region, cluster: Cluster, params: Params, template: Template | None) -> NodeGroup:
    name = params["nodegroupName"]
    if not NAME.fullmatch(name):
        raise InvalidParameter("The node group name must begin with a letter or digit and have letters, digits, hyphens and underscores only, at most 63")
    _check_role(region, params["nodeRole"])
    _check_subnets(region, cluster, params["subnets"])
    ami_type = _ami_type(params, template)
    instance_types = _instance_types(params, template, ami_type)
    version, release = _release(cluster, params, template, ami_type)
    _check_capacity(params.get("capacityType"), template)
    scaling.check_labels(params.get("labels") or {})
    uuid = new_uuid()
    return NodeGroup(
        cluster_name=cluster.name,
        nodegroup_name=name,
        nodegroup_arn=region.arn(f"nodegroup/{cluster.name}/{name}/{uuid}"),
        auto_scaling_group=f"eks-{name}-{uuid}",
        node_role=params["nodeRole"],
        subnets=list(params["subnets"]),
        version=version,
        release_version=release,
        ami_type=ami_type,
        capacity_type=params.get("capacityType") or "ON_DEMAND",
        scaling_config=scaling.sizes(scaling.DEFAULT_SIZES, params.get("scalingConfig") or {}),
        instance_types=instance_types,
        disk_size=_disk_size(params, template),
        labels=dict(params.get("labels") or {}),
        taints=scaling.checked_taints(params.get("taints") or []),
        tags=dict(params.get("tags") or {}),
        launch_template=template.specification if template else None,
        remote_access=_remote_access(params, template),
        update_config=scaling.update_config(params.get("updateConfig") or {}),
        node_repair_config=scaling.node_repair_config(params.get("nodeRepairConfig") or {}),
        warm_pool_config=params.get("warmPoolConfig"),
    )


def _check_role(region: Region, arn: str) -> None:
    if not neighbours.trusts(neighbours.require_role(region, arn), TRUSTED):
        raise InvalidParameter(f"Following required service principals [{TRUSTED}] were not found in the trust relationships of nodeRole {arn}")


def _check_subnets(region: Region, cluster: Cluster, ids: list[str]) -> None:
    if not ids:
        raise InvalidParameter("Subnets are required")
    vpc = cluster.resources_vpc_config["vpcId"]
    outside = [subnet.id for subnet in neighbours.require_subnets(region, ids) if subnet.vpc_id != vpc]
    if outside:
        raise InvalidParameter(f"Subnets {', '.join(outside)} are not in the cluster's VPC {vpc}")


def _ami_type(params: Params, template: Template | None) -> str:
    wanted = params.get("amiType")
    if template and template.image:
        if wanted not in (None, images.CUSTOM):
            raise InvalidParameter("You cannot specify an AMI Type other than CUSTOM, when specifying an image id in your launch template.")
        return images.CUSTOM
    if wanted == images.CUSTOM:
        raise InvalidParameter("amiType CUSTOM needs a launch template with an image id")
    return wanted or images.DEFAULT_AMI_TYPE


def _instance_types(params: Params, template: Template | None, ami_type: str) -> list[str] | None:
    """None where the launch template sets it."""
    given = params.get("instanceTypes") or []
    if template and template.instance_type:
        if given:
            raise InvalidParameter("Instance types can be specified in the launch template or in the request, not in both")
        images.check_instance_types([template.instance_type], ami_type)
        return None
    chosen = list(given) or [images.DEFAULT_INSTANCE_TYPES[images.architecture(ami_type)]]
    images.check_instance_types(chosen, ami_type)
    return chosen


def _release(cluster: Cluster, params: Params, template: Template | None, ami_type: str) -> tuple[str, str]:
    """Kubernetes version and AMI release. An image of one's own has neither from EKS: its id stands for the release."""
    if ami_type == images.CUSTOM and template and template.image:
        refuse_with_image(params)
        return cluster.version, template.image
    version = params.get("version") or cluster.version
    check_version(cluster, version)
    return version, images.release(version, ami_type, params.get("releaseVersion"))


def refuse_with_image(params: Params) -> None:
    """Refuses what EKS cannot choose where the launch template has an image."""
    for name in ("releaseVersion", "version"):
        if params.get(name):
            raise InvalidParameter(f"You cannot specify the field {name} when using custom AMIs.")


def check_version(cluster: Cluster, version: str) -> None:
    """Refuses a version that there is not, and one that the cluster has not reached."""
    require_version(version)
    if images.minor(version) > images.minor(cluster.version):
        raise InvalidParameter(
            f"Nodegroup Kubernetes version {version} cannot be newer than the cluster's version {cluster.version}",
            cluster=cluster.name,
        )


def _check_capacity(capacity: str | None, template: Template | None) -> None:
    """EKS user guide, "Create a managed node group with Capacity Blocks for ML": all of it stands in the launch template."""
    market = template.market if template else None
    if (capacity == "CAPACITY_BLOCK") != (market == "capacity-block"):
        raise InvalidParameter("capacityType CAPACITY_BLOCK and a launch template of market type capacity-block go together")
    if capacity != "CAPACITY_BLOCK" or template is None:
        return
    target = (template.data.get("CapacityReservationSpecification") or {}).get("CapacityReservationTarget")
    if not template.instance_type or not target:
        raise InvalidParameter("capacityType CAPACITY_BLOCK needs a launch template with an instance type and a capacity reservation target")


def _disk_size(params: Params, template: Template | None) -> int | None:
    if template is None:
        return params.get("diskSize") or DEFAULT_DISK_GIB
    if params.get("diskSize"):
        raise InvalidParameter("Disk size must be specified within the launch template.")
    return None


def _remote_access(params: Params, template: Template | None) -> dict[str, Any] | None:
    if template and params.get("remoteAccess"):
        raise InvalidParameter("Remote access configuration cannot be specified with a launch template.")
    return params.get("remoteAccess")


def launch_data(group: NodeGroup, template: Template | None) -> dict[str, Any]:
    """What EKS' own launch template holds: the given one's, and the instance type."""
    data = dict(template.data) if template else {}
    return {"InstanceType": group.instance_types[0], **data} if group.instance_types else data


def find(region: Region, params: Params) -> NodeGroup:
    """The node group that a call names, or `ResourceNotFound`."""
    cluster, name = region.cluster(params["clusterName"]), params["nodegroupName"]
    if name not in cluster.node_groups:
        raise ResourceNotFound(f"No node group found for name: {name}.", cluster=cluster.name, nodegroup=name)
    return cluster.node_groups[name]


def view(region: Region, group: NodeGroup) -> dict[str, Any]:
    """A node group as DescribeNodegroup shows it: its sizes are its auto scaling group's; without one it is degraded."""
    sizes = groups.sizes(region, group)
    missing = {"code": "AutoScalingGroupNotFound", "message": "The auto scaling group was deleted", "resourceIds": [group.auto_scaling_group]}
    return {
        **vars(group),
        "status": "ACTIVE" if sizes else "DEGRADED",
        "health": {"issues": [] if sizes else [missing]},
        "scaling_config": sizes or group.scaling_config,
        "resources": {"autoScalingGroups": [{"name": group.auto_scaling_group}]},
    }


def describe(region: Region, params: Params) -> Answer:
    """DescribeNodegroup."""
    return {"nodegroup": view(region, find(region, params))}


def list_(region: Region, params: Params) -> Answer:
    """ListNodegroups."""
    return page("nodegroups", sorted(region.cluster(params["clusterName"]).node_groups), params)


def delete(region: Region, params: Params) -> Answer:
    """DeleteNodegroup, with its auto scaling group, and its role's access entry if that was the last group with the role."""
    group = find(region, params)
    cluster = region.cluster(group.cluster_name)
    del cluster.node_groups[group.nodegroup_name]
    seen = view(region, group)
    groups.remove(region, group)
    access.dismiss_nodes(cluster, group.node_role)
    return {"nodegroup": {**seen, "status": "DELETING"}}


OPERATIONS = {"CreateNodegroup": create, "DescribeNodegroup": describe, "ListNodegroups": list_, "DeleteNodegroup": delete}
