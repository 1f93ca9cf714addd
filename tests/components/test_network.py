"""What a user can rely on of the network."""

from collections.abc import Sequence
from ipaddress import IPv4Network
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.components.parts import ACCOUNT, TIERS, network_settings, owned_by_platform, owners, statements, zones
from tests.components.stage import stage

from commonground.network import ExistingNetwork, MissingTierError, Network, NetworkLike
from commonground.settings.base import NatGateways
from commonground.settings.environment import NetworkSettings, TierSettings

ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
NAT = "aws:ec2/natGateway:NatGateway"
ROUTE = "aws:ec2/route:Route"
SUBNET = "aws:ec2/subnet:Subnet"
TABLE = "aws:ec2/routeTable:RouteTable"

Inputs = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture
def graph(deploy):
    return lambda **changes: deploy(lambda: Network("network", network_settings(**changes)))


@pytest.fixture
def inputs(deploy):
    """Inputs by type and logical name of the network of these settings."""

    def run(settings: NetworkSettings) -> Inputs:
        return {(resource.typ, resource.name): resource.inputs for resource in deploy(lambda: Network("network", settings)).resources}

    return run


def test_names_inside_the_vpc_resolve(graph):
    vpc = graph().one("aws:ec2/vpc:Vpc")
    assert vpc["cidrBlock"] == "10.16.0.0/16"
    assert vpc["enableDnsHostnames"] and vpc["enableDnsSupport"]


def test_every_tier_has_a_subnet_in_every_zone_named_by_both(graph):
    subnets = graph().all(SUBNET)
    assert set(subnets) == {f"network-{tier}-euc1-az{zone}" for tier in ("public", "private", "intra") for zone in (1, 2)}
    assert subnets["network-private-euc1-az2"]["availabilityZoneId"] == "euc1-az2"


def test_pods_have_room(graph):
    assert IPv4Network(graph().all(SUBNET)["network-private-euc1-az1"]["cidrBlock"]).prefixlen == 20


def test_no_subnet_gives_public_addresses(graph):
    assert not any(subnet.get("mapPublicIpOnLaunch") for subnet in graph().all(SUBNET).values())


def test_load_balancers_find_public_and_private_subnets_and_never_intra_ones(graph):
    subnets = graph().all(SUBNET)
    assert subnets["network-public-euc1-az1"]["tags"]["kubernetes.io/role/elb"] == "1"
    assert subnets["network-private-euc1-az1"]["tags"]["kubernetes.io/role/internal-elb"] == "1"
    assert subnets["network-private-euc1-az1"]["tags"]["kubernetes.io/cluster/commonground-dev-k7q2"] == "shared"
    assert set(subnets["network-intra-euc1-az1"]["tags"]) == {"Name"}


def test_without_a_cluster_subnets_belong_to_none(graph):
    tags = graph(cluster=None).all(SUBNET)["network-public-euc1-az1"]["tags"]
    assert not any(key.startswith("kubernetes.io/cluster/") for key in tags)


def test_the_default_security_group_allows_nothing(graph):
    group = graph().one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert (group["ingress"], group["egress"]) == ([], [])


def test_public_and_intra_share_a_table_and_each_private_zone_has_its_own(graph):
    result = graph()
    assert set(result.all(TABLE)) == {"network-public", "network-private-euc1-az1", "network-private-euc1-az2", "network-intra"}
    tables = {name: association["routeTableId"] for name, association in result.all(ASSOCIATION).items()}
    assert tables["network-public-euc1-az2"] == "network-public-id"
    assert tables["network-private-euc1-az2"] == "network-private-euc1-az2-id"
    assert tables["network-intra-euc1-az1"] == tables["network-intra-euc1-az2"] == "network-intra-id"


def test_intra_subnets_have_no_way_out(graph):
    assert "network-intra-id" not in {route["routeTableId"] for route in graph().all(ROUTE).values()}


@pytest.mark.parametrize(
    ("nat", "gateways", "second_zone"),
    [
        (NatGateways.NONE, set(), None),
        (NatGateways.ONE, {"network-nat-euc1-az1"}, "network-nat-euc1-az1-id"),
        (NatGateways.ONE_PER_ZONE, {"network-nat-euc1-az1", "network-nat-euc1-az2"}, "network-nat-euc1-az2-id"),
    ],
)
def test_private_subnets_go_out_by_the_nat_gateway_of_their_zone_or_by_the_only_one(graph, nat, gateways, second_zone):
    result = graph(nat=nat)
    assert set(result.all(NAT)) == gateways
    assert set(result.all("aws:ec2/eip:Eip")) == gateways
    assert result.all(ROUTE).get("network-private-euc1-az2-internet", {}).get("natGatewayId") == second_zone


