"""Traps of security groups, and what one life a type does not show."""

from typing import Any

import pytest

from commonground.local.providers.values import UNKNOWN
from tests.local.providers.aws.conftest import Engine
from tests.local.providers.aws.lives_network import vpc
from tests.local.providers.aws.lives_security import HTTPS, group
from tests.local.providers.aws.planning import planned

DEFAULT = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def refused(engine: Engine, type_: str, inputs: dict[str, Any]) -> dict[str, str]:
    _, _, failures = engine.check(type_, inputs)
    return {failure.property: failure.reason for failure in failures}


def permissions(engine: Engine, id_: str) -> tuple[list[Any], list[Any]]:
    found = engine.client("ec2").describe_security_groups(GroupIds=[id_])["SecurityGroups"][0]
    return found["IpPermissions"], found["IpPermissionsEgress"]


def test_a_group_without_rules_reaches_nothing(engine: Engine) -> None:
    made = group(engine)
    assert permissions(engine, made.id) == ([], [])


def test_the_default_group_loses_every_rule_that_is_not_given(engine: Engine) -> None:
    of = vpc(engine)
    made = engine.create(DEFAULT, {"vpcId": of.id, "ingress": [], "egress": []})
    assert made.id == of.outputs["defaultSecurityGroupId"]
    assert permissions(engine, made.id) == ([], [])
    assert made.outputs["name"] == "default"


def test_a_default_group_that_nobody_adopted_is_not_taken_for_an_adopted_one(engine: Engine) -> None:
    of = vpc(engine)
    subject, inputs, _ = engine.check(DEFAULT, {"vpcId": of.id, "ingress": [], "egress": []})
    assert engine.stand_in.find(subject, inputs) is None


def test_rules_keep_the_grouping_that_the_program_gives_them(engine: Engine) -> None:
    rules = [{**HTTPS, "cidrBlocks": ["10.1.0.0/16", "10.0.0.0/16"], "self": True}, {"protocol": "6", "fromPort": 80, "toPort": 80, "ipv6CidrBlocks": ["::/0"]}]
    inputs = {"vpcId": vpc(engine).id, "ingress": rules}
    made = engine.create(GROUP, inputs)
    assert made.outputs["ingress"] == rules
    assert not engine.diff(made, {**inputs, "ingress": rules[::-1]}).changes, "the order of rules means nothing"


def test_a_rule_that_someone_added_is_seen_and_taken_away(engine: Engine) -> None:
    inputs = {"vpcId": vpc(engine).id, "ingress": [{**HTTPS, "cidrBlocks": ["10.0.0.0/16"]}]}
    made = engine.create(GROUP, inputs)
    foreign = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    engine.client("ec2").authorize_security_group_ingress(GroupId=made.id, IpPermissions=foreign)

    refreshed = engine.refreshed_inputs(made)
    assert refreshed is not None
    assert engine.stand_in.diff(made.subject, made.id, refreshed, made.inputs).keys == {"ingress"}
    made.inputs = refreshed
    outputs = engine.update(made, inputs)
    assert outputs["ingress"] == inputs["ingress"]


def test_rules_of_other_resources_are_left_alone_where_a_group_says_nothing_of_them(engine: Engine) -> None:
    made = group(engine)
    engine.create(INGRESS, {"securityGroupId": made.id, "cidrIpv4": "10.0.0.0/16", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443})
    inputs = {"vpcId": made.inputs["vpcId"], "tags": {"b": "2"}}
    engine.update(made, inputs)
    assert len(permissions(engine, made.id)[0]) == 1
    assert not engine.diff(made, inputs).changes


def test_a_group_may_revoke_its_rules_before_it_goes(engine: Engine) -> None:
    of = vpc(engine)
    first = engine.create(GROUP, {"vpcId": of.id, "revokeRulesOnDelete": True})
    second = engine.create(GROUP, {"vpcId": of.id})
    rule = {"securityGroupId": first.id, "referencedSecurityGroupId": second.id, "ipProtocol": "-1"}
    made = engine.create(INGRESS, rule)
    engine.delete(first)
    assert engine.read(made) is None


