"""Every policy passes its passing examples, finds exactly itself in its failing ones, and fails both where its condition is taken away."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from policies.policy import About, Example, Note, Policy, Resource, Severity, Stack, Strictness, Thresholds
from policies.session import judge
from policies.table import POLICIES

PASSING = [pytest.param(policy, one, id=f"{policy.id}-{index}") for policy in POLICIES for index, one in enumerate(policy.passing())]
FAILING = [pytest.param(policy, one, id=f"{policy.id}-{index}") for policy in POLICIES for index, one in enumerate(policy.failing())]


def found(example: Example, policies: tuple[Policy, ...] = POLICIES) -> set[str]:
    """Ids of the policies that an example violates."""
    return {policy.id for policy, _, said in judge(example.resources, example.thresholds, policies) if not isinstance(said, Note)}


@pytest.mark.parametrize(("policy", "example"), PASSING)
def test_no_policy_finds_anything_in_a_passing_example(policy: Policy, example: Example) -> None:
    assert found(example) == set(), example.about


@pytest.mark.parametrize(("policy", "example"), FAILING)
def test_a_failing_example_violates_its_own_policy_and_no_other(policy: Policy, example: Example) -> None:
    assert found(example) == {policy.id}, example.about


def nothing(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    return iter(())


def always(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    yield "always"


def nothing_in_all(stack: Stack, thresholds: Thresholds) -> Iterator[About]:
    return iter(())


def always_in_all(stack: Stack, thresholds: Thresholds) -> Iterator[About]:
    yield About(None, "always")


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
def test_its_examples_tell_a_policy_that_finds_nothing_from_it(policy: Policy) -> None:
    blind = (replace(policy, check=policy.check and nothing, whole=policy.whole and nothing_in_all),)
    assert all(found(example, blind) != {policy.id} for example in policy.failing())


@pytest.mark.parametrize("policy", [policy for policy in POLICIES if policy.check and policy.whole], ids=lambda policy: policy.id)
def test_its_examples_tell_each_half_of_a_policy_from_the_whole(policy: Policy) -> None:
    for half in (replace(policy, check=nothing), replace(policy, whole=nothing_in_all)):
        assert any(found(example, (half,)) != {policy.id} for example in policy.failing())


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
def test_its_examples_tell_a_policy_that_always_finds_something_from_it(policy: Policy) -> None:
    blind = (replace(policy, check=policy.check and always, whole=policy.whole and always_in_all),)
    assert any(found(example, blind) for example in policy.passing())


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
def test_a_policy_says_what_it_is_and_has_both_kinds_of_example(policy: Policy) -> None:
    assert policy.passing()
    assert policy.failing()
    assert policy.check or policy.whole
    assert policy.id == policy.id.lower().replace("_", "-")
    assert len(policy.why) > 30
    assert len(policy.fix) > 15
    assert policy.types


def test_ids_are_one_policys_each() -> None:
    assert len({policy.id for policy in POLICIES}) == len(POLICIES)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
def test_every_single_type_that_a_policy_names_is_in_a_failing_example(policy: Policy) -> None:
    """A row of a table that no example covers could be taken out unseen. Types that only help to judge others stand in passing examples."""
    exact = {name for name in policy.types if "*" not in name}
    covered = {one.type for example in (*policy.failing(), *policy.passing()) for one in example.resources}
    assert exact <= covered


@pytest.mark.parametrize(
    ("severity", "mandatory"),
    [
        (Severity.ALWAYS, {Strictness.LOW, Strictness.MEDIUM, Strictness.HIGH}),
        (Severity.MEDIUM, {Strictness.MEDIUM, Strictness.HIGH}),
        (Severity.HIGH, {Strictness.HIGH}),
    ],
)
def test_the_stricter_an_environment_the_more_is_mandatory(severity: Severity, mandatory: set[Strictness]) -> None:
    assert {strictness for strictness in Strictness if severity.mandatory(strictness)} == mandatory
