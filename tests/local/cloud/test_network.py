"""VPCs, subnets, gateways, routes and addresses: what AWS says and refuses."""

import pytest

from .conftest import specification, trust

pytestmark = pytest.mark.cloud


@pytest.fixture
def nat(account):
    """A NAT gateway with all that it needs: ids by name."""
    vpc = account.vpc()
    subnet, gateway = account.subnet(vpc), account.internet_gateway(vpc)
    address = account.ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = account.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    return {"vpc": vpc, "subnet": subnet, "gateway": gateway, "address": address, "nat": nat}


def test_the_first_subnet_of_a_zone_is_no_default_subnet_and_gives_no_public_addresses(account):
    subnet = account.ec2.create_subnet(VpcId=account.vpc(), CidrBlock="10.0.0.0/20", AvailabilityZoneId="euc1-az1")["Subnet"]
    assert (subnet["DefaultForAz"], subnet["MapPublicIpOnLaunch"]) == (False, False)
    assert (subnet["AvailabilityZone"], subnet["EnableDns64"]) == ("eu-central-1a", False)


def test_subnet_attributes_are_read_back(account):
    subnet = account.subnet(account.vpc())
    account.ec2.modify_subnet_attribute(SubnetId=subnet, EnableDns64={"Value": True})
    account.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    account.ec2.modify_subnet_attribute(SubnetId=subnet, PrivateDnsHostnameTypeOnLaunch="resource-name")
    account.ec2.modify_subnet_attribute(SubnetId=subnet, EnableResourceNameDnsAAAARecordOnLaunch={"Value": True})
    (read,) = account.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    assert read["EnableDns64"] and read["MapPublicIpOnLaunch"]
    assert read["PrivateDnsNameOptionsOnLaunch"] == {
        "HostnameType": "resource-name",
        "EnableResourceNameDnsARecord": False,
        "EnableResourceNameDnsAAAARecord": True,
    }


def test_blocks_are_kept_in_their_canonical_form(account):
    vpc = account.ec2.create_vpc(CidrBlock="10.0.1.1/16")["Vpc"]
    assert vpc["CidrBlock"] == "10.0.0.0/16"
    assert account.ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.0.33.1/20")["Subnet"]["CidrBlock"] == "10.0.32.0/20"


@pytest.mark.parametrize(
    ("code", "subnet"),
    [
        ("InvalidSubnet.Conflict", {"CidrBlock": "10.0.0.0/21"}),
        ("InvalidSubnet.Range", {"CidrBlock": "10.9.0.0/20"}),
        ("InvalidSubnet.Range", {"CidrBlock": "10.0.64.0/29"}),
        ("InvalidParameterValue", {"CidrBlock": "10.0.64.0/20", "AvailabilityZoneId": "euc1-az9"}),
        ("InvalidParameterValue", {"CidrBlock": "10.0.64.0/20", "AvailabilityZone": "eu-west-1a"}),
    ],
)
def test_an_impossible_subnet_is_refused(account, refused, code, subnet):
    vpc = account.vpc()
    account.subnet(vpc, "10.0.0.0/20")
    refused(code, account.ec2.create_subnet, VpcId=vpc, **subnet)


def test_nothing_goes_while_something_needs_it_and_all_goes_in_reverse(account, refused, nat):
    ec2 = account.ec2
    refused("InvalidIPAddress.InUse", ec2.release_address, AllocationId=nat["address"])
    refused("DependencyViolation", ec2.detach_internet_gateway, InternetGatewayId=nat["gateway"], VpcId=nat["vpc"])
    refused("DependencyViolation", ec2.delete_subnet, SubnetId=nat["subnet"])
    refused("DependencyViolation", ec2.delete_vpc, VpcId=nat["vpc"])
    ec2.delete_nat_gateway(NatGatewayId=nat["nat"])
    ec2.release_address(AllocationId=nat["address"])
    ec2.delete_subnet(SubnetId=nat["subnet"])
    refused("DependencyViolation", ec2.delete_vpc, VpcId=nat["vpc"])
    ec2.detach_internet_gateway(InternetGatewayId=nat["gateway"], VpcId=nat["vpc"])
    ec2.delete_internet_gateway(InternetGatewayId=nat["gateway"])
    ec2.delete_vpc(VpcId=nat["vpc"])
    for left in (ec2.describe_network_interfaces()["NetworkInterfaces"], ec2.describe_addresses()["Addresses"]):
        assert left == []
    assert all(acl["VpcId"] != nat["vpc"] for acl in ec2.describe_network_acls()["NetworkAcls"])


def test_a_nat_gateway_has_an_address_of_its_subnet_and_says_its_kind(account, nat):
    (read,) = account.ec2.describe_nat_gateways(NatGatewayIds=[nat["nat"]])["NatGateways"]
    assert (read["State"], read["ConnectivityType"]) == ("available", "public")
    assert read["NatGatewayAddresses"][0]["PrivateIp"] == "10.0.0.4"
    (address,) = account.ec2.describe_addresses(AllocationIds=[nat["address"]])["Addresses"]
    assert address["PrivateIpAddress"] == "10.0.0.4"
    assert (address["PublicIpv4Pool"], address["NetworkBorderGroup"]) == ("amazon", "eu-central-1")


