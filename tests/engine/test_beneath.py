"""A team's project on the foundation at its checkout's root: previewed without the foundation ever having been up."""

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.engine.conftest import Checkout, Result

from commonground.engine import Project, Run, Step, find
from commonground.engine.progress import Muted

pytestmark = pytest.mark.engine

FILES = {
    "Pulumi.yaml": "name: team\nruntime: python\nconfig:\n  pulumi:disable-default-providers: ['*']\n",
    "Pulumi.dev.yaml": "config: {}\n",
    "Pulumi.local.yaml": "config: {}\n",
}
PROGRAM = """\
import pulumi

platform = pulumi.StackReference(f"organization/proof/{pulumi.get_stack()}")
provider = pulumi.ProviderResource("aws", "aws", {})
properties = {"size": 1, "place": platform.require_output("one-arn"), "password": platform.get_output("password")}
pulumi.CustomResource("aws:test/thing:Thing", "mine", properties, pulumi.ResourceOptions(provider=provider))
"""
AGAINST = "against nothing, on the foundation (proof) as this checkout describes it; ids and ARNs are derived from names\n"
NOTHING_ELSE = "1 to create, 0 to change, 0 to replace, 0 to delete"


@dataclass
class Ground:
    """A checkout with a foundation at its root and a team's project in it."""

    foundation: Checkout
    team: Checkout

    @property
    def states(self) -> dict[str, bytes]:
        """What the checkout's own state has of any stack."""
        found = (self.foundation.root / ".commonground" / "state").rglob("*.json")
        return {file.name: file.read_bytes() for file in found if "backups" not in file.parts}


@pytest.fixture
def ground(checkout: Checkout) -> Ground:
    folder = checkout.root / "team"
    folder.mkdir()
    for name, text in {**FILES, "__main__.py": PROGRAM}.items():
        (folder / name).write_text(text)
    return Ground(checkout, replace(checkout, root=folder))


def made(preview: Result) -> list[str]:
    """Names of what would be made, providers left out."""
    return [line.split()[2] for line in preview.out.splitlines() if line.startswith("  + create") and "pulumi:providers" not in line]


def test_it_is_previewed_on_what_the_foundation_would_be_and_the_foundation_takes_one_line(ground: Ground) -> None:
    ground.foundation.describe({"one": {"size": 1, "secret": "hunter2"}})
    first, second = ground.team.run("preview", "dev", "--offline"), ground.team.run("preview", "dev", "--offline", "--verify")
    assert first.code == second.code == 0, first.err + second.err
    assert first.out == second.out
    assert first.out.startswith(f"dev: offline, {AGAINST}")
    assert made(first) == ["mine"]
    assert '      place: "arn:' in first.out
    assert first.err == "dev: bringing up the foundation (proof) offline\ndev: previewing\n"
    assert "      password: [secret]" in first.out and "hunter" not in first.out + second.out
    assert ground.foundation.cloud.calls() == []
    assert not (ground.foundation.root / ".commonground").exists()


def test_the_foundations_own_mistake_is_told_as_such(ground: Ground) -> None:
    ground.foundation.describe({"one": {"size": 101}})
    failed = ground.team.run("preview", "dev", "--offline")
    assert (failed.code, failed.out) == (1, "")
    assert failed.err.endswith(
        "error: the foundation that this stands on (proof) could not be brought up offline, so nothing was previewed:\n"
        "  one (aws:test/thing:Thing): size: must be at most 100\n"
    )


def test_the_teams_own_mistake_is_told_as_its_own(ground: Ground) -> None:
    ground.foundation.describe({"two": {"size": 1}})
    failed = ground.team.run("preview", "dev", "--offline")
    assert failed.code == 1
    assert "error: the preview failed:\n" in failed.err
    assert "'one-arn'" in failed.err


def test_objects_of_both_are_held_against_the_foundations_kubernetes(ground: Ground) -> None:
    (ground.foundation.root / "stacks" / "lock.dev.yaml").write_text('kubernetes: "1.35"\n')
    assert ground.team.run("preview", "dev", "--offline").code == 0
    assert (ground.foundation.cloud.folder / "kubernetes").read_text() == "1.35\n" * 2


