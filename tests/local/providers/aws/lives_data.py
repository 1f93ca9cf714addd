"""Lives of S3, ECR, KMS and CloudWatch Logs."""

import json
from typing import Any

from tests.local.providers.aws.lives import Life

OWNER = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Owner", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*"}],
}
OWNER_AND_LOGS = {
    **OWNER,
    "Statement": [*OWNER["Statement"], {"Effect": "Allow", "Principal": {"Service": "logs.eu-central-1.amazonaws.com"}, "Action": "kms:*", "Resource": "*"}],
}


def rule(priority: int, selection: dict[str, Any]) -> dict[str, Any]:
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}


def rules(days: int) -> str:
    return json.dumps({"rules": [rule(1, {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days})]})


def bucket(engine: Any) -> Any:
    return engine.create("aws:s3/bucket:Bucket", {"forceDestroy": True})


def log_bucket(engine: Any) -> Any:
    made = bucket(engine)
    delivery = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "logging.s3.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": f"{made.outputs['arn']}/*",
                "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
            }
        ],
    }
    engine.create("aws:s3/bucketPolicy:BucketPolicy", {"bucket": made.id, "policy": json.dumps(delivery)})
    return made


def refusal(name: str, action: str) -> str:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def repository(engine: Any) -> Any:
    return engine.create("aws:ecr/repository:Repository", {})


