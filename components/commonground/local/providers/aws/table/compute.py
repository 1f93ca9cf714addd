"""Launch templates and the tags of Auto Scaling groups. Facts from terraform-provider-aws (internal/service/ec2, autoscaling) and pulumi-aws."""

import base64
import binascii
from collections.abc import Iterable
from typing import Any

from commonground.local.providers.aws import models
from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table.common import retag_ec2
from commonground.local.providers.aws.types import Argument, ResourceType
from commonground.local.providers.names import Autoname
from commonground.local.providers.values import UNKNOWN, Properties, known

INTERFACE = {"securityGroups": "Groups", "ipv4AddressCount": "SecondaryPrivateIpAddressCount"}

DATA: dict[str, str | tuple[str, dict[str, str]]] = {
    "blockDeviceMappings": "BlockDeviceMappings",
    "capacityReservationSpecification": "CapacityReservationSpecification",
    "cpuOptions": "CpuOptions",
    "creditSpecification": "CreditSpecification",
    "disableApiStop": "DisableApiStop",
    "disableApiTermination": "DisableApiTermination",
    "ebsOptimized": "EbsOptimized",
    "enclaveOptions": "EnclaveOptions",
    "hibernationOptions": "HibernationOptions",
    "iamInstanceProfile": "IamInstanceProfile",
    "imageId": "ImageId",
    "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
    "instanceMarketOptions": "InstanceMarketOptions",
    "instanceRequirements": "InstanceRequirements",
    "instanceType": "InstanceType",
    "kernelId": "KernelId",
    "keyName": "KeyName",
    "licenseSpecifications": "LicenseSpecifications",
    "maintenanceOptions": "MaintenanceOptions",
    "metadataOptions": "MetadataOptions",
    "monitoring": "Monitoring",
    "networkInterfaces": ("NetworkInterfaces", INTERFACE),
    "networkPerformanceOptions": "NetworkPerformanceOptions",
    "placement": "Placement",
    "privateDnsNameOptions": "PrivateDnsNameOptions",
    "ramDiskId": "RamDiskId",
    "tagSpecifications": "TagSpecifications",
    "userData": "UserData",
    "vpcSecurityGroupIds": "SecurityGroupIds",
}
"""What a version holds: Pulumi's name, the API's, and nested names that differ."""

NAMES = {
    "AcceleratorTotalMemoryMiB": "acceleratorTotalMemoryMib",
    "EnableResourceNameDnsAAAARecord": "enableResourceNameDnsAaaaRecord",
    "EnableResourceNameDnsARecord": "enableResourceNameDnsARecord",
    "MemoryGiBPerVCpu": "memoryGibPerVcpu",
    "MemoryMiB": "memoryMib",
    "SecurityGroupIds": "vpcSecurityGroupIds",
    "TotalLocalStorageGB": "totalLocalStorageGb",
    "VCpuCount": "vcpuCount",
    **{member: name for name, member in INTERFACE.items()},
}
"""Names in answers whose Pulumi name is not the same in camelCase."""

TEXTS = {"associateCarrierIpAddress", "associatePublicIpAddress", "deleteOnTermination", "ebsOptimized", "encrypted", "primaryIpv6"}
"""Booleans that the provider has as text, so that "not given" is a third value."""

METADATA = ("httpEndpoint", "httpProtocolIpv6", "httpPutResponseHopLimit", "httpTokens", "instanceMetadataTags")

QUIET = {"name", "description", "defaultVersion", "updateDefaultVersion"}
"""Arguments whose change leaves `latestVersion` known in a preview; a description makes a version all the same."""

VERSIONED = {*DATA, "description"}


def _argument(at: str | tuple[str, dict[str, str]]) -> Argument:
    member, fields = (at, {}) if isinstance(at, str) else at
    return Argument(f"CreateLaunchTemplate.LaunchTemplateData.{member}", fields=fields)


def _create(api: Api, new: Properties) -> str:
    made = api.call("CreateLaunchTemplate", **_request(api, new), TagSpecifications=api.tag_specifications("launch-template", new))
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def _request(api: Api, new: Properties) -> dict[str, Any]:
    """User data is always sent, empty if there is none, as the official provider does: a version without data at all is refused."""
    request = api.request("CreateLaunchTemplate", new)
    request.setdefault("LaunchTemplateData", {}).setdefault("UserData", "")
    return request