def test_locally_it_is_previewed_offline_until_the_foundation_is_up_and_then_on_that(ground: Ground) -> None:
    assert ground.team.run("preview", "local").out.startswith(f"local: no local cloud runs, {AGAINST}")
    ground.foundation.cloud.runs = True
    assert ground.team.run("preview", "local").out.startswith(f"local: nothing is provisioned in the local cloud, {AGAINST}")

    assert ground.foundation.run("up", "local").code == 0
    before = ground.states
    live = ground.team.run("preview", "local")
    assert live.out.startswith("local: 3 to create, ")
    assert made(live) == ["mine"]
    assert live.err == "local: previewing\n"
    assert ground.states == before
    assert ground.foundation.cloud.calls() == ["create one", "create two"]

    up = ground.team.run("up", "local")
    assert "the local cloud that this was made in is gone" not in up.err
    assert ground.foundation.cloud.calls()[2:] == ["create mine"]
    assert ground.team.run("preview", "local").out.startswith("local: 0 to create, ")


def test_locally_a_foundation_that_went_again_is_nothing_to_stand_on(ground: Ground) -> None:
    assert ground.foundation.run("up", "local").code == 0
    assert ground.team.run("up", "local").code == 0
    refused = ground.foundation.run("destroy", "local")
    assert refused.code == 1
    folder = os.path.relpath(ground.team.root)
    assert refused.err.endswith(
        f"error: team stands on this foundation: nothing was changed. Take away first:\n  commonground destroy local --project {folder}\n"
    )
    assert "delete one" not in ground.foundation.cloud.calls()
    assert ground.team.run("destroy", "local").code == 0
    assert ground.foundation.run("destroy", "local").code == 0
    assert ground.team.run("preview", "local").out.startswith(f"local: nothing is provisioned in the local cloud, {AGAINST}")


def test_locally_a_stack_whose_foundation_was_taken_away_all_the_same_is_previewed_offline_and_told_at_up(ground: Ground) -> None:
    assert ground.foundation.run("up", "local").code == 0
    assert ground.team.run("up", "local").code == 0
    state = ground.foundation.root / ".commonground" / "state" / ".pulumi" / "stacks" / "proof" / "local.json"
    state.unlink()
    assert ground.team.run("preview", "local").out.startswith(f"local: nothing is provisioned in the local cloud, {AGAINST}")
    refused(ground)


def test_locally_it_is_not_brought_up_without_its_foundation(ground: Ground) -> None:
    refused(ground)
    assert not ground.foundation.cloud.runs
    assert ground.foundation.cloud.calls() == []


def refused(ground: Ground) -> None:
    up = ground.team.run("up", "local")
    root = os.path.relpath(ground.foundation.root)
    assert (up.code, up.out) == (1, "")
    assert up.err == f"error: the foundation is not up: run `commonground up local --project {root}` first\n"


def test_a_project_without_a_foundation_for_its_environment_is_previewed_by_itself(ground: Ground) -> None:
    (ground.foundation.root / "stacks" / "Pulumi.dev.yaml").unlink()
    (ground.team.root / "__main__.py").write_text("import pulumi\npulumi.export('one', 1)\n")
    alone = ground.team.run("preview", "dev", "--offline")
    assert alone.out.startswith("dev: offline, against nothing; ids and ARNs are derived from names\n")
    assert "bringing up" not in alone.err
    (ground.team.root / "__main__.py").write_text(PROGRAM)
    assert ground.team.run("preview", "dev", "--offline").err.endswith(
        "  organization/proof/dev (pulumi:pulumi:StackReference): "
        "there is no such stack: bring it up first. Offline only the foundation at the root of the same checkout is known\n"
    )


def test_one_version_is_brought_up_and_another_previewed_against_it(ground: Ground, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(ground.foundation.root, base)
    ground.foundation.describe({"one": {"size": 1, "place": "elsewhere"}, "three": {"size": 3}})
    (ground.team.root / "__main__.py").write_text(PROGRAM.replace('"size": 1', '"size": 2'))
    backend, engine = tmp_path / "backend", find()

    def run(root: Path) -> Run:
        return Run(Project.read(root), "dev", engine, Muted(print))

    run(base).bring_up(backend)
    run(base / "team").bring_up(backend)
    assert changes(run(ground.foundation.root).preview_against(backend).steps) == {"one": "replace", "two": "delete", "three": "create"}
    assert changes(run(ground.team.root).preview_against(backend).steps) == {"mine": "update"}
    assert changes(run(base).preview_against(backend).steps) == {}
    assert changes(run(ground.foundation.root).bring_up(backend).steps) == {"one": "replace", "two": "delete", "three": "create"}
    assert changes(run(ground.foundation.root).preview_against(backend).steps) == {}
    states = [json.loads(file.read_text()) for file in backend.glob(".pulumi/stacks/*/dev.json")]
    assert len(states) == 2
    assert ground.foundation.cloud.calls() == []


def changes(steps: tuple[Step, ...]) -> dict[str, str]:
    """What is to be done, by name."""
    return {step.name: step.op for step in steps if step.kind and step.changes}
