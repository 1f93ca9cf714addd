"""Tokens of `aws eks get-token`, and whom they let in."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from commonground.local.cluster.tokens import Authenticator, Caller, Entry, TokenError, caller, parse

ROLE = "arn:aws:iam::123456789012:role/commonground-deploy"
IDENTITY = {"UserId": "AROAEXAMPLE:session@acme", "Account": "123456789012", "Arn": "arn:aws:sts::123456789012:assumed-role/commonground-deploy/session@acme"}
ENTRY = Entry("arn:aws:sts::123456789012:assumed-role/commonground-deploy/{{SessionName}}", ("commonground:shop:developer",))
AT_ONCE = timedelta()


def token(age: timedelta = AT_ONCE, host: str = "sts.eu-central-1.amazonaws.com", **changed: str) -> str:
    """Signed that long before now: tests are collected long before they run."""
    signed = datetime.now(UTC) - age
    parameters = {
        "Action": "GetCallerIdentity",
        "Version": "2011-06-15",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "ASIAEXAMPLE/20260101/eu-central-1/sts/aws4_request",
        "X-Amz-Date": signed.strftime("%Y%m%dT%H%M%SZ"),
        "X-Amz-Expires": "60",
        "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
        "X-Amz-Signature": "0" * 64,
    } | {name.replace("_", "-"): value for name, value in changed.items()}
    return "k8s-aws-v1." + base64.urlsafe_b64encode(f"https://{host}/?{urlencode(parameters)}".encode()).decode().rstrip("=")


def authenticator(entry: Entry | None = ENTRY, identity: dict[str, str] = IDENTITY) -> Authenticator:
    return Authenticator(lambda call: identity, lambda who: entry if who.is_principal(ROLE) else None)


def test_a_session_of_the_role_comes_in_with_the_entrys_groups() -> None:
    user = authenticator().user(token())
    assert user.groups == ("commonground:shop:developer",)
    assert user.name == "arn:aws:sts::123456789012:assumed-role/commonground-deploy/session-acme"
    assert user.extra["canonicalArn"] == [ROLE]


def test_a_cluster_administrator_is_kubernetes_administrator() -> None:
    entry = Entry("deployer", (), (("AmazonEKSClusterAdminPolicy", ()),))
    assert authenticator(entry).user(token()).groups == ("system:masters",)


def test_each_other_access_policy_is_a_group() -> None:
    entry = Entry("operator", (), (("AmazonEKSViewPolicy", ()), ("AmazonEKSEditPolicy", ("shop", "shop-jobs"))))
    assert authenticator(entry).user(token()).groups == (
        "commonground:access:AmazonEKSViewPolicy",
        "commonground:access:AmazonEKSEditPolicy:shop",
        "commonground:access:AmazonEKSEditPolicy:shop-jobs",
    )


def test_an_administrator_of_one_namespace_is_none_of_the_cluster() -> None:
    entry = Entry("operator", (), (("AmazonEKSClusterAdminPolicy", ("shop",)),))
    assert "system:masters" not in authenticator(entry).user(token()).groups


def test_a_principal_without_an_entry_stays_out() -> None:
    with pytest.raises(TokenError, match="has no access entry"):
        authenticator(identity=IDENTITY | {"Arn": "arn:aws:sts::123456789012:assumed-role/stranger/me"}).user(token())


def test_the_same_role_of_another_account_is_somebody_else() -> None:
    with pytest.raises(TokenError, match="has no access entry"):
        authenticator(identity=IDENTITY | {"Arn": IDENTITY["Arn"].replace("123456789012", "210987654321")}).user(token())


def test_a_role_with_a_path_is_known_by_its_session() -> None:
    who = caller(IDENTITY)
    assert who.is_principal("arn:aws:iam::123456789012:role/teams/shop/commonground-deploy")
    assert not who.is_principal("arn:aws:iam::123456789012:user/commonground-deploy")


def test_an_iam_user_is_itself() -> None:
    who = caller({"UserId": "AIDAEXAMPLE", "Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/ada"})
    assert who.is_principal("arn:aws:iam::123456789012:user/ada")


def test_keys_of_nobody_stay_out() -> None:
    with pytest.raises(TokenError, match="neither a role's session nor an IAM user"):
        authenticator(identity={"UserId": "X", "Account": "123456789012", "Arn": "arn:aws:sts::123456789012:user/moto"}).user(token())


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("abc", "does not begin with k8s-aws-v1."),
        ("k8s-aws-v1.%%%", "no encoded URL"),
        (token(Action="AssumeRole"), "no call of STS"),
        (token(host="sts.example.com"), "no call of STS"),
        (token(X_Amz_SignedHeaders="host"), "leaves out the header x-k8s-aws-id"),
        (token(RoleArn=ROLE), "parameters that such a call has not"),
        (token(action="GetCallerIdentity"), "parameters that such a call has not"),
        (token(X_Amz_Signature=""), "no encoded URL|not signed"),
    ],
)
def test_what_is_no_token_for_a_cluster_is_refused(given: str, reason: str) -> None:
    with pytest.raises(TokenError, match=reason):
        parse(given)


@pytest.mark.parametrize("age", [timedelta(minutes=16), timedelta(minutes=-6)], ids=["old", "of the future"])
def test_a_token_that_is_not_fresh_is_refused(age: timedelta) -> None:
    with pytest.raises(TokenError, match="good for 15 minutes"):
        parse(token(age))


def test_a_review_says_who_or_why_not() -> None:
    review: dict[str, Any] = {"spec": {"token": token()}}
    assert authenticator().review(review)["status"]["user"]["groups"] == ["commonground:shop:developer"]
    refused = authenticator(None).review(review)
    assert refused["kind"] == "TokenReview"
    assert not refused["status"]["authenticated"]
    assert "has no access entry" in refused["status"]["error"]


def test_policies_are_bound_before_anybody_comes_in() -> None:
    told: list[tuple[str, tuple[str, ...]]] = []
    entry = Entry("operator", (), (("AmazonEKSViewPolicy", ()),))

    def find(_: Caller) -> Entry:
        return entry

    Authenticator(lambda call: IDENTITY, find, lambda policy, namespaces: told.append((policy, namespaces))).user(token())
    assert told == [("AmazonEKSViewPolicy", ())]