def _read(api: Api, id_: str, state: Properties) -> Properties | None:
    found = api.ask("DescribeLaunchTemplates", "LaunchTemplates[0]", LaunchTemplateIds=[id_], names={"Tags": "tagsAll"})
    if found is None:
        return None
    version = api.ask("DescribeLaunchTemplateVersions", "LaunchTemplateVersions[0]", LaunchTemplateId=id_, Versions=["$Latest"], names=NAMES) or {}
    data = {name: value for name, value in version.get("launchTemplateData", {}).items() if value not in ([], {}, "")}
    data.get("metadataOptions", {}).pop("state", None)
    return {
        **dict.fromkeys(DATA),
        **{name: _spelled(state.get(name), value, name) for name, value in data.items() if name in DATA},
        "arn": api.arn("ec2", f"launch-template/{id_}"),
        "defaultVersion": found["defaultVersionNumber"],
        "description": version.get("versionDescription") or state.get("description"),
        "latestVersion": found["latestVersionNumber"],
        "name": found["launchTemplateName"],
        "tagsAll": found.get("tagsAll", {}),
    }


def _spelled(mine: Any, theirs: Any, name: str) -> Any:
    """Theirs, with booleans as text where the provider has text and the program did not give a boolean, and numbers as text where it gave text."""
    if isinstance(theirs, dict):
        known = mine if isinstance(mine, dict) else {}
        return {key: _spelled(known.get(key), value, key) for key, value in theirs.items()}
    if isinstance(theirs, list):
        known_items = mine if isinstance(mine, list) else []
        return [_spelled(known_items[index] if index < len(known_items) else None, value, name) for index, value in enumerate(theirs)]
    if isinstance(theirs, bool):
        return str(theirs).lower() if isinstance(mine, str) or (name in TEXTS and mine is None) else theirs
    return str(theirs) if isinstance(mine, str) else theirs


