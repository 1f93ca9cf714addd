"""What documents' versions say to each other."""

import json
from typing import Any

import pytest
from hypothesis import given
from tests.preview.steps import LATER, values
from tests.preview.test_classes import patient

from commonground.engine.steps import MASK
from commonground.preview.classing.conditions import fewer, more, newer, raised
from commonground.preview.classing.documents import (
    expires_fewer_images,
    expires_more,
    expires_more_images,
    grants_less,
    grants_more,
    reaches_less,
    reaches_more,
    takes_fewer_series,
    takes_more_series,
    without,
)

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def when(operator: str, *values: str) -> dict[str, Any]:
    return {"Condition": {operator: {"aws:RequestTag/team": list(values)}}}


@pytest.mark.parametrize(
    ("before", "after", "wider", "narrower"),
    [
        (READ, {**READ, "Action": ["s3:GetObject", "s3:PutObject"]}, True, False),
        (READ, {**READ, "Action": "s3:*"}, True, False),
        (READ, {**READ, "Action": "S3:getobject"}, False, False),
        (READ, {**READ, "Resource": "*"}, True, False),
        (READ, {**READ, "Resource": "arn:aws:s3:::data/shop/*"}, False, True),
        (READ, {**READ, **when("StringEquals", "a")}, False, True),
        ({**READ, **when("StringEquals", "a")}, {**READ, **when("StringEquals", "a", "b")}, True, False),
        ({**READ, **when("StringNotEquals", "a")}, {**READ, **when("StringNotEquals", "a", "b")}, False, True),
        ({**READ, **when("StringEquals", "a")}, {**READ, **when("StringLike", "a")}, True, True),
        ({**READ, "Principal": {"AWS": "111111111111"}}, {**READ, "Principal": "*"}, True, False),
        ({**READ, "Principal": "*"}, {**READ, "Principal": {"AWS": "*"}}, False, False),
        ({**READ, "Effect": "Deny"}, {**READ, "Effect": "Deny", "Resource": "*"}, False, True),
        ({**READ, "Sid": "One"}, {**READ, "Sid": "Two"}, False, False),
    ],
)
def test_a_policy_is_compared_by_what_it_lets_do(before: dict[str, Any], after: dict[str, Any], wider: bool, narrower: bool) -> None:
    assert (grants_more(policy(before), policy(after)), grants_less(policy(before), policy(after))) == (wider, narrower)


def test_a_refusal_that_goes_is_wider_and_the_order_says_nothing() -> None:
    refusal = {**READ, "Effect": "Deny", "Action": "s3:*"}
    assert grants_more(policy(READ, refusal), policy(READ))
    assert not grants_more(policy(READ, refusal), policy(refusal, READ))
    assert not grants_less(policy(READ, refusal), policy(refusal, READ))


def test_what_a_policy_says_of_one_thing_can_be_left_out() -> None:
    other = {**READ, "Resource": "arn:aws:s3:::database/*"}
    both = policy({**READ, "Effect": "Deny", "Resource": ["arn:aws:s3:::data", "arn:aws:s3:::data/*"]}, other)
    assert json.loads(without(both, ["arn:aws:s3:::data"]))["Statement"] == [{**other, "Resource": ["arn:aws:s3:::database/*"]}]


