"""Lives of EC2's network types."""

from typing import Any

from tests.local.providers.aws.lives import Life


def vpc(engine: Any) -> Any:
    return engine.create("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "test"}})


LIVES = (
    Life(
        "aws:ec2/vpc:Vpc",
        inputs=lambda _: {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True, "tags": {"a": "1"}},
        seen=lambda engine, made: engine.client("ec2").describe_vpcs(VpcIds=[made.id])["Vpcs"],
        update={"enableDnsHostnames": False, "tags": {"b": "2"}},
        replace={"cidrBlock": "10.1.0.0/16"},
        wrong=("cidrBlock", "10.0.0.0/8"),
    ),
    Life(
        "aws:ec2/subnet:Subnet",
        inputs=lambda engine: {"vpcId": vpc(engine).id, "cidrBlock": "10.0.1.0/24", "availabilityZoneId": "euc1-az1"},
        seen=lambda engine, made: engine.client("ec2").describe_subnets(SubnetIds=[made.id])["Subnets"],
        update={"mapPublicIpOnLaunch": True, "tags": {"b": "2"}},
        replace={"cidrBlock": "10.0.2.0/24"},
        wrong=("mapPublicIpOnLaunch", "sometimes"),
    ),
)
