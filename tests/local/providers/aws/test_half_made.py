"""A run that is killed between two calls of one create: the next one takes over what is there and does the rest."""

import json
from typing import Any

import pytest

from commonground.local.providers.aws.provider import AwsStandIn
from tests.local.providers.aws.conftest import TAGS, Engine
from tests.local.providers.aws.lives_data import OWNER
from tests.local.providers.aws.lives_iam import role, trust


@pytest.fixture
def next_run(engine: Engine) -> Engine:
    """The engine after a run that was killed while it created whatever is created now."""
    connection = f"{engine.connection}-next"
    stand_in = AwsStandIn(engine.endpoint, lambda _urn: True)
    stand_in.configure(connection, {"region": engine.region, "allowedAccountIds": ["123456789012"], "defaultTags": {"tags": TAGS}})
    engine.stand_in, engine.connection = stand_in, connection
    return engine


def test_a_bucket_gets_its_tags(next_run: Engine) -> None:
    client = next_run.client("s3")
    client.create_bucket(Bucket="half-made", CreateBucketConfiguration={"LocationConstraint": next_run.region})
    made = next_run.create("aws:s3/bucket:Bucket", {"bucket": "half-made"})
    assert made.id == "half-made"
    assert made.outputs["tagsAll"] == TAGS
    assert len(client.get_bucket_tagging(Bucket="half-made")["TagSet"]) == len(TAGS)


def test_a_log_group_gets_its_retention(next_run: Engine) -> None:
    next_run.client("logs").create_log_group(logGroupName="/half/made", tags=TAGS)
    made = next_run.create("aws:cloudwatch/logGroup:LogGroup", {"name": "/half/made", "retentionInDays": 30})
    assert made.outputs["retentionInDays"] == 30
    (group,) = next_run.client("logs").describe_log_groups(logGroupNamePrefix="/half/made")["logGroups"]
    assert group["retentionInDays"] == 30


def test_a_key_gets_its_rotation_and_is_not_made_twice(next_run: Engine) -> None:
    client = next_run.client("kms")
    tags = {**TAGS, "half": "made"}
    policy = json.dumps(OWNER)
    there = client.create_key(Policy=policy, Tags=[{"TagKey": key, "TagValue": value} for key, value in tags.items()])["KeyMetadata"]["KeyId"]
    made = next_run.create("aws:kms/key:Key", {"enableKeyRotation": True, "policy": policy, "tags": {"half": "made"}})
    assert made.id == there
    assert client.get_key_rotation_status(KeyId=there)["KeyRotationEnabled"] is True


def test_an_instance_profile_gets_its_role(next_run: Engine) -> None:
    of, client = role(next_run), next_run.client("iam")
    client.create_instance_profile(InstanceProfileName="half-made")
    made = next_run.create("aws:iam/instanceProfile:InstanceProfile", {"name": "half-made", "role": of.id})
    assert made.outputs["role"] == of.id
    (attached,) = client.get_instance_profile(InstanceProfileName="half-made")["InstanceProfile"]["Roles"]
    assert attached["RoleName"] == of.id


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        ("aws:iam/role:Role", {"name": "half-made", "assumeRolePolicy": trust("ec2.amazonaws.com"), "maxSessionDuration": 7200}),
        ("aws:ecr/repository:Repository", {"name": "half/made", "imageTagMutability": "IMMUTABLE"}),
    ],
)
def test_what_was_made_whole_is_taken_as_it_is(next_run: Engine, type_: str, inputs: dict[str, Any]) -> None:
    first = next_run.create(type_, inputs)
    again = next_run.create(type_, inputs)
    next_run.made.remove(first)
    assert again.id == first.id
    assert again.outputs == first.outputs
