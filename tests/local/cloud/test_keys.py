"""KMS, IAM, Logs, Auto Scaling and SSM: policies are read, periods are kept, what is not there is refused."""

import pytest

from commonground.local.cloud.versions import versions

from .conftest import policy, trust

pytestmark = pytest.mark.cloud


def root(account):
    return {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account.number}:root"}, "Action": "kms:*", "Resource": "*"}


def for_logs(account, group="*"):
    arn = f"arn:aws:logs:eu-central-1:{account.number}:log-group:{group}"
    service = {"Effect": "Allow", "Principal": {"Service": "logs.eu-central-1.amazonaws.com"}, "Action": ["kms:Encrypt*", "kms:Decrypt*"], "Resource": "*"}
    return policy(root(account), service | {"Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": arn}}})


def key(account, **given):
    return account.kms.create_key(**given)["KeyMetadata"]


def test_a_keys_facts_are_complete_and_its_rotation_period_is_kept(account, refused):
    made = key(account)
    assert (made["KeyUsage"], made["MultiRegion"]) == ("ENCRYPT_DECRYPT", False)
    account.kms.enable_key_rotation(KeyId=made["KeyId"], RotationPeriodInDays=180)
    status = account.kms.get_key_rotation_status(KeyId=made["KeyId"])
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 180)
    refused("ValidationException", account.kms.enable_key_rotation, KeyId=made["KeyId"], RotationPeriodInDays=2561)
    account.kms.disable_key_rotation(KeyId=made["KeyId"])
    assert "RotationPeriodInDays" not in account.kms.get_key_rotation_status(KeyId=made["KeyId"])


def test_a_key_policy_that_locks_out_or_names_nobody_is_refused(account, refused):
    reader = {"Effect": "Allow", "Principal": {"Service": "logs.eu-central-1.amazonaws.com"}, "Action": "kms:Decrypt", "Resource": "*"}
    malformed = "MalformedPolicyDocumentException"
    assert "will not allow you to update" in refused(malformed, account.kms.create_key, Policy=policy(reader))
    refused(malformed, account.kms.create_key, Policy="{")
    stranger = root(account) | {"Principal": {"AWS": f"arn:aws:iam::{account.number}:role/nobody"}}
    assert "role/nobody" in refused(malformed, account.kms.create_key, Policy=policy(root(account), stranger))
    account.kms.create_key(Policy=policy(reader), BypassPolicyLockoutSafetyCheck=True)
    made = key(account, Policy=policy(root(account), reader))
    refused(malformed, account.kms.put_key_policy, KeyId=made["KeyId"], PolicyName="default", Policy=policy(reader))


def test_a_key_that_awaits_deletion_is_left_alone(account, refused):
    made = key(account)["KeyId"]
    account.kms.schedule_key_deletion(KeyId=made, PendingWindowInDays=7)
    refused("KMSInvalidStateException", account.kms.schedule_key_deletion, KeyId=made, PendingWindowInDays=7)
    refused("KMSInvalidStateException", account.kms.enable_key_rotation, KeyId=made)
    assert account.kms.describe_key(KeyId=made)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_a_log_group_takes_a_key_whose_policy_lets_the_service_use_it_for_that_group(account, refused):
    plain, given = key(account)["Arn"], key(account, Policy=for_logs(account, "/eks/*"))["Arn"]
    invalid = "InvalidParameterException"
    refused(invalid, account.logs.create_log_group, logGroupName="/eks/a", kmsKeyId=plain)
    refused(invalid, account.logs.create_log_group, logGroupName="/other", kmsKeyId=given)
    account.logs.create_log_group(logGroupName="/eks/a", kmsKeyId=given)
    account.logs.disassociate_kms_key(logGroupName="/eks/a")
    assert "kmsKeyId" not in account.logs.describe_log_groups()["logGroups"][0]
    refused(invalid, account.logs.associate_kms_key, logGroupName="/eks/a", kmsKeyId=plain)
    account.logs.associate_kms_key(logGroupName="/eks/a", kmsKeyId=given)
    assert account.logs.describe_log_groups()["logGroups"][0]["kmsKeyId"] == given