def test_a_nat_gateway_fails_without_an_internet_gateway_and_gives_its_address_back(account):
    vpc = account.vpc()
    address = account.ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = account.ec2.create_nat_gateway(SubnetId=account.subnet(vpc), AllocationId=address)["NatGateway"]
    assert (nat["State"], nat["FailureCode"]) == ("failed", "Gateway.NotAttached")
    account.ec2.release_address(AllocationId=address)


def test_a_nat_gateway_needs_an_address_of_its_own(account, refused, nat):
    refused("MissingParameter", account.ec2.create_nat_gateway, SubnetId=nat["subnet"])
    refused("Resource.AlreadyAssociated", account.ec2.create_nat_gateway, SubnetId=nat["subnet"], AllocationId=nat["address"])
    refused("NatGatewayNotFound", account.ec2.describe_nat_gateways, NatGatewayIds=["nat-0123456789abcdef0"])


def test_a_route_needs_a_gateway_of_its_own_vpc(account, refused, nat):
    table = account.ec2.create_route_table(VpcId=account.vpc("10.1.0.0/16"))["RouteTable"]["RouteTableId"]
    route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    refused("InvalidParameterValue", account.ec2.create_route, **route, GatewayId=nat["gateway"])
    refused("InvalidNatGatewayID.NotFound", account.ec2.create_route, **route, NatGatewayId="nat-0123456789abcdef0")


def test_a_subnet_has_one_route_table_at_a_time(account, refused, nat):
    first, second = (account.ec2.create_route_table(VpcId=nat["vpc"])["RouteTable"]["RouteTableId"] for _ in range(2))
    association = account.ec2.associate_route_table(RouteTableId=first, SubnetId=nat["subnet"])["AssociationId"]
    refused("Resource.AlreadyAssociated", account.ec2.associate_route_table, RouteTableId=second, SubnetId=nat["subnet"])
    moved = account.ec2.replace_route_table_association(AssociationId=association, RouteTableId=second)["NewAssociationId"]
    refused("DependencyViolation", account.ec2.delete_route_table, RouteTableId=second)
    account.ec2.disassociate_route_table(AssociationId=moved)
    account.ec2.delete_route_table(RouteTableId=second)


def test_the_main_route_table_stays(account, refused):
    filters = [{"Name": "vpc-id", "Values": [account.vpc()]}, {"Name": "association.main", "Values": ["true"]}]
    (main,) = account.ec2.describe_route_tables(Filters=filters)["RouteTables"]
    refused("DependencyViolation", account.ec2.delete_route_table, RouteTableId=main["RouteTableId"])


def test_tags_are_taken_at_creation_and_gone_with_their_resource(account, refused):
    ec2, vpc = account.ec2, account.vpc()
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=specification("elastic-ip", env="t"))["AllocationId"]
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=specification("route-table", env="t"))["RouteTable"]["RouteTableId"]
    template = ec2.create_launch_template(
        LaunchTemplateName="tagged", LaunchTemplateData={"EbsOptimized": True}, TagSpecifications=specification("launch-template", env="t")
    )["LaunchTemplate"]["LaunchTemplateId"]
    filters = [{"Name": "tag:env", "Values": ["t"]}]
    assert {tag["ResourceId"] for tag in ec2.describe_tags(Filters=filters)["Tags"]} == {address, table, template}
    ec2.release_address(AllocationId=address)
    ec2.delete_route_table(RouteTableId=table)
    ec2.delete_launch_template(LaunchTemplateId=template)
    assert ec2.describe_tags(Filters=filters)["Tags"] == []
    refused("InvalidParameterValue", ec2.create_tags, Resources=[vpc], Tags=[{"Key": "aws:x", "Value": "y"}])


def test_flow_logs_go_to_a_log_group_by_its_arn_with_a_role_that_trusts_them(account, refused):
    vpc = account.vpc()
    account.logs.create_log_group(logGroupName="/flow")
    role, stranger = (
        account.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))["Role"]["Arn"]
        for name, service in [("flow", "vpc-flow-logs.amazonaws.com"), ("stranger", "ec2.amazonaws.com")]
    )
    (group,) = account.logs.describe_log_groups(logGroupNamePrefix="/flow")["logGroups"]
    log = {"ResourceIds": [vpc], "ResourceType": "VPC", "TrafficType": "ALL", "LogDestination": group["arn"]}
    assert "Unable to assume" in refused("InvalidParameter", account.ec2.create_flow_logs, **log, DeliverLogsPermissionArn=stranger)
    made = account.ec2.create_flow_logs(**log, DeliverLogsPermissionArn=role, TagSpecifications=specification("vpc-flow-log", env="t"))
    (read,) = account.ec2.describe_flow_logs(FlowLogIds=made["FlowLogIds"])["FlowLogs"]
    assert (read["LogGroupName"], read["LogDestination"], read["DeliverLogsStatus"]) == ("/flow", group["logGroupArn"], "SUCCESS")
