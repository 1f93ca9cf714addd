"""What differs between two sets of inputs, as the engine shows it."""

import json
from typing import Any

import pytest

from commonground.local.providers.diff import Rules, compare

SETS = Rules(sets=("logs", "rules"))


def changes(old: list[Any], new: list[Any], name: str = "logs") -> dict[str, str]:
    return compare({name: old}, {name: new}, SETS).changes


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (["b", "a"], ["a", "b"], {}),
        (["scheduler", "api"], ["api", "audit", "scheduler"], {"logs[1]": "add"}),
        (["scheduler", "audit", "api"], ["api", "scheduler"], {"logs[1]": "delete"}),
        (["scheduler", "api"], ["api", "audit"], {"logs[1]": "update"}),
        (["a", "b", "x", "y"], ["x", "d", "y"], {"logs[1]": "update", "logs[0]": "delete"}),
        (["x", "a"], ["c", "b", "x"], {"logs[1]": "update", "logs[0]": "add"}),
        (["a", "a"], ["a"], {"logs[1]": "delete"}),
    ],
)
def test_the_items_of_a_set_are_named_by_where_they_really_are(old: list[str], new: list[str], expected: dict[str, str]) -> None:
    assert changes(old, new) == expected


def test_what_changed_inside_an_item_of_a_set_is_named_by_its_place_in_the_program() -> None:
    old = [{"port": 22, "from": "z"}, {"port": 80, "from": "y"}]
    new = [{"port": 443, "from": "y"}, {"port": 22, "from": "z"}]
    assert changes(old, new, "rules") == {"rules[0].port": "update"}


@pytest.mark.parametrize("old", [["a"], ["a", "b"], ["c", "b", "a"], ["d", "a", "c", "b"]])
@pytest.mark.parametrize("new", [[], ["b"], ["e", "a"], ["a", "f", "b", "e"]])
def test_everything_that_came_and_went_is_told_once(old: list[str], new: list[str]) -> None:
    kinds = list(changes(old, new).values())
    gone, come = len(set(old) - set(new)), len(set(new) - set(old))
    assert kinds.count("update") == min(gone, come)
    assert len(kinds) == max(gone, come), json.dumps([old, new])
