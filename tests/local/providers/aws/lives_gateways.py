"""Lives of EC2's gateways and addresses."""

from typing import Any

from tests.local.providers.aws.lives import Life
from tests.local.providers.aws.lives_network import vpc


def subnet(engine: Any, *, of: Any = None, cidr: str = "10.0.1.0/24") -> Any:
    return engine.create("aws:ec2/subnet:Subnet", {"vpcId": (of or vpc(engine)).id, "cidrBlock": cidr, "availabilityZoneId": "euc1-az1"})


def nat_gateway(engine: Any) -> Any:
    return engine.create("aws:ec2/natGateway:NatGateway", nat_inputs(engine))


def nat_inputs(engine: Any) -> dict[str, Any]:
    of = vpc(engine)
    engine.create("aws:ec2/internetGateway:InternetGateway", {"vpcId": of.id})
    address = engine.create("aws:ec2/eip:Eip", {"domain": "vpc", "tags": {"Name": "nat"}})
    return {"allocationId": address.id, "subnetId": subnet(engine, of=of).id}


def shown(engine: Any, made: Any) -> Any:
    found = engine.client("ec2").describe_nat_gateways(NatGatewayIds=[made.id])["NatGateways"]
    return [gateway for gateway in found if gateway["State"] != "deleted"]


LIVES = (
    Life(
        "aws:ec2/internetGateway:InternetGateway",
        inputs=lambda engine: {"vpcId": vpc(engine).id, "tags": {"a": "1"}},
        seen=lambda engine, made: engine.client("ec2").describe_internet_gateways(InternetGatewayIds=[made.id])["InternetGateways"],
        update={"tags": {"b": "2"}},
        replace={"region": "eu-west-1"},
        wrong=("vpcId", 7),
    ),
    Life(
        "aws:ec2/eip:Eip",
        inputs=lambda _: {"domain": "vpc", "tags": {"Name": "address"}},
        seen=lambda engine, made: engine.client("ec2").describe_addresses(AllocationIds=[made.id])["Addresses"],
        update={"tags": {"b": "2"}},
        replace={"publicIpv4Pool": "ipv4pool-ec2-012345"},
        wrong=("domain", "house"),
    ),
    Life(
        "aws:ec2/natGateway:NatGateway",
        inputs=nat_inputs,
        seen=shown,
        update={"tags": {"b": "2"}},
        replace={"subnetId": "subnet-0123456789abcdef0"},
        wrong=("connectivityType", "secret"),
    ),
)
