"""Parity between previews against a state: what is made anew in one environment has no id yet, and that is no difference of shape."""

from commonground.engine.steps import Step
from commonground.preview import Facts, compare

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SUBNET = "aws:ec2/subnet:Subnet"


def subnet(environment: str, vpc: str, size: int) -> Step:
    urn = f"urn:pulumi:{environment}::commonground::{SUBNET}::public"
    return Step("same", urn, SUBNET, custom=True, new={"vpcId": vpc, "size": size})


def shape(vpc: str, size: int) -> list[tuple[str, tuple[str, str]]]:
    found = compare((Facts("dev"), [subnet("dev", "vpc-1", 1)]), (Facts("prod"), [subnet("prod", vpc, size)]))
    return [(difference.path, difference.values) for difference in found.shape]


def test_what_is_known_after_up_only_says_nothing_about_the_shape_and_what_is_known_beside_it_does() -> None:
    assert shape("vpc-1", 1) == []
    assert shape("vpc-2", 1) == [("vpcId", ('"vpc-1"', '"vpc-2"'))]
    assert shape(UNKNOWN, 1) == []
    assert shape(UNKNOWN, 2) == [("size", ("1", "2"))]
