"""What node groups may cost at most, in nodes and GPUs."""

from typing import Any

import pytest
from tests.preview.steps import LATER, step

from commonground.engine.steps import Step
from commonground.preview.classing.cost import NODE_GROUP, cost, reasons
from commonground.preview.facts import Size
from commonground.preview.model import Amount, Class, Cost, Reason

SIZES = {"m7i.large": Size(2, 0), "m7i.xlarge": Size(4, 0), "g6.xlarge": Size(4, 1), "g6.12xlarge": Size(48, 4)}
UP, DOWN = Class.COST_UP, Class.COST_DOWN


def group(most: Any, *types: str) -> dict[str, Any]:
    return {"scalingConfig": {"maxSize": most}, "instanceTypes": list(types)}


def changed(old: dict[str, Any], new: dict[str, Any], name: str = "nodes") -> Step:
    op = "update" if old and new else "create" if new else "delete"
    return step(op, name, NODE_GROUP, old=old, new=new, diff={"scalingConfig.maxSize": "update"} if op == "update" else {})


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (group(2, "m7i.large"), group(3, "m7i.large"), [Reason(UP, "at most 2 -> 3 nodes")]),
        (group(3, "m7i.large"), group(2, "m7i.large"), [Reason(DOWN, "at most 3 -> 2 nodes")]),
        (group(2, "g6.xlarge"), group(3, "g6.xlarge"), [Reason(UP, "at most 2 -> 3 nodes, 2 -> 3 GPUs")]),
        (group(2, "g6.xlarge"), group(1, "g6.12xlarge"), [Reason(UP, "at most 2 -> 4 GPUs"), Reason(DOWN, "at most 2 -> 1 nodes")]),
        (group(2, "m7i.large"), group(2, "m7i.xlarge"), [Reason(UP, "at most 4 -> 8 vCPUs")]),
        (group(2, "m7i.large", "m7i.xlarge"), group(2, "m7i.xlarge"), []),
        ({}, group(5, "g6.xlarge"), [Reason(UP, "at most 0 -> 5 nodes, 0 -> 5 GPUs")]),
        (group(5, "m7i.large"), {}, [Reason(DOWN, "at most 5 -> 0 nodes")]),
        ({}, group(LATER, "g6.xlarge"), [Reason(UP, "its nodes cost by the hour")]),
        (group(2, "p9.large"), group(2, "g6.12xlarge"), [Reason(UP, "at most 8 GPUs, and how many there may be now is not known")]),
        (group(2, "m7i.large"), group(2, "m7i.large"), []),
    ],
)
def test_a_change_says_how_much_more_or_less(old: dict[str, Any], new: dict[str, Any], said: list[Reason]) -> None:
    assert list(reasons(changed(old, new), SIZES)) == said


def test_all_groups_count_also_those_that_do_not_change() -> None:
    same = step("same", "others", NODE_GROUP, old=group(4, "g6.xlarge"), new=group(4, "g6.xlarge"))
    steps = [
        same,
        changed(group(2, "m7i.large"), group(3, "m7i.large")),
        changed({}, group(1, "g6.12xlarge"), "new"),
        changed(group(6, "m7i.large"), {}, "old"),
    ]
    assert cost(steps, SIZES) == Cost(Amount(12, 8), Amount(4, 8))


def test_without_a_change_of_a_group_there_is_nothing_to_say() -> None:
    assert cost([step("same", "nodes", NODE_GROUP, old=group(4), new=group(4)), step("create")], SIZES) is None


def test_what_is_not_known_is_not_guessed() -> None:
    assert cost([changed(group(2, "p9.large"), group(3, "p9.large"))], SIZES) == Cost(Amount(2, 3), Amount(None, None))
    assert cost([changed(group(2, "g6.xlarge"), group(LATER, "g6.xlarge"))], SIZES) == Cost(Amount(2, None), Amount(2, None))
