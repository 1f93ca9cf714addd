"""What protection stops, before anything is changed, and the steps that lift it."""

import pytest

from tests.engine.conftest import Checkout

pytestmark = pytest.mark.engine
PROTECTED = {"one": {"size": 1, "protect": True}, "two": {"size": 1, "protect": True}, "three": {"size": 1}}


def test_destroy_makes_no_call_and_names_all_that_is_protected_and_works_once_that_is_lifted(checkout: Checkout) -> None:
    checkout.describe(PROTECTED)
    checkout.run("up", "local")
    before = checkout.cloud.calls()
    stopped = checkout.run("destroy", "local")
    assert stopped.code == 1
    assert "destroy would delete or replace what is protected; nothing was changed." in stopped.err
    assert stopped.err.endswith("  unprotected: [one, two]\n")
    assert checkout.cloud.calls() == before

    checkout.describe({name: {"size": 1} for name in PROTECTED})
    lifted = checkout.run("preview", "local")
    assert "keep one (aws:test/thing:Thing)\n      protection: on -> off" in lifted.out
    checkout.run("up", "local")
    assert checkout.run("destroy", "local").out == "local: 4 deleted\n"


def test_up_without_a_protected_resource_makes_no_call_and_works_in_two_steps(checkout: Checkout) -> None:
    checkout.describe(PROTECTED)
    checkout.run("up", "local")
    before = checkout.cloud.calls()
    checkout.describe({"one": PROTECTED["one"]})
    stopped = checkout.run("up", "local")
    assert stopped.code == 1
    assert stopped.err.endswith("  unprotected: [two]\n")
    assert checkout.cloud.calls() == before

    checkout.describe({**PROTECTED, "two": {"size": 1}})
    checkout.run("up", "local")
    checkout.describe({"one": PROTECTED["one"]})
    assert "2 deleted" in checkout.run("up", "local").out


def test_a_replacement_is_stopped_until_the_same_change_lifts_the_protection(checkout: Checkout) -> None:
    checkout.describe(PROTECTED)
    checkout.run("up", "local")
    checkout.describe({**PROTECTED, "one": {"size": 1, "place": "there", "protect": True}})
    assert checkout.run("up", "local").err.endswith("  unprotected: [one]\n")
    checkout.describe({**PROTECTED, "one": {"size": 1, "place": "there"}})
    assert "1 replaced" in checkout.run("up", "local").out


def test_protection_that_is_switched_on_is_kept_though_nothing_else_changes(checkout: Checkout) -> None:
    checkout.run("up", "local")
    checkout.describe({"one": {"size": 1, "protect": True}, "two": {"size": 2}})
    checkout.run("up", "local")
    assert checkout.run("destroy", "local").err.endswith("  unprotected: [one]\n")
