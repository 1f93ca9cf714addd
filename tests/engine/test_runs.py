"""What a user sees of up, preview, destroy and outputs, on the real engine."""

import re
from pathlib import Path

import pytest
from tests.engine.conftest import Checkout

from commonground.cli.main import run as command_line

pytestmark = pytest.mark.engine


def test_up_provisions_shows_what_it_does_and_ends_with_outputs_and_a_count(provisioned: Checkout) -> None:
    assert provisioned.cloud.calls() == ["create one", "create two"]
    assert "one-arn: arn:" in provisioned.first.out
    assert "local cloud: http://127.0.0.1:1\n" in provisioned.first.out
    assert provisioned.first.out.endswith("local: 3 created, 0 changed, 0 replaced, 0 deleted, 0 unchanged\n")
    assert "  created one (aws:test/thing:Thing)" in provisioned.first.err


def test_up_again_changes_nothing_and_says_so_and_after_an_edit_changes_just_that(provisioned: Checkout) -> None:
    again = provisioned.run("up", "local")
    assert again.code == 0
    assert "local: nothing to change: 0 created, 0 changed, 0 replaced, 0 deleted, 3 unchanged" in again.out
    provisioned.describe({"one": {"size": 1}, "two": {"size": 7}})
    assert "local: 0 created, 1 changed, 0 replaced, 0 deleted, 2 unchanged" in provisioned.run("up", "local").out
    assert provisioned.cloud.calls()[2:] == ["update two"]


def test_preview_of_what_is_there_names_each_property_and_changes_nothing(provisioned: Checkout) -> None:
    provisioned.describe({"one": {"size": 1, "place": "here"}, "three": {"size": 3}})
    preview = provisioned.run("preview", "local", "--exit-code")
    assert preview.code == 2
    assert preview.out == (
        "local: 1 to create, 0 to change, 1 to replace, 1 to delete, 1 unchanged\n"
        "look at first:\n"
        "  downtime: one: it is made anew: what uses it is interrupted\n"
        "\n"
        "group\n"
        "  ± replace one (aws:test/thing:Thing)\n"
        '      place: nothing -> "here"  (replaces it)\n'
        "  + create three (aws:test/thing:Thing)\n"
        "      size: 3\n"
        "  - delete two (aws:test/thing:Thing)\n"
    )
    assert provisioned.cloud.calls() == ["create one", "create two"]


def test_destroy_takes_away_all_that_up_made(provisioned: Checkout) -> None:
    gone = provisioned.run("destroy", "local")
    assert (gone.code, gone.out) == (0, "local: 3 deleted\n")
    assert provisioned.cloud.calls()[2:] == ["delete two", "delete one"]
    assert provisioned.run("destroy", "local").out == "local: nothing was there\n"


def test_outputs_are_those_of_the_last_up_and_json_is_sorted(provisioned: Checkout) -> None:
    assert re.fullmatch(r'\{\n  "one-arn": "arn:\w+",\n  "two-arn": "arn:\w+"\n\}\n', provisioned.run("outputs", "local", "--json").out)


def test_outputs_of_what_is_not_provisioned_are_none_and_the_way_to_some_is_told(checkout: Checkout) -> None:
    nothing = checkout.run("outputs", "local", "--json")
    assert (nothing.code, nothing.out) == (0, "{}\n")
    assert "`commonground up local`" in nothing.err


def test_a_secret_reaches_neither_stdout_nor_stderr_nor_plain_state(checkout: Checkout) -> None:
    checkout.describe({"one": {"size": 1, "secret": "hunter2"}})
    said = [checkout.run("up", "local", "--debug"), checkout.run("outputs", "local")]
    checkout.describe({"one": {"size": 1, "secret": "hunter3"}})
    said.append(checkout.run("preview", "local"))
    assert "password: [secret]" in said[0].out
    assert "password: [secret]" in said[1].out
    assert "      secret: [secret] -> [secret]" in said[2].out
    assert not [text for result in said for text in (result.out, result.err) if "hunter" in text]
    kept = [file for file in (checkout.root / ".commonground").rglob("*") if file.is_file() and "hunter" in file.read_text(errors="ignore")]
    assert kept == []
    assert (checkout.root / ".commonground" / "state" / "passphrase").stat().st_mode & 0o777 == 0o600


def test_the_state_has_nothing_of_where_the_checkout_is(checkout: Checkout) -> None:
    assert checkout.run("up", "local").code == 0
    [state] = (checkout.root / ".commonground" / "state" / ".pulumi" / "stacks").rglob("local.json")
    assert "::one" in state.read_text()
    assert "__main__.py" not in state.read_text()


def test_an_offline_preview_opens_no_stack_file_leaves_git_status_alone_and_is_the_same_twice(checkout: Checkout) -> None:
    file = checkout.root / "stacks" / "Pulumi.dev.yaml"
    before = file.read_bytes()
    first, second = checkout.run("preview", "dev", "--offline"), checkout.run("preview", "dev", "--offline", "--verify")
    assert first.code == 0
    assert "dev: 3 to create" in first.out
    assert first.out == second.out
    assert (file.read_bytes(), checkout.status()) == (before, "")
    assert not (checkout.root / ".commonground").exists()
    assert checkout.cloud.calls() == []


