"""Broken configurations on the command line: a message with file, line and key, and no call to anybody."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import broken
from tests.foundation.checkout import Checkout, Result
from tests.foundation.conftest import Checkouts, Provisioned

pytestmark = [pytest.mark.engine, pytest.mark.cloud]

SAMPLE = (
    "a tab indents",
    "a key stands twice",
    "an account loses its leading zero",
    "the lock is missing",
    "a key is misspelt in the blueprint",
    "an environment switches off the blueprint's flow logs",
    "a list is empty",
    "a volume is too small",
)
CASES = {case.name: case for case in broken.cases()}


@pytest.fixture(scope="module")
def up(provisioned: Provisioned, checkouts: Checkouts, tmp_path_factory: pytest.TempPathFactory) -> Callable[[broken.Case], tuple[Result, Checkout]]:
    """`up dev --yes` of a broken environment, as somebody who has credentials and a backend runs it."""
    variables = provisioned.checkout.cloud.environment("eu-central-1")

    def run(case: broken.Case) -> tuple[Result, Checkout]:
        with checkouts("broken") as checkout:
            (checkout.stack / "__main__.py").rename(checkout.root / "program.py")
            shutil.rmtree(checkout.stack)
            case.write(checkout.stack)
            (checkout.root / "program.py").rename(checkout.stack / "__main__.py")
            backend = tmp_path_factory.mktemp("backend")
            team = {"PULUMI_BACKEND_URL": f"file://{backend}", "PULUMI_CONFIG_PASSPHRASE": "team"}
            done = checkout.run("up", "dev", "--yes", variables={**variables, **team})
            assert [*backend.iterdir()] == []
            return done, checkout

    return run


@pytest.mark.parametrize("name", SAMPLE)
def test_each_is_told_with_its_place_and_nobody_is_called(name: str, provisioned: Provisioned, up: Callable[[broken.Case], tuple[Result, Checkout]]) -> None:
    case, before = CASES[name], len(provisioned.checkout.calls())
    done, checkout = up(case)
    assert done.code == 1
    assert "Traceback" not in done.err
    assert done.out == ""
    for mistake in case.expect:
        place = f"stacks/foundation/{mistake.file}" + (f":{_line(checkout.stack / mistake.file, mistake.line)}" if mistake.line else "")
        (told,) = [line for line in done.err.splitlines() if place in line and mistake.key in line]
        assert all(word in done.err for word in mistake.words), told
    assert provisioned.checkout.calls(before) == []


@pytest.mark.parametrize("arguments", [["up"], ["up", "local", "dev"], ["preview", "local", "--ofline"], ["provision", "local"]])
def test_wrong_usage_exits_with_64(arguments: list[str], provisioned: Provisioned) -> None:
    assert provisioned.checkout.run(*arguments).code == 64


def _line(file: Path, text: str) -> int:
    return 1 + [line.strip() for line in file.read_text("utf-8").splitlines()].index(text)