def peers(*teams: str, **more: Any) -> list[dict[str, Any]]:
    return [{"from": [{"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "In", "values": list(teams)}]}}], **more}]


def test_pods_of_one_more_team_reach_more_whatever_its_place_in_the_list() -> None:
    assert reaches_more(peers("shop"), peers("payments", "shop"))
    assert not reaches_less(peers("shop"), peers("payments", "shop"))
    assert not reaches_more(peers("a", "b"), peers("b", "a"))


def test_a_rule_without_peers_or_ports_lets_all_through() -> None:
    assert reaches_more(peers("shop"), [{}])
    assert not reaches_less(peers("shop"), [{}])
    assert reaches_less(peers("shop"), peers("shop", ports=[{"port": 80}]))
    assert not reaches_more(peers("shop"), peers("shop", ports=[{"port": 80}]))


def test_a_part_of_a_range_of_addresses_is_not_more() -> None:
    wide, part = ([{"from": [{"ipBlock": {"cidr": cidr}}]}] for cidr in ("10.0.0.0/8", "10.1.0.0/16"))
    assert not reaches_more(wide, part)
    assert reaches_more(part, wide)
    assert not more(["10.0.0.0/8"], ["10.1.0.0/16"])
    assert fewer(["10.0.0.0/8"], ["10.1.0.0/16"])


def rules(**days: int) -> list[dict[str, Any]]:
    return [{"id": name, "status": "Enabled", "filter": {"prefix": name}, "expiration": {"days": number}} for name, number in days.items()]


def test_objects_that_are_deleted_sooner_or_at_all_are_more() -> None:
    assert expires_more(rules(a=90), rules(a=30))
    assert expires_more(rules(a=90), rules(a=90, b=900))
    assert not expires_more(rules(a=90), rules(a=120))
    assert not expires_more(rules(a=90, b=90), rules(b=90))
    assert not expires_more(rules(a=90), [{**rules(a=30)[0], "status": "Disabled"}])


def images(days: int, *released: str) -> str:
    kept = [{"selection": {"tagStatus": "tagged", "tagPatternList": [tag], "countType": "imageCountMoreThan", "countNumber": 1_000_000}} for tag in released]
    return json.dumps({"rules": [*kept, {"selection": {"tagStatus": "any", "countType": "sinceImagePushed", "countNumber": days}}]})


def test_images_that_are_kept_no_more_are_deleted() -> None:
    assert expires_more_images(images(30, "v*"), images(30))
    assert expires_more_images(images(30, "v*"), images(20, "v*"))
    assert not expires_more_images(images(30, "v*"), images(30, "v*", "r*"))
    assert expires_fewer_images(images(30, "v*"), images(30, "v*", "r*"))


def limits(**series: int) -> list[dict[str, Any]]:
    return [{"labelSet": {"team": team}, "limits": {"maxSeries": most}} for team, most in series.items()]


def test_a_lower_or_a_new_limit_takes_fewer_series_whatever_its_place_in_the_list() -> None:
    assert takes_fewer_series(limits(shop=100, payments=50), limits(payments=50, shop=90))
    assert takes_fewer_series(limits(shop=100), limits(shop=100, payments=50))
    assert not takes_fewer_series(limits(shop=100, payments=50), limits(payments=60, shop=100))
    assert takes_more_series(limits(shop=100, payments=50), limits(payments=60, shop=100))
    assert not takes_more_series(limits(shop=100), limits(shop=100))


def test_a_team_that_comes_or_goes_takes_nothing_from_the_others_where_all_others_have_a_limit_too() -> None:
    rest = {"labelSet": {}, "limits": {"maxSeries": 1000}}
    few, many = [rest, *limits(shop=100)], [rest, *limits(shop=100, payments=50)]
    assert not takes_fewer_series(few, many) and not takes_more_series(few, many)
    assert not takes_fewer_series(many, few) and not takes_more_series(many, few)
    assert takes_fewer_series(many, [rest, *limits(shop=90)])


def test_versions_are_numbers() -> None:
    assert newer("1.9", "1.10")
    assert not newer("1.36", "1.36")
    assert not newer("1.36", LATER)


def test_amounts_of_kubernetes_are_compared_with_their_units() -> None:
    assert raised("900Mi", "1Gi")
    assert not raised("1", "1000m")
    assert not raised(LATER, 5) and not raised(5, MASK)


@patient
@given(values, values)
def test_anything_at_all_can_be_compared(before: Any, after: Any) -> None:
    for condition in (grants_more, reaches_more, expires_more, expires_more_images, takes_fewer_series, more, raised, newer):
        assert condition(before, after) in (True, False)
        assert not condition(before, before)
