"""Traps of S3, and what one life a type does not show."""

from typing import Any

import pytest

from commonground.local.providers.aws.api import ApiError
from commonground.local.providers.errors import StandInError
from commonground.local.providers.values import UNKNOWN
from tests.local.providers.aws.conftest import Engine
from tests.local.providers.aws.lives_data import bucket, log_bucket, refusal
from tests.local.providers.aws.planning import planned
from tests.local.providers.aws.refusals import change, refusals

BUCKET = "aws:s3/bucket:Bucket"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
LOGGING = "aws:s3/bucketLogging:BucketLogging"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
PUBLIC = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"

RULE: dict[str, Any] = {"id": "old", "status": "Enabled", "filter": {"prefix": ""}}
TAG = {"key": "keep", "value": "no"}


def lifecycle(**rule: Any) -> list[str]:
    return refusals(LIFECYCLE, {"bucket": "models", "rules": [{**RULE, **rule}]})


def moves(*steps: tuple[int, str]) -> list[dict[str, Any]]:
    return [{"days": days, "storageClass": name} for days, name in steps]


@pytest.mark.parametrize("name", ["Models", "my_models", "m", "a" * 64, "models-", "a..b", "192.168.1.1", "xn--models", "models-s3alias"])
def test_a_name_that_s3_refuses_is_refused(name: str) -> None:
    (found,) = refusals(BUCKET, {"bucket": name})
    assert found.startswith(f"bucket: {name!r}")


def test_a_bucket_that_is_planned_has_its_addresses() -> None:
    id_, outputs = planned(BUCKET, {"bucket": "models-1234567"})
    assert id_ == outputs["bucket"] == "models-1234567"
    assert outputs["arn"] == "arn:aws:s3:::models-1234567"
    assert outputs["bucketRegionalDomainName"] == "models-1234567.s3.eu-central-1.amazonaws.com"
    assert outputs["hostedZoneId"] == "Z21DNDUVLTQW6Q"


def test_a_bucket_with_objects_goes_only_by_force(engine: Engine) -> None:
    client = engine.client("s3")
    made = engine.create(BUCKET, {})
    engine.create(VERSIONING, {"bucket": made.id, "versioningConfiguration": {"status": "Enabled"}})
    client.put_object(Bucket=made.id, Key="model", Body=b"1")
    client.put_object(Bucket=made.id, Key="model", Body=b"2")
    client.delete_object(Bucket=made.id, Key="model")

    with pytest.raises(ApiError) as refused:
        engine.stand_in.delete(made.subject, made.id, made.outputs, made.inputs)
    assert refused.value.code == "BucketNotEmpty"

    diff = engine.diff(made, {"forceDestroy": True})
    assert diff.changes
    assert not diff.replaces
    engine.update(made, {"forceDestroy": True})
    engine.delete(made)
    assert engine.read(made) is None


def test_a_versioned_bucket_can_only_be_suspended(engine: Engine) -> None:
    of = bucket(engine).id
    made = engine.create(VERSIONING, {"bucket": of, "versioningConfiguration": {"status": "Disabled"}})
    assert "Status" not in engine.client("s3").get_bucket_versioning(Bucket=of)
    engine.update(made, {"bucket": of, "versioningConfiguration": {"status": "Enabled"}})
    with pytest.raises(StandInError, match="can be Suspended"):
        engine.update(made, {"bucket": of, "versioningConfiguration": {"status": "Disabled"}})


def test_the_access_block_that_every_bucket_has_is_not_taken_for_ours(engine: Engine) -> None:
    of = bucket(engine).id
    subject, inputs, _ = engine.check(PUBLIC, {"bucket": of, "blockPublicAcls": True})
    assert engine.stand_in.find(subject, inputs) is None


