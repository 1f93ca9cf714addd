"""Whose pipelines get which role, and what each role may do: tables, evaluated on the policies that are deployed."""

import json
from typing import Any

import pytest
from pydantic import ValidationError
from tests.components import factory
from tests.components.evaluator import allows, trusts
from tests.components.stage import Stage, stage

from commonground import Delivery, ExistingBucket, ExistingCluster, Foundation
from commonground.settings.base import CiSystem
from commonground.settings.environment import DeliverySettings, StateSettings

ACCOUNT, REGION = factory.ACCOUNT, factory.REGION
ROLE, POLICY, PROVIDER = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
GITHUB = "token.actions.githubusercontent.com"
STATE_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0f1e2d3c-0000-0000-0000-000000000000"
STATE = StateSettings(bucket="acme-state", key_arn=STATE_KEY)


def provider_arn(host: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:oidc-provider/{host}"


def github(**changes: Any) -> DeliverySettings:
    """With a bound provider, whose ARN the mocks leave alone."""
    return factory.delivery(**{"provider_arn": provider_arn(GITHUB), "state": STATE, **changes})


def gitlab(**changes: Any) -> DeliverySettings:
    host = changes.get("host", "gitlab.com")
    values = {
        "system": CiSystem.GITLAB,
        "host": host,
        "audience": f"https://{host}",
        "repository": "acme/infra/platform",
        "provider_arn": provider_arn(host),
    }
    return github(**{**values, **changes})


def deployed(settings: DeliverySettings) -> Stage:
    def program() -> None:
        cluster = ExistingCluster(name="shared", arn="arn:cluster", security_group_id="sg-1", subnet_ids={}, node_role_arn="role")
        buckets = {name: ExistingBucket(name, name=name, arn=f"arn:aws:s3:::acme-{name}") for name in ("models", "datasets")}
        Delivery("delivery", settings, cluster=cluster, buckets=buckets)

    return stage(program)


def trust_of(made: Stage, part: str) -> str:
    return str(made.one(ROLE, f"delivery-{part}").inputs["assumeRolePolicy"])


def rights_of(made: Stage, part: str) -> str:
    return str(made.one(POLICY, f"delivery-{part}").inputs["policy"])


# --- who gets a role

IDS = {"owner_id": 123456, "repository_id": 456789}
PINNED = "repo:acme@123456/platform@456789"
PATH = "project_path:acme/infra/platform"
SETTINGS = {
    "github": github(),
    "ids": github(**IDS),
    "environment": github(ci_environment="production:eu"),
    "environment ids": github(ci_environment="production:eu", **IDS),
    "gitlab": gitlab(),
    "own gitlab": gitlab(host="gitlab.acme.io", audience="aws"),
}
BOTH, PREVIEW, NOBODY = ("preview", "deploy"), ("preview",), ()
TOKENS: list[tuple[str, str, str, tuple[str, ...]]] = [
    # settings, what it is, subject, the roles that it gets
    ("github", "a pull request", "repo:acme/platform:pull_request", PREVIEW),
    ("github", "the protected branch", "repo:acme/platform:ref:refs/heads/main", BOTH),
    ("github", "another branch", "repo:acme/platform:ref:refs/heads/feature", NOBODY),
    ("github", "a branch that begins like it", "repo:acme/platform:ref:refs/heads/main2", NOBODY),
    ("github", "a branch that ends like it", "repo:acme/platform:ref:refs/heads/not/main", NOBODY),
    ("github", "a branch in another case", "repo:acme/platform:ref:refs/heads/Main", NOBODY),
    ("github", "a tag of the branch's name", "repo:acme/platform:ref:refs/tags/main", NOBODY),
    ("github", "a tag", "repo:acme/platform:ref:refs/tags/v1.0.0", NOBODY),
    ("github", "a job in an environment, though the branch deploys", "repo:acme/platform:environment:production", NOBODY),
    ("github", "an environment that is named like a pull request", "repo:acme/platform:environment:pull_request", NOBODY),
    ("github", "an environment that is named like a branch", "repo:acme/platform:environment:ref%3Arefs/heads/main", NOBODY),
    ("github", "another repository of the organization", "repo:acme/website:pull_request", NOBODY),
    ("github", "its branch main", "repo:acme/website:ref:refs/heads/main", NOBODY),
    ("github", "a repository that begins like it", "repo:acme/platform2:pull_request", NOBODY),
    ("github", "an owner that ends like it", "repo:not-acme/platform:pull_request", NOBODY),
    ("github", "a fork, in its own pipelines", "repo:mallory/platform:ref:refs/heads/main", NOBODY),
    ("github", "a fork, in a pull request to itself", "repo:mallory/platform:pull_request", NOBODY),
    ("github", "the repository in another case", "repo:Acme/Platform:pull_request", NOBODY),
    ("github", "the subject in another case", "REPO:acme/platform:PULL_REQUEST", NOBODY),
    ("github", "nothing but the repository", "repo:acme/platform", NOBODY),
    ("github", "the subject with something behind it", "repo:acme/platform:pull_request:ref:refs/heads/main", NOBODY),
    ("github", "a wildcard for a subject", "repo:acme/*:pull_request", NOBODY),
    ("github", "the form with ids, which nobody gave", f"{PINNED}:pull_request", NOBODY),
    ("ids", "a pull request, with ids", f"{PINNED}:pull_request", PREVIEW),
    ("ids", "the protected branch, with ids", f"{PINNED}:ref:refs/heads/main", BOTH),
    ("ids", "the protected branch by name, before the ids came", "repo:acme/platform:ref:refs/heads/main", BOTH),
    ("ids", "another repository under the same name", "repo:acme@123456/platform@999999:ref:refs/heads/main", NOBODY),
    ("ids", "another owner under the same name", "repo:acme@999999/platform@456789:ref:refs/heads/main", NOBODY),
    ("ids", "the ids on other names", "repo:mallory@123456/platform@456789:ref:refs/heads/main", NOBODY),
    ("ids", "another branch, with ids", f"{PINNED}:ref:refs/heads/feature", NOBODY),
    ("environment", "the environment, escaped as GitHub does it", "repo:acme/platform:environment:production%3Aeu", BOTH),
    ("environment", "the environment, not escaped", "repo:acme/platform:environment:production:eu", NOBODY),
    ("environment", "another environment", "repo:acme/platform:environment:production", NOBODY),
    ("environment", "the environment in another case", "repo:acme/platform:environment:Production%3AEU", NOBODY),
    ("environment", "the branch without the environment", "repo:acme/platform:ref:refs/heads/main", PREVIEW),
    ("environment", "a pull request", "repo:acme/platform:pull_request", PREVIEW),
    ("environment ids", "the environment, with ids", f"{PINNED}:environment:production%3Aeu", BOTH),
    ("gitlab", "a merge request: its source branch", f"{PATH}:ref_type:branch:ref:feature/x", PREVIEW),
    ("gitlab", "the protected branch", f"{PATH}:ref_type:branch:ref:main", BOTH),
    ("gitlab", "a branch that begins like it", f"{PATH}:ref_type:branch:ref:main2", PREVIEW),
    ("gitlab", "a branch in another case", f"{PATH}:ref_type:branch:ref:Main", PREVIEW),
    ("gitlab", "a tag of the branch's name", f"{PATH}:ref_type:tag:ref:main", NOBODY),
    ("gitlab", "a branch that is named like the protected one's subject", f"{PATH}:ref_type:branch:ref:ref_type:branch:ref:main", PREVIEW),
    ("gitlab", "a fork's merge request", "project_path:mallory/platform:ref_type:branch:ref:main", NOBODY),
    ("gitlab", "another project of the group", "project_path:acme/infra/website:ref_type:branch:ref:main", NOBODY),
    ("gitlab", "a project that begins like it", "project_path:acme/infra/platform2:ref_type:branch:ref:main", NOBODY),
    ("gitlab", "a project inside a group of its name", "project_path:acme/infra/platform/x:ref_type:branch:ref:main", NOBODY),
    ("gitlab", "the project in another group", "project_path:mallory/acme/infra/platform:ref_type:branch:ref:main", NOBODY),
    ("gitlab", "the project in another case", "project_path:Acme/infra/platform:ref_type:branch:ref:main", NOBODY),
    ("gitlab", "a subject that leaves the branch out", PATH, NOBODY),
    ("gitlab", "GitHub's form", "repo:acme/infra/platform:pull_request", NOBODY),
    ("own gitlab", "a merge request", f"{PATH}:ref_type:branch:ref:feature", PREVIEW),
    ("own gitlab", "the protected branch", f"{PATH}:ref_type:branch:ref:main", BOTH),
]


@pytest.fixture(scope="module")
def made() -> dict[str, Stage]:
    return {name: deployed(settings) for name, settings in SETTINGS.items()}


@pytest.mark.parametrize(("name", "what", "subject", "roles"), TOKENS, ids=[f"{row[0]}: {row[1]}" for row in TOKENS])
def test_a_pipelines_token_gets_the_roles_that_are_its_own(made: dict[str, Stage], name: str, what: str, subject: str, roles: tuple[str, ...]) -> None:
    settings = SETTINGS[name]
    claims = {"aud": settings.audience, "sub": subject}
    got = {part for part in BOTH if trusts(trust_of(made[name], part), provider_arn(settings.host), claims, account=ACCOUNT)}
    assert got == set(roles)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("change", [{"aud": None}, {"aud": "https://github.com/acme"}, {"aud": "STS.amazonaws.com"}, {"sub": None}, {"sub": ""}], ids=str)
def test_the_right_subject_with_a_wrong_or_missing_claim_gets_nothing(made: dict[str, Stage], name: str, change: dict[str, str | None]) -> None:
    settings = SETTINGS[name]
    subject = next(row[2] for row in TOKENS if row[0] == name and row[3] == BOTH)
    claims = {key: value for key, value in {"aud": settings.audience, "sub": subject, **change}.items() if value is not None}
    for part in BOTH:
        assert not trusts(trust_of(made[name], part), provider_arn(settings.host), claims, account=ACCOUNT)


@pytest.mark.parametrize("issuer", ["gitlab.com.mallory.io", "token.actions.githubusercontent.com.mallory.io", "mallory.io"])
def test_the_right_claims_from_another_issuer_get_nothing(made: dict[str, Stage], issuer: str) -> None:
    for name, settings in SETTINGS.items():
        subject = next(row[2] for row in TOKENS if row[0] == name and row[3] == BOTH)
        for part in BOTH:
            assert not trusts(trust_of(made[name], part), provider_arn(issuer), {"aud": settings.audience, "sub": subject}, account=ACCOUNT)


def test_only_gitlabs_preview_leaves_something_open_and_that_is_the_branch(made: dict[str, Stage]) -> None:
    open_ = {(name, part) for name, one in made.items() for part in BOTH if "*" in trust_of(one, part) or "StringLike" in trust_of(one, part)}
    assert open_ == {("gitlab", "preview"), ("own gitlab", "preview")}
    for name, part in open_:
        (statement,) = json.loads(trust_of(made[name], part))["Statement"]
        assert statement["Condition"]["StringLike"] == {f"{SETTINGS[name].host}:sub": [f"{PATH}:ref_type:branch:ref:*"]}


# --- what a role may do

ELSEWHERE = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/9f1e2d3c-0000-0000-0000-000000000000"
OF_STATE = "arn:aws:s3:::acme-state/.pulumi"
RIGHTS: list[tuple[str, str, str]] = [
    # action, resource, the role that may
    ("ec2:DescribeVpcs", "*", "preview"),
    ("ec2:DescribeInstances", "*", "nobody"),
    ("ec2:CreateVpc", "*", "nobody"),
    ("ec2:RunInstances", "*", "nobody"),
    ("eks:DescribeCluster", f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/commonground-dev-k7q2", "preview"),
    ("eks:CreateAccessEntry", f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/commonground-dev-k7q2", "nobody"),
    ("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/cluster-role-1a2b3c4", "preview"),
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/cluster-role-1a2b3c4", "nobody"),
    ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/commonground-dev-ci-preview", "nobody"),
    ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/somebody", "nobody"),
    ("kms:DescribeKey", ELSEWHERE, "preview"),
    ("kms:Decrypt", ELSEWHERE, "nobody"),
    ("kms:Decrypt", STATE_KEY, "both"),
    ("kms:GenerateDataKey", STATE_KEY, "deploy"),
    ("kms:GenerateDataKey", ELSEWHERE, "nobody"),
    ("kms:CreateGrant", STATE_KEY, "nobody"),
    ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:commonground/github-app-a1b2c3", "nobody"),
    ("secretsmanager:BatchGetSecretValue", "*", "nobody"),
    ("ssm:GetParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop/password", "nobody"),
    ("ssm:GetParametersByPath", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop", "nobody"),
    ("s3:GetBucketPolicy", "arn:aws:s3:::acme-models", "preview"),
    ("s3:GetObject", "arn:aws:s3:::acme-models/shop/churn/model.bin", "nobody"),
    ("s3:GetObjectVersion", "arn:aws:s3:::acme-models/shop/churn/model.bin", "nobody"),
    ("s3:PutBucketPolicy", "arn:aws:s3:::acme-models", "nobody"),
    ("s3:ListBucket", "arn:aws:s3:::somebodys-bucket", "nobody"),
    ("ecr:GetLifecyclePolicy", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/shop", "preview"),
    ("ecr:BatchGetImage", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/shop", "nobody"),
    ("ecr:GetAuthorizationToken", "*", "nobody"),
    ("logs:DescribeLogGroups", "*", "preview"),
    ("logs:GetLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/eks/x/cluster:log-stream:y", "nobody"),
    ("sts:AssumeRole", factory.DEPLOYER, "deploy"),
    ("sts:TagSession", factory.DEPLOYER, "deploy"),
    ("sts:AssumeRole", factory.PLATFORM, "nobody"),
    ("sts:AssumeRole", f"{factory.DEPLOYER}2", "nobody"),
    ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/commonground-dev-ci-deploy", "nobody"),
    ("s3:ListBucket", "arn:aws:s3:::acme-state", "both"),
    ("s3:GetObject", f"{OF_STATE}/meta.yaml", "both"),
    ("s3:PutObject", f"{OF_STATE}/meta.yaml", "nobody"),
    ("s3:GetObject", f"{OF_STATE}/stacks/test/dev.json", "both"),
    ("s3:GetObject", f"{OF_STATE}/stacks/test/dev.json.gz", "both"),
    ("s3:PutObject", f"{OF_STATE}/stacks/test/dev.json", "deploy"),
    ("s3:DeleteObject", f"{OF_STATE}/stacks/test/dev.json.bak", "deploy"),
    ("s3:PutObject", f"{OF_STATE}/locks/organization/test/dev/1.json", "deploy"),
    ("s3:PutObject", f"{OF_STATE}/history/test/dev/dev-1.history.json", "deploy"),
    ("s3:GetObject", f"{OF_STATE}/history/test/dev/dev-1.checkpoint.json", "deploy"),
    ("s3:GetObject", f"{OF_STATE}/stacks/test/prod.json", "nobody"),
    ("s3:PutObject", f"{OF_STATE}/stacks/test/prod.json", "nobody"),
    ("s3:GetObject", f"{OF_STATE}/stacks/test/dev2.json", "nobody"),
    ("s3:GetObject", f"{OF_STATE}/stacks/shop/dev.json", "nobody"),
    ("s3:GetObject", f"{OF_STATE}/backups/test/prod/prod.1.json", "nobody"),
    ("s3:PutObject", f"{OF_STATE}/locks/organization/test/prod/1.json", "nobody"),
    ("s3:GetObject", "arn:aws:s3:::acme-state/elsewhere/.pulumi/stacks/test/dev.json", "nobody"),
]
MAY = {"preview": {"preview"}, "deploy": {"deploy"}, "both": {"preview", "deploy"}, "nobody": set[str]()}


@pytest.mark.parametrize(("action", "resource", "who"), RIGHTS, ids=[f"{action} {resource}" for action, resource, _ in RIGHTS])
def test_a_role_may_do_what_it_is_for_and_nothing_else(made: dict[str, Stage], action: str, resource: str, who: str) -> None:
    for name, one in made.items():
        assert {part for part in BOTH if allows(rights_of(one, part), action, resource)} == MAY[who], name


def test_what_somebody_attaches_to_preview_later_opens_no_secret_no_object_and_no_other_role(made: dict[str, Stage]) -> None:
    own = json.loads(rights_of(made["github"], "preview"))
    everything = {"Sid": "Attached", "Effect": "Allow", "Action": "*", "Resource": "*"}
    both = json.dumps({**own, "Statement": [*own["Statement"], everything]})
    assert allows(both, "ec2:CreateVpc", "*")
    refused = [
        (action, resource) for action, resource, _ in RIGHTS if action.startswith(("secretsmanager:", "ssm:", "sts:AssumeRole")) or "acme-models/" in resource
    ]
    assert len(refused) == 10
    assert [(action, resource) for action, resource in refused if allows(both, action, resource)] == []


def test_preview_only_reads(made: dict[str, Stage]) -> None:
    allowed = [statement for statement in json.loads(rights_of(made["github"], "preview"))["Statement"] if statement["Effect"] == "Allow"]
    actions = [action for statement in allowed for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])]
    assert [action for action in actions if not action.split(":")[1].startswith(("Describe", "Get", "List")) and action != "kms:Decrypt"] == []
    assert "*" not in "".join(actions)


def test_without_a_bucket_no_state_is_reached() -> None:
    made = deployed(github(state=None))
    for part in BOTH:
        assert not allows(rights_of(made, part), "s3:GetObject", f"{OF_STATE}/stacks/test/dev.json")
        assert not allows(rights_of(made, part), "kms:Decrypt", STATE_KEY)


# --- the rest


def test_the_provider_is_made_once_an_account_and_bound_by_the_others(made: dict[str, Stage]) -> None:
    assert made["github"].all(PROVIDER) == {}
    own = deployed(github(provider_arn=None))
    assert own.one(PROVIDER).inputs["url"] == f"https://{GITHUB}"
    assert own.one(PROVIDER).inputs["clientIdLists"] == ["sts.amazonaws.com"]
    for part in BOTH:
        assert "delivery-provider" in own.upstream(own.one(ROLE, f"delivery-{part}"))
        assert json.loads(trust_of(own, part))["Statement"][0]["Principal"] == {"Federated": "arn:aws:test:::delivery-provider"}


def test_roles_have_names_that_pipelines_can_be_written_with(made: dict[str, Stage]) -> None:
    assert {one.inputs["name"] for one in made["github"].all(ROLE).values()} == {"commonground-dev-ci-preview", "commonground-dev-ci-deploy"}


def test_preview_gets_into_the_cluster_to_see_it_without_its_secrets(made: dict[str, Stage]) -> None:
    (association,) = made["github"].all("aws:eks/accessPolicyAssociation:AccessPolicyAssociation").values()
    assert association.inputs["policyArn"] == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    assert association.inputs["clusterName"] == "shared"
    assert "delivery-preview" in made["github"].upstream(association)


def test_a_foundation_without_pipelines_has_no_identity_of_theirs() -> None:
    contracts: list[Any] = []

    def program() -> None:
        foundation = Foundation("foundation", factory.environment(delivery=None))
        assert foundation.delivery is None
        contracts.append(foundation.contract.outputs["delivery"])

    assert stage(program).all(PROVIDER) == {}
    assert contracts == [{}]


@pytest.mark.parametrize(
    "change",
    [
        {"repository": "acme/*"},
        {"repository": "acme"},
        {"repository": "*"},
        {"repository": "acme/plat?orm"},
        {"repository": "acme/${aws:username}"},
        {"branch": "*"},
        {"branch": "release/*"},
        {"branch": ""},
        {"audience": "*"},
        {"host": "*.acme.io"},
        {"host": "https://gitlab.com"},
        {"ci_environment": "prod*"},
        {"owner_id": 1},
        {"system": CiSystem.GITLAB, "ci_environment": "production"},
    ],
    ids=str,
)
def test_settings_that_pin_nothing_are_refused_by_hand_too(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        github(**change)


def test_a_preview_by_who_may_not_become_the_deployer_acts_as_that_one() -> None:
    made = stage(lambda: Foundation("foundation", factory.environment().as_caller()))
    assert made.one("pulumi:providers:aws").inputs.get("assumeRoles") is None
    config = json.loads(made.one("pulumi:providers:kubernetes").inputs["kubeconfig"])
    assert "--role-arn" not in config["users"][0]["user"]["exec"]["args"]
