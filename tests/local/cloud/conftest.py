"""boto3 clients of the local cloud, each in an account that no other test uses."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from commonground.local.cloud import Cloud

REGION = "eu-central-1"
ACCOUNTS = itertools.count(100000000001)

Tags = list[dict[str, str]]


class Account:
    """Clients of one account and region: `account.ec2`, `account.s3`, whatever boto3 knows."""

    def __init__(self, cloud: Cloud, number: str, region: str = REGION) -> None:
        self.cloud, self.number, self.region = cloud, number, region
        sts = boto3.client("sts", endpoint_url=cloud.endpoint, region_name=region, aws_access_key_id="local", aws_secret_access_key="local")
        keys = sts.assume_role(RoleArn=f"arn:aws:iam::{number}:role/test", RoleSessionName="test")["Credentials"]
        self._session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=region)
        self._clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        if service not in self._clients:
            retries = Config(retries={"total_max_attempts": 1})
            self._clients[service] = self._session.client(service, endpoint_url=self.cloud.endpoint, config=retries)
        return self._clients[service]

    def vpc(self, cidr: str = "10.0.0.0/16") -> str:
        """A VPC with DNS host names. Returns its id."""
        vpc = self.ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        return str(vpc)

    def subnet(self, vpc: str, cidr: str = "10.0.0.0/20", zone: str = "a") -> str:
        """A subnet. Returns its id."""
        return str(self.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"{self.region}{zone}")["Subnet"]["SubnetId"])

    def internet_gateway(self, vpc: str) -> str:
        """An internet gateway, attached. Returns its id."""
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        return str(gateway)

    def bucket(self, name: str) -> str:
        """A bucket. Its name is made unique by the account's number."""
        full = f"{name}-{self.number}"
        self.s3.create_bucket(Bucket=full, CreateBucketConfiguration={"LocationConstraint": self.region})
        return full


@pytest.fixture
def account(local_cloud: Cloud) -> Account:
    return Account(local_cloud, str(next(ACCOUNTS)))


Refused = Callable[..., str]


@pytest.fixture
def refused() -> Refused:
    """Makes a call that must be refused with a code; returns the message."""

    def check(code: str, call: Callable[..., Any], /, **parameters: Any) -> str:
        with pytest.raises(ClientError) as error:
            call(**parameters)
        assert error.value.response["Error"]["Code"] == code, error.value
        return str(error.value.response["Error"]["Message"])

    return check


def trust(service: str) -> str:
    """A role's trust policy for a service."""
    return policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def policy(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def specification(kind: str, **tags: str) -> list[dict[str, Any]]:
    """Tags of EC2's create calls."""
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]
