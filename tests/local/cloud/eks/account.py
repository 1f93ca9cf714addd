"""One account of the local cloud, as its users reach it: boto3 clients, and the things that EKS needs before it can do anything."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

REGION = "eu-central-1"
ACCOUNT = "444455556666"
LOCAL = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
Refused = Callable[..., str]
"""Makes a call that must be refused with a code; returns the message."""

NAMES = itertools.count(1)


class Account:
    """boto3 clients of one account and region, and the things that EKS needs before it can do anything."""

    def __init__(self, endpoint: str, region: str = REGION, number: str = ACCOUNT) -> None:
        self.endpoint, self.region, self.number = endpoint, region, number
        sts = boto3.client("sts", endpoint_url=endpoint, region_name=region, **LOCAL)
        keys = sts.assume_role(RoleArn=f"arn:aws:iam::{number}:role/test", RoleSessionName="test")["Credentials"]
        names = {"aws_access_key_id": "AccessKeyId", "aws_secret_access_key": "SecretAccessKey", "aws_session_token": "SessionToken"}
        self._keys = {name: keys[key] for name, key in names.items()}
        self.eks, self.ec2, self.iam, self.autoscaling = (self.client(name) for name in ("eks", "ec2", "iam", "autoscaling"))
        self._subnets: list[str] = []

    def client(self, service: str) -> Any:
        once = Config(retries={"total_max_attempts": 1})
        return boto3.client(service, region_name=self.region, endpoint_url=self.endpoint, config=once, **self._keys)

    def role(self, service: str = "pods.eks.amazonaws.com") -> str:
        return str(self.iam.create_role(RoleName=f"role-{next(NAMES)}", AssumeRolePolicyDocument=trust(service))["Role"]["Arn"])

    def subnets(self) -> list[str]:
        """Two subnets in two zones of one VPC, the same ones each time."""
        if not self._subnets:
            vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
            self._subnets = [self.subnet(vpc, f"10.0.{n}.0/24", zone) for n, zone in enumerate("ab")]
        return self._subnets

    def subnet(self, vpc: str, cidr: str, zone: str) -> str:
        return str(self.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"{self.region}{zone}")["Subnet"]["SubnetId"])

    def cluster(self, **settings: Any) -> str:
        """A cluster with access entries. Returns its name."""
        name = settings.pop("name", f"cluster-{next(NAMES)}")
        given = {
            "roleArn": self.role("eks.amazonaws.com"),
            "resourcesVpcConfig": {"subnetIds": self.subnets()},
            "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
            "version": "1.35",
        }
        self.eks.create_cluster(name=name, **{**given, **settings})
        return str(name)

    def template(self, **data: Any) -> str:
        made = self.ec2.create_launch_template(LaunchTemplateName=f"template-{next(NAMES)}", LaunchTemplateData=data or {"EbsOptimized": True})
        return str(made["LaunchTemplate"]["LaunchTemplateId"])

    def pool(self, cluster: str, name: str = "general", **settings: Any) -> Any:
        """A node group, as CreateNodegroup answers it."""
        given = {
            "nodeRole": settings.pop("nodeRole", None) or self.role("ec2.amazonaws.com"),
            "subnets": self.subnets(),
            "scalingConfig": {"minSize": 1, "desiredSize": 2, "maxSize": 4},
        }
        return self.eks.create_nodegroup(clusterName=cluster, nodegroupName=name, **{**given, **settings})["nodegroup"]

    def node_group(self, cluster: str, name: str = "general") -> Any:
        return self.eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]

    def scaling_group(self, name: str) -> Any:
        return self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]


def trust(service: str) -> str:
    """A role's trust policy for a service."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
