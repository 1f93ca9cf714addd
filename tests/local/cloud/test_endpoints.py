"""VPC endpoints: their kinds, their interfaces, their routes."""

import pytest

from .conftest import REGION, specification

pytestmark = pytest.mark.cloud

S3 = f"com.amazonaws.{REGION}.s3"
ECR = f"com.amazonaws.{REGION}.ecr.api"


@pytest.fixture
def vpc(account):
    return account.vpc()


def read(account, endpoint):
    (found,) = account.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    return found


def gateway(account, vpc, *tables):
    made = account.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=S3, RouteTableIds=list(tables), TagSpecifications=specification("vpc-endpoint", env="t"))
    return made["VpcEndpoint"]["VpcEndpointId"]


def interface(account, vpc, *subnets, **more):
    made = account.ec2.create_vpc_endpoint(VpcId=vpc, VpcEndpointType="Interface", ServiceName=ECR, SubnetIds=list(subnets), PrivateDnsEnabled=True, **more)
    return made["VpcEndpoint"]["VpcEndpointId"]


def endpoint_routes(account, table):
    (found,) = account.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return [route["GatewayId"] for route in found["Routes"] if "DestinationPrefixListId" in route]


def test_a_gateway_endpoint_is_a_route_in_each_of_its_tables(account, vpc):
    first, second = (account.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
    endpoint = gateway(account, vpc, first)
    assert (read(account, endpoint)["VpcEndpointType"], read(account, endpoint)["PrivateDnsEnabled"]) == ("Gateway", False)
    assert endpoint_routes(account, first) == [endpoint]
    account.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[second], RemoveRouteTableIds=[first])
    assert (endpoint_routes(account, first), endpoint_routes(account, second)) == ([], [endpoint])
    assert account.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"] == []
    assert endpoint_routes(account, second) == []
    assert account.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [endpoint]}])["Tags"] == []


def test_an_interface_endpoint_has_an_interface_in_each_of_its_subnets_with_its_groups(account, vpc, refused):
    first, second = account.subnet(vpc, "10.0.0.0/20", "a"), account.subnet(vpc, "10.0.16.0/20", "b")
    group = account.ec2.create_security_group(GroupName="endpoints", Description="d", VpcId=vpc)["GroupId"]
    endpoint = interface(account, vpc, first, SecurityGroupIds=[group])

    def interfaces():
        ids = read(account, endpoint)["NetworkInterfaceIds"]
        return {eni["SubnetId"]: eni for eni in account.ec2.describe_network_interfaces(NetworkInterfaceIds=ids)["NetworkInterfaces"]}

    assert interfaces()[first]["InterfaceType"] == "vpc_endpoint"
    assert [one["GroupId"] for one in interfaces()[first]["Groups"]] == [group]
    refused("DependencyViolation", account.ec2.delete_security_group, GroupId=group)
    account.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[second])
    assert interfaces().keys() == {first, second}
    account.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveSubnetIds=[first])
    assert interfaces().keys() == {second}
    assert read(account, endpoint)["SubnetIds"] == [second]
    account.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    account.ec2.delete_security_group(GroupId=group)
    account.ec2.delete_subnet(SubnetId=second)
    refused("InvalidVpcEndpointId.NotFound", account.ec2.describe_vpc_endpoints, VpcEndpointIds=[endpoint])


def test_without_groups_it_gets_the_default_one(account, vpc):
    (default,) = account.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    endpoint = interface(account, vpc, account.subnet(vpc))
    assert read(account, endpoint)["Groups"] == [{"GroupId": default["GroupId"], "GroupName": "default"}]


def test_what_aws_refuses_of_endpoints_is_refused(account, vpc, refused):
    first, same_zone = account.subnet(vpc, "10.0.0.0/20"), account.subnet(vpc, "10.0.16.0/20")
    refused("InvalidServiceName", account.ec2.create_vpc_endpoint, VpcId=vpc, VpcEndpointType="Interface", ServiceName=f"com.amazonaws.{REGION}.nonsense")
    refused("InvalidServiceName", account.ec2.create_vpc_endpoint, VpcId=vpc, ServiceName=ECR)
    with_dns = {"VpcId": vpc, "VpcEndpointType": "Interface", "ServiceName": ECR, "PrivateDnsEnabled": True}
    refused("DuplicateSubnetsInSameZone", account.ec2.create_vpc_endpoint, **with_dns, SubnetIds=[first, same_zone])
    interface(account, vpc, first)
    assert "conflicting DNS domain" in refused("InvalidParameter", account.ec2.create_vpc_endpoint, **with_dns, SubnetIds=[first])
    plain = account.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    assert "enableDnsHostnames" in refused("InvalidParameter", account.ec2.create_vpc_endpoint, **(with_dns | {"VpcId": plain}))


def test_every_service_that_private_nodes_need_is_offered(account, vpc):
    needed = ["autoscaling", "ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "logs", "sts"]
    for service in needed:
        account.ec2.create_vpc_endpoint(VpcId=vpc, VpcEndpointType="Interface", ServiceName=f"com.amazonaws.{REGION}.{service}", PrivateDnsEnabled=True)
    assert len(account.ec2.describe_vpc_endpoints()["VpcEndpoints"]) == len(needed)