@pytest.mark.parametrize(
    ("rule", "property_"),
    [
        ({**HTTPS, "cidrBlock": ["10.0.0.0/16"], "self": True}, "ingress[0].cidrBlock"),
        ({**HTTPS}, "ingress[0]"),
        ({"protocol": "-1", "fromPort": 443, "toPort": 443, "self": True}, "ingress[0].fromPort"),
        ({**HTTPS, "cidrBlocks": ["10.0.0.1/16"]}, "ingress[0].cidrBlocks"),
        ({**HTTPS, "self": True, "description": "it's ours"}, "ingress[0].description"),
        ({"protocol": "tcp", "toPort": 443, "self": True}, "ingress[0].fromPort"),
    ],
)
def test_a_wrong_rule_inside_a_group_is_refused_where_it_stands(rule: dict[str, Any], property_: str, engine: Engine) -> None:
    assert list(refused(engine, GROUP, {"ingress": [rule]})) == [property_]


def test_names_that_look_like_ids_are_refused(engine: Engine) -> None:
    assert "sg-" in refused(engine, GROUP, {"name": "sg-shop"})["name"]


def test_arguments_that_only_the_provider_knows_are_checked_too(engine: Engine) -> None:
    assert "true or false" in refused(engine, GROUP, {"revokeRulesOnDelete": "perhaps"})["revokeRulesOnDelete"]
    assert "a list of objects" in refused(engine, GROUP, {"ingress": ["443"]})["ingress[0]"]


def test_a_rule_has_one_source_and_the_ports_of_its_protocol(engine: Engine) -> None:
    rule = {"securityGroupId": "sg-1", "cidrIpv4": "10.0.0.0/16", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    assert refused(engine, INGRESS, rule) == {}
    assert "exactly one of" in refused(engine, INGRESS, {**rule, "cidrIpv6": "::/0"})["cidrIpv4"]
    assert refused(engine, INGRESS, {**rule, "referencedSecurityGroupId": UNKNOWN}).keys() == {"cidrIpv4"}
    assert refused(engine, INGRESS, {name: rule[name] for name in ("securityGroupId", "cidrIpv4", "ipProtocol")}).keys() == {"fromPort", "toPort"}
    assert refused(engine, INGRESS, {**rule, "ipProtocol": "-1"}).keys() == {"fromPort", "toPort"}
    assert refused(engine, INGRESS, {**rule, "toPort": 70000}).keys() == {"toPort"}


def test_a_new_range_changes_a_rule_and_a_group_in_its_place_replaces_it(engine: Engine) -> None:
    made_group = group(engine)
    rule = {"securityGroupId": made_group.id, "cidrIpv4": "10.0.0.0/16", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    made = engine.create(INGRESS, rule)
    assert not engine.diff(made, {**rule, "cidrIpv4": "10.1.0.0/16"}).replaces
    other = {name: value for name, value in rule.items() if name != "cidrIpv4"} | {"referencedSecurityGroupId": made_group.id}
    assert engine.diff(made, other).replaces == {"cidrIpv4", "referencedSecurityGroupId"}


def test_a_protocol_may_be_given_by_its_number(engine: Engine) -> None:
    rule = {"securityGroupId": group(engine).id, "cidrIpv4": "10.0.0.0/16", "ipProtocol": "6", "fromPort": 443, "toPort": 443}
    made = engine.create(INGRESS, rule)
    assert made.outputs["ipProtocol"] == "6"
    assert not engine.diff(made, rule).changes


def test_every_port_stays_unsaid(engine: Engine) -> None:
    made = engine.create(EGRESS, {"securityGroupId": group(engine).id, "cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1"})
    assert not {"fromPort", "toPort"} & set(made.outputs)


def test_a_rule_refers_to_a_group(engine: Engine) -> None:
    made_group = group(engine)
    rule = {"securityGroupId": made_group.id, "referencedSecurityGroupId": made_group.id, "ipProtocol": "-1", "description": "EFA"}
    made = engine.create(EGRESS, rule)
    assert made.outputs["referencedSecurityGroupId"] == made_group.id
    assert engine.update(made, {**rule, "description": "EFA between nodes"})["description"] == "EFA between nodes"


def test_a_plan_adopts_the_group_that_the_planned_vpc_shows() -> None:
    id_, outputs = planned("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"})
    adopted, _ = planned(DEFAULT, {"vpcId": id_})
    assert adopted == outputs["defaultSecurityGroupId"]
