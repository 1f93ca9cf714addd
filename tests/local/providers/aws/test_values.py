"""Maps, tags, ARNs: values that botocore's models describe only in part."""

from typing import Any

import pytest

from commonground.local.providers.values import UNKNOWN
from tests.local.providers.aws.lives_iam import trust
from tests.local.providers.aws.refusals import refusals

ROLE = "aws:iam/role:Role"


def of_tags(tags: Any) -> list[str]:
    return refusals(ROLE, {"assumeRolePolicy": trust("ec2.amazonaws.com"), "tags": tags})


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"team": 7}, "tags.team: expected text, got int 7"),
        ({"aws:team": "shop"}, "tags.aws:team: begins with aws:"),
        ({"": "shop"}, "tags: key '' is 0 characters"),
        ({"k" * 129: "shop"}, "is 129 characters, expected 1 to 128"),
        ({"team": "v" * 257}, "tags.team: is 257 characters, expected at most 256"),
        ({str(number): "x" for number in range(51)}, "tags: has 51 tags, expected at most 50"),
        (["team"], "tags: expected a map of tags"),
    ],
)
def test_a_tag_that_aws_refuses_is_refused(tags: Any, reason: str) -> None:
    (found,) = of_tags(tags)
    assert reason in found


def test_tags_that_aws_takes_are_taken() -> None:
    assert of_tags({"team": "", "k" * 128: "v" * 256, "later": UNKNOWN, "awsome": "yes"}) == []
    assert of_tags({str(number): "x" for number in range(50)}) == []
    assert of_tags(UNKNOWN) == []


def test_tags_inside_an_argument_are_looked_at_too() -> None:
    specifications = [{"resourceType": "instance", "tags": {"team": 7}}]
    (found,) = refusals("aws:ec2/launchTemplate:LaunchTemplate", {"tagSpecifications": specifications})
    assert found == "tagSpecifications[0].tags.team: expected text, got int 7"


@pytest.mark.parametrize("arn", ["nodes", "arn:aws:iam::123456789012:user/nodes", "arn:aws:iam::1234:role/nodes"])
def test_a_role_is_named_by_its_arn(arn: str) -> None:
    inputs = {"clusterName": "shop", "namespace": "shop", "serviceAccount": "api", "roleArn": arn}
    (found,) = refusals("aws:eks/podIdentityAssociation:PodIdentityAssociation", inputs)
    assert found.startswith(f"roleArn: {arn!r} is not the ARN of a role")


def test_what_is_to_be_an_arn_is_one() -> None:
    inputs = {"clusterName": "shop", "principalArn": "arn:aws:iam::123456789012:user/me"}
    assert refusals("aws:eks/accessEntry:AccessEntry", inputs) == []
    assert refusals("aws:eks/accessEntry:AccessEntry", {**inputs, "principalArn": "me"}) == ["principalArn: 'me' is not an ARN"]
