"""Traps of EC2's network types, and what one life a type does not show."""

from typing import Any

import pytest

from commonground.local.providers.values import UNKNOWN
from tests.local.providers.aws.conftest import Engine
from tests.local.providers.aws.lives_endpoints import gateway_endpoint_inputs
from tests.local.providers.aws.lives_gateways import nat_inputs, subnet
from tests.local.providers.aws.lives_network import vpc
from tests.local.providers.aws.lives_routing import gateway, route_inputs, route_table
from tests.local.providers.aws.planning import planned

ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
EIP = "aws:ec2/eip:Eip"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
NAT = "aws:ec2/natGateway:NatGateway"
ROUTE = "aws:ec2/route:Route"


def refused(engine: Engine, type_: str, inputs: dict[str, Any]) -> dict[str, str]:
    _, _, failures = engine.check(type_, inputs)
    return {failure.property: failure.reason for failure in failures}


def test_a_route_needs_one_destination_and_one_target(engine: Engine) -> None:
    inputs = {"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}
    assert refused(engine, ROUTE, inputs) == {}
    assert "one target" in refused(engine, ROUTE, {**inputs, "natGatewayId": "nat-1"})["gatewayId"]
    assert "exactly one of" in refused(engine, ROUTE, {**inputs, "destinationIpv6CidrBlock": "::/0"})["destinationCidrBlock"]
    assert "egressOnlyGatewayId" in refused(engine, ROUTE, {"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0", "egressOnlyGatewayId": "eigw-1"})
    assert "local" in refused(engine, ROUTE, {**inputs, "gatewayId": "local"})["gatewayId"]


def test_a_route_moves_to_another_target_in_place(engine: Engine) -> None:
    of = vpc(engine)
    inputs = {"routeTableId": route_table(engine, of).id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway(engine, of).id}
    made = engine.create(ROUTE, inputs)
    address = engine.create(EIP, {"domain": "vpc"})
    nat = engine.create(NAT, {"allocationId": address.id, "subnetId": subnet(engine, of=of).id})
    engine.made.remove(made)
    engine.made.append(made)
    moved = {**inputs, "natGatewayId": nat.id}
    moved.pop("gatewayId")

    assert not engine.diff(made, moved).replaces
    outputs = engine.update(made, moved)
    assert (outputs["natGatewayId"], outputs["gatewayId"]) == (nat.id, "")
    assert not engine.diff(made, moved).changes


def test_a_route_is_known_by_its_table_and_the_checksum_of_its_destination(engine: Engine) -> None:
    made = engine.create(ROUTE, route_inputs(engine))
    assert made.id == f"r-{made.inputs['routeTableId']}1080289494"


def test_a_route_that_someone_pointed_elsewhere_is_pointed_back(engine: Engine) -> None:
    of = vpc(engine)
    inputs = {"routeTableId": route_table(engine, of).id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway(engine, of).id}
    made = engine.create(ROUTE, inputs)
    eni = engine.client("ec2").create_network_interface(SubnetId=subnet(engine, of=of).id)["NetworkInterface"]["NetworkInterfaceId"]
    engine.client("ec2").replace_route(RouteTableId=inputs["routeTableId"], DestinationCidrBlock="0.0.0.0/0", NetworkInterfaceId=eni)

    refreshed = engine.refreshed_inputs(made)
    assert refreshed is not None
    assert engine.stand_in.diff(made.subject, made.id, refreshed, made.inputs).keys == {"gatewayId"}
    engine.client("ec2").delete_network_interface(NetworkInterfaceId=eni)


def test_a_subnet_moves_to_another_route_table_in_place_and_is_found_again(engine: Engine) -> None:
    of = vpc(engine)
    first, second = route_table(engine, of), route_table(engine, of)
    inputs = {"routeTableId": first.id, "subnetId": subnet(engine, of=of).id}
    made = engine.create(ASSOCIATION, inputs)

    moved = {**inputs, "routeTableId": second.id}
    assert not engine.diff(made, moved).replaces
    assert engine.update(made, moved)["routeTableId"] == second.id
    found = engine.read(made)
    assert found is not None, "EC2 gave the association another id"
    assert found["routeTableId"] == second.id
    engine.delete(made)
    assert engine.read(made) is None


def test_a_route_table_leaves_with_its_associations(engine: Engine) -> None:
    of = vpc(engine)
    table = route_table(engine, of)
    made = engine.create(ASSOCIATION, {"routeTableId": table.id, "subnetId": subnet(engine, of=of).id})
    engine.delete(table)
    assert engine.read(made) is None


def test_an_internet_gateway_moves_to_another_vpc_in_place(engine: Engine) -> None:
    first, second = vpc(engine), vpc(engine)
    made = gateway(engine, first)
    assert not engine.diff(made, {"vpcId": second.id}).replaces
    assert engine.update(made, {"vpcId": second.id})["vpcId"] == second.id


def test_a_nat_gateway_needs_an_address_if_it_is_public_and_has_none_if_it_is_private(engine: Engine) -> None:
    assert "required for a public" in refused(engine, NAT, {"subnetId": "subnet-1"})["allocationId"]
    assert "private" in refused(engine, NAT, {"subnetId": "subnet-1", "allocationId": "eipalloc-1", "connectivityType": "private"})["allocationId"]
    assert refused(engine, NAT, {"subnetId": "subnet-1", "connectivityType": "private"}) == {}


def test_a_nat_gateway_shows_the_address_that_it_was_given(engine: Engine) -> None:
    made = engine.create(NAT, nat_inputs(engine))
    address = engine.client("ec2").describe_addresses(AllocationIds=[made.inputs["allocationId"]])["Addresses"][0]
    assert made.outputs["publicIp"] == address["PublicIp"]


def test_an_address_in_use_by_a_nat_gateway_is_not_released(engine: Engine) -> None:
    made = engine.create(NAT, nat_inputs(engine))
    address = next(one for one in engine.made if one.id == made.inputs["allocationId"])
    with pytest.raises(Exception, match="ReleaseAddress"):
        engine.stand_in.delete(address.subject, address.id, address.outputs, address.inputs)


def interface_endpoint(engine: Engine, group: str | None = None) -> dict[str, Any]:
    of = engine.create("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True})
    subnets = [engine.create("aws:ec2/subnet:Subnet", {"vpcId": of.id, "cidrBlock": f"10.0.{n}.0/24", "availabilityZoneId": f"euc1-az{n}"}).id for n in (1, 2)]
    return {
        "vpcId": of.id,
        "serviceName": f"com.amazonaws.{engine.region}.ecr.api",
        "vpcEndpointType": "Interface",
        "subnetIds": subnets,
        "privateDnsEnabled": True,
    }


def test_an_interface_endpoint_has_interfaces_and_follows_its_subnets(engine: Engine) -> None:
    inputs = interface_endpoint(engine)
    made = engine.create(ENDPOINT, inputs)
    assert len(made.outputs["networkInterfaceIds"]) == 2
    assert len(made.outputs["securityGroupIds"]) == 1, "the VPC's default group, where none is given"
    assert not engine.diff(made, {**inputs, "subnetIds": inputs["subnetIds"][::-1]}).changes, "the order of subnets means nothing"

    fewer = {**inputs, "subnetIds": inputs["subnetIds"][:1], "privateDnsEnabled": False}
    assert not engine.diff(made, fewer).replaces
    outputs = engine.update(made, fewer)
    assert outputs["subnetIds"] == inputs["subnetIds"][:1]
    assert len(outputs["networkInterfaceIds"]) == 1
    assert outputs["privateDnsEnabled"] is False


def test_the_preview_of_new_subnets_does_not_know_the_interfaces(engine: Engine) -> None:
    inputs = interface_endpoint(engine)
    made = engine.create(ENDPOINT, inputs)
    _, checked, _ = engine.check(ENDPOINT, {**inputs, "subnetIds": inputs["subnetIds"][:1]}, made)
    outputs = engine.stand_in.update(made.subject, made.id, made.outputs, made.inputs, checked, preview=True)
    assert outputs["networkInterfaceIds"] == UNKNOWN
    assert outputs["arn"] == made.outputs["arn"]


def test_what_the_other_type_of_endpoint_has_is_refused(engine: Engine) -> None:
    inputs = {"vpcId": "vpc-1", "serviceName": "com.amazonaws.eu-central-1.s3"}
    assert set(refused(engine, ENDPOINT, {**inputs, "subnetIds": ["subnet-1"], "privateDnsEnabled": True})) == {"subnetIds", "privateDnsEnabled"}
    assert set(refused(engine, ENDPOINT, {**inputs, "vpcEndpointType": "Interface", "routeTableIds": ["rtb-1"]})) == {"routeTableIds"}


def test_a_gateway_endpoint_shows_where_it_leads(engine: Engine) -> None:
    made = engine.create(ENDPOINT, gateway_endpoint_inputs(engine))
    assert made.outputs["prefixListId"].startswith("pl-")
    assert made.outputs["dnsEntries"] == []


def test_a_flow_log_is_of_one_thing_and_says_how_it_writes(engine: Engine) -> None:
    inputs = {"vpcId": "vpc-1", "trafficType": "ALL", "logDestination": "arn:aws:s3:::logs", "logDestinationType": "s3"}
    assert refused(engine, FLOW_LOG, inputs) == {}
    assert "exactly one of" in refused(engine, FLOW_LOG, {**inputs, "subnetId": "subnet-1"})["vpcId"]
    assert "iamRoleArn" in refused(engine, FLOW_LOG, {**inputs, "logDestinationType": "cloud-watch-logs"})
    assert "trafficType" in refused(engine, FLOW_LOG, {name: value for name, value in inputs.items() if name != "trafficType"})


def test_a_flow_log_into_a_bucket_that_is_not_there_fails_with_the_reason(engine: Engine) -> None:
    inputs = {"vpcId": vpc(engine).id, "trafficType": "ALL", "logDestination": "arn:aws:s3:::no-such-bucket", "logDestinationType": "s3"}
    with pytest.raises(Exception, match="no-such-bucket"):
        engine.create(FLOW_LOG, inputs)


@pytest.mark.parametrize(
    ("type_", "inputs", "id_begins", "outputs"),
    [
        (GATEWAY, {"vpcId": "vpc-1"}, "igw-", {"ownerId": "123456789012"}),
        (EIP, {"domain": "vpc"}, "eipalloc-", {"instance": ""}),
        (NAT, {"allocationId": "eipalloc-1", "subnetId": "subnet-1"}, "nat-", {"availabilityMode": "zonal"}),
        (ROUTE, {"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}, "r-rtb-1", {"state": "active"}),
        (ENDPOINT, {"vpcId": "vpc-1", "serviceName": "com.amazonaws.eu-central-1.s3", "routeTableIds": ["rtb-1"]}, "vpce-", {"subnetIds": []}),
    ],
)
def test_a_plan_shows_ids_and_outputs_like_those_of_the_cloud(type_: str, inputs: dict[str, Any], id_begins: str, outputs: dict[str, Any]) -> None:
    first, again = planned(type_, inputs), planned(type_, inputs)
    assert first == again
    assert first[0].startswith(id_begins)
    assert first[1].items() >= outputs.items()
    arn = first[1].get("arn")
    assert arn is None or arn.startswith("arn:aws:ec2:eu-central-1:123456789012:")
