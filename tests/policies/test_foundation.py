"""The real foundation on the engine, with the pack: nothing is found in what ships, and every seeded violation is."""

import pytest
from policies.table import POLICIES
from tests.foundation.checkout import Result
from tests.policies.conftest import Seeded
from tests.policies.seeds import CHANGED, MADE, PUBLIC, SECRET

pytestmark = pytest.mark.engine


def test_nothing_is_found_in_the_shipped_environments_mandatory_or_advisory(shipped: Result) -> None:
    assert shipped.code == 0, shipped.err
    assert "polic" not in shipped.err


def test_nothing_is_found_in_the_example_teams_stack_which_has_the_same_file(shop: Result) -> None:
    assert shop.code == 0, shop.err
    assert "polic" not in shop.err


def test_there_is_a_seed_for_every_policy() -> None:
    assert {*CHANGED, *MADE, PUBLIC} == {policy.id for policy in POLICIES}


def test_a_run_that_violates_policies_ends_with_a_code_of_its_own_and_no_traceback(seeded: Seeded) -> None:
    assert seeded.result.code == 3, seeded.result.err
    assert "Traceback" not in seeded.result.err
    assert "prod violates policies, nothing was changed" in seeded.result.err


@pytest.mark.parametrize("policy", sorted(CHANGED))
def test_a_seeded_change_is_caught_at_its_resource(seeded: Seeded, policy: str) -> None:
    about = "commonground-prod" if policy == "gpu-budget" else CHANGED[policy][1]
    assert about in seeded.told.get(policy, []), seeded.result.err


@pytest.mark.parametrize("policy", MADE)
def test_a_seeded_pod_is_caught(seeded: Seeded, policy: str) -> None:
    assert "seeded" in seeded.told.get(policy, []), seeded.result.err


def test_a_seeded_public_template_is_caught(seeded: Seeded) -> None:
    assert seeded.told.get(PUBLIC) == ["images-template"]


def test_what_was_not_seeded_is_not_found(seeded: Seeded) -> None:
    expected = {*(name for _, name, _ in CHANGED.values()), "seeded", "images-template", "commonground-prod"}
    assert {name for names in seeded.told.values() for name in names} <= expected


def test_the_report_shows_all_the_same_what_would_be_made(seeded: Seeded) -> None:
    assert "prod: " in seeded.result.out
    assert "+ create cluster (aws:eks/cluster:Cluster)" in seeded.result.out


def test_a_secret_of_the_program_is_in_no_message(seeded: Seeded) -> None:
    assert SECRET not in seeded.result.out + seeded.result.err
