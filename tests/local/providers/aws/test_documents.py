"""IAM policy documents: refused offline for what AWS refuses, and equal where they mean the same."""

import json
from typing import Any

import pytest

from commonground.local.providers.aws.table import documents
from commonground.local.providers.values import UNKNOWN
from tests.local.providers.aws.refusals import change, refusals

ALLOW: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::models/*"}
TRUST: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}


def policy(*statements: Any, **top: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **top})


def identity(text: str) -> list[str]:
    return list(documents.mistakes(documents.IDENTITY, text))


def without(statement: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name not in names}


@pytest.mark.parametrize(
    "statement",
    [
        ALLOW,
        {**without(ALLOW, "Action"), "NotAction": ["iam:*", "sts:*"]},
        {**without(ALLOW, "Resource"), "NotResource": "*"},
        {**ALLOW, "Sid": "Read1", "Condition": {"ForAnyValue:StringLikeIfExists": {"aws:PrincipalTag/team": ["shop", "${aws:username}"]}}},
        {**ALLOW, "Action": "*", "Condition": {"Bool": {"aws:SecureTransport": False}}},
    ],
)
def test_a_sound_policy_of_an_identity_is_taken(statement: dict[str, Any]) -> None:
    assert identity(policy(statement)) == []


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ({**ALLOW, "Effect": "allow"}, "Effect is 'allow'"),
        (without(ALLOW, "Action"), "names no Action"),
        ({**ALLOW, "NotAction": "s3:*"}, "both Action and NotAction"),
        ({**ALLOW, "Action": []}, "Action is empty"),
        ({**ALLOW, "Action": "GetObject"}, "not like service:Action"),
        (without(ALLOW, "Resource"), "names no Resource"),
        ({**ALLOW, "Resource": "models/*"}, "neither an ARN"),
        ({**ALLOW, "Principal": "*"}, "Principal has no place"),
        ({**ALLOW, "Sid": "read models"}, "letters and digits"),
        ({**ALLOW, "Actions": "s3:*"}, "Actions is not an element"),
        ({**ALLOW, "Condition": {"StringEqual": {"aws:username": "me"}}}, "'StringEqual' is not an operator"),
        ({**ALLOW, "Condition": {"StringEquals": "me"}}, "has no keys"),
        ("everything", "is not an object"),
    ],
)
def test_a_statement_that_iam_refuses_is_refused_with_its_number(statement: Any, reason: str) -> None:
    (found,) = identity(policy(ALLOW, statement))
    assert found.startswith("Statement[1]")
    assert reason in found


def test_a_document_that_is_none_is_refused() -> None:
    assert "is not JSON" in identity("{")[0]
    assert "not an object" in identity("[]")[0]
    assert identity(json.dumps({"Version": "2012-10-17"})) == ["has no Statement"]
    assert "needs Version" in identity(json.dumps({"Statement": [ALLOW]}))[0]
    assert "is not one of" in identity(policy(ALLOW, Version="2012-10-18"))[0]
    assert "Statements" in identity(policy(ALLOW, Statements=[]))[0]
    assert "more than one" in identity(policy({**ALLOW, "Sid": "One"}, {**ALLOW, "Sid": "One"}))[0]
    assert "at most 6144" in identity(policy({**ALLOW, "Resource": [f"arn:aws:s3:::bucket-{number}/*" for number in range(300)]}))[0]


def test_white_space_counts_for_nothing_in_its_size() -> None:
    assert identity(policy(ALLOW) + " " * 7000) == []


def test_what_is_not_known_yet_is_not_wrong() -> None:
    assert identity(UNKNOWN) == []
    assert refusals("aws:iam/role:Role", {"assumeRolePolicy": UNKNOWN}) == []


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (without(TRUST, "Principal"), "names no Principal"),
        ({**TRUST, "Resource": "*"}, "Resource has no place"),
        ({**TRUST, "Action": "ec2:RunInstances"}, "no place in a trust policy"),
        ({**TRUST, "Principal": {"Services": "ec2.amazonaws.com"}}, "'Services' is not one of"),
        ({**TRUST, "Principal": {"AWS": "arn:aws:iam::123456789012:role/*"}}, "without wildcards"),
        ({**TRUST, "Principal": {"AWS": "deployer"}}, "'deployer' is not an account"),
        ({**TRUST, "Principal": {"Service": "ec2"}}, "'ec2' is not a service"),
        ({**TRUST, "Principal": "ec2.amazonaws.com"}, "neither '*' nor an object"),
    ],
)
def test_a_trust_policy_says_who_may_take_the_role_and_nothing_else(statement: dict[str, Any], reason: str) -> None:
    (found,) = refusals("aws:iam/role:Role", {"assumeRolePolicy": policy(statement)})
    assert found.startswith("assumeRolePolicy: ")
    assert reason in found


@pytest.mark.parametrize(
    "principal", ["*", {"AWS": ["123456789012", "arn:aws:iam::123456789012:root", "AROA1234567890ABCDEFG"]}, {"Service": "pods.eks.amazonaws.com"}]
)
def test_principals_that_iam_knows_are_taken(principal: Any) -> None:
    assert refusals("aws:iam/role:Role", {"assumeRolePolicy": policy({**TRUST, "Principal": principal})}) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({**ALLOW, "Action": ["s3:GetObject", "s3:PutObject"]}, {**ALLOW, "Action": ["s3:PutObject", "s3:GetObject"]}),
        (ALLOW, {**ALLOW, "Resource": [ALLOW["Resource"]]}),
        ({**ALLOW, "Condition": {"Bool": {"aws:SecureTransport": True}}}, {**ALLOW, "Condition": {"Bool": {"aws:SecureTransport": ["true"]}}}),
    ],
)
def test_another_order_or_spelling_is_no_change(one: dict[str, Any], other: dict[str, Any]) -> None:
    last = {**ALLOW, "Effect": "Deny"}
    changed, _ = change("aws:iam/policy:Policy", {"policy": policy(one, last)}, {"policy": policy(last, other)})
    assert changed == set()


def test_an_account_and_its_root_are_the_same_principal() -> None:
    number, root = ({**TRUST, "Principal": {"AWS": name}} for name in ("123456789012", "arn:aws:iam::123456789012:root"))
    changed, _ = change("aws:iam/role:Role", {"assumeRolePolicy": policy(number)}, {"assumeRolePolicy": policy(root)})
    assert changed == set()


@pytest.mark.parametrize("other", [{**ALLOW, "Action": "s3:PutObject"}, {**ALLOW, "Effect": "Deny"}, {**ALLOW, "Condition": {"Null": {"aws:username": True}}}])
def test_another_meaning_is_a_change_in_place(other: dict[str, Any]) -> None:
    changed, replaces = change("aws:iam/policy:Policy", {"policy": policy(ALLOW)}, {"policy": policy(other)})
    assert (changed, replaces) == ({"policy"}, set())
