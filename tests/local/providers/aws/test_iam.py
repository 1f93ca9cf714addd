"""Traps of IAM and CloudWatch Logs, and what one life a type does not show."""

import json
from typing import Any

import pytest

from commonground.local.providers.aws.api import ApiError
from tests.local.providers.aws.conftest import Engine
from tests.local.providers.aws.lives_data import OWNER_AND_LOGS
from tests.local.providers.aws.lives_iam import allow, role, trust
from tests.local.providers.aws.planning import planned
from tests.local.providers.aws.refusals import refusals

ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
OIDC = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
POLICY = "aws:iam/policy:Policy"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
EC2 = trust("ec2.amazonaws.com")


@pytest.mark.parametrize("name", ["r" * 65, "a role", "rôle", "team/role"])
def test_a_roles_name_that_iam_refuses_is_refused(name: str) -> None:
    (found, *_) = refusals(ROLE, {"name": name, "assumeRolePolicy": EC2})
    assert found.startswith("name: ")


def test_a_long_logical_name_still_gives_a_name_that_iam_takes() -> None:
    id_, outputs = planned(ROLE, {"assumeRolePolicy": EC2, "path": "/teams/"}, "commonground-production-shop-recommendations-training-job-runner")
    assert len(id_) == 64
    assert outputs["arn"] == f"arn:aws:iam::123456789012:role/teams/{id_}"


@pytest.mark.parametrize("seconds", [900, 43201])
def test_a_session_lasts_one_to_twelve_hours(seconds: int) -> None:
    (found,) = refusals(ROLE, {"assumeRolePolicy": EC2, "maxSessionDuration": seconds})
    assert found.startswith("maxSessionDuration: ")


def test_a_role_with_policies_goes_only_by_force(engine: Engine) -> None:
    made = role(engine)
    engine.client("iam").attach_role_policy(RoleName=made.id, PolicyArn="arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy")
    engine.client("iam").put_role_policy(RoleName=made.id, PolicyName="own", PolicyDocument=allow("s3:GetObject"))
    with pytest.raises(ApiError) as refused:
        engine.stand_in.delete(made.subject, made.id, made.outputs, made.inputs)
    assert refused.value.code == "DeleteConflict"
    engine.update(made, {"assumeRolePolicy": EC2, "forceDetachPolicies": True})
    engine.delete(made)
    assert engine.read(made) is None


def test_a_role_leaves_its_instance_profiles(engine: Engine) -> None:
    made = role(engine)
    profile = engine.create(PROFILE, {"role": made.id})
    engine.delete(made)
    outputs = engine.read(profile)
    assert outputs is not None
    assert engine.client("iam").get_instance_profile(InstanceProfileName=profile.id)["InstanceProfile"]["Roles"] == []


def test_a_permissions_boundary_comes_and_goes_in_place(engine: Engine) -> None:
    boundary = engine.create(POLICY, {"policy": allow("s3:*")}).outputs["arn"]
    made = engine.create(ROLE, {"assumeRolePolicy": EC2})
    assert engine.update(made, {"assumeRolePolicy": EC2, "permissionsBoundary": boundary})["permissionsBoundary"] == boundary
    assert not engine.update(made, {"assumeRolePolicy": EC2}).get("permissionsBoundary")
    assert "PermissionsBoundary" not in engine.client("iam").get_role(RoleName=made.id)["Role"]


def test_a_policy_keeps_five_versions_and_the_newest_counts(engine: Engine) -> None:
    made = engine.create(POLICY, {"policy": allow("s3:GetObject")})
    for number in range(6):
        engine.update(made, {"policy": allow(f"s3:Get{number}")})
    client = engine.client("iam")
    versions = client.list_policy_versions(PolicyArn=made.id)["Versions"]
    assert len(versions) == 5
    (default,) = (version["VersionId"] for version in versions if version["IsDefaultVersion"])
    document = client.get_policy_version(PolicyArn=made.id, VersionId=default)["PolicyVersion"]["Document"]
    assert document["Statement"][0]["Action"] == "s3:Get5"


def test_a_policy_that_is_planned_is_known_by_its_arn() -> None:
    id_, outputs = planned(POLICY, {"name": "read", "path": "/teams/", "policy": allow("s3:GetObject")})
    assert id_ == outputs["arn"] == "arn:aws:iam::123456789012:policy/teams/read"


