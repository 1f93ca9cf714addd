"""A preview as a reviewer reads it."""

from typing import Any

import pytest

from commonground.engine.report import outputs, render
from commonground.engine.steps import MARK, MASK, Step, masked

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def step(op: str, name: str, type_: str = "aws:ec2/vpc:Vpc", **more: Any) -> Step:
    urn = f"urn:pulumi:dev::commonground::commonground:network:Network${type_}::{name}"
    return Step(op, urn, type_, parent="urn:pulumi:dev::commonground::commonground:network:Network::network", custom=True, **more)


def test_the_order_of_events_makes_no_difference() -> None:
    steps = [step("create", "b", new={"x": 1, "a": [{"b": 1, "a": 2}]}), step("create", "a"), step("same", "c")]
    assert render(steps, title="dev") == render(list(reversed(steps)), title="dev")


def test_what_is_the_same_is_only_counted_and_a_replacement_counts_once() -> None:
    steps = [step("same", "a"), step("create-replacement", "b"), step("replace", "b", diff={"cidrBlock": "update-replace"}), step("delete-replaced", "b")]
    text = render(steps, title="dev")
    assert text.startswith("dev: 0 to create, 0 to change, 1 to replace, 0 to delete, 1 unchanged\n\nnetwork\n  ± replace b")
    assert "a (" not in text


def test_each_difference_is_old_and_new_at_its_path() -> None:
    changed = step(
        "update",
        "vpc",
        old={"tags": {"a.b": "x"}, "rules": [{"port": 1}], "gone": True},
        new={"tags": {"a.b": "y"}, "rules": [{"port": UNKNOWN}], "secret": MASK},
        was={"size": 3},
        diff={'tags["a.b"]': "update", "rules[0].port": "update-replace", "gone": "delete", "secret": "add", "size": "delete"},
    )
    assert render([changed], title="dev").splitlines()[4:] == [
        "      gone: true -> nothing",
        "      rules[0].port: 1 -> known after up  (replaces it)",
        "      secret: nothing -> [secret]",
        "      size: 3 -> nothing",
        '      tags["a.b"]: "x" -> "y"',
    ]


def test_a_new_resource_is_shown_with_its_properties() -> None:
    made = step("create", "vpc", new={"cidr": "10.0.0.0/16", "__defaults": [], "arn": UNKNOWN, "list": [UNKNOWN]})
    assert render([made], title="dev").splitlines()[4:] == ["      arn: known after up", '      cidr: "10.0.0.0/16"', '      list: ["<known after up>"]']


@pytest.mark.parametrize("op", ["create", "update", "replace"])
def test_what_is_protected_after_the_step_is_marked(op: str) -> None:
    assert render([step(op, "key", protected=True)], title="dev").splitlines()[-1].endswith(" key (aws:ec2/vpc:Vpc) [protected]")
    assert "[protected]" not in render([step(op, "key", protect=True)], title="dev")


def test_the_mark_of_a_secret_is_masked_however_deep() -> None:
    assert masked({"a": [{MARK[0]: MARK[1], "ciphertext": "x"}]}) == {"a": [MASK]}


def test_outputs_are_sorted_and_indented() -> None:
    assert outputs({"b": "x", "a": {"d": 1, "c": ["y"]}}) == 'a:\n  c: ["y"]\n  d: 1\nb: x\n'
