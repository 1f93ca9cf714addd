"""An `up` where nothing was touched ends with its preview; one where something was goes through the engine, though no property differs."""

import json
import os
from pathlib import Path

import pytest
from tests.engine.conftest import Checkout

pytestmark = pytest.mark.engine

PROVISIONING = "local: provisioning"


def dependencies(checkout: Checkout, name: str) -> list[str]:
    [state] = (checkout.root / ".commonground" / "state" / ".pulumi" / "stacks").rglob("local.json")
    resources = json.loads(state.read_text())["checkpoint"]["latest"]["resources"]
    [found] = [resource for resource in resources if resource["urn"].endswith(f"::{name}")]
    return [urn.rsplit("::", 1)[-1] for urn in found.get("dependencies") or []]


def test_a_second_up_ends_with_its_preview_and_still_gives_the_outputs(provisioned: Checkout) -> None:
    first, again = provisioned.run("up", "local"), provisioned.run("up", "local")
    assert PROVISIONING in first.err  # the fixture's checkout is a copy: another place is another checkout
    assert PROVISIONING not in again.err
    assert "one-arn: arn:" in again.out


def test_an_order_that_changed_in_the_program_alone_reaches_the_state(provisioned: Checkout) -> None:
    provisioned.run("up", "local")
    assert dependencies(provisioned, "two") == ["one"]
    program = provisioned.root / "stacks" / "__main__.py"
    program.write_text(program.read_text().replace("depends_on=[last] if last else []", "depends_on=[]"))
    assert PROVISIONING in provisioned.run("up", "local").err
    assert dependencies(provisioned, "two") == []
    assert PROVISIONING not in provisioned.run("up", "local").err


def test_a_module_that_the_program_imports_from_elsewhere_counts_too(provisioned: Checkout, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    module = elsewhere / "order.py"
    module.write_text("KEPT = True\n")
    program = provisioned.root / "stacks" / "__main__.py"
    text = program.read_text().replace("import json\n", f"import json, sys\nsys.path.insert(0, {str(elsewhere)!r})\nfrom order import KEPT\n", 1)
    program.write_text(text.replace("if last else []", "if last and KEPT else []"))
    provisioned.run("up", "local")
    assert PROVISIONING not in provisioned.run("up", "local").err
    module.write_text("KEPT = False\n")
    assert PROVISIONING in provisioned.run("up", "local").err
    assert dependencies(provisioned, "two") == []


def test_a_program_at_the_checkouts_root_is_not_held_up_by_what_runs_keep_there(provisioned: Checkout) -> None:
    project = provisioned.root / "Pulumi.yaml"
    project.write_text(project.read_text().replace("main: stacks\n", "main: .\n"))
    for name in ("__main__.py", "things.json"):
        (provisioned.root / "stacks" / name).rename(provisioned.root / name)
    first, again = provisioned.run("up", "local"), provisioned.run("up", "local")
    assert PROVISIONING in first.err
    assert PROVISIONING not in again.err


def test_a_state_that_another_command_wrote_is_gone_through(provisioned: Checkout) -> None:
    provisioned.run("up", "local")
    provisioned.run("refresh", "local")
    [state] = (provisioned.root / ".commonground" / "state" / ".pulumi" / "stacks").rglob("local.json")
    state.write_text(state.read_text() + "\n")
    os.utime(Path(state))
    assert PROVISIONING in provisioned.run("up", "local").err
