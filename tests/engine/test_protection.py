"""What protection stops, before anything is changed, and the steps that lift it."""

import pytest
from tests.engine.conftest import PROTECTED, Checkout, Result

pytestmark = pytest.mark.engine


def test_destroy_makes_no_call_and_names_all_that_is_protected(protected: Checkout) -> None:
    before = protected.cloud.calls()
    stopped = protected.run("destroy", "local")
    assert stopped.code == 1
    assert "destroy would delete or replace what is protected; nothing was changed." in stopped.err
    assert stopped.err.endswith("  unprotected: [one, two]\n")
    assert protected.cloud.calls() == before


def test_up_that_would_replace_one_and_delete_another_makes_no_call_and_names_both(protected: Checkout) -> None:
    before = protected.cloud.calls()
    protected.describe({"one": {**PROTECTED["one"], "place": "there"}})
    stopped = protected.run("up", "local")
    assert stopped.code == 1
    assert stopped.err.endswith("  unprotected: [one, two]\n")
    assert protected.cloud.calls() == before


def test_up_without_a_protected_resource_makes_no_call(protected: Checkout) -> None:
    before = protected.cloud.calls()
    protected.describe({"one": PROTECTED["one"]})
    assert protected.run("up", "local").err.endswith("  unprotected: [two]\n")
    assert protected.cloud.calls() == before


def test_a_preview_that_it_stops_shows_what_was_seen_and_claims_nothing_of_a_change(protected: Checkout) -> None:
    protected.describe({"new": {"size": 1}, "one": PROTECTED["one"]})
    report = protected.root / ".commonground" / "report"
    stopped = protected.run("preview", "local", "--report", f"text={report}")
    assert stopped.code == 1
    assert report.read_text() == stopped.out
    assert stopped.out.startswith("local: protection stopped the preview; this is what it had seen by then\nlocal: 1 to create, ")
    assert "  + create new (aws:test/thing:Thing)\n" in stopped.out
    assert "error: up would delete or replace what is protected. To go on, " in stopped.err
    assert "nothing was changed" not in stopped.err
    assert stopped.err.endswith("  unprotected: [two]\n")


def test_after_the_steps_that_the_message_names_it_goes(protected: Checkout) -> None:
    protected.describe({name: {"size": 1} for name in PROTECTED})
    lifted = protected.run("up", "local")
    assert lifted.code == 0
    assert protected.cloud.calls() == ["create one", "create two", "create three"]
    assert protected.run("destroy", "local").out == "local: 4 deleted\n"


def test_a_change_that_lifts_the_protection_may_replace_in_the_same_run(protected: Checkout) -> None:
    protected.describe({**PROTECTED, "one": {"size": 1, "place": "there"}})
    assert "1 replaced" in protected.run("up", "local").out


def test_protection_is_shown_and_kept_though_nothing_else_changes(provisioned: Checkout) -> None:
    provisioned.describe({"one": {"size": 1, "protect": True}, "two": {"size": 2}})
    assert provisioned.run("preview", "local", "--exit-code") == Result(
        2,
        "local: 0 to create, 1 to change, 0 to replace, 0 to delete, 2 unchanged\n"
        "\n"
        "group\n"
        "  ~ change one (aws:test/thing:Thing) [protected]\n"
        "      protection: off -> on\n",
        "local: previewing\n",
    )
    assert provisioned.run("up", "local").out.endswith("local: 0 created, 1 changed, 0 replaced, 0 deleted, 2 unchanged\n")
    assert provisioned.cloud.calls() == ["create one", "create two"]
    assert provisioned.run("destroy", "local").err.endswith("  unprotected: [one]\n")