def _update(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if changed & VERSIONED:
        request = {name: value for name, value in _request(api, new).items() if name != "LaunchTemplateName"}
        api.call("CreateLaunchTemplateVersion", LaunchTemplateId=id_, **request)
    if new.get("updateDefaultVersion"):
        latest = api.ask("DescribeLaunchTemplates", "LaunchTemplates[0].LatestVersionNumber", LaunchTemplateIds=[id_])
        api.call("ModifyLaunchTemplate", LaunchTemplateId=id_, DefaultVersion=str(latest))
    elif "defaultVersion" in changed:
        api.call("ModifyLaunchTemplate", LaunchTemplateId=id_, DefaultVersion=str(new["defaultVersion"]))
    retag_ec2(api, id_, old, new)


def _find(api: Api, new: Properties) -> str | None:
    found = api.ask("DescribeLaunchTemplates", "LaunchTemplates[0].LaunchTemplateId", Filters=[{"Name": "launch-template-name", "Values": [new["name"]]}])
    return str(found) if found else None


def _traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    name = inputs.get("name", "")
    if isinstance(name, str) and name != UNKNOWN and not 3 <= len(name) <= 128:
        yield "name", f"is {len(name)} characters, expected 3 to 128 (API reference, CreateLaunchTemplate)"
    data = inputs.get("userData")
    if isinstance(data, str) and data != UNKNOWN and not _is_base64(data):
        yield "userData", "is not base64, which EC2 takes user data in (API reference, RequestLaunchTemplateData)"
    interfaces = inputs.get("networkInterfaces")
    if isinstance(interfaces, list) and interfaces and inputs.get("vpcSecurityGroupIds"):
        yield "vpcSecurityGroupIds", "cannot be given together with networkInterfaces: groups belong to the interfaces then (EC2 user guide, launch templates)"
    yield from _interface_traps(interfaces if isinstance(interfaces, list) else [])
    if "instanceType" in inputs and "instanceRequirements" in inputs:
        yield "instanceRequirements", "cannot be given together with instanceType (API reference, RequestLaunchTemplateData)"


INTERFACES = ("efa", "efa-only", "interface")


def _interface_traps(interfaces: list[Any]) -> Iterable[tuple[str, str]]:
    """EC2 user guide, "Elastic Fabric Adapter": the primary interface (card 0, device 0) needs an address, which `efa-only` has none of."""
    places: set[tuple[int, int]] = set()
    for index, interface in enumerate(interfaces):
        if not isinstance(interface, dict) or not known(interface):
            continue
        where = f"networkInterfaces[{index}]"
        kind, card, device = (interface.get(name, default) for name, default in (("interfaceType", "interface"), ("networkCardIndex", 0), ("deviceIndex", 0)))
        if kind not in INTERFACES:
            yield f"{where}.interfaceType", f"{kind!r} is not one of {', '.join(INTERFACES)}"
        if kind == "efa-only" and (card, device) == (0, 0):
            yield f"{where}.interfaceType", "is efa-only, which the primary interface (network card 0, device 0) cannot be: it would have no IP address"
        if (card, device) in places:
            yield f"{where}.deviceIndex", f"another interface has device {device} of network card {card}"
        places.add((card, device))


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _moves_default(new: Properties, changed: set[str]) -> Iterable[str]:
    return ("defaultVersion",) if new.get("updateDefaultVersion") and changed - {"name", "description"} else ()


# Left out: namePrefix (Pulumi draws a name), securityGroupNames (groups outside a VPC), fixed addresses and prefixes of an interface (for one instance only),
# secondaryInterfaces (newer than what is known of the official provider).
LAUNCH_TEMPLATE = ResourceType(
    token="aws:ec2/launchTemplate:LaunchTemplate",
    service="ec2",
    arguments={
        "name": "CreateLaunchTemplate.LaunchTemplateName",
        "description": "CreateLaunchTemplate.VersionDescription",
        "defaultVersion": "integer",
        "updateDefaultVersion": "boolean",
        **{name: _argument(at) for name, at in DATA.items()},
    },
    replaces=("name",),
    computed=("arn", "latestVersion"),
    optional=(
        *(f"blockDeviceMappings.ebs.{name}" for name in ("iops", "throughput", "volumeSize", "volumeType")),
        "defaultVersion",
        "metadataOptions",
        *(f"metadataOptions.{name}" for name in METADATA),
    ),
    nested_unknown={"metadataOptions": METADATA},
    conflicts=(("defaultVersion", "updateDefaultVersion"),),
    sets=("licenseSpecifications", "networkInterfaces.securityGroups", "vpcSecurityGroupIds"),
    update_unknown={"latestVersion": ("tags", "tagsAll", *DATA)},
    also_unknown=_moves_default,
    autoname=Autoname("name", max_length=128),
    check=_traps,
    planned=lambda api, id_, inputs: {
        "arn": api.arn("ec2", f"launch-template/{id_}"),
        "defaultVersion": inputs.get("defaultVersion", 1),
        "latestVersion": 1,
        "metadataOptions": inputs.get("metadataOptions", {}),
    },
    id_prefix="lt",
    create=_create,
    read=_read,
    update=_update,
    delete=lambda api, id_, _: api.gone("DeleteLaunchTemplate", LaunchTemplateId=id_),
    find=_find,
)

TAG = {"key": "Key", "propagateAtLaunch": "PropagateAtLaunch", "value": "Value"}


def _tag_id(inputs: Properties) -> str:
    return f"{inputs['autoscalingGroupName']},{inputs['tag']['key']}"


def _group_tag(id_: str) -> dict[str, Any]:
    group, _, key = id_.partition(",")
    return {"ResourceId": group, "ResourceType": "auto-scaling-group", "Key": key}


def _put_tag(api: Api, new: Properties) -> str:
    tag = {**_group_tag(_tag_id(new)), "Value": new["tag"]["value"], "PropagateAtLaunch": new["tag"]["propagateAtLaunch"] in (True, "true")}
    api.call("CreateOrUpdateTags", Tags=[tag])
    return _tag_id(new)


def _update_tag(api: Api, _id: str, _old: Properties, new: Properties, _changed: set[str]) -> None:
    _put_tag(api, new)


def _read_tag(api: Api, id_: str, _state: Properties) -> Properties | None:
    wanted = _group_tag(id_)
    filters = [{"Name": "auto-scaling-group", "Values": [wanted["ResourceId"]]}, {"Name": "key", "Values": [wanted["Key"]]}]
    for found in api.call("DescribeTags", Filters=filters)["Tags"]:
        return {"autoscalingGroupName": found["ResourceId"], "tag": {name: found.get(member) for name, member in TAG.items()}}
    return None


def _find_tag(api: Api, new: Properties) -> str | None:
    found = _read_tag(api, _tag_id(new), new)
    return _tag_id(new) if found and found["tag"] == new["tag"] else None


def _tag_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    tag = inputs.get("tag")
    for name in sorted(set(tag if isinstance(tag, dict) else ()) - set(TAG)):
        yield f"tag.{name}", f"is not a known property ({', '.join(TAG)})"
    for name, kind in (("key", "string"), ("propagateAtLaunch", "boolean"), ("value", "string")):
        if isinstance(tag, dict) and name in tag:
            yield from models.wrong_local(kind, tag[name], f"tag.{name}")


GROUP_TAG = ResourceType(
    token="aws:autoscaling/tag:Tag",
    service="autoscaling",
    arguments={"autoscalingGroupName": "CreateOrUpdateTags.Tags.ResourceId", "tag": "object"},
    required=("autoscalingGroupName", "tag", *(f"tag.{name}" for name in TAG)),
    replaces=("autoscalingGroupName", "tag.key"),
    check=_tag_traps,
    planned_id=lambda _, inputs: _tag_id(inputs),
    taggable=False,
    create=_put_tag,
    read=_read_tag,
    update=_update_tag,
    delete=lambda api, id_, _: api.gone("DeleteTags", Tags=[_group_tag(id_)]),
    find=_find_tag,
)

ROWS = (LAUNCH_TEMPLATE, GROUP_TAG)
