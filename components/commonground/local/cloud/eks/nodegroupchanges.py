"""What changes of a node group: its configuration, and the version that its nodes run."""

import json
from typing import Any

from . import groups, images, scaling, templates
from .errors import InvalidParameter
from .nodegroups import check_version, find, launch_data, refuse_with_image
from .state import Answer, NodeGroup, Params, Region, Update, now
from .templates import Template

# UpdateParamType (botocore) of each size.
SIZES = {"minSize": "MinSize", "maxSize": "MaxSize", "desiredSize": "DesiredSize"}
CONFIG = ("labels", "taints", "scalingConfig", "updateConfig", "nodeRepairConfig", "warmPoolConfig")


def update_config(region: Region, params: Params) -> Answer:
    """UpdateNodegroupConfig. All of it is checked before any of it is changed."""
    group = find(region, params)
    if all(params.get(name) is None for name in CONFIG):
        raise InvalidParameter("At least one update parameter must be specified", cluster=group.cluster_name, nodegroup=group.nodegroup_name)
    changes: dict[str, Any] = {}
    noted: list[dict[str, str]] = []
    for collect in (_sizes, _labels, _taints, _settings):
        collect(region, group, params, changes, noted)
    for name, value in changes.items():
        setattr(group, name, value)
    group.modified_at = now()
    if "scaling_config" in changes:
        groups.resize(region, group)
    return _noted(region, group, "ConfigUpdate", noted)


def _sizes(region: Region, group: NodeGroup, params: Params, changes: dict[str, Any], noted: list[dict[str, str]]) -> None:
    given = params.get("scalingConfig")
    if given is not None:
        changes["scaling_config"] = scaling.sizes(groups.sizes(region, group) or group.scaling_config, given)
        noted.extend({"type": type_, "value": str(given[name])} for name, type_ in SIZES.items() if given.get(name) is not None)


def _labels(region: Region, group: NodeGroup, params: Params, changes: dict[str, Any], noted: list[dict[str, str]]) -> None:
    given = params.get("labels")
    if given is not None:
        added, removed = given.get("addOrUpdateLabels") or {}, given.get("removeLabels") or []
        scaling.check_labels(added)
        if both := sorted(set(added).intersection(removed)):
            raise InvalidParameter(f"Labels cannot be added and removed in one call: {', '.join(both)}")
        changes["labels"] = {key: value for key, value in group.labels.items() if key not in removed} | added
        noted.extend(_note({"LabelsToAdd": added, "LabelsToRemove": removed}))


def _taints(region: Region, group: NodeGroup, params: Params, changes: dict[str, Any], noted: list[dict[str, str]]) -> None:
    given = params.get("taints")
    if given is not None:
        added, removed = scaling.checked_taints(given.get("addOrUpdateTaints") or []), given.get("removeTaints") or []
        gone = {(taint["key"], taint.get("effect")) for taint in (*added, *removed)}
        kept = [taint for taint in group.taints if (taint["key"], taint.get("effect")) not in gone]
        changes["taints"] = scaling.checked_taints([*kept, *added])
        noted.extend(_note({"TaintsToAdd": added, "TaintsToRemove": removed}))


def _settings(region: Region, group: NodeGroup, params: Params, changes: dict[str, Any], noted: list[dict[str, str]]) -> None:
    if params.get("updateConfig") is not None:
        changes["update_config"] = scaling.update_config(params["updateConfig"])
        names = {"maxUnavailable": "MaxUnavailable", "maxUnavailablePercentage": "MaxUnavailablePercentage", "updateStrategy": "UpdateStrategy"}
        noted.extend({"type": names[name], "value": str(value)} for name, value in params["updateConfig"].items() if value is not None)
    if params.get("nodeRepairConfig") is not None:
        changes["node_repair_config"] = scaling.node_repair_config(params["nodeRepairConfig"])
        noted.append({"type": "NodeRepairConfig", "value": json.dumps(changes["node_repair_config"])})
    if params.get("warmPoolConfig") is not None:
        changes["warm_pool_config"] = dict(params["warmPoolConfig"])
        noted.extend(_note({"WarmPoolEnabled": params["warmPoolConfig"].get("enabled")}))


def _note(values: dict[str, Any]) -> list[dict[str, str]]:
    return [{"type": type_, "value": json.dumps(value)} for type_, value in values.items() if value]


def update_version(region: Region, params: Params) -> Answer:
    """UpdateNodegroupVersion: a newer Kubernetes version, AMI release or version of the launch template.

    Never back (EKS user guide, "Update a managed node group for your cluster"). A release that is not given is the newest of the version, so too where
    only the launch template changes (API reference, "UpdateNodegroupVersion").
    """
    group = find(region, params)
    template = _template(region, group, params)
    version, release = _release(region, group, params, template)
    group.version, group.release_version, group.modified_at = version, release, now()
    noted = [{"type": "Version", "value": version}, {"type": "ReleaseVersion", "value": release}]
    if params.get("launchTemplate") and template:
        group.launch_template = template.specification
        groups.relaunch(region, group, launch_data(group, template))
        noted += [{"type": "LaunchTemplateName", "value": template.name}, {"type": "LaunchTemplateVersion", "value": template.version}]
    return _noted(region, group, "VersionUpdate", noted)


def _template(region: Region, group: NodeGroup, params: Params) -> Template | None:
    """The launch template after the change. Another template, or one where there was none, is refused: that is another node group."""
    given, before = params.get("launchTemplate"), group.launch_template
    if not given:
        return None if before is None else templates.resolve(region, {"id": before["id"], "version": before["version"]})
    template = templates.resolve(region, given)
    if before is None:
        raise InvalidParameter("A node group that was created without a launch template cannot be updated with one")
    if template.id != before["id"]:
        raise InvalidParameter(f"The launch template of a node group cannot be replaced by another: expected {before['id']}, got {template.id}")
    if bool(template.instance_type) == bool(group.instance_types):
        raise InvalidParameter("Instance types can be specified in the launch template or in the request, not in both")
    if template.instance_type:
        images.check_instance_types([template.instance_type], group.ami_type)
    if bool(template.image) != (group.ami_type == images.CUSTOM):
        raise InvalidParameter("A node group cannot change between an image of its launch template and one that EKS chooses")
    return template


def _release(region: Region, group: NodeGroup, params: Params, template: Template | None) -> tuple[str, str]:
    if group.ami_type == images.CUSTOM and template and template.image:
        refuse_with_image(params)
        return group.version, template.image
    version = params.get("version") or group.version
    check_version(region.cluster(group.cluster_name), version)
    release = images.release(version, group.ami_type, params.get("releaseVersion"))
    if images.minor(version) < images.minor(group.version) or images.age(release) < images.age(group.release_version):
        raise InvalidParameter(
            f"A node group cannot be taken back from {group.release_version} to {release}", cluster=group.cluster_name, nodegroup=group.nodegroup_name
        )
    return version, release


def _noted(region: Region, group: NodeGroup, type_: str, params: list[dict[str, str]]) -> Answer:
    update = Update(type_, params, nodegroup_name=group.nodegroup_name)
    return {"update": region.cluster(group.cluster_name).note(update)}


OPERATIONS = {"UpdateNodegroupConfig": update_config, "UpdateNodegroupVersion": update_version}