def test_a_preview_without_a_local_cloud_starts_none_and_says_so_first(checkout: Checkout) -> None:
    preview = checkout.run("preview", "local")
    assert preview.out.startswith("local: no local cloud runs, against nothing; ids and ARNs are derived from names\nlocal: 3 to create")
    assert not checkout.cloud.runs


def test_several_environments_are_previewed_and_the_report_is_written_too(checkout: Checkout, tmp_path: Path) -> None:
    both = checkout.run("preview", "dev", "local", "--offline", "--report", f"text={tmp_path / 'report'}")
    assert both.out.startswith("dev: offline, against nothing; ids and ARNs are derived from names\ndev: 3 to create")
    assert "\n\nlocal: offline, against nothing; ids and ARNs are derived from names\nlocal: 3 to create" in both.out
    assert (tmp_path / "report").read_text() == both.out


def test_a_lost_local_cloud_is_noticed_and_everything_is_built_again(provisioned: Checkout) -> None:
    provisioned.cloud.instance = "second"
    assert provisioned.run("preview", "local").out.startswith("local: nothing is provisioned in the local cloud, against nothing; ")
    again = provisioned.run("up", "local")
    assert "the local cloud that this was made in is gone, and all in it: it is built again from nothing" in again.err
    assert "local: 3 created" in again.out


def test_destroy_after_the_local_cloud_was_lost_finds_nothing_and_calls_nobody(provisioned: Checkout) -> None:
    provisioned.cloud.runs = False
    gone = provisioned.run("destroy", "local")
    assert (gone.code, gone.out) == (0, "local: nothing was there\n")
    assert "the local cloud that this was made in is gone, and all in it: its state is dropped" in gone.err
    assert "built again" not in gone.err
    assert provisioned.cloud.calls() == ["create one", "create two"]


def test_a_failure_is_one_message_with_the_resource_and_the_reason_and_the_next_up_finishes(checkout: Checkout) -> None:
    checkout.describe({"one": {"size": 1}, "two": {"fail": "AccessDenied: not yours"}})
    failed = checkout.run("up", "local")
    assert failed.code == 1
    assert failed.err.endswith("error: up failed:\n  two (aws:test/thing:Thing): AccessDenied: not yours\n")
    assert "Traceback" not in failed.err
    checkout.describe({"one": {"size": 1}, "two": {"size": 1}})
    assert "local: 1 created, 0 changed, 0 replaced, 0 deleted, 2 unchanged" in checkout.run("up", "local").out
    assert checkout.cloud.calls() == ["create one", "create two"]


def test_what_a_provider_refuses_stops_before_anything_and_shows_no_value(checkout: Checkout) -> None:
    checkout.describe({"one": {"size": 101}})
    refused = checkout.run("up", "local")
    assert refused.code == 1
    assert refused.err.endswith("error: up failed:\n  one (aws:test/thing:Thing): size: must be at most 100\n")
    assert checkout.cloud.calls() == []


def test_a_mistake_in_the_program_is_one_message_with_file_and_line(checkout: Checkout) -> None:
    checkout.describe({}, **{"raise": "no such tier"})
    failed = checkout.run("preview", "local", "--offline")
    assert failed.code == 1
    program = checkout.root / "stacks" / "__main__.py"
    line = next(number for number, text in enumerate(program.read_text().splitlines(), 1) if "raise ValueError" in text)
    assert failed.err.endswith(f"error: the preview failed:\n  ValueError: no such tier ({program}, line {line})\n")


def test_a_program_that_prints_disturbs_nothing(checkout: Checkout) -> None:
    program = checkout.root / "stacks" / "__main__.py"
    program.write_text("print('hello')\n" + program.read_text())
    assert "\nlocal: 3 to create" in checkout.run("preview", "local", "--offline").out


def test_verify_finds_what_would_change_again_at_each_up(checkout: Checkout) -> None:
    program = checkout.root / "stacks" / "__main__.py"
    program.write_text(program.read_text() + '\nThing("clock", {"size": pulumi.runtime.is_dry_run() + 1}, pulumi.ResourceOptions(provider=provider))\n')
    unstable = checkout.run("preview", "dev", "--offline", "--verify")
    assert unstable.code == 1
    assert unstable.err.endswith("error: the preview failed:\n  clock (aws:test/thing:Thing): would change again: size\n")


def test_a_project_that_was_found_around_the_working_directory_is_named_first(provisioned: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = provisioned.root / "stacks" / "deep"
    deep.mkdir()
    for folder, line in {deep: "local: the project proof at ../..\n", provisioned.root: ""}.items():
        monkeypatch.chdir(folder)
        for command in ("preview", "up"):
            provisioned.capture.readouterr()
            assert command_line([command, "local"]) == 0
            assert provisioned.capture.readouterr().err.startswith(f"{line}local: previewing\n")
