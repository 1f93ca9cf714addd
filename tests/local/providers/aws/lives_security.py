"""Lives of security groups and their rules."""

from typing import Any

from tests.local.providers.aws.lives import Inputs, Life
from tests.local.providers.aws.lives_network import vpc

HTTPS = {"protocol": "tcp", "fromPort": 443, "toPort": 443}


def group(engine: Any, *, of: Any = None) -> Any:
    return engine.create("aws:ec2/securityGroup:SecurityGroup", {"vpcId": (of or vpc(engine)).id})


def group_inputs(engine: Any) -> Inputs:
    return {
        "vpcId": vpc(engine).id,
        "description": "HTTPS from the VPC",
        "ingress": [{**HTTPS, "cidrBlocks": ["10.0.0.0/16", "10.1.0.0/16"], "description": "HTTPS"}, {**HTTPS, "self": True}],
        "tags": {"a": "1"},
    }


def groups(engine: Any, made: Any) -> Any:
    return engine.client("ec2").describe_security_groups(GroupIds=[made.id])["SecurityGroups"]


def rules(engine: Any, made: Any) -> Any:
    return engine.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[made.id])["SecurityGroupRules"]


LIVES = (
    Life(
        "aws:ec2/securityGroup:SecurityGroup",
        inputs=group_inputs,
        seen=groups,
        update={"ingress": [{**HTTPS, "cidrBlocks": ["10.1.0.0/16"]}], "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}]},
        replace={"description": "Something else"},
        wrong=("description", "the team's own"),
    ),
    Life(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        inputs=lambda engine: {"vpcId": vpc(engine).id, "ingress": [], "egress": []},
        seen=groups,
        update={"ingress": [{**HTTPS, "self": True}], "tags": {"b": "2"}},
        replace={"vpcId": "vpc-0123456789abcdef0"},
        wrong=("ingress", [{**HTTPS, "cidrBlocks": ["10.0.0.1/16"]}]),
        stays=True,
    ),
    Life(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        inputs=lambda engine: {"securityGroupId": group(engine).id, "cidrIpv4": "10.0.0.0/16", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443},
        seen=rules,
        update={"cidrIpv4": "10.1.0.0/16", "toPort": 444, "description": "HTTPS from the VPC", "tags": {"b": "2"}},
        replace={"cidrIpv4": None, "referencedSecurityGroupId": "sg-0123456789abcdef0"},
        wrong=("cidrIpv4", "10.0.0.7/16"),
    ),
    Life(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        inputs=lambda engine: {"securityGroupId": group(engine).id, "cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1"},
        seen=rules,
        update={"description": "Anywhere", "tags": {"b": "2"}},
        replace={"cidrIpv4": None, "cidrIpv6": "::/0"},
        wrong=("toPort", 443),
    ),
)
