"""Team shop's stack in a fresh checkout: previewed on a foundation that was never up."""

from pathlib import Path

import pytest

from tests.foundation.checkout import Checkout, Result
from tests.stacks.conftest import SHOP

pytestmark = pytest.mark.engine

NOTE = "dev: offline, against nothing, on the foundation (commonground) as this checkout describes it; ids and ARNs are derived from names\n"
LOCK = "stacks/foundation/lock.dev.yaml"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.copy(tmp_path_factory.mktemp("offline") / "checkout")


@pytest.fixture(scope="module")
def preview(checkout: Checkout) -> Result:
    return checkout.run("preview", "dev", "--offline", *SHOP)


def test_it_says_what_it_stands_on_and_shows_the_shops_own_resources_only(preview: Result) -> None:
    assert preview.code == 0, preview.err
    assert preview.out.startswith(f"{NOTE}dev: 8 to create, 0 to change, 0 to replace, 0 to delete, ")
    assert "web-deployment" in preview.out and "churn-deployment" in preview.out
    assert "gp3" not in preview.out


def test_the_foundation_takes_one_line_of_the_progress(preview: Result) -> None:
    assert preview.err == "dev: bringing up the foundation (commonground) offline\ndev: previewing\n"


def test_what_the_contract_says_is_what_the_foundation_would_say(preview: Result) -> None:
    assert '"commonground-dev-k7q2"' in preview.out
    assert "111111111111.dkr.ecr.eu-central-1.amazonaws.com/models/churn@sha256:" in preview.out
    assert '"s3://models-bucket-' in preview.out


def test_again_it_is_the_same_bytes_and_a_preview_after_it_would_change_nothing(preview: Result, checkout: Checkout) -> None:
    again = checkout.run("preview", "dev", "--offline", "--verify", *SHOP)
    assert again.code == 0, again.err
    assert again.out == preview.out
    assert checkout.git("status", "--porcelain", "--ignored") == ""


def test_a_mistake_in_the_foundations_files_is_told_with_its_line(checkout: Checkout) -> None:
    lock = Path(checkout.root / LOCK)
    text = lock.read_text("utf-8")
    lock.write_text(text.replace("kubernetes:", "kubernets:"), "utf-8")
    try:
        refused = checkout.run("preview", "dev", "--offline", *SHOP)
    finally:
        lock.write_text(text, "utf-8")
    assert (refused.code, refused.out) == (1, "")
    assert "error: the foundation that this stands on (commonground) could not be brought up offline, so nothing was previewed:\n" in refused.err
    assert f"{LOCK}:" in refused.err and "kubernets" in refused.err
    assert "Traceback" not in refused.err