def test_a_log_group_tells_its_class_and_refuses_retentions_that_there_are_not(account, refused):
    account.logs.create_log_group(logGroupName="/a", logGroupClass="INFREQUENT_ACCESS")
    account.logs.create_log_group(logGroupName="/b")
    assert [group["logGroupClass"] for group in account.logs.describe_log_groups()["logGroups"]] == ["INFREQUENT_ACCESS", "STANDARD"]
    refused("InvalidParameterException", account.logs.put_retention_policy, logGroupName="/a", retentionInDays=31)
    account.logs.put_retention_policy(logGroupName="/a", retentionInDays=30)
    assert account.logs.describe_log_groups(logGroupNamePrefix="/a")["logGroups"][0]["retentionInDays"] == 30


def test_a_protected_log_group_stays(account, refused):
    account.logs.create_log_group(logGroupName="/a")
    account.logs.put_log_group_deletion_protection(logGroupIdentifier="/a", deletionProtectionEnabled=True)
    assert account.logs.describe_log_groups()["logGroups"][0]["deletionProtectionEnabled"] is True
    refused("ValidationException", account.logs.delete_log_group, logGroupName="/a")
    account.logs.put_log_group_deletion_protection(logGroupIdentifier="/a", deletionProtectionEnabled=False)
    account.logs.delete_log_group(logGroupName="/a")


@pytest.mark.parametrize("text", ["{", "{}", policy({"Effect": "Allow", "Action": "sts:AssumeRole"}), policy({"Effect": "Allow", "Principal": "*"})])
def test_a_trust_policy_that_is_none_is_refused(account, refused, text):
    refused("MalformedPolicyDocument", account.iam.create_role, RoleName="r", AssumeRolePolicyDocument=text)


def test_a_trust_policy_that_names_a_role_that_is_not_there_is_refused(account, refused):
    nobody = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account.number}:role/nobody"}, "Action": "sts:AssumeRole"}
    assert "Invalid principal" in refused("MalformedPolicyDocument", account.iam.create_role, RoleName="r", AssumeRolePolicyDocument=policy(nobody))


def test_policies_of_aws_itself_can_be_attached_and_hold_their_role(account, refused):
    account.iam.create_role(RoleName="node", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    managed = {"RoleName": "node", "PolicyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"}
    account.iam.attach_role_policy(**managed)
    refused("DeleteConflict", account.iam.delete_role, RoleName="node")
    account.iam.detach_role_policy(**managed)
    account.iam.delete_role(RoleName="node")


def test_a_tag_of_an_auto_scaling_group_that_is_not_there_is_refused(account, refused):
    tag = {"ResourceId": "none", "ResourceType": "auto-scaling-group", "Key": "k", "Value": "v", "PropagateAtLaunch": True}
    refused("ValidationError", account.autoscaling.create_or_update_tags, Tags=[tag])
    refused("ValidationError", account.autoscaling.delete_tags, Tags=[tag])


@pytest.mark.parametrize(("path", "ami_type"), [("x86_64/standard", "AL2023_x86_64_STANDARD"), ("arm64/nvidia", "AL2023_ARM_64_NVIDIA")])
def test_ami_releases_are_public_parameters_for_each_kubernetes_version(account, path, ami_type):
    for number, version in versions().kubernetes.items():
        base = f"/aws/service/eks/optimized-ami/{number}/amazon-linux-2023/{path}/recommended"
        assert account.ssm.get_parameter(Name=f"{base}/release_version")["Parameter"]["Value"] == version.ami_default(ami_type)
        assert account.ssm.get_parameter(Name=f"{base}/image_id")["Parameter"]["Value"].startswith("ami-")
    found = account.ssm.get_parameters(Names=[f"{base}/image_id", "/aws/service/eks/optimized-ami/1.99/none"])
    assert (len(found["Parameters"]), len(found["InvalidParameters"])) == (1, 1)