def pull(account: str) -> str:
    statement = {"Sid": "Pull", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": ["ecr:BatchGetImage"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def expiry(days: int) -> dict[str, Any]:
    return {"id": "old", "status": "Enabled", "filter": {"prefix": ""}, "noncurrentVersionExpiration": {"noncurrentDays": days}}


POLICED = "a-bucket-with-a-policy"


def uploads() -> dict[str, Any]:
    return {"id": "uploads", "status": "Enabled", "filter": {}, "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}


def policy_inputs(engine: Any) -> dict[str, Any]:
    engine.create("aws:s3/bucket:Bucket", {"bucket": POLICED})
    return {"bucket": POLICED, "policy": refusal(POLICED, "s3:*")}


S3 = "aws:s3"
LIVES = (
    Life(
        f"{S3}/bucket:Bucket",
        inputs=lambda _: {"tags": {"a": "1"}},
        seen=lambda engine, made: engine.client("s3").head_bucket(Bucket=made.id),
        update={"tags": {"b": "2"}},
        replace={"bucket": "another-name-altogether"},
        wrong=("bucket", "Not_A_Bucket"),
    ),
    Life(
        f"{S3}/bucketVersioning:BucketVersioning",
        inputs=lambda engine: {"bucket": bucket(engine).id, "versioningConfiguration": {"status": "Enabled"}},
        seen=lambda engine, made: engine.client("s3").get_bucket_versioning(Bucket=made.id).get("Status"),
        update={"versioningConfiguration": {"status": "Suspended"}},
        replace={"bucket": "another-bucket"},
        wrong=("versioningConfiguration", {"status": "On"}),
        stays=True,
    ),
    Life(
        f"{S3}/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        inputs=lambda engine: {
            "bucket": bucket(engine).id,
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "alias/aws/s3"}, "bucketKeyEnabled": True}],
        },
        seen=lambda engine, made: engine.client("s3").get_bucket_encryption(Bucket=made.id),
        update={"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "alias/aws/s3"}, "bucketKeyEnabled": False}]},
        replace={"bucket": "another-bucket"},
        wrong=("rules", [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "rot13"}}]),
        stays=True,
    ),
    Life(
        f"{S3}/bucketPublicAccessBlock:BucketPublicAccessBlock",
        inputs=lambda engine: {"bucket": bucket(engine).id, "blockPublicAcls": True, "blockPublicPolicy": True},
        seen=lambda engine, made: engine.client("s3").get_public_access_block(Bucket=made.id),
        update={"ignorePublicAcls": True, "restrictPublicBuckets": True},
        replace={"bucket": "another-bucket"},
        wrong=("blockPublicAcls", "mostly"),
    ),
    Life(
        f"{S3}/bucketOwnershipControls:BucketOwnershipControls",
        inputs=lambda engine: {"bucket": bucket(engine).id, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        seen=lambda engine, made: engine.client("s3").get_bucket_ownership_controls(Bucket=made.id),
        update={"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        replace={"bucket": "another-bucket"},
        wrong=("rule", {"objectOwnership": "Everybody"}),
    ),
    Life(
        f"{S3}/bucketPolicy:BucketPolicy",
        inputs=policy_inputs,
        seen=lambda engine, made: engine.client("s3").get_bucket_policy(Bucket=made.id),
        update={"policy": refusal(POLICED, "s3:PutObject")},
        replace={"bucket": "another-bucket", "policy": refusal("another-bucket", "s3:*")},
        wrong=("policy", json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps", "Principal": "*", "Action": "s3:*", "Resource": "*"}]})),
    ),
    Life(
        f"{S3}/bucketLogging:BucketLogging",
        inputs=lambda engine: {"bucket": bucket(engine).id, "targetBucket": log_bucket(engine).id, "targetPrefix": "one/"},
        seen=lambda engine, made: engine.client("s3").get_bucket_logging(Bucket=made.id).get("LoggingEnabled"),
        update={"targetPrefix": "two/", "targetObjectKeyFormat": {"partitionedPrefix": {"partitionDateSource": "EventTime"}}},
        replace={"bucket": "another-bucket"},
        wrong=("targetPrefix", 7),
    ),
    Life(
        f"{S3}/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        inputs=lambda engine: {"bucket": bucket(engine).id, "rules": [expiry(30)]},
        seen=lambda engine, made: engine.client("s3").get_bucket_lifecycle_configuration(Bucket=made.id)["Rules"],
        update={"rules": [expiry(60), uploads()]},
        replace={"bucket": "another-bucket"},
        wrong=("rules", [{"id": "soon", "status": "Enabled", "filter": {}, "transitions": [{"days": 3, "storageClass": "STANDARD_IA"}]}]),
    ),
    Life(
        "aws:ecr/repository:Repository",
        inputs=lambda _: {
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "AES256"}],
            "tags": {"a": "1"},
        },
        seen=lambda engine, made: engine.client("ecr").describe_repositories(repositoryNames=[made.id]),
        update={
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filter": "latest", "filterType": "WILDCARD"}],
            "imageScanningConfiguration": {"scanOnPush": False},
            "tags": {"b": "2"},
        },
        replace={"encryptionConfigurations": [{"encryptionType": "KMS"}]},
        wrong=("imageTagMutability", "SOMETIMES"),
    ),
    Life(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        inputs=lambda engine: {"repository": repository(engine).id, "policy": rules(30)},
        seen=lambda engine, made: engine.client("ecr").get_lifecycle_policy(repositoryName=made.id),
        replace={"policy": rules(60)},
        wrong=(
            "policy",
            json.dumps({"rules": [rule(1, {"tagStatus": "tagged", "countType": "imageCountMoreThan", "countNumber": 1})]}),
        ),
    ),
    Life(
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        inputs=lambda engine: {"repository": repository(engine).id, "policy": pull("111111111111")},
        seen=lambda engine, made: engine.client("ecr").get_repository_policy(repositoryName=made.id),
        update={"policy": pull("222222222222")},
        replace={"repository": "another/name"},
        wrong=("policy", "not JSON"),
    ),
    Life(
        "aws:kms/key:Key",
        inputs=lambda _: {"description": "one", "enableKeyRotation": True, "policy": json.dumps(OWNER), "deletionWindowInDays": 7, "tags": {"own": "key"}},
        seen=lambda engine, made: engine.client("kms").describe_key(KeyId=made.id)["KeyMetadata"]["KeyState"] != "PendingDeletion",
        update={"description": "two", "enableKeyRotation": False, "policy": json.dumps(OWNER_AND_LOGS), "tags": {"b": "2"}},
        replace={"multiRegion": True},
        wrong=("policy", json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}]})),
    ),
    Life(
        "aws:kms/alias:Alias",
        inputs=lambda engine: {"targetKeyId": engine.create("aws:kms/key:Key", {}).id},
        seen=lambda engine, made: [alias for alias in engine.client("kms").list_aliases()["Aliases"] if alias["AliasName"] == made.id],
        replace={"name": "alias/another"},
        wrong=("name", "no-prefix"),
    ),
    Life(
        "aws:cloudwatch/logGroup:LogGroup",
        inputs=lambda _: {"retentionInDays": 7, "tags": {"a": "1"}},
        seen=lambda engine, made: engine.client("logs").describe_log_groups(logGroupNamePrefix=made.id)["logGroups"],
        update={"retentionInDays": 30, "tags": {"b": "2"}},
        replace={"logGroupClass": "INFREQUENT_ACCESS"},
        wrong=("retentionInDays", 8),
    ),
)