def test_nat_gateways_stand_in_public_subnets_with_an_address_each(graph):
    gateway = graph().one(NAT)
    assert gateway["subnetId"] == "network-public-euc1-az1-id"
    assert gateway["allocationId"] == "network-nat-euc1-az1-id"


def test_going_from_one_nat_gateway_to_one_a_zone_keeps_the_first(inputs):
    one, more = inputs(network_settings()), inputs(network_settings(nat=NatGateways.ONE_PER_ZONE))
    assert more[(NAT, "network-nat-euc1-az1")] == one[(NAT, "network-nat-euc1-az1")]


def test_s3_is_reached_by_a_free_gateway_from_every_table(graph):
    endpoint = graph().all(ENDPOINT)["network-endpoint-s3"]
    assert endpoint["vpcEndpointType"] == "Gateway"
    assert endpoint["serviceName"] == "com.amazonaws.eu-central-1.s3"
    assert set(endpoint["routeTableIds"]) == {
        "network-public-id",
        "network-private-euc1-az1-id",
        "network-private-euc1-az2-id",
        "network-intra-id",
    }


def test_other_services_are_reached_in_every_private_subnet_under_their_own_names(graph):
    endpoint = graph().all(ENDPOINT)["network-endpoint-ecr.api"]
    assert endpoint["vpcEndpointType"] == "Interface"
    assert endpoint["serviceName"] == "com.amazonaws.eu-central-1.ecr.api"
    assert endpoint["privateDnsEnabled"] is True
    assert endpoint["subnetIds"] == ["network-private-euc1-az1-id", "network-private-euc1-az2-id"]
    assert endpoint["securityGroupIds"] == ["network-endpoints-id"]


