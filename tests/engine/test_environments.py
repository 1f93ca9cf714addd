"""Real environments: the team's own backend, asked before anything changes. Their program here has components only, which need no provider."""

import os
from pathlib import Path

import pytest
from tests.engine.conftest import Checkout

from commonground.engine import Project, Run, Status, find
from commonground.engine.progress import Lines
from commonground.engine.steps import Step

pytestmark = pytest.mark.engine
PLAIN = 'config:\n  commonground:bindings: {cloud: aws, account: "012345678901"}  # a comment that stays\n'


@pytest.fixture
def team(checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout whose team keeps its state in a folder, with a passphrase."""
    checkout.describe({})
    (checkout.root / "stacks" / "Pulumi.dev.yaml").write_text(PLAIN)
    (tmp_path / "backend").mkdir()
    for name, value in {
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'backend'}",
        "PULUMI_CONFIG_PASSPHRASE": "team",
        "PULUMI_HOME": str(tmp_path / "home"),
    }.items():
        monkeypatch.setenv(name, value)
    return checkout


def test_one_that_is_not_created_is_said_to_be_so_and_its_file_stays_as_it_was(team: Checkout) -> None:
    missing = team.run("up", "dev", "--yes")
    assert missing.code == 1
    assert missing.err.endswith("error: the environment 'dev' is not there yet: `commonground init dev` creates it in the state that you are logged in to\n")
    assert (team.root / "stacks" / "Pulumi.dev.yaml").read_text() == PLAIN


def test_it_is_created_by_init_changed_only_with_a_yes_and_destroyed(team: Checkout) -> None:
    assert team.run("init", "dev").out == "dev: is there\n"
    unasked = team.run("up", "dev")
    assert unasked.code == 1
    assert "there is no terminal to ask in: nothing was changed; `--yes` answers beforehand" in unasked.err

    asked: list[tuple[Step, ...]] = []

    class No(Lines):
        def ask(self, preview: tuple[Step, ...]) -> bool:
            asked.append(preview)
            return False

    run = Run(Project.read(team.root), "dev", find(), No("dev", lambda question: False))
    assert run.up(ask=True).status is Status.DECLINED
    assert [step.name for step in asked[0] if step.op == "create" and step.parent] == ["group"]
    assert run.outputs() == {}

    assert team.run("up", "dev", "--yes").code == 0
    assert team.run("destroy", "dev", "--yes").code == 0
    assert "# a comment that stays" in (team.root / "stacks" / "Pulumi.dev.yaml").read_text()


def test_without_a_login_the_message_names_the_ways_to_one_with_the_cli_that_is_used(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    for name in ("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for command in ("init", "outputs"):
        refused = checkout.run(command, "dev")
        assert refused.code == 1
        assert refused.err == (
            "error: not logged in to a Pulumi backend, which keeps the state of a real environment. "
            f"Fix: `{find().path} login s3://BUCKET`, or set PULUMI_BACKEND_URL or PULUMI_ACCESS_TOKEN\n"
        )


def test_an_environment_without_a_file_names_those_that_have_one(checkout: Checkout) -> None:
    unknown = checkout.run("preview", "prd", "--offline")
    assert unknown.code == 1
    assert unknown.err.endswith("stacks/Pulumi.prd.yaml is missing: the environment 'prd' has a file of this name; there are: dev, local\n")
    assert os.fspath(checkout.root) in unknown.err
