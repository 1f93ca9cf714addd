"""EC2's network: VPC, subnets and the ways in and out. Facts from terraform-provider-aws (internal/service/ec2) and pulumi-aws."""

from collections.abc import Iterable

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table.common import found_by_tags, not_a_range, planned_id, retag_ec2
from commonground.local.providers.aws.types import ResourceType
from commonground.local.providers.values import UNKNOWN, Properties


def _create_vpc(api: Api, new: Properties) -> str:
    made = api.call("CreateVpc", **api.request("CreateVpc", new), TagSpecifications=api.tag_specifications("vpc", new))
    id_ = str(made["Vpc"]["VpcId"])
    _vpc_attributes(api, id_, new, {"enableDnsSupport", "enableDnsHostnames"} & set(new))
    return id_


def _vpc_attributes(api: Api, id_: str, new: Properties, changed: set[str]) -> None:
    """EC2 takes one attribute a call (API reference, "ModifyVpcAttribute")."""
    for name in sorted(changed - {"tags", "tagsAll"}, reverse=True):  # support before hostnames, which need it
        api.call("ModifyVpcAttribute", VpcId=id_, **api.request("ModifyVpcAttribute", new, only={name}))


def _read_vpc(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("DescribeVpcs", "Vpcs[0]", VpcIds=[id_], names={"Tags": "tagsAll"})
    if found is None:
        return None
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        member = name[0].upper() + name[1:]
        found[name] = api.ask("DescribeVpcAttribute", f"{member}.Value", VpcId=id_, Attribute=name)
    of_vpc = [{"Name": "vpc-id", "Values": [id_]}]
    main = [*of_vpc, {"Name": "association.main", "Values": ["true"]}]
    default_group = [*of_vpc, {"Name": "group-name", "Values": ["default"]}]
    table = api.ask("DescribeRouteTables", "RouteTables[0].RouteTableId", Filters=main)
    return {
        **{name: found[name] for name in ("cidrBlock", "instanceTenancy", "ownerId", "enableDnsSupport", "enableDnsHostnames")},
        "tagsAll": found.get("tagsAll", {}),
        "arn": api.arn("ec2", f"vpc/{id_}"),
        "dhcpOptionsId": found.get("dhcpOptionsId"),
        "mainRouteTableId": table,
        "defaultRouteTableId": table,
        "defaultSecurityGroupId": api.ask("DescribeSecurityGroups", "SecurityGroups[0].GroupId", Filters=default_group),
        "defaultNetworkAclId": api.ask("DescribeNetworkAcls", "NetworkAcls[0].NetworkAclId", Filters=[*of_vpc, {"Name": "default", "Values": ["true"]}]),
    }


def _update_vpc(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    _vpc_attributes(api, id_, new, changed)
    retag_ec2(api, id_, old, new)


def _vpc_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    cidr = inputs.get("cidrBlock", UNKNOWN)
    if isinstance(cidr, str) and cidr != UNKNOWN:
        length = cidr.rpartition("/")[2]
        if not length.isdigit() or not 16 <= int(length) <= 28:
            yield "cidrBlock", f"{cidr!r} is not a range of /16 to /28 (API reference, CreateVpc)"
        elif reason := not_a_range(cidr, 4):
            yield "cidrBlock", reason


def _planned_vpc(api: Api, id_: str, inputs: Properties) -> Properties:
    table = planned_id("rtb", id_)
    return {
        "arn": api.arn("ec2", f"vpc/{id_}"),
        "defaultNetworkAclId": planned_id("acl", id_),
        "defaultRouteTableId": table,
        "defaultSecurityGroupId": planned_id("sg", id_),
        "dhcpOptionsId": planned_id("dopt", api.region),
        "enableDnsHostnames": inputs.get("enableDnsHostnames", False),
        "mainRouteTableId": table,
        "ownerId": api.account,
    }


VPC = ResourceType(
    token="aws:ec2/vpc:Vpc",
    service="ec2",
    arguments={
        "cidrBlock": "CreateVpc.CidrBlock",
        "instanceTenancy": "CreateVpc.InstanceTenancy",
        "enableDnsSupport": "ModifyVpcAttribute.EnableDnsSupport.Value",
        "enableDnsHostnames": "ModifyVpcAttribute.EnableDnsHostnames.Value",
    },
    required=("cidrBlock",),
    replaces=("cidrBlock", "instanceTenancy"),
    computed=("arn", "defaultNetworkAclId", "defaultRouteTableId", "defaultSecurityGroupId", "dhcpOptionsId", "mainRouteTableId", "ownerId"),
    optional=("enableDnsHostnames",),
    defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
    check=_vpc_traps,
    planned=_planned_vpc,
    create=_create_vpc,
    read=_read_vpc,
    update=_update_vpc,
    delete=lambda api, id_, _: api.gone("DeleteVpc", VpcId=id_),
    find=lambda api, new: found_by_tags(api, "DescribeVpcs", "Vpcs", "vpcId", new, cidr=new["cidrBlock"]),
)


def _create_subnet(api: Api, new: Properties) -> str:
    made = api.call("CreateSubnet", **api.request("CreateSubnet", new), TagSpecifications=api.tag_specifications("subnet", new))
    id_ = str(made["Subnet"]["SubnetId"])
    if new["mapPublicIpOnLaunch"] != made["Subnet"]["MapPublicIpOnLaunch"]:
        _subnet_attributes(api, id_, new, {"mapPublicIpOnLaunch"})
    return id_


def _subnet_attributes(api: Api, id_: str, new: Properties, changed: set[str]) -> None:
    for name in sorted(changed - {"tags", "tagsAll"}):
        api.call("ModifySubnetAttribute", SubnetId=id_, **api.request("ModifySubnetAttribute", new, only={name}))


def _read_subnet(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("DescribeSubnets", "Subnets[0]", SubnetIds=[id_], names={"Tags": "tagsAll", "SubnetArn": "arn"})
    if found is None:
        return None
    names = ("arn", "ownerId", "vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "mapPublicIpOnLaunch")
    return {**{name: found[name] for name in names}, "tagsAll": found.get("tagsAll", {})}


def _subnet_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    if reason := not_a_range(inputs.get("cidrBlock"), 4):
        yield "cidrBlock", reason


def _update_subnet(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    _subnet_attributes(api, id_, new, changed)
    retag_ec2(api, id_, old, new)


SUBNET = ResourceType(
    token="aws:ec2/subnet:Subnet",
    service="ec2",
    arguments={
        "vpcId": "CreateSubnet.VpcId",
        "cidrBlock": "CreateSubnet.CidrBlock",
        "availabilityZone": "CreateSubnet.AvailabilityZone",
        "availabilityZoneId": "CreateSubnet.AvailabilityZoneId",
        "mapPublicIpOnLaunch": "ModifySubnetAttribute.MapPublicIpOnLaunch.Value",
    },
    required=("vpcId", "cidrBlock"),
    conflicts=(("availabilityZone", "availabilityZoneId"),),
    replaces=("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"),
    computed=("arn", "ownerId"),
    optional=("availabilityZone", "availabilityZoneId"),
    defaults={"mapPublicIpOnLaunch": False},
    check=_subnet_traps,
    planned=lambda api, id_, _: {"arn": api.arn("ec2", f"subnet/{id_}"), "ownerId": api.account},
    create=_create_subnet,
    read=_read_subnet,
    update=_update_subnet,
    delete=lambda api, id_, _: api.gone("DeleteSubnet", SubnetId=id_),
    find=lambda api, new: api.ask(
        "DescribeSubnets",
        "Subnets[0].SubnetId",
        Filters=[{"Name": "vpc-id", "Values": [new["vpcId"]]}, {"Name": "cidr-block", "Values": [new["cidrBlock"]]}],
    ),
)

ROWS = (VPC, SUBNET)
