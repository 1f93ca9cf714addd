"""`preview --refresh`: against what is really in the cloud. It reads, and changes neither the cloud nor the state."""

import json
from pathlib import Path

import pytest
from tests.engine.conftest import Checkout

pytestmark = pytest.mark.engine


def files(checkout: Checkout) -> dict[Path, bytes]:
    """All that runs keep in the checkout, and all that is in the cloud, the log of calls that change something included.

    Without `kubernetes`, where the stand-in says with what it was started.
    """
    kept = [*(checkout.root / ".commonground" / "state").rglob("*"), *checkout.cloud.folder.rglob("*")]
    return {path: path.read_bytes() for path in kept if path.is_file() and path != checkout.cloud.folder / "kubernetes"}


def drift(checkout: Checkout) -> tuple[int, str]:
    before = files(checkout)
    told = checkout.run("preview", "local", "--refresh", "--exit-code")
    assert files(checkout) == before
    return told.code, told.out


@pytest.fixture
def up(provisioned: Checkout) -> Checkout:
    """A checkout that is as it was deployed."""
    assert provisioned.run("up", "local").code == 0
    return provisioned


def test_where_nobody_changed_anything_there_is_no_drift_and_each_resource_counts_once(up: Checkout) -> None:
    without = up.run("preview", "local").out
    assert drift(up) == (0, f"local: against what is in the cloud, read for this preview\n{without}")


def test_what_somebody_changed_by_hand_is_drift_and_stays_as_it_is(up: Checkout) -> None:
    (up.cloud.folder / "one").write_text(json.dumps({"size": 7}))
    assert up.run("preview", "local", "--exit-code").code == 0
    for _ in range(2):
        code, told = drift(up)
        assert code == 2
        assert "size: 7 -> 1" in told


def test_what_somebody_took_away_by_hand_would_be_made_again(up: Checkout) -> None:
    (up.cloud.folder / "two").unlink()
    code, told = drift(up)
    assert code == 2
    assert "+ create two" in told
    assert "1 to create, 0 to change" in told


def test_offline_there_is_nothing_to_read(checkout: Checkout) -> None:
    told = checkout.run("preview", "local", "--refresh", "--offline")
    assert told.code == 64
    assert "--refresh reads the cloud" in told.err


def test_as_the_caller_its_providers_act_as_nobody_else_and_only_that_is_kept_quiet(up: Checkout) -> None:
    program = up.root / "stacks" / "__main__.py"
    as_role = '{"assumeRoles": None if pulumi.Config("commonground").get_bool("as_caller") else "deployer", "region": pulumi.Config().get("region") or "one"}'
    program.write_text(program.read_text().replace('ProviderResource("aws", "aws", {})', f'ProviderResource("aws", "aws", {as_role})'))
    assert up.run("up", "local").code == 0
    assert up.run("preview", "local", "--exit-code").code == 0
    before = files(up)
    told = up.run("preview", "local", "--as-caller", "--exit-code")
    assert told.code == 0, told.out
    stack_file = up.root / "stacks" / "Pulumi.local.yaml"
    stack_file.write_text(stack_file.read_text() + "  proof:region: two\n")
    told = up.run("preview", "local", "--as-caller", "--exit-code")
    assert told.code == 2, told.out
    assert "region" in told.out
    assert files(up) == before
    assert up.run("preview", "local", "--as-caller", "--offline").code == 64
