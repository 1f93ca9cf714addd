"""What `protect: true` stops, the steps that lift it, and what is left after the last of them."""

import pytest

from commonground.local.cloud import Call
from tests.foundation.checkout import TAGS
from tests.foundation.conftest import HOLDS_DATA, Protected, Step, demanded
from tests.foundation.listing import Listing, beyond

pytestmark = [pytest.mark.engine, pytest.mark.cloud]


def test_destroy_makes_no_call_and_names_all_that_holds_data(protected: Protected) -> None:
    step = protected.story["destroy"]
    assert step.result.code == 1
    assert "nothing was changed" in step.result.err
    assert demanded(step) == sorted([*HOLDS_DATA, "artifacts-bucket"])
    assert step.calls == []


def test_up_without_a_protected_bucket_makes_no_call_and_names_it(protected: Protected) -> None:
    step = protected.story["remove"]
    assert step.result.code == 1
    assert "nothing was changed" in step.result.err
    assert demanded(step) == ["artifacts-bucket"]
    assert step.calls == []


def test_after_the_documented_steps_the_bucket_is_gone_and_nothing_else(protected: Protected) -> None:
    lifted, removed = protected.story["lift one"], protected.story["remove it and lift the others"]
    assert lifted.result.code == 0, lifted.result.err
    assert not deletions(lifted)
    assert removed.result.code == 0, removed.result.err
    assert "local: 0 created, " in removed.result.out and " 0 replaced, " in removed.result.out
    assert "DeleteBucket" in {call.operation for call in deletions(removed)}
    assert all(any("artifacts-bucket-" in name for name in call.names) for call in deletions(removed)), deletions(removed)
    assert sorted(name.rpartition("-bucket-")[0] for name in protected.buckets) == ["datasets", "logs", "models"]


def test_destroy_goes_once_all_that_it_named_is_lifted(protected: Protected) -> None:
    gone = protected.story["destroy after that"]
    assert gone.result.code == 0, gone.result.err
    assert gone.result.out.startswith("local: ") and gone.result.out.endswith(" deleted\n")


def test_after_destroy_the_cloud_has_nothing_that_a_fresh_one_lacks(protected: Protected, fresh: Listing) -> None:
    assert beyond(protected.left, fresh) == []
    assert beyond(fresh, protected.left) == []
    tagged = [thing for things in protected.left.values() for thing in things if any(value in thing for value in TAGS)]
    assert tagged == []
    assert not [*(protected.story.checkout.root / ".commonground" / "local" / "manifests").rglob("*.yaml")]


def test_destroy_leaves_the_local_cloud_running_and_git_as_it_was(protected: Protected) -> None:
    assert "serves at" in protected.story.checkout.run("local", "status").out
    changed = {line[3:] for line in protected.story.checkout.git("status", "--porcelain").splitlines()}
    assert changed == {"stacks/foundation/Pulumi.local.yaml", "stacks/foundation/blueprint.yaml"}


def deletions(step: Step) -> list[Call]:
    """The calls that took something away."""
    return [call for call in step.calls if "Delete" in call.operation]
