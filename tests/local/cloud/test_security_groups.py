"""Security groups, their rules by id, and launch templates."""

import pytest

from .conftest import specification

pytestmark = pytest.mark.cloud

HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}


@pytest.fixture
def vpc(account):
    return account.vpc()


def make(account, vpc, name):
    return account.ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc)["GroupId"]


def rule(account, id_):
    (found,) = account.ec2.describe_security_group_rules(SecurityGroupRuleIds=[id_])["SecurityGroupRules"]
    return found


def allow(account, group, *permissions, **more):
    made = account.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=list(permissions), **more)
    return made["SecurityGroupRules"]


def test_a_rule_is_told_by_its_id_with_owner_description_and_tags(account, vpc):
    group = make(account, vpc, "one")
    (made,) = allow(
        account,
        group,
        HTTPS | {"IpRanges": [{"CidrIp": "10.0.0.0/16", "Description": "nodes"}]},
        TagSpecifications=specification("security-group-rule", env="t"),
    )
    assert made == rule(account, made["SecurityGroupRuleId"])
    assert (made["GroupOwnerId"], made["Description"], made["CidrIpv4"], made["IsEgress"]) == (account.number, "nodes", "10.0.0.0/16", False)
    assert made["Tags"] == [{"Key": "env", "Value": "t"}]


def test_every_rule_of_a_call_is_answered_and_a_group_as_source_keeps_its_description(account, vpc):
    group, source = make(account, vpc, "one"), make(account, vpc, "two")
    made = allow(
        account,
        group,
        HTTPS | {"IpRanges": [{"CidrIp": "10.0.0.0/16"}]},
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": source, "Description": "peers"}]},
    )
    assert [one.get("Description") for one in made] == [None, "peers"]
    assert (made[1]["FromPort"], made[1]["ReferencedGroupInfo"]["GroupId"]) == (-1, source)


@pytest.mark.parametrize("again", ["same", "other description"])
def test_the_same_rule_twice_is_refused_whatever_its_description(account, vpc, refused, again):
    group, source = make(account, vpc, "one"), make(account, vpc, "two")
    for given in ({"IpRanges": [{"CidrIp": "10.0.0.0/16", "Description": "same"}]}, {"UserIdGroupPairs": [{"GroupId": source, "Description": "same"}]}):
        allow(account, group, HTTPS | given)
        (sources,) = given.values()
        sources[0]["Description"] = again
        refused("InvalidPermission.Duplicate", account.ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[HTTPS | given])


def test_rules_of_every_kind_are_changed_in_place_but_not_to_another_kind(account, vpc, refused):
    group, source, other = (make(account, vpc, name) for name in ("one", "two", "three"))
    by_group, by_block, by_block6 = allow(
        account,
        group,
        HTTPS | {"UserIdGroupPairs": [{"GroupId": source}]},
        HTTPS | {"IpRanges": [{"CidrIp": "10.0.0.0/16"}]},
        HTTPS | {"Ipv6Ranges": [{"CidrIpv6": "fd00::/64"}]},
    )

    def change(made, **new):
        return {
            "GroupId": group,
            "SecurityGroupRules": [{"SecurityGroupRuleId": made["SecurityGroupRuleId"], "SecurityGroupRule": {"IpProtocol": "tcp", **new}}],
        }

    modify = account.ec2.modify_security_group_rules
    modify(**change(by_group, FromPort=1, ToPort=2, ReferencedGroupId=other, Description="now three"))
    modify(**change(by_block, IpProtocol="-1", CidrIpv4="10.1.0.0/16"))
    modify(**change(by_block6, FromPort=3, ToPort=3, CidrIpv6="fd01::/64"))
    changed = [rule(account, made["SecurityGroupRuleId"]) for made in (by_group, by_block, by_block6)]
    assert (changed[0]["ReferencedGroupInfo"]["GroupId"], changed[0]["Description"], changed[0]["FromPort"]) == (other, "now three", 1)
    assert (changed[1]["CidrIpv4"], changed[1]["IpProtocol"]) == ("10.1.0.0/16", "-1")
    assert (changed[2]["CidrIpv6"], changed[2]["ToPort"]) == ("fd01::/64", 3)
    refused("InvalidParameterValue", modify, **change(by_block, FromPort=1, ToPort=1, ReferencedGroupId=other))


def test_a_group_stays_while_another_ones_rule_points_at_it(account, vpc, refused):
    group, source = make(account, vpc, "one"), make(account, vpc, "two")
    (made,) = allow(account, group, HTTPS | {"UserIdGroupPairs": [{"GroupId": source}]})
    refused("DependencyViolation", account.ec2.delete_security_group, GroupId=source)
    account.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[made["SecurityGroupRuleId"]])
    account.ec2.delete_security_group(GroupId=source)


def test_the_default_group_stays_and_can_be_emptied(account, vpc, refused):
    (default,) = account.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    refused("CannotDelete", account.ec2.delete_security_group, GroupId=default["GroupId"])
    rules = account.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [default["GroupId"]]}])["SecurityGroupRules"]
    account.ec2.revoke_security_group_egress(GroupId=default["GroupId"], SecurityGroupRuleIds=[one["SecurityGroupRuleId"] for one in rules])
    assert account.ec2.describe_security_groups(GroupIds=[default["GroupId"]])["SecurityGroups"][0]["IpPermissionsEgress"] == []


def test_a_name_like_an_id_is_refused(account, vpc, refused):
    refused("InvalidParameterValue", account.ec2.create_security_group, GroupName="sg-mine", Description="d", VpcId=vpc)


def test_a_launch_templates_own_tags_are_not_in_its_version_and_follow_what_is_tagged_later(account):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]
    made = account.ec2.create_launch_template(
        LaunchTemplateName="pool", LaunchTemplateData={"TagSpecifications": tags}, TagSpecifications=specification("launch-template", env="t")
    )["LaunchTemplate"]["LaunchTemplateId"]
    (version,) = account.ec2.describe_launch_template_versions(LaunchTemplateId=made, Versions=["$Latest"])["LaunchTemplateVersions"]
    assert version["LaunchTemplateData"]["TagSpecifications"] == tags
    account.ec2.create_tags(Resources=[made], Tags=[{"Key": "later", "Value": "x"}])
    (read,) = account.ec2.describe_launch_templates(LaunchTemplateIds=[made])["LaunchTemplates"]
    assert {tag["Key"] for tag in read["Tags"]} == {"env", "later"}


def test_account_defaults_are_kept_by_account_and_region(account):
    assert account.ec2.get_ebs_default_kms_key_id()["KmsKeyId"].endswith("alias/aws/ebs")
    assert account.ec2.get_instance_metadata_defaults()["AccountLevel"] == {}
    account.ec2.modify_instance_metadata_defaults(HttpTokens="required", HttpPutResponseHopLimit=1)
    assert account.ec2.get_instance_metadata_defaults()["AccountLevel"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    account.ec2.modify_instance_metadata_defaults(HttpTokens="no-preference")
    assert account.ec2.get_instance_metadata_defaults()["AccountLevel"] == {"HttpPutResponseHopLimit": 1}