def test_an_access_block_stays_if_it_is_to(engine: Engine) -> None:
    of = bucket(engine).id
    made = engine.create(PUBLIC, {"bucket": of, "blockPublicAcls": True, "skipDestroy": True})
    engine.delete(made)
    assert engine.client("s3").get_public_access_block(Bucket=of)["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is True


def test_a_bucket_key_is_off_unless_it_is_asked_for(engine: Engine) -> None:
    of = bucket(engine).id
    engine.create(ENCRYPTION, {"bucket": of, "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]})
    (rule,) = engine.client("s3").get_bucket_encryption(Bucket=of)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["BucketKeyEnabled"] is False


def test_a_key_goes_with_kms_only() -> None:
    default = {"sseAlgorithm": "AES256", "kmsMasterKeyId": "alias/models"}
    (found,) = refusals(ENCRYPTION, {"bucket": "models", "rules": [{"applyServerSideEncryptionByDefault": default}]})
    assert "aws:kms" in found
    rule = {"applyServerSideEncryptionByDefault": {**default, "sseAlgorithm": "aws:kms"}, "blockedEncryptionTypes": ["SSE-C"]}
    assert refusals(ENCRYPTION, {"bucket": "models", "rules": [rule]}) == []
    (found,) = refusals(ENCRYPTION, {"bucket": "models", "rules": [{**rule, "blockedEncryptionTypes": ["SSE-X"]}]})
    assert "'SSE-X' is not one of NONE, SSE-C" in found


def test_a_policy_is_about_its_own_bucket() -> None:
    (one, other) = refusals(POLICY, {"bucket": "models", "policy": refusal("datasets", "s3:*")})
    assert "is not in the bucket models" in one
    assert "arn:aws:s3:::datasets/*" in other
    assert refusals(POLICY, {"bucket": "models", "policy": refusal("models", "s3:*")}) == []
    assert refusals(POLICY, {"bucket": UNKNOWN, "policy": refusal("models", "s3:*")}) == []


def test_logs_go_to_no_bucket_that_a_kms_key_encrypts(engine: Engine) -> None:
    target = log_bucket(engine).id
    engine.create(ENCRYPTION, {"bucket": target, "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]})
    with pytest.raises(ApiError) as refused:
        engine.create(LOGGING, {"bucket": bucket(engine).id, "targetBucket": target, "targetPrefix": ""})
    assert refused.value.code == "InvalidTargetBucketForLogging"


def test_the_keys_of_logs_have_one_form() -> None:
    inputs = {"bucket": "models", "targetBucket": "logs", "targetPrefix": ""}
    assert "one of" in refusals(LOGGING, {**inputs, "targetObjectKeyFormat": {"simplePrefix": {}, "partitionedPrefix": {}}})[0]
    assert "targetPrefix: is required" in refusals(LOGGING, {"bucket": "models", "targetBucket": "logs"})


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({}, "does nothing"),
        ({"transitions": moves((29, "STANDARD_IA"))}, "expected at least 30"),
        ({"noncurrentVersionTransitions": [{"noncurrentDays": 7, "storageClass": "ONEZONE_IA"}]}, "expected at least 30"),
        ({"transitions": moves((30, "STANDARD_IA"), (45, "GLACIER"))}, "at least 30 more than the 30 for STANDARD_IA"),
        ({"transitions": moves((30, "GLACIER"), (90, "STANDARD_IA"))}, "moves from GLACIER to STANDARD_IA"),
        ({"transitions": moves((30, "ONEZONE_IA"), (90, "GLACIER_IR"))}, "moves from ONEZONE_IA to GLACIER_IR"),
        ({"transitions": moves((30, "GLACIER"), (60, "GLACIER"))}, "moves to GLACIER more than once"),
        ({"transitions": moves((30, "GLACIER")), "expiration": {"days": 30}}, "is not after its move to GLACIER"),
        ({"transitions": [{"days": 30, "date": "2027-01-01T00:00:00Z", "storageClass": "GLACIER"}]}, "both date and days"),
        ({"expiration": {"days": 7, "expiredObjectDeleteMarker": True}}, "expected one of date, days"),
        ({"expiration": {"days": 0, "date": "2027-01-01T00:00:00Z"}}, "expected 1 or more"),
        ({"expiration": {"days": 7}, "filter": {"prefix": "a/", "tag": TAG}}, "goes into `and`"),
        ({"expiration": {"days": 7}, "filter": {"and": {"prefix": "a/"}}}, "fewer than two"),
        ({"expiration": {"days": 7}, "prefix": "a/"}, "a prefix of its own"),
        ({"abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}, "filter": {"tag": TAG}}, "no filter by tag or size"),
        ({"expiration": {"expiredObjectDeleteMarker": True}, "filter": {"tag": TAG}}, "no filter by tag"),
        ({"id": "x" * 256, "expiration": {"days": 7}}, "at most 255"),
        ({"expiration": {"days": 7}, "status": "On"}, "'On' is not one of Enabled, Disabled"),
    ],
)
def test_a_lifecycle_rule_that_s3_refuses_is_refused(rule: dict[str, Any], reason: str) -> None:
    (found,) = lifecycle(**rule)
    assert found.startswith("rules[0]")
    assert reason in found


@pytest.mark.parametrize(
    "rule",
    [
        {"transitions": moves((30, "STANDARD_IA"), (60, "GLACIER_IR"), (150, "DEEP_ARCHIVE")), "expiration": {"days": 151}},
        {"transitions": moves((0, "INTELLIGENT_TIERING"))},
        {"expiration": {"days": 7}, "filter": {"and": {"prefix": "a/", "tags": {"keep": "no"}}}},
        {"noncurrentVersionExpiration": {"noncurrentDays": 7, "newerNoncurrentVersions": 3}, "noncurrentVersionTransitions": []},
        {"expiration": {"days": UNKNOWN}, "transitions": [{"days": UNKNOWN, "storageClass": "STANDARD_IA"}]},
    ],
)
def test_a_lifecycle_rule_that_s3_takes_is_taken(rule: dict[str, Any]) -> None:
    assert lifecycle(**rule) == []


def test_rules_have_ids_of_their_own() -> None:
    rule = {**RULE, "expiration": {"days": 7}}
    (found,) = refusals(LIFECYCLE, {"bucket": "models", "rules": [rule, rule]})
    assert "'old' is given to more than one rule" in found


def test_the_order_of_transitions_is_no_change_and_a_day_is() -> None:
    def program(*steps: tuple[int, str]) -> dict[str, Any]:
        return {"bucket": "models", "rules": [{**RULE, "transitions": moves(*steps)}]}

    assert change(LIFECYCLE, program((30, "STANDARD_IA"), (60, "GLACIER")), program((60, "GLACIER"), (30, "STANDARD_IA"))) == (set(), set())
    assert change(LIFECYCLE, program((30, "STANDARD_IA")), program((31, "STANDARD_IA"))) == ({"rules"}, set())


def test_rules_come_back_as_the_program_has_them(engine: Engine) -> None:
    """Dates, filters by several conditions, a filter for everything, and more rules than one."""
    rules = [
        {"id": "b", "status": "Enabled", "filter": {}, "expiration": {"date": "2030-01-01T00:00:00Z"}},
        {"id": "a", "status": "Disabled", "filter": {"and": {"prefix": "x/", "tags": {"keep": "no"}}}, "expiration": {"days": 9}},
        {"id": "c", "status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 9}, "noncurrentVersionTransitions": []},
    ]
    made = engine.create(LIFECYCLE, {"bucket": bucket(engine).id, "rules": rules})
    refreshed = engine.refreshed_inputs(made)
    assert refreshed is not None
    assert engine.stand_in.diff(made.subject, made.id, refreshed, made.inputs).changes == {}
    assert [rule["id"] for rule in made.outputs["rules"]] == ["b", "a", "c"]
    assert made.outputs["transitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
