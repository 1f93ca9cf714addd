"""A policy pack in the checkout: what it finds ends a preview or an `up` before anything is changed, and is told all at once."""

import shlex
import sys

import pytest
from tests.engine.conftest import Checkout

pytestmark = pytest.mark.engine

PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def large(args, report):
    if args.resource_type == "aws:test/thing:Thing" and args.props.get("size", 0) > 5:
        report(f"{args.name} is larger than 5")

def even(args, report):
    if args.resource_type == "aws:test/thing:Thing" and args.props.get("size", 0) % 2 == 0:
        report(f"{args.name} is even")

PolicyPack("team", [
    ResourceValidationPolicy("not-large", "Things are small.", large, EnforcementLevel.MANDATORY),
    ResourceValidationPolicy("odd", "Things are odd.", even, EnforcementLevel.ADVISORY),
])
"""

SECOND_THOUGHTS = """
from pathlib import Path

first = Path(__file__).with_name("first")
if not first.exists():
    first.touch()
    import pulumi_policy
    pulumi_policy.ResourceValidationPolicy = lambda name, why, validate, level: kind(name, why, lambda args, report: None, level)
    from pulumi_policy.policy import ResourceValidationPolicy as kind
"""


@pytest.fixture
def guarded(checkout: Checkout) -> Checkout:
    """A checkout with a team's own pack in it."""
    folder = checkout.root / "policies"
    folder.mkdir()
    (folder / "pack.py").write_text(PACK)
    run = folder / "run"
    run.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -u "$(dirname "$0")/pack.py"\n')
    run.chmod(0o755)
    return checkout


def test_up_changes_nothing_where_a_mandatory_policy_is_violated_and_tells_each_finding(guarded: Checkout) -> None:
    guarded.describe({"one": {"size": 7}, "two": {"size": 9}, "three": {"size": 1}})
    stopped = guarded.run("up", "local")
    assert stopped.code == 3
    assert guarded.cloud.calls() == []
    assert "error: up violates policies, nothing was changed; 2 mandatory findings" in stopped.err
    assert stopped.err.count("one is larger than 5") == 1
    assert stopped.err.count("two is larger than 5") == 1
    assert "Traceback" not in stopped.err


def test_advisory_findings_are_told_once_and_stop_nothing(guarded: Checkout) -> None:
    guarded.describe({"one": {"size": 2}})
    done = guarded.run("up", "local")
    assert done.code == 0, done.err
    assert guarded.cloud.calls() == ["create one"]
    assert done.err.count("one is even") == 1
    assert "policy advisory: one: odd: " in done.err


def test_a_preview_tells_the_findings_beside_what_would_be_done(guarded: Checkout) -> None:
    guarded.describe({"one": {"size": 1}})
    assert guarded.run("up", "local").code == 0
    guarded.describe({"one": {"size": 7}, "new": {"size": 8}})
    stopped = guarded.run("preview", "local")
    assert stopped.code == 3
    assert "  + create new (aws:test/thing:Thing)\n" in stopped.out
    assert "not-large: one (aws:test/thing:Thing): " in stopped.err
    assert "not-large: new (aws:test/thing:Thing): " in stopped.err
    assert guarded.cloud.calls() == ["create one"]


def test_what_violates_policies_can_be_taken_away(guarded: Checkout) -> None:
    (guarded.root / "policies").rename(guarded.root / "later")
    guarded.describe({"one": {"size": 7}})
    assert guarded.run("up", "local").code == 0
    (guarded.root / "later").rename(guarded.root / "policies")
    assert guarded.run("up", "local").code == 3
    assert guarded.run("destroy", "local").code == 0


def test_what_shows_only_while_things_are_changed_ends_the_up_and_says_that_it_had_begun(guarded: Checkout) -> None:
    """As where a value is not known before: the second process of the pack, that of `up` after its preview, finds it."""
    (guarded.root / "policies" / "pack.py").write_text(SECOND_THOUGHTS + PACK)
    guarded.describe({"one": {"size": 1}, "two": {"size": 7}})
    stopped = guarded.run("up", "local")
    assert stopped.code == 3, stopped.err
    assert guarded.cloud.calls() == ["create one"]
    assert "error: up violates policies, what was done before is in the state; 1 mandatory finding (" in stopped.err
    assert stopped.err.count("two is larger than 5") == 1


def test_a_pack_that_does_not_start_fails_the_run_with_one_message(guarded: Checkout) -> None:
    (guarded.root / "policies" / "pack.py").write_text("raise SystemExit('no such thing')\n")
    failed = guarded.run("up", "local")
    assert failed.code == 1
    assert "policies/run" in failed.err
    assert "Traceback" not in failed.err
    assert guarded.cloud.calls() == []
