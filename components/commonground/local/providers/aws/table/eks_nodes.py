"""EKS' managed node groups. Facts from terraform-provider-aws (internal/service/eks/node_group.go) and pulumi-aws."""

import re
from collections.abc import Iterable
from typing import Any

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table.common import not_a_version, retag_by_arn
from commonground.local.providers.aws.types import Argument, ResourceType
from commonground.local.providers.names import Autoname
from commonground.local.providers.values import UNKNOWN, Properties

VERSION = ("version", "releaseVersion", "launchTemplate")
INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")
LABEL_KEY = re.compile(rf"([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?{LABEL_VALUE.pattern}")
CONFIG = ("labels", "nodeRepairConfig", "scalingConfig", "taints", "updateConfig")


def _parts(id_: str) -> dict[str, Any]:
    cluster, _, name = id_.partition(":")
    return {"clusterName": cluster, "nodegroupName": name}


def _id(inputs: Properties) -> str:
    return f"{inputs['clusterName']}:{inputs['nodeGroupName']}"


def _create(api: Api, new: Properties) -> str:
    request = api.request("CreateNodegroup", new)
    if "launchTemplate" in request:  # by id or by name, never both
        request["launchTemplate"].pop("name", None) if "id" in request["launchTemplate"] else None
    api.call("CreateNodegroup", **request, tags=new.get("tagsAll", {}))
    return _id(new)


def _read(api: Api, id_: str, _state: Properties) -> Properties | None:
    names = {
        "nodegroupName": "nodeGroupName",
        "nodegroupArn": "arn",
        "nodeRole": "nodeRoleArn",
        "subnets": "subnetIds",
        "tags": "tagsAll",
        "autoScalingGroups": "autoscalingGroups",
    }
    found = api.ask("DescribeNodegroup", "nodegroup", **_parts(id_), names=names)
    if found is None:
        return None
    outputs = {name: found.get(name) for name in (*NODE_GROUP.arguments, *NODE_GROUP.computed)}
    return {**outputs, "resources": [found["resources"]] if found.get("resources") else [], "tagsAll": found.get("tagsAll", {})}


