"""EC2's ways out of a VPC: internet gateway, elastic IP, NAT gateway. Facts from terraform-provider-aws (internal/service/ec2) and pulumi-aws."""

from collections.abc import Iterable

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table.common import found_by_tags, planned_id, retag_ec2
from commonground.local.providers.aws.types import ResourceType
from commonground.local.providers.values import Properties


def _create_internet_gateway(api: Api, new: Properties) -> str:
    made = api.call("CreateInternetGateway", TagSpecifications=api.tag_specifications("internet-gateway", new))
    id_ = str(made["InternetGateway"]["InternetGatewayId"])
    if "vpcId" in new:
        api.call("AttachInternetGateway", InternetGatewayId=id_, VpcId=new["vpcId"])
    return id_


def _read_internet_gateway(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("DescribeInternetGateways", "InternetGateways[0]", InternetGatewayIds=[id_], names={"Tags": "tagsAll"})
    if found is None:
        return None
    attached = found.get("attachments") or [{}]
    return {
        "arn": api.arn("ec2", f"internet-gateway/{id_}"),
        "ownerId": found.get("ownerId", api.account),
        "vpcId": attached[0].get("vpcId", ""),
        "tagsAll": found.get("tagsAll", {}),
    }


def _detach(api: Api, id_: str) -> None:
    attached = api.ask("DescribeInternetGateways", "InternetGateways[0].Attachments", InternetGatewayIds=[id_]) or []
    for attachment in attached:
        api.gone("DetachInternetGateway", InternetGatewayId=id_, VpcId=attachment["vpcId"])


def _update_internet_gateway(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if "vpcId" in changed:
        _detach(api, id_)
        api.call("AttachInternetGateway", InternetGatewayId=id_, VpcId=new["vpcId"])
    retag_ec2(api, id_, old, new)


def _delete_internet_gateway(api: Api, id_: str, _state: Properties) -> None:
    _detach(api, id_)
    api.gone("DeleteInternetGateway", InternetGatewayId=id_)


def _find_internet_gateway(api: Api, new: Properties) -> str | None:
    """A VPC has one at most."""
    if "vpcId" not in new:
        return found_by_tags(api, "DescribeInternetGateways", "InternetGateways", "internetGatewayId", new)
    attached = [{"Name": "attachment.vpc-id", "Values": [new["vpcId"]]}]
    found = api.ask("DescribeInternetGateways", "InternetGateways[0].InternetGatewayId", Filters=attached)
    return str(found) if found else None


INTERNET_GATEWAY = ResourceType(
    token="aws:ec2/internetGateway:InternetGateway",
    service="ec2",
    arguments={"vpcId": "AttachInternetGateway.VpcId"},
    computed=("arn", "ownerId"),
    optional=("vpcId",),
    planned=lambda api, id_, _: {"arn": api.arn("ec2", f"internet-gateway/{id_}"), "ownerId": api.account},
    id_prefix="igw",
    create=_create_internet_gateway,
    read=_read_internet_gateway,
    update=_update_internet_gateway,
    delete=_delete_internet_gateway,
    find=_find_internet_gateway,
)

TARGET = ("associateWithPrivateIp", "instance", "networkInterface")
"""Arguments that say what an address belongs to."""


def _create_eip(api: Api, new: Properties) -> str:
    made = api.call("AllocateAddress", **api.request("AllocateAddress", new), TagSpecifications=api.tag_specifications("elastic-ip", new))
    id_ = str(made["AllocationId"])
    _associate(api, id_, new)
    return id_


def _associate(api: Api, id_: str, new: Properties) -> None:
    if "instance" in new or "networkInterface" in new:
        api.call("AssociateAddress", AllocationId=id_, **api.request("AssociateAddress", new))


def _disassociate(api: Api, id_: str) -> None:
    association = api.ask("DescribeAddresses", "Addresses[0].AssociationId", AllocationIds=[id_])
    if association:
        api.gone("DisassociateAddress", AssociationId=association)


def _read_eip(api: Api, id_: str, _state: Properties) -> Properties | None:
    names = {"Tags": "tagsAll", "InstanceId": "instance", "NetworkInterfaceId": "networkInterface", "PrivateIpAddress": "privateIp"}
    found = api.ask("DescribeAddresses", "Addresses[0]", AllocationIds=[id_], names=names)
    if found is None:
        return None
    given = ("associationId", "carrierIp", "customerOwnedIp", "instance", "ipamPoolId", "networkBorderGroup", "networkInterface", "privateIp", "publicIpv4Pool")
    return {
        **{name: found.get(name, "") for name in given},
        "allocationId": id_,
        "arn": api.arn("ec2", f"elastic-ip/{id_}"),
        "domain": found["domain"],
        "publicIp": found["publicIp"],
        "publicDns": _dns(api, "ec2", found["publicIp"]),
        "privateDns": _dns(api, "ip", found.get("privateIp", "")),
        "ptrRecord": api.ask("DescribeAddressesAttribute", "Addresses[0].PtrRecord", AllocationIds=[id_], Attribute="domain-name") or "",
        "tagsAll": found.get("tagsAll", {}),
    }


def _dns(api: Api, kind: str, address: str) -> str:
    """EC2's name of an address (EC2 user guide, "EC2 instance hostnames and domains"); us-east-1 has names of its own."""
    domains = {
        ("ec2", True): "compute-1.amazonaws.com",
        ("ec2", False): f"{api.region}.compute.amazonaws.com",
        ("ip", True): "ec2.internal",
        ("ip", False): f"{api.region}.compute.internal",
    }
    return f"{kind}-{address.replace('.', '-')}.{domains[kind, api.region == 'us-east-1']}" if address else ""


def _update_eip(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if changed.intersection(TARGET):
        _disassociate(api, id_)
        _associate(api, id_, new)
    retag_ec2(api, id_, old, new)


def _delete_eip(api: Api, id_: str, _state: Properties) -> None:
    """One that a NAT gateway uses is refused by EC2."""
    if api.ask("DescribeAddresses", "Addresses[0].NetworkInterfaceId", AllocationIds=[id_]) and not _of_nat_gateway(api, id_):
        _disassociate(api, id_)
    api.gone("ReleaseAddress", AllocationId=id_)


def _of_nat_gateway(api: Api, id_: str) -> bool:
    gateways = api.ask("DescribeNatGateways", "NatGateways", Filter=[{"Name": "state", "Values": ["pending", "available"]}]) or []
    return any(address.get("allocationId") == id_ for gateway in gateways for address in gateway.get("natGatewayAddresses", []))


def _eip_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    if "associateWithPrivateIp" in inputs and not {"instance", "networkInterface"} & set(inputs):
        yield "associateWithPrivateIp", "needs instance or networkInterface"


def _planned_address(id_: str) -> str:
    """One of the addresses for documentation (RFC 5737, TEST-NET-3)."""
    return f"203.0.113.{1 + int(planned_id('ip', id_)[3:7], 16) % 254}"


def _planned_eip(api: Api, id_: str, inputs: Properties) -> Properties:
    given = ("associationId", "carrierIp", "customerOwnedIp", "instance", "ipamPoolId", "networkInterface", "privateDns", "privateIp", "ptrRecord")
    address = inputs.get("address", _planned_address(id_))
    return {
        **{name: inputs.get(name, "") for name in given},
        "allocationId": id_,
        "arn": api.arn("ec2", f"elastic-ip/{id_}"),
        "domain": "vpc",
        "networkBorderGroup": inputs.get("networkBorderGroup", api.region),
        "publicIpv4Pool": inputs.get("publicIpv4Pool", "amazon"),
        "publicIp": address,
        "publicDns": _dns(api, "ec2", address),
    }


# Left out: customerOwnedIpv4Pool, which only an Outpost has.
EIP = ResourceType(
    token="aws:ec2/eip:Eip",
    service="ec2",
    arguments={
        "address": "AllocateAddress.Address",
        "domain": "AllocateAddress.Domain",
        "ipamPoolId": "AllocateAddress.IpamPoolId",
        "networkBorderGroup": "AllocateAddress.NetworkBorderGroup",
        "publicIpv4Pool": "AllocateAddress.PublicIpv4Pool",
        "associateWithPrivateIp": "AssociateAddress.PrivateIpAddress",
        "instance": "AssociateAddress.InstanceId",
        "networkInterface": "AssociateAddress.NetworkInterfaceId",
    },
    replaces=("address", "domain", "ipamPoolId", "networkBorderGroup", "publicIpv4Pool"),
    computed=("allocationId", "arn", "associationId", "carrierIp", "customerOwnedIp", "privateDns", "privateIp", "ptrRecord", "publicDns", "publicIp"),
    optional=("domain", "instance", "ipamPoolId", "networkBorderGroup", "networkInterface", "publicIpv4Pool"),
    check=_eip_traps,
    planned=_planned_eip,
    id_prefix="eipalloc",
    create=_create_eip,
    read=_read_eip,
    update=_update_eip,
    delete=_delete_eip,
    find=lambda api, new: found_by_tags(api, "DescribeAddresses", "Addresses", "allocationId", new),
)


def _create_nat(api: Api, new: Properties) -> str:
    made = api.call("CreateNatGateway", **api.request("CreateNatGateway", new), TagSpecifications=api.tag_specifications("natgateway", new))
    return str(made["NatGateway"]["NatGatewayId"])


def _read_nat(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("DescribeNatGateways", "NatGateways[0]", NatGatewayIds=[id_], names={"Tags": "tagsAll"})
    if found is None or found["state"] in ("deleting", "deleted"):  # EC2 shows a deleted one for about an hour
        return None
    first, *others = sorted(found.get("natGatewayAddresses") or [{}], key=lambda address: not address.get("isPrimary", True))
    return {
        **{name: first.get(name, "") for name in ("allocationId", "associationId", "networkInterfaceId", "privateIp", "publicIp")},
        **{name: found.get(name, "") for name in ("autoProvisionZones", "autoScalingIps", "routeTableId")},
        "availabilityMode": found.get("availabilityMode", "zonal"),
        "connectivityType": found.get("connectivityType", "public"),
        "regionalNatGatewayAddresses": [],
        "regionalNatGatewayAutoMode": "",
        "secondaryAllocationIds": [address["allocationId"] for address in others if "allocationId" in address],
        "secondaryPrivateIpAddresses": [address["privateIp"] for address in others if "privateIp" in address],
        "subnetId": found["subnetId"],
        "vpcId": found["vpcId"],
        "tagsAll": found.get("tagsAll", {}),
        "__failure": f"{found.get('failureCode', '')}: {found.get('failureMessage', '')}" if found["state"] == "failed" else "",
    }


def _find_nat(api: Api, new: Properties) -> str | None:
    """The one in the subnet that has the address; a private one by its tags."""
    there = [{"Name": "subnet-id", "Values": [new["subnetId"]]}, {"Name": "state", "Values": ["pending", "available"]}]
    gateways = api.ask("DescribeNatGateways", "NatGateways", Filter=there, names={"Tags": "tagsAll"}) or []
    found = [gateway["natGatewayId"] for gateway in gateways if _made_from(gateway, new)]
    return str(found[0]) if len(found) == 1 else None


def _made_from(gateway: Properties, new: Properties) -> bool:
    if "allocationId" in new:
        return any(address.get("allocationId") == new["allocationId"] for address in gateway.get("natGatewayAddresses", []))
    return bool(gateway.get("tagsAll", {}) == new.get("tagsAll", {}))


def _nat_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    kind = inputs.get("connectivityType")
    if kind == "public" and "allocationId" not in inputs:
        yield "allocationId", "is required for a public gateway (API reference, CreateNatGateway)"
    if kind == "private" and "allocationId" in inputs:
        yield "allocationId", "cannot be given with connectivityType private"


def _planned_nat(_api: Api, id_: str, inputs: Properties) -> Properties:
    public = inputs["connectivityType"] == "public"
    return {
        **dict.fromkeys(("autoProvisionZones", "autoScalingIps", "regionalNatGatewayAutoMode", "routeTableId"), ""),
        **{name: [] for name in ("regionalNatGatewayAddresses", "secondaryAllocationIds", "secondaryPrivateIpAddresses")},
        "associationId": planned_id("eipassoc", id_) if public else "",
        "availabilityMode": "zonal",
        "networkInterfaceId": planned_id("eni", id_),
        "publicIp": _planned_address(inputs["allocationId"]) if public else "",
        "vpcId": planned_id("vpc", inputs["subnetId"]),
    }


# Left out: regional gateways (availabilityMode, availabilityZoneAddresses, vpcId) and secondary addresses, which the local cloud does not know.
NAT_GATEWAY = ResourceType(
    token="aws:ec2/natGateway:NatGateway",
    service="ec2",
    arguments={
        "allocationId": "CreateNatGateway.AllocationId",
        "connectivityType": "CreateNatGateway.ConnectivityType",
        "privateIp": "CreateNatGateway.PrivateIpAddress",
        "subnetId": "CreateNatGateway.SubnetId",
    },
    required=("subnetId",),
    replaces=("allocationId", "connectivityType", "privateIp", "subnetId"),
    computed=(
        "associationId",
        "autoProvisionZones",
        "autoScalingIps",
        "availabilityMode",
        "networkInterfaceId",
        "publicIp",
        "regionalNatGatewayAddresses",
        "regionalNatGatewayAutoMode",
        "routeTableId",
        "secondaryAllocationIds",
        "secondaryPrivateIpAddresses",
        "vpcId",
    ),
    optional=("privateIp",),
    defaults={"connectivityType": "public"},
    check=_nat_traps,
    health=lambda outputs: [f"NAT gateway failed: {outputs['__failure']}"] if outputs.get("__failure") else [],
    planned=_planned_nat,
    id_prefix="nat",
    create=_create_nat,
    read=_read_nat,
    update=lambda api, id_, old, new, _: retag_ec2(api, id_, old, new),
    delete=lambda api, id_, _: api.gone("DeleteNatGateway", NatGatewayId=id_),
    find=_find_nat,
)

ROWS = (INTERNET_GATEWAY, EIP, NAT_GATEWAY)
