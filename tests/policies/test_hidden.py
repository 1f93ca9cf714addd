"""Whatever a stack has in it, no policy breaks; what is secret or not known yet is never a violation, and never in a message."""

import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policies.policy import EXAMPLE, Example, Note, Policy, Resource, resource
from policies.session import judge
from policies.table import POLICIES
from policies.values import HIDDEN, from_struct
from tests.policies.structs import UNKNOWN, secret, struct

EXAMPLES = [(policy, one) for policy in POLICIES for one in (*policy.passing(), *policy.failing())]
LOOKED_AT = sorted({one.type for _, example in EXAMPLES for one in example.resources})
MEASURED = replace(EXAMPLE, protected=True, gpus=1, gpu_instance_types=("g6.*",), required_tags=("team",))
MARK = "hunter2-hunter2"


def tokens(package: str) -> list[str]:
    """Type tokens of a provider's SDK, by its source."""
    spec = find_spec(package)
    assert spec and spec.origin
    found: set[str] = set()
    for file in Path(spec.origin).parent.rglob("*.py"):
        found |= set(re.findall(r"^            ['\"]((?:aws|kubernetes):[\w./-]+:\w+)['\"],$", file.read_text("utf-8"), re.MULTILINE))
    return sorted(found)


TYPES = [*tokens("pulumi_aws"), *tokens("pulumi_kubernetes")]


# Names and values that policies ask for, so that random properties get past their first question.
def _inner_keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _inner_keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _inner_keys(item)


WORDS = sorted({key for _, example in EXAMPLES for one in example.resources for key in _inner_keys(one.props)})
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 70000),
    st.floats(allow_nan=True),
    st.text(max_size=8),
    st.sampled_from(["*", "0.0.0.0/0", "true", "g6.xlarge", "1.33", "AL2_x86_64", "KMS", "{", "[]", '{"Statement": [{"Effect": "Allow", "Action": 5}]}', ""]),
    st.just(HIDDEN),
)
VALUES = st.recursive(LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)), max_leaves=12)
PROPERTIES = st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=6)


@pytest.mark.parametrize("type_", LOOKED_AT)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(properties=PROPERTIES, provider=PROPERTIES)
def test_no_properties_break_a_policy_that_looks_at_them(type_: str, properties: dict[str, Any], provider: dict[str, Any]) -> None:
    list(judge([resource(type_, properties, provider=provider), resource(type_, {}, "other")], MEASURED))


@settings(max_examples=300, deadline=None)
@given(type_=st.sampled_from(TYPES), properties=PROPERTIES)
def test_no_type_of_the_providers_breaks_a_policy(type_: str, properties: dict[str, Any]) -> None:
    list(judge([resource(type_, properties)], MEASURED))


@pytest.mark.parametrize("value", [None, HIDDEN, 5, True, "text", [], {}, [None], [HIDDEN], [{}], {"a": HIDDEN}], ids=repr)
def test_no_type_breaks_a_policy_by_one_value_in_the_place_of_all_properties(value: Any) -> None:
    properties = dict.fromkeys(WORDS, value)
    assert len(TYPES) > 1500
    for type_ in TYPES:
        list(judge([resource(type_, properties)], MEASURED))


def paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in properties."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*before, key)
        yield from paths(item, (*before, key))


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Properties with another value at a place."""
    if not path:
        return new
    if isinstance(value, dict):
        return {**value, path[0]: put(value[path[0]], path[1:], new)}
    return [put(item, path[1:], new) if index == path[0] else item for index, item in enumerate(value)]


def without(example: Example, new: Any) -> Iterator[Example]:
    """The example with one value after the other replaced."""
    for index, one in enumerate(example.resources):
        for path in paths(one.props):
            props = from_struct(struct(put(plain(one.props), path, new)))
            changed = Resource(one.type, one.name, props, one.urn, one.protect, one.parent, one.provider, one.sources)
            yield replace(example, resources=(*example.resources[:index], changed, *example.resources[index + 1 :]))


def plain(value: Any) -> Any:
    """As the engine sends it, unknowns too."""
    if value is HIDDEN:
        return UNKNOWN
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def violated(example: Example) -> set[str]:
    return {policy.id for policy, _, said in judge(example.resources, example.thresholds) if not isinstance(said, Note)}


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
def test_a_value_that_is_not_known_yet_is_never_a_violation(policy: Policy) -> None:
    for example in (*policy.passing(), *policy.failing()):
        before = violated(example)
        for changed in without(example, UNKNOWN):
            assert violated(changed) <= before, example.about


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
def test_a_secret_is_never_a_violation_and_never_in_a_message(policy: Policy) -> None:
    for example in (*policy.passing(), *policy.failing()):
        before = violated(example)
        for changed in without(example, secret({"password": MARK, "cidrIpv4": "0.0.0.0/0"})):
            assert violated(changed) <= before, example.about
            assert MARK not in str([said for _, _, said in judge(changed.resources, changed.thresholds)])


@pytest.mark.parametrize("policy", [policy for policy in POLICIES if policy.check], ids=lambda policy: policy.id)
def test_what_would_be_a_violation_is_none_where_all_of_it_is_secret(policy: Policy) -> None:
    """What is not there at all still is one: that nothing was said is no secret."""
    for example in policy.failing():
        said = [one for one in example.resources if one.props]
        hidden = tuple(Resource(one.type, one.name, dict.fromkeys([*one.props, *WORDS], HIDDEN), one.urn, True) for one in said)
        assert violated(replace(example, resources=hidden)) <= PRESENT


PRESENT = {"no-public-repositories", "no-public-buckets", "tls-only", "customer-keys"}
"""A repository in the public gallery is one whatever its properties are; of a bucket other resources are missing."""