def test_a_role_policy_is_known_by_its_role_and_name() -> None:
    assert planned(ROLE_POLICY, {"role": "shop", "name": "read", "policy": allow("s3:GetObject")})[0] == "shop:read"
    assert planned(ATTACHMENT, {"role": "shop", "policyArn": "arn:aws:iam::aws:policy/Some"})[0] == "shop/arn:aws:iam::aws:policy/Some"


@pytest.mark.parametrize("days", [2, 31, -1, 3654])
def test_logs_are_kept_for_a_number_of_days_that_there_is(days: int) -> None:
    (found,) = refusals(LOG_GROUP, {"retentionInDays": days})
    assert found.startswith(f"retentionInDays: {days} is not one of")
    assert refusals(LOG_GROUP, {"retentionInDays": 731}) == []


def test_a_log_groups_key_and_retention_come_and_go_in_place(engine: Engine) -> None:
    key = engine.create("aws:kms/key:Key", {"policy": json.dumps(OWNER_AND_LOGS)}).outputs["arn"]
    made = engine.create(LOG_GROUP, {"name": "/test/keyed"})
    assert engine.update(made, {"name": "/test/keyed", "kmsKeyId": key, "retentionInDays": 7})["kmsKeyId"] == key
    engine.update(made, {"name": "/test/keyed"})
    (group,) = engine.client("logs").describe_log_groups(logGroupNamePrefix="/test/keyed")["logGroups"]
    assert "kmsKeyId" not in group
    assert "retentionInDays" not in group


def test_a_log_group_is_not_confused_with_one_whose_name_it_begins(engine: Engine) -> None:
    longer = engine.create(LOG_GROUP, {"name": "/test/begin/more"})
    made = engine.create(LOG_GROUP, {"name": "/test/begin"})
    engine.delete(made)
    assert engine.read(made) is None
    assert engine.read(longer) is not None


def test_a_log_group_that_is_protected_or_to_be_kept_stays(engine: Engine) -> None:
    made = engine.create(LOG_GROUP, {"name": "/test/kept", "deletionProtectionEnabled": True})
    with pytest.raises(ApiError):
        engine.stand_in.delete(made.subject, made.id, made.outputs, made.inputs)
    engine.update(made, {"name": "/test/kept", "deletionProtectionEnabled": False, "skipDestroy": True})
    engine.stand_in.delete(made.subject, made.id, made.outputs, made.inputs)
    assert engine.read(made) is not None
    engine.update(made, {"name": "/test/kept", "deletionProtectionEnabled": False})
    engine.delete(made)
    assert engine.read(made) is None


def test_a_log_group_that_is_planned_keeps_its_class_and_has_a_plain_arn() -> None:
    _, outputs = planned(LOG_GROUP, {"name": "/test/a", "logGroupClass": "INFREQUENT_ACCESS"})
    assert outputs["logGroupClass"] == "INFREQUENT_ACCESS"
    assert outputs["arn"] == "arn:aws:logs:eu-central-1:123456789012:log-group:/test/a"


def test_a_provider_is_the_same_with_and_without_its_scheme(engine: Engine) -> None:
    made = engine.create(OIDC, {"url": "https://token.acme.io/ci", "clientIdLists": ["sts.amazonaws.com"]})
    assert made.id == "arn:aws:iam::123456789012:oidc-provider/token.acme.io/ci"
    assert not engine.diff(made, {"url": "token.acme.io/ci", "clientIdLists": ["sts.amazonaws.com"]}).changes


def test_an_account_has_one_provider_of_an_issuer(engine: Engine) -> None:
    inputs = {"url": "https://token.acme.io", "clientIdLists": ["sts.amazonaws.com"]}
    engine.create(OIDC, inputs)
    with pytest.raises(ApiError) as refused:
        engine.create(OIDC, inputs)
    assert refused.value.code == "EntityAlreadyExists"


def test_thumbprints_that_are_taken_out_stay(engine: Engine) -> None:
    inputs = {"url": "https://token.acme.io", "clientIdLists": ["sts.amazonaws.com"]}
    made = engine.create(OIDC, {**inputs, "thumbprintLists": ["0" * 40]})
    assert engine.update(made, inputs)["thumbprintLists"] == ["0" * 40]


@pytest.mark.parametrize("change", [{"clientIdLists": ["a"] * 101}, {"thumbprintLists": ["0" * 39]}, {"url": "https://acme.io?x=1"}], ids=str)
def test_a_provider_that_iam_refuses_is_refused(change: dict[str, Any]) -> None:
    (found, *_) = refusals(OIDC, {"url": "https://acme.io", "clientIdLists": ["sts.amazonaws.com"], **change})
    assert found.startswith(next(iter(change)))
