"""What plain boto3 sees of the network after `up local`."""

from typing import Any

import pytest

from tests.foundation.checkout import ACCOUNT, REGION, Aws, one, ours, tags

pytestmark = [pytest.mark.engine, pytest.mark.cloud]

# The address plan for 10.0.0.0/16: the private tier from the lower half, the others from the top quarter, by the numbers of tier and zone.
SUBNETS = {
    "network-private-euc1-az1": ("10.0.0.0/20", "eu-central-1a"),
    "network-private-euc1-az2": ("10.0.16.0/20", "eu-central-1b"),
    "network-private-euc1-az3": ("10.0.32.0/20", "eu-central-1c"),
    "network-public-euc1-az1": ("10.0.192.0/24", "eu-central-1a"),
    "network-public-euc1-az2": ("10.0.193.0/24", "eu-central-1b"),
    "network-public-euc1-az3": ("10.0.194.0/24", "eu-central-1c"),
    "network-intra-euc1-az1": ("10.0.208.0/24", "eu-central-1a"),
    "network-intra-euc1-az2": ("10.0.209.0/24", "eu-central-1b"),
    "network-intra-euc1-az3": ("10.0.210.0/24", "eu-central-1c"),
}
INTERFACES = {"ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts", "logs", "autoscaling"}


@pytest.fixture(scope="module")
def vpc(aws: Aws) -> str:
    """Id of the environment's VPC."""
    return str(one(aws.ec2.describe_vpcs()["Vpcs"], "network-vpc")["VpcId"])


@pytest.fixture(scope="module")
def subnets(aws: Aws, vpc: str) -> dict[str, dict[str, Any]]:
    """The environment's subnets, by logical name."""
    found = ours(aws.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"])
    return {tags(subnet["Tags"])["Name"]: subnet for subnet in found}


def test_there_is_one_vpc_with_dns_both_ways(aws: Aws, vpc: str) -> None:
    (found,) = ours(aws.ec2.describe_vpcs()["Vpcs"])
    assert found["CidrBlock"] == "10.0.0.0/16"
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        (answer,) = [value for name, value in aws.ec2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute).items() if name.lower() == attribute.lower()]
        assert answer == {"Value": True}


def test_subnets_lie_where_the_address_plan_says(aws: Aws, vpc: str, subnets: dict[str, dict[str, Any]]) -> None:
    assert {name: (subnet["CidrBlock"], subnet["AvailabilityZone"]) for name, subnet in subnets.items()} == SUBNETS
    assert len(aws.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]) == len(SUBNETS)
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets.values())


def test_load_balancers_find_their_subnets_by_tags(subnets: dict[str, dict[str, Any]]) -> None:
    roles = {name: {key for key in tags(subnet["Tags"]) if key.startswith("kubernetes.io/role/")} for name, subnet in subnets.items()}
    expected = {"public": {"kubernetes.io/role/elb"}, "private": {"kubernetes.io/role/internal-elb"}, "intra": set()}
    assert roles == {name: expected[name.split("-")[1]] for name in SUBNETS}


def test_public_goes_out_by_the_internet_gateway_private_by_nat_and_intra_not_at_all(aws: Aws, vpc: str, subnets: dict[str, dict[str, Any]]) -> None:
    tables = aws.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    by_subnet = {association["SubnetId"]: table for table in tables for association in table["Associations"] if "SubnetId" in association}
    (nat,) = [gateway for gateway in ours(aws.ec2.describe_nat_gateways()["NatGateways"]) if gateway["State"] == "available"]
    (internet,) = ours(aws.ec2.describe_internet_gateways()["InternetGateways"])
    assert internet["Attachments"][0]["VpcId"] == vpc
    assert nat["SubnetId"] == subnets["network-public-euc1-az1"]["SubnetId"]
    ways = {"public": internet["InternetGatewayId"], "private": nat["NatGatewayId"], "intra": None}
    for name, subnet in subnets.items():
        routes = by_subnet[subnet["SubnetId"]]["Routes"]
        out = [route.get("GatewayId") or route.get("NatGatewayId") for route in routes if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
        assert out == [way for way in [ways[name.split("-")[1]]] if way], name


def test_aws_is_reached_from_inside(aws: Aws, vpc: str, subnets: dict[str, dict[str, Any]]) -> None:
    endpoints = {
        endpoint["ServiceName"].removeprefix(f"com.amazonaws.{REGION}."): endpoint for endpoint in ours(aws.ec2.describe_vpc_endpoints()["VpcEndpoints"])
    }
    assert endpoints.keys() == {"s3"} | INTERFACES
    assert endpoints["s3"]["VpcEndpointType"] == "Gateway"
    tables = ours(aws.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"])
    assert set(endpoints["s3"]["RouteTableIds"]) == {table["RouteTableId"] for table in tables}
    private = {subnet["SubnetId"] for name, subnet in subnets.items() if name.startswith("network-private-")}
    for service in INTERFACES:
        assert endpoints[service]["VpcEndpointType"] == "Interface"
        assert endpoints[service]["PrivateDnsEnabled"] is True
        assert set(endpoints[service]["SubnetIds"]) == private


def test_endpoints_take_https_from_the_vpc_only(aws: Aws) -> None:
    group = one(aws.ec2.describe_security_groups()["SecurityGroups"], "network-endpoints")
    (rule,) = group["IpPermissions"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)
    assert [allowed["CidrIp"] for allowed in rule["IpRanges"]] == ["10.0.0.0/16"]


def test_the_default_security_group_allows_nothing(aws: Aws, vpc: str) -> None:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    (group,) = aws.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    assert (group["IpPermissions"], group["IpPermissionsEgress"]) == ([], [])
    assert tags(group["Tags"])["Name"] == "network-default"


def test_connections_are_logged_for_the_days_that_the_scale_says(aws: Aws, vpc: str) -> None:
    (log,) = ours(aws.ec2.describe_flow_logs()["FlowLogs"])
    assert (log["ResourceId"], log["TrafficType"], log["LogDestinationType"]) == (vpc, "ALL", "cloud-watch-logs")
    assert log["DeliverLogsPermissionArn"].startswith(f"arn:aws:iam::{ACCOUNT}:role/network-flow-logs-")
    groups = {group["arn"].removesuffix(":*"): group for group in aws.logs.describe_log_groups()["logGroups"]}
    assert groups[log["LogDestination"].removesuffix(":*")]["retentionInDays"] == 7