def _update(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if changed.intersection(VERSION):
        release: dict[str, Any] = {name: new[name] for name in ("version", "releaseVersion") if name in changed and name in new}
        if "launchTemplate" in changed:
            release["launchTemplate"] = {name: str(value) for name, value in new["launchTemplate"].items() if name in ("id", "version")}
        api.call("UpdateNodegroupVersion", **_parts(id_), **release)
    if changed.intersection(CONFIG):
        plain = api.request("CreateNodegroup", new, only=changed.intersection(("nodeRepairConfig", "scalingConfig", "updateConfig")))
        api.call("UpdateNodegroupConfig", **_parts(id_), **plain, **_labels(old, new), **_taints(api, old, new))
    retag_by_arn(api, str(api.ask("DescribeNodegroup", "nodegroup.nodegroupArn", **_parts(id_))), old, new)


def _labels(old: Properties, new: Properties) -> dict[str, Any]:
    before, after = old.get("labels", {}), new.get("labels", {})
    change = {
        "addOrUpdateLabels": {key: value for key, value in after.items() if before.get(key) != value},
        "removeLabels": sorted(set(before) - set(after)),
    }
    return {"labels": {name: value for name, value in change.items() if value}} if before != after else {}


def _taints(api: Api, old: Properties, new: Properties) -> dict[str, Any]:
    """Taints are known by key and effect: what stays with another value is an update, the rest is added or removed."""
    before, after = (api.request("CreateNodegroup", {"taints": inputs.get("taints", [])})["taints"] for inputs in (old, new))
    kept = {(taint["key"], taint["effect"]) for taint in after}
    change = {
        "addOrUpdateTaints": [taint for taint in after if taint not in before],
        "removeTaints": [taint for taint in before if (taint["key"], taint["effect"]) not in kept],
    }
    return {"taints": {name: value for name, value in change.items() if value}} if any(change.values()) else {}


def _traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    scaling = inputs.get("scalingConfig", {})
    given = [scaling.get(name) for name in ("minSize", "desiredSize", "maxSize")] if isinstance(scaling, dict) else []
    sizes = [size for size in given if isinstance(size, int)]
    if len(sizes) == 3 and sizes != sorted(sizes):
        wrong = f"expected minSize <= desiredSize <= maxSize, got {sizes[0]}, {sizes[1]}, {sizes[2]}"
        yield "scalingConfig", f"{wrong}; the desired size is left to the autoscaler unless the scale's `resize` names the pool"
    update = inputs.get("updateConfig")
    if isinstance(update, dict) and len({"maxUnavailable", "maxUnavailablePercentage"} & set(update)) != 1:
        yield "updateConfig", "needs exactly one of maxUnavailable and maxUnavailablePercentage"
    template = inputs.get("launchTemplate")
    if isinstance(template, dict) and "diskSize" in inputs:
        yield "diskSize", "is set in the launch template where there is one (EKS user guide, Customize managed nodes with launch templates)"
    if inputs.get("subnetIds") == []:
        yield "subnetIds", "is empty: a node group needs a subnet"
    if reason := not_a_version(inputs.get("version")):
        yield "version", reason
    yield from _text_traps(inputs)
    name = inputs.get("nodeGroupName", "")
    if isinstance(name, str) and name != UNKNOWN and len(name) > 63:
        yield "nodeGroupName", f"is {len(name)} characters, expected at most 63"


def _text_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    types = inputs.get("instanceTypes", [])
    for index, type_ in enumerate(types if isinstance(types, list) else []):
        if isinstance(type_, str) and type_ != UNKNOWN and not INSTANCE_TYPE.fullmatch(type_):
            yield f"instanceTypes[{index}]", f"{type_!r} is not an instance type like m7i.large"
    labels = inputs.get("labels", {})
    for key, value in labels.items() if isinstance(labels, dict) else ():
        if not LABEL_KEY.fullmatch(key):
            yield "labels", f"key {key!r} is not a label's: [prefix/]name, of letters, digits and -_. (Kubernetes, Labels and Selectors)"
        if isinstance(value, str) and value != UNKNOWN and not LABEL_VALUE.fullmatch(value):
            yield f"labels.{key}", f"{value!r} is not a label's value: letters, digits and -_. between letters or digits (Kubernetes, Labels and Selectors)"


def _planned(api: Api, id_: str, inputs: Properties) -> Properties:
    cluster, _, name = id_.partition(":")
    return {
        "arn": api.arn("eks", f"nodegroup/{cluster}/{name}/planned"),
        "status": "ACTIVE",
        "resources": [{"autoscalingGroups": [{"name": f"eks-{name}-planned"}], "remoteAccessSecurityGroupId": ""}],
    }


NODE_GROUP = ResourceType(
    token="aws:eks/nodeGroup:NodeGroup",
    service="eks",
    arguments={
        "clusterName": "CreateNodegroup.clusterName",
        "nodeGroupName": Argument("CreateNodegroup.nodegroupName"),
        "nodeRoleArn": Argument("CreateNodegroup.nodeRole"),
        "subnetIds": Argument("CreateNodegroup.subnets"),
        "scalingConfig": "CreateNodegroup.scalingConfig",
        "amiType": "CreateNodegroup.amiType",
        "capacityType": "CreateNodegroup.capacityType",
        "diskSize": "CreateNodegroup.diskSize",
        "instanceTypes": "CreateNodegroup.instanceTypes",
        "labels": "CreateNodegroup.labels",
        "taints": "CreateNodegroup.taints",
        "launchTemplate": "CreateNodegroup.launchTemplate",
        "releaseVersion": "CreateNodegroup.releaseVersion",
        "version": "CreateNodegroup.version",
        "updateConfig": "CreateNodegroup.updateConfig",
        "nodeRepairConfig": "CreateNodegroup.nodeRepairConfig",
        "forceUpdateVersion": "boolean",
    },
    required=("clusterName", "nodeRoleArn", "subnetIds", "scalingConfig", "scalingConfig.minSize", "scalingConfig.desiredSize", "scalingConfig.maxSize"),
    replaces=(
        "amiType",
        "capacityType",
        "clusterName",
        "diskSize",
        "instanceTypes",
        "launchTemplate.id",
        "launchTemplate.name",
        "nodeGroupName",
        "nodeRoleArn",
        "subnetIds",
    ),
    computed=("arn", "resources", "status"),
    optional=(
        "amiType",
        "capacityType",
        "diskSize",
        "instanceTypes",
        "launchTemplate.id",
        "launchTemplate.name",
        "nodeRepairConfig",
        "releaseVersion",
        "updateConfig",
        "version",
    ),
    sets=("subnetIds", "taints"),
    local=("forceUpdateVersion",),
    autoname=Autoname("nodeGroupName", max_length=63),
    check=_traps,
    planned=_planned,
    planned_id=lambda _, inputs: _id(inputs),
    create=_create,
    read=_read,
    update=_update,
    delete=lambda api, id_, _: api.gone("DeleteNodegroup", **_parts(id_)),
    find=lambda api, new: _id(new) if api.ask("DescribeNodegroup", "nodegroup.nodegroupName", **_parts(_id(new))) else None,
)

ROWS = (NODE_GROUP,)