def test_endpoints_take_https_from_the_vpc_and_nothing_else(graph):
    rule = graph().one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert (rule["cidrIpv4"], rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("10.16.0.0/16", "tcp", 443, 443)
    assert not graph().all("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")


def test_without_interface_endpoints_there_is_no_security_group_for_them(graph):
    assert not graph(endpoints=("s3",)).all("aws:ec2/securityGroup:SecurityGroup")


def test_flow_logs_go_to_a_log_group_by_a_role_that_can_write_there_only(graph):
    result = graph()
    log, role = result.one("aws:ec2/flowLog:FlowLog"), result.one("aws:iam/role:Role")
    assert (log["vpcId"], log["trafficType"]) == ("network-vpc-id", "ALL")
    assert result.one("aws:cloudwatch/logGroup:LogGroup")["retentionInDays"] == 30
    trust = statements(role["assumeRolePolicy"])["AssumedByService"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    written = statements(result.one("aws:iam/rolePolicy:RolePolicy")["policy"])["WriteFlowLogs"]
    assert written["Resource"] == [log["logDestination"], f"{log['logDestination']}:*"]


def test_flow_logs_can_be_left_out(graph):
    result = graph(flow_logs=False)
    assert not result.all("aws:ec2/flowLog:FlowLog") and not result.all("aws:cloudwatch/logGroup:LogGroup")


def test_nodes_wait_for_routes_associations_and_endpoints(deploy):
    found: dict[str, Network] = {}
    deploy(lambda: found.update(network=Network("network", network_settings())))
    ready = {(type(resource).__name__, resource.pulumi_resource_name) for resource in found["network"].ready}
    assert ready >= {
        ("Route", "network-private-euc1-az2-internet"),
        ("Route", "network-public-internet"),
        ("RouteTableAssociation", "network-private-euc1-az1"),
        ("VpcEndpoint", "network-endpoint-s3"),
        ("VpcEndpoint", "network-endpoint-ecr.api"),
        ("SecurityGroupIngressRule", "network-endpoints"),
    }


def test_nat_waits_for_the_internet_gateway_and_logs_for_the_right_to_write():
    """What waits on the way up is what goes first on the way down: a gateway in use cannot be detached."""
    made = stage(lambda: Network("network", network_settings()))
    for type_ in (NAT, "aws:ec2/eip:Eip"):
        assert "network-internet" in made.upstream(made.one(type_))
    log = made.one("aws:ec2/flowLog:FlowLog")
    assert made.one("aws:iam/rolePolicy:RolePolicy").urn in log.dependencies


def test_nat_without_a_public_tier_is_refused_by_name(deploy):
    with pytest.raises(MissingTierError, match=r"NAT gateways.*'public'"):
        deploy(lambda: Network("network", network_settings(tiers=TIERS[1:])))


def test_interface_endpoints_without_a_private_tier_are_refused_by_name(deploy):
    with pytest.raises(MissingTierError, match=r"interface endpoints.*'private'"):
        deploy(lambda: Network("network", network_settings(tiers=TIERS[:1])))


def test_a_network_of_intra_subnets_alone_reaches_nothing(graph):
    result = graph(tiers=TIERS[2:], nat=NatGateways.NONE, endpoints=("s3",))
    assert not result.all(ROUTE) and not result.all("aws:ec2/internetGateway:InternetGateway")


def test_a_users_transform_reaches_every_child():
    found = owners(lambda: Network("network", network_settings(), opts=owned_by_platform()))
    assert found["network-vpc"] == "platform"
    assert set(found.values()) == {"platform"}


def test_what_can_be_tagged_says_its_logical_name(graph):
    tagged = [resource for resource in graph().resources if "tags" in resource.inputs]
    assert len(tagged) > 20
    assert all(resource.inputs["tags"]["Name"] == resource.name for resource in tagged)


def test_a_network_that_is_there_already_serves_as_well():
    def vpc_of(network: NetworkLike) -> tuple[object, Sequence[str]]:
        return network.vpc_id, list(network.private_subnet_ids)

    existing = ExistingNetwork(vpc_id="vpc-1", private_subnet_ids={"euc1-az1": "subnet-1"})
    assert vpc_of(existing) == ("vpc-1", ["euc1-az1"])


# Members of these lists are added in place; nothing else of what is there may change.
GROWING = {"subnetIds", "routeTableIds"}


def assert_only_added(before: Inputs, after: Inputs) -> None:
    for key, old in before.items():
        new = after[key]
        assert {name: value for name, value in new.items() if name not in GROWING} == {name: value for name, value in old.items() if name not in GROWING}
        for name in GROWING & old.keys():
            assert set(old[name]) <= set(new[name])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.sets(st.integers(1, 8), min_size=2, max_size=5).map(sorted),
    nat=st.sampled_from(NatGateways),
    slot=st.integers(3, 7),
    cidr=st.sampled_from(["10.16.0.0/16", "10.0.16.0/20", "172.16.0.0/18"]),
)
def test_adding_zones_and_a_tier_changes_nothing_that_is_there(inputs, numbers, nat, slot, cidr):
    """Zones are added behind those that are there, as a larger count in the scale does."""
    small = network_settings(cidr=cidr, nat=nat, zones=zones(*numbers[:-1]))
    large = small.model_copy(update={"zones": zones(*numbers), "tiers": (TierSettings(name="data", slot=slot), *TIERS)})
    before, after = inputs(small), inputs(large)
    assert_only_added(before, after)
    assert (SUBNET, f"network-data-euc1-az{numbers[-1]}") in after


def test_a_zone_with_a_lower_number_moves_no_subnet_either(inputs):
    settings = network_settings(zones=zones(2, 3), nat=NatGateways.ONE_PER_ZONE)
    assert_only_added(inputs(settings), inputs(settings.model_copy(update={"zones": zones(1, 2, 3)})))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.sets(st.integers(1, 8), min_size=1, max_size=4).map(sorted), cidr=st.sampled_from(["10.16.0.0/16", "10.0.16.0/20"]))
def test_subnets_lie_in_the_vpc_and_never_overlap(inputs, numbers, cidr):
    found = inputs(network_settings(zones=zones(*numbers), cidr=cidr))
    ranges = sorted(IPv4Network(value["cidrBlock"]) for (type_, _), value in found.items() if type_ == SUBNET)
    assert all(subnet.subnet_of(IPv4Network(cidr)) for subnet in ranges)
    assert not any(one.overlaps(other) for one, other in pairwise(ranges))
