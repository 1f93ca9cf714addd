"""The log of calls: the witness that nothing was called."""

import pytest
from botocore.exceptions import ClientError

from commonground.local.cloud.calls import changes, names_in

from .conftest import Account, policy, trust

pytestmark = pytest.mark.cloud


def test_reading_leaves_no_trace(account):
    before = len(account.cloud.calls())
    account.ec2.describe_vpcs()
    account.s3.list_buckets()
    account.iam.list_roles()
    account.kms.list_keys()
    account.ecr.describe_repositories()
    account.eks.list_clusters()
    account.logs.describe_log_groups()
    account.sts.get_caller_identity()
    assert account.cloud.calls(since=before) == []


def test_every_protocol_is_told_by_service_operation_account_region_and_names(account):
    before = len(account.cloud.calls())
    account.ec2.create_vpc(CidrBlock="10.0.0.0/16")
    bucket = account.bucket("calls")
    account.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    account.iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    account.logs.create_log_group(logGroupName="/calls")
    account.ecr.create_repository(repositoryName="team/app")
    told = account.cloud.calls(since=before)
    assert [(call.service, call.operation, call.names) for call in told] == [
        ("ec2", "CreateVpc", ("CidrBlock=10.0.0.0/16",)),
        ("s3", "CreateBucket", (f"Bucket={bucket}",)),
        ("s3", "PutBucketVersioning", (f"Bucket={bucket}",)),
        ("iam", "CreateRole", ("RoleName=reader",)),
        ("logs", "CreateLogGroup", ("logGroupName=/calls",)),
        ("ecr", "CreateRepository", ("repositoryName=team/app",)),
    ]
    assert {(call.account, call.refused) for call in told} == {(account.number, False)}
    assert {call.region for call in told if call.service != "iam"} == {"eu-central-1"}


def test_a_refused_change_is_told_as_refused(account):
    before = len(account.cloud.calls())
    with pytest.raises(ClientError):
        account.ec2.delete_vpc(VpcId="vpc-0123456789abcdef0")
    (call,) = account.cloud.calls(since=before)
    assert (call.operation, call.refused) == ("DeleteVpc", True)


def test_policies_and_secrets_are_not_told(account):
    before = len(account.cloud.calls())
    account.secretsmanager.create_secret(Name="database", SecretString="hunter2")
    account.iam.create_role(RoleName="other", AssumeRolePolicyDocument=policy({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}))
    told = account.cloud.calls(since=before)
    assert [call.names for call in told if call.service == "secretsmanager"] == [("Name=database",)]
    assert "hunter2" not in repr(told)
    assert "Statement" not in repr(told)


def test_accounts_and_regions_stay_apart(account):
    account.ec2.create_vpc(CidrBlock="10.77.0.0/16")
    other = Account(account.cloud, "999999999999")
    elsewhere = Account(account.cloud, account.number, "eu-west-1")

    def blocks(one):
        return {vpc["CidrBlock"] for vpc in one.ec2.describe_vpcs()["Vpcs"]}

    assert "10.77.0.0/16" in blocks(account)
    assert "10.77.0.0/16" not in blocks(other) | blocks(elsewhere)
    assert blocks(other) == {"172.31.0.0/16"}, "the default VPC is there, as in a new account"


@pytest.mark.parametrize("operation", ["DescribeVpcs", "GetRole", "ListBuckets", "HeadBucket", "LookupEvents", "AssumeRole", "BatchGetImage", "GET /x"])
def test_reads_are_known_by_their_first_word(operation):
    assert not changes(operation)


@pytest.mark.parametrize("operation", ["CreateVpc", "PutBucketPolicy", "DELETE /x", "SomethingNew", "TagResource", "BatchDeleteImage"])
def test_what_is_not_known_to_read_counts_as_a_change(operation):
    assert changes(operation)


def test_a_parameter_that_may_hold_a_secret_is_no_name():
    assert names_in({"SecretId": "x", "AccessKeyId": "y", "clientRequestToken": "z", "subnetIds": ["b", "a"]}) == ("subnetIds=a", "subnetIds=b")


def test_an_unknown_call_is_refused_by_name_and_at_once(account, refused):
    assert "DeleteLaunchTemplateVersions" in refused(
        "UnknownOperationException", account.ec2.delete_launch_template_versions, LaunchTemplateName="none", Versions=["1"]
    )
