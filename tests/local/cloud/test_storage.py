"""S3 and ECR: new buckets, configurations that come back as they were given, and what is refused."""

import pytest

from .conftest import policy

pytestmark = pytest.mark.cloud


@pytest.fixture
def bucket(account):
    return account.bucket("data")


def let_log(account, target):
    account.s3.put_bucket_policy(
        Bucket=target,
        Policy=policy(
            {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{target}/*"}
        ),
    )


def test_a_new_bucket_is_encrypted_closed_and_without_acls(account, bucket):
    (rule,) = account.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule == {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    assert set(account.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    assert account.s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_encryption_that_is_taken_away_is_the_default_again(account, bucket):
    kms = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}]}
    account.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=kms)
    assert account.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"] == kms
    account.s3.delete_bucket_encryption(Bucket=bucket)
    (rule,) = account.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_a_lifecycle_comes_back_as_it_was_given(account, bucket):
    rules = [
        {
            "ID": "old-versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionTransitions": [{"NoncurrentDays": 30, "StorageClass": "STANDARD_IA", "NewerNoncurrentVersions": 2}],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 90, "NewerNoncurrentVersions": 3},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        },
        {"ID": "markers", "Status": "Disabled", "Filter": {}, "Expiration": {"ExpiredObjectDeleteMarker": True}},
        {"ID": "big", "Status": "Enabled", "Filter": {"And": {"Prefix": "x/", "ObjectSizeGreaterThan": 5}}, "Expiration": {"Days": 5}},
    ]
    account.s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": rules}, TransitionDefaultMinimumObjectSize="varies_by_storage_class"
    )
    read = account.s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert (read["Rules"], read["TransitionDefaultMinimumObjectSize"]) == (rules, "varies_by_storage_class")
    account.s3.delete_bucket_lifecycle(Bucket=bucket)
    with pytest.raises(account.s3.exceptions.ClientError, match="NoSuchLifecycleConfiguration"):
        account.s3.get_bucket_lifecycle_configuration(Bucket=bucket)


@pytest.mark.parametrize(
    "rule",
    [
        {"Transitions": [{"Days": 7, "StorageClass": "STANDARD_IA"}]},
        {"NoncurrentVersionTransitions": [{"NoncurrentDays": 29, "StorageClass": "ONEZONE_IA"}]},
        {"Transitions": [{"Days": 60, "StorageClass": "GLACIER"}], "Expiration": {"Days": 60}},
    ],
)
def test_an_impossible_lifecycle_is_refused(account, bucket, refused, rule):
    given = {"Rules": [{"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}} | rule]}
    refused("InvalidArgument", account.s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration=given)


@pytest.mark.parametrize("form", [{"SimplePrefix": {}}, {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}])
def test_logging_comes_back_as_it_was_given_and_can_be_turned_off(account, bucket, form):
    target = account.bucket("logs")
    let_log(account, target)
    given = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": "data/", "TargetObjectKeyFormat": form}}
    account.s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=given)
    assert account.s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"] == given["LoggingEnabled"]
    account.s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    assert "LoggingEnabled" not in account.s3.get_bucket_logging(Bucket=bucket)


def test_logs_go_to_no_bucket_with_a_kms_key(account, bucket, refused):
    target = account.bucket("logs")
    let_log(account, target)
    kms = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    account.s3.put_bucket_encryption(Bucket=target, ServerSideEncryptionConfiguration=kms)
    given = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": ""}}
    refused("InvalidTargetBucketForLogging", account.s3.put_bucket_logging, Bucket=bucket, BucketLoggingStatus=given)


def test_a_policy_that_is_none_or_of_another_bucket_or_public_is_refused(account, bucket, refused):
    put = account.s3.put_bucket_policy
    anyone = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    refused("MalformedPolicy", put, Bucket=bucket, Policy="{")
    refused("MalformedPolicy", put, Bucket=bucket, Policy=policy(anyone | {"Resource": "arn:aws:s3:::other/*"}))
    refused("AccessDenied", put, Bucket=bucket, Policy=policy(anyone | {"Resource": f"arn:aws:s3:::{bucket}/*"}))


def test_a_bucket_that_refuses_plain_http_can_be_used_here_and_is_deleted_only_when_empty(account, bucket, refused):
    tls = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    account.s3.put_bucket_policy(Bucket=bucket, Policy=policy(tls))
    account.s3.put_object(Bucket=bucket, Key="model", Body=b"weights")
    assert account.s3.get_object(Bucket=bucket, Key="model")["Body"].read() == b"weights"
    refused("BucketNotEmpty", account.s3.delete_bucket, Bucket=bucket)
    account.s3.delete_object(Bucket=bucket, Key="model")
    account.s3.delete_bucket(Bucket=bucket)


def test_a_repository_needs_a_key_that_is_there(account, refused):
    missing = f"arn:aws:kms:eu-central-1:{account.number}:key/00000000-0000-0000-0000-000000000000"
    refused("KmsException", account.ecr.create_repository, repositoryName="team/app", encryptionConfiguration={"encryptionType": "KMS", "kmsKey": missing})
    key = account.kms.create_key()["KeyMetadata"]["Arn"]
    made = account.ecr.create_repository(repositoryName="team/app", encryptionConfiguration={"encryptionType": "KMS", "kmsKey": key})
    assert made["repository"]["encryptionConfiguration"]["kmsKey"] == key


def test_registry_settings_are_kept_and_unknown_ones_refused(account, refused):
    assert account.ecr.get_account_setting(name="BASIC_SCAN_TYPE_VERSION")["value"] == "AWS_NATIVE"
    account.ecr.put_account_setting(name="BASIC_SCAN_TYPE_VERSION", value="CLAIR")
    assert account.ecr.get_account_setting(name="BASIC_SCAN_TYPE_VERSION")["value"] == "CLAIR"
    refused("InvalidParameterException", account.ecr.put_account_setting, name="BASIC_SCAN_TYPE_VERSION", value="NEW")


def test_an_old_version_goes_alone_also_where_new_ones_are_no_longer_kept(account, bucket):
    s3 = account.s3
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="a", Body=b"1")["VersionId"]
    s3.put_object(Bucket=bucket, Key="a", Body=b"2")
    s3.delete_object(Bucket=bucket, Key="a")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_object(Bucket=bucket, Key="a", VersionId=first)
    left = s3.list_object_versions(Bucket=bucket)
    assert (len(left["Versions"]), len(left["DeleteMarkers"])) == (1, 1)
    versions = [{"Key": "a", "VersionId": version["VersionId"]} for version in (*left["Versions"], *left["DeleteMarkers"])]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": versions})
    s3.delete_bucket(Bucket=bucket)


def test_there_are_no_directory_buckets(account, bucket):
    assert account.s3.list_directory_buckets()["Buckets"] == []
    assert bucket in [found["Name"] for found in account.s3.list_buckets()["Buckets"]]
