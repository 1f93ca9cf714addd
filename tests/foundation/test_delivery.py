"""What plain boto3 sees of CI's identities after `up local`."""

from typing import Any

import pytest

from tests.foundation.checkout import ACCOUNT, Aws

pytestmark = [pytest.mark.engine, pytest.mark.cloud]

PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
REPOSITORY = "repo:your-organization/your-repository"


def test_the_accounts_provider_takes_tokens_that_are_meant_for_aws_only(aws: Aws) -> None:
    assert [provider["Arn"] for provider in aws.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]] == [PROVIDER]
    provider = aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)
    assert (provider["Url"], provider["ClientIDList"]) == ("token.actions.githubusercontent.com", ["sts.amazonaws.com"])


@pytest.mark.parametrize(
    ("part", "subjects"),
    [
        ("preview", [f"{REPOSITORY}:pull_request", f"{REPOSITORY}:ref:refs/heads/main"]),
        ("deploy", [f"{REPOSITORY}:ref:refs/heads/main"]),
    ],
)
def test_each_role_is_taken_by_its_pipelines_and_by_nobody_else(aws: Aws, part: str, subjects: list[str]) -> None:
    (statement,) = aws.iam.get_role(RoleName=f"commonground-local-ci-{part}")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    issuer = "token.actions.githubusercontent.com"
    conditions: dict[str, Any] = {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": subjects}}
    assert (statement["Principal"], statement["Action"], statement["Condition"]) == ({"Federated": PROVIDER}, "sts:AssumeRoleWithWebIdentity", conditions)
