"""What plain boto3 sees of registries and buckets after `up local`."""

import json
from typing import Any

import pytest

from tests.foundation.checkout import TAGS, Aws, tags

pytestmark = [pytest.mark.engine, pytest.mark.cloud]

EXPIRE_DAYS = {"shop": 30, "models/churn": 90}
MIRRORS = {"local/mirror/nvidia/k8s-device-plugin", "local/mirror/nvidia/k8s/dcgm-exporter", "local/mirror/grafana/grafana"}
BUCKETS = ["datasets", "models", "artifacts", "logs"]
ENCRYPTED_BY_KEY = ["datasets", "models", "artifacts"]
each_bucket = pytest.mark.parametrize("purpose", BUCKETS)


@pytest.fixture(scope="module")
def repositories(aws: Aws) -> dict[str, dict[str, Any]]:
    """The blueprint's repositories by name."""
    found = {one["repositoryName"]: one for one in aws.ecr.describe_repositories()["repositories"]}
    assert found.keys() >= MIRRORS
    return {name: one for name, one in found.items() if name not in MIRRORS}


@pytest.fixture(scope="module")
def buckets(aws: Aws) -> dict[str, str]:
    """Names of all buckets, by their name in the blueprint."""
    return {bucket["Name"].rpartition("-bucket-")[0]: bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]}


def test_repositories_are_immutable_scanned_and_encrypted_by_our_key(aws: Aws, repositories: dict[str, dict[str, Any]]) -> None:
    assert repositories.keys() == EXPIRE_DAYS.keys()
    keys = set()
    for name, found in repositories.items():
        assert found["imageTagMutability"] == "IMMUTABLE"
        assert found["imageScanningConfiguration"] == {"scanOnPush": True}
        assert found["encryptionConfiguration"]["encryptionType"] == "KMS"
        keys.add(found["encryptionConfiguration"]["kmsKey"])
        assert tags(aws.ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]) == {**TAGS, "Name": f"{name}-repository"}
    (key,) = keys
    assert aws.kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "Images in the environment's repositories"


@pytest.mark.parametrize("name", EXPIRE_DAYS)
def test_the_first_lifecycle_rule_keeps_releases_from_all_later_ones(aws: Aws, name: str) -> None:
    first, last = json.loads(aws.ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"])["rules"]
    assert first["selection"]["tagPatternList"] == ["v*"]
    assert first["selection"]["countNumber"] >= 1_000_000
    assert first["rulePriority"] < last["rulePriority"]
    assert (last["selection"]["countType"], last["selection"]["countNumber"]) == ("sinceImagePushed", EXPIRE_DAYS[name])


def test_there_is_a_bucket_a_purpose(buckets: dict[str, str]) -> None:
    assert sorted(buckets) == sorted(BUCKETS)


@each_bucket
def test_a_bucket_keeps_versions_and_is_closed_to_the_public(aws: Aws, buckets: dict[str, str], purpose: str) -> None:
    name = buckets[purpose]
    assert aws.s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    block = aws.s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    (rule,) = aws.s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert rule == {"ObjectOwnership": "BucketOwnerEnforced"}
    assert aws.s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-central-1"
    assert tags(aws.s3.get_bucket_tagging(Bucket=name)["TagSet"]) == {**TAGS, "Name": f"{purpose}-bucket"}


@each_bucket
def test_a_bucket_refuses_plain_http(aws: Aws, buckets: dict[str, str], purpose: str) -> None:
    statements = {found["Sid"]: found for found in json.loads(aws.s3.get_bucket_policy(Bucket=buckets[purpose])["Policy"])["Statement"]}
    refusal = statements["RefusePlainHttp"]
    arn = f"arn:aws:s3:::{buckets[purpose]}"
    assert (refusal["Effect"], refusal["Principal"], refusal["Condition"]) == ("Deny", "*", {"Bool": {"aws:SecureTransport": "false"}})
    assert sorted(refusal["Resource"]) == [arn, f"{arn}/*"]
    assert statements.keys() == {"RefusePlainHttp", *(["DeliverAccessLogs"] if purpose == "logs" else [])}


@pytest.mark.parametrize("purpose", ENCRYPTED_BY_KEY)
def test_data_is_encrypted_by_our_key_with_bucket_keys_and_access_is_logged(aws: Aws, buckets: dict[str, str], purpose: str) -> None:
    (rule,) = aws.s3.get_bucket_encryption(Bucket=buckets[purpose])["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    key = aws.kms.describe_key(KeyId=rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"])["KeyMetadata"]
    assert key["Description"] == "Objects in the environment's buckets"
    logging = aws.s3.get_bucket_logging(Bucket=buckets[purpose])["LoggingEnabled"]
    assert (logging["TargetBucket"], logging["TargetPrefix"]) == (buckets["logs"], f"{purpose}/")


def test_the_log_bucket_is_encrypted_by_s3_itself_and_logs_nothing(aws: Aws, buckets: dict[str, str]) -> None:
    (rule,) = aws.s3.get_bucket_encryption(Bucket=buckets["logs"])["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert "LoggingEnabled" not in aws.s3.get_bucket_logging(Bucket=buckets["logs"])


def test_lifecycles_are_by_purpose(aws: Aws, buckets: dict[str, str]) -> None:
    rules = {purpose: lifecycle(aws, name) for purpose, name in buckets.items()}
    assert all(found["unfinished-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7} for found in rules.values())
    old = rules["datasets"]["old-versions"]
    assert [move["StorageClass"] for move in old["NoncurrentVersionTransitions"]] == ["STANDARD_IA", "GLACIER_IR"]
    assert old["NoncurrentVersionExpiration"]["NoncurrentDays"] == 365
    assert rules["models"].keys() == {"unfinished-uploads"}
    assert rules["artifacts"]["current-objects"]["Expiration"] == {"Days": 90}
    assert rules["logs"]["current-objects"]["Expiration"] == {"Days": 400}


def lifecycle(aws: Aws, name: str) -> dict[str, dict[str, Any]]:
    """Rules by their id."""
    return {rule["ID"]: rule for rule in aws.s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]}
