"""What a user can rely on of policy documents, trust and grants."""

import json

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.components.parts import statements

from commonground.iam import (
    Effect,
    ExistingRole,
    Identity,
    Principals,
    Statement,
    StatementError,
    document,
    grant,
    trust_pod_identity,
    trust_service,
)


@pytest.fixture
def text(deploy):
    """The text of a document, once its Outputs are known."""

    def run(make) -> str:
        found: list[str] = []
        deploy(lambda: make().apply(found.append))
        (result,) = found
        return result

    return run


def test_a_document_has_iams_version_and_its_statements_in_order(text):
    result = json.loads(text(lambda: document([Statement("First", ("s3:GetObject",)), Statement("Second", ("s3:PutObject",))])))
    assert result["Version"] == "2012-10-17"
    assert [statement["Sid"] for statement in result["Statement"]] == ["First", "Second"]


def test_parts_may_be_outputs_wherever_they_stand(text):
    arn = pulumi.Output.from_input("arn:aws:s3:::data")

    def make() -> pulumi.Output[str]:
        return document([Statement("Read", ("s3:GetObject",), (arn, "b"), Principals.arns(arn), {"ArnLike": {"aws:SourceArn": (arn, "c")}})])

    found = statements(text(make))["Read"]
    assert found["Resource"] == ["arn:aws:s3:::data", "b"]
    assert found["Principal"] == {"AWS": "arn:aws:s3:::data"}
    assert found["Condition"] == {"ArnLike": {"aws:SourceArn": ["arn:aws:s3:::data", "c"]}}


def test_everybody_is_a_star_and_an_account_is_its_root():
    assert Statement("Refuse", ("s3:*",), principals=Principals.everybody(), effect=Effect.DENY).element()["Principal"] == "*"


def test_an_account_is_named_by_its_root(text):
    found = statements(text(lambda: document([Statement("All", ("kms:*",), principals=Principals.account("111122223333"))])))
    assert found["All"]["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}


@given(st.text(min_size=0, max_size=12).filter(lambda sid: not (sid.isascii() and sid.isalnum())))
def test_a_sid_that_iam_refuses_is_refused_here(sid):
    with pytest.raises(StatementError) as caught:
        Statement(sid, ("s3:GetObject",))
    assert caught.value.sid == sid


def test_a_statement_without_actions_is_refused():
    with pytest.raises(StatementError, match="'Nothing': expected at least one action"):
        Statement("Nothing", ())


def test_two_statements_of_one_name_are_refused():
    with pytest.raises(StatementError, match="'Read': expected a Sid of its own"):
        document([Statement("Read", ("s3:GetObject",)), Statement("Read", ("s3:PutObject",))])


def test_a_services_trust_has_no_resource_and_can_be_limited_to_an_account(text):
    found = statements(text(lambda: trust_service("ec2.amazonaws.com")))["AssumedByService"]
    assert found == {"Sid": "AssumedByService", "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    limited = statements(text(lambda: trust_service("ec2.amazonaws.com", account="111122223333")))["AssumedByService"]
    assert limited["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}


def test_pods_take_a_role_with_their_session_tags(text):
    found = statements(text(trust_pod_identity))["AssumedByPods"]
    assert found["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert found["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert "Condition" not in found


def test_pods_of_one_cluster_only_take_a_role_that_says_so(text):
    found = statements(text(lambda: trust_pod_identity(account="111122223333", cluster_arn="arn:c")))["AssumedByPods"]
    assert found["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}, "ArnEquals": {"aws:SourceArn": "arn:c"}}


def test_a_grant_goes_to_a_role_that_is_there_already(deploy):
    shop = Identity("shop", ExistingRole(name="acme-shop", arn="arn:aws:iam::111122223333:role/acme-shop"))
    result = deploy(lambda: grant("models/churn-pull", shop, [Statement("Pull", ("ecr:BatchGetImage",))]))
    assert result.all("aws:iam/rolePolicy:RolePolicy")["models.churn-pull-shop"]["role"] == "acme-shop"
