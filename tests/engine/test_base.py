"""A preview against another commit of the checkout: what a pull request changes, with no cloud and no credentials."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.engine.conftest import Checkout, Result

pytestmark = pytest.mark.engine

DERIVED = "ids and ARNs are derived from names"
PROBE = """\
import pulumi
import commonground

provider = pulumi.ProviderResource("aws", "aws", {})
pulumi.CustomResource("aws:test/thing:Thing", "one", {"size": getattr(commonground, "SIZE", 1)}, pulumi.ResourceOptions(provider=provider))
"""


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where states of bases and environments of packages are kept: nobody else's."""
    folder = tmp_path / "cache"
    monkeypatch.setattr("commonground.engine.base.store.cache", lambda: folder)
    monkeypatch.setattr("commonground.engine.base.packages.cache", lambda: folder)
    return folder


def git(checkout: Checkout, *arguments: str) -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
    return subprocess.run(command, cwd=checkout.root, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def commit(checkout: Checkout) -> str:
    git(checkout, "add", "-A")
    git(checkout, "commit", "-qm", "another")
    return git(checkout, "rev-parse", "HEAD")


def changed(preview: Result) -> list[str]:
    """Operation and name of what would change."""
    return [" ".join(line.split()[1:3]) for line in preview.out.splitlines() if line.startswith("  ") and line[2] in "+~±-"]


def test_a_change_is_shown_against_the_commit_that_is_named_and_the_base_is_brought_up_once(checkout: Checkout) -> None:
    base = git(checkout, "rev-parse", "HEAD")
    checkout.describe({"one": {"size": 1, "place": "elsewhere"}, "three": {"size": 3, "secret": "hunter2"}})
    first = checkout.run("preview", "dev", "--base=HEAD")
    assert first.code == 0, first.err
    words = f"{base[:10]} (HEAD), with changes here that are not committed"
    assert first.out.startswith(f"dev: offline, against {words}; {DERIVED}\ndev: 1 to create, 0 to change, 1 to replace, 1 to delete")
    assert changed(first) == ["replace one", "create three", "delete two"]
    assert first.err == f"dev: bringing up the base offline: {words}\ndev: previewing\n"
    second = checkout.run("preview", "dev", "--base=HEAD")
    assert (second.out, second.err) == (first.out, "dev: previewing\n")
    assert checkout.cloud.calls() == []


def test_it_changes_nothing_in_the_checkout_or_its_git(checkout: Checkout) -> None:
    checkout.describe({"one": {"size": 2}})
    git(checkout, "add", "-A")
    before = (checkout.status(), (checkout.root / ".git" / "index").read_bytes(), git(checkout, "worktree", "list"), git(checkout, "stash", "list"))
    assert changed(checkout.run("preview", "dev", "--base=HEAD")) == ["change one", "delete two"]
    assert (checkout.status(), (checkout.root / ".git" / "index").read_bytes(), git(checkout, "worktree", "list"), git(checkout, "stash", "list")) == before
    assert not (checkout.root / ".commonground").exists()


def test_what_a_base_keeps_holds_no_secret(checkout: Checkout, kept: Path) -> None:
    checkout.describe({"one": {"size": 1, "secret": "hunter2-the-password"}})
    commit(checkout)
    shown = checkout.run("preview", "dev", "--base=HEAD")
    assert shown.code == 0, shown.err
    files = [file for file in kept.rglob("*") if file.is_file()]
    assert any(b"aws:test/thing:Thing" in file.read_bytes() for file in files)
    assert not any(b"hunter2" in file.read_bytes() for file in files)
    assert "hunter2" not in shown.out + shown.err


def test_alone_it_is_what_the_branch_starts_from(checkout: Checkout) -> None:
    start = git(checkout, "rev-parse", "HEAD")
    git(checkout, "branch", "-M", "main")
    git(checkout, "switch", "-qc", "change")
    checkout.describe({"one": {"size": 5}, "two": {"size": 2}})
    commit(checkout)
    shown = checkout.run("preview", "dev", "--exit-code", "--base")
    assert shown.code == 2, shown.err
    assert shown.out.startswith(f"dev: offline, against {start[:10]} (the merge base with main); {DERIVED}\n")
    assert changed(shown) == ["change one"]


def test_of_a_merge_under_test_it_is_the_first_parent(checkout: Checkout) -> None:
    git(checkout, "branch", "-M", "main")
    git(checkout, "switch", "-qc", "change")
    checkout.describe({"one": {"size": 5}, "two": {"size": 2}})
    commit(checkout)
    git(checkout, "switch", "-q", "main")
    (checkout.root / "elsewhere").write_text("")
    ours = commit(checkout)
    git(checkout, "switch", "-q", "--detach")
    git(checkout, "merge", "-q", "--no-ff", "-m", "test", "change")
    shown = checkout.run("preview", "dev", "--base")
    assert shown.out.startswith(f"dev: offline, against {ours[:10]} (the first parent of the merge under test)")
    assert changed(shown) == ["change one"]


def test_jenkins_merges_the_target_into_the_change_so_that_the_first_parent_is_no_base(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    git(checkout, "branch", "-M", "main")
    git(checkout, "switch", "-qc", "change")
    checkout.describe({"one": {"size": 5}, "two": {"size": 2}})
    change = commit(checkout)
    git(checkout, "switch", "-q", "main")
    (checkout.root / "elsewhere").write_text("")
    ours = commit(checkout)
    git(checkout, "update-ref", "refs/remotes/origin/main", ours)
    git(checkout, "switch", "-q", "--detach", change)
    git(checkout, "merge", "-q", "--no-ff", "-m", "test", ours)
    monkeypatch.setenv("CHANGE_TARGET", "main")
    shown = checkout.run("preview", "dev", "--base")
    assert shown.out.startswith(f"dev: offline, against {ours[:10]} (the merge base with origin/main)"), shown.err
    assert changed(shown) == ["change one"]


def test_the_base_runs_with_its_own_components_and_the_engine_at_work_here(checkout: Checkout) -> None:
    package = checkout.root / "components" / "commonground"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("SIZE = 7\n")
    (checkout.root / "stacks" / "__main__.py").write_text(PROBE)
    commit(checkout)
    shown = checkout.run("preview", "dev", "--base=HEAD")
    assert shown.code == 0, shown.err
    assert "      size: 7 -> 1\n" in shown.out


def test_another_lock_that_cannot_be_installed_is_noted_and_tried_again_the_next_time(checkout: Checkout) -> None:
    (checkout.root / "requirements.lock").write_text("no-such-package==1.0  # and no hash\n")
    base = commit(checkout)
    (checkout.root / "requirements.lock").write_text("\n")
    first, second = checkout.run("preview", "dev", "--base=HEAD"), checkout.run("preview", "dev", "--base=HEAD")
    note = f"dev: the base {base[:10]}: its requirements.lock is another one, and no environment could be made from it ("
    assert first.code == 0, first.err
    assert note in first.out and "it ran with this checkout's packages\n" in first.out
    assert first.out == second.out
    assert "bringing up the base offline" in second.err


def test_another_lock_that_can_be_installed_gives_the_base_an_interpreter_of_its_own_once(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []

    def make(folder: Path, lock: bytes) -> None:
        made.append(lock)
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").write_text(f'#!/bin/sh\nSIZE=9 exec {sys.executable} "$@"\n')
        (folder / "bin" / "python").chmod(0o755)
        (folder / "done").touch()

    monkeypatch.setattr("commonground.engine.base.packages._make", make)
    (checkout.root / "stacks" / "__main__.py").write_text(PROBE.replace('getattr(commonground, "SIZE", 1)', "int(__import__('os').environ.get('SIZE', '1'))"))
    (checkout.root / "requirements.lock").write_text("theirs\n")
    commit(checkout)
    (checkout.root / "requirements.lock").write_text("ours\n")
    first = checkout.run("preview", "dev", "--base=HEAD")
    assert first.code == 0, first.err
    assert "      size: 9 -> 1\n" in first.out
    assert "installing its packages (once for each user)" in first.err
    (checkout.root / "more").write_text("")
    commit(checkout)
    (checkout.root / "requirements.lock").write_text("theirs\n")
    git(checkout, "commit", "-qam", "theirs again")
    (checkout.root / "requirements.lock").write_text("ours\n")
    again = checkout.run("preview", "dev", "--base=HEAD")
    assert "      size: 9 -> 1\n" in again.out
    assert made == [b"theirs\n"]


def test_an_environment_that_the_base_has_not_is_all_new(checkout: Checkout) -> None:
    base = git(checkout, "rev-parse", "HEAD")
    (checkout.root / "stacks" / "Pulumi.prod.yaml").write_text("config: {}\n")
    shown = checkout.run("preview", "prod", "--base=HEAD")
    assert shown.code == 0, shown.err
    assert shown.out.startswith(
        f"prod: offline, against nothing; {DERIVED}\nprod: the base {base[:10]} has no prod of proof: all of it is new\nprod: 3 to create, 0 to change"
    )


def test_a_change_of_the_policies_that_judge_it_is_told(checkout: Checkout) -> None:
    assert "judged" not in checkout.run("preview", "dev", "--base=HEAD").out
    (checkout.root / "stacks" / "policies.yaml").write_text("version: 1\nproject: proof\nenvironments: {dev: {strictness: low, protected: false}}\n")
    git(checkout, "add", "-A")
    shown = checkout.run("preview", "dev", "--base=HEAD")
    assert "dev: this change is judged by what it changes itself: stacks/policies.yaml\n" in shown.out, shown.err


def test_a_teams_environment_that_its_foundation_has_not_is_compared_by_itself(checkout: Checkout) -> None:
    team = checkout.root / "team"
    team.mkdir()
    (team / "Pulumi.yaml").write_text("name: team\nruntime: python\nconfig:\n  pulumi:disable-default-providers: ['*']\n")
    (team / "Pulumi.sandbox.yaml").write_text("config: {}\n")
    (team / "__main__.py").write_text(PROBE.replace('getattr(commonground, "SIZE", 1)', "1"))
    base = commit(checkout)
    (team / "__main__.py").write_text(PROBE.replace('getattr(commonground, "SIZE", 1)', "2"))
    checkout.root = team
    shown = checkout.run("preview", "sandbox", "--base=HEAD")
    assert shown.code == 0, shown.err
    assert shown.out.startswith(f"sandbox: offline, against {base[:10]} (HEAD)")
    assert changed(shown) == ["change one"]


def test_a_base_that_does_not_come_up_is_noted_and_the_rest_shown_against_nothing(checkout: Checkout) -> None:
    checkout.describe({"one": {"size": 101}})
    commit(checkout)
    checkout.describe({"one": {"size": 1}})
    shown = checkout.run("preview", "dev", "--base=HEAD")
    assert shown.code == 0, shown.err
    assert "could not be brought up offline, so this is shown against nothing: bringing it up offline failed:\n" in shown.out
    assert "size: must be at most 100" in shown.out
    assert changed(shown) == ["create aws", "create one"]


def test_a_commit_that_is_not_there_is_one_message(checkout: Checkout) -> None:
    shown = checkout.run("preview", "dev", "--base=nowhere")
    assert (shown.code, shown.out) == (1, "")
    assert shown.err == "error: --base nowhere: expected a commit, branch or tag of this checkout; `git fetch` brings what the remote has\n"


def test_a_shallow_clone_is_told_how_to_fetch_more(checkout: Checkout, tmp_path: Path) -> None:
    git(checkout, "branch", "-M", "main")
    commit_of_main = git(checkout, "rev-parse", "HEAD")
    git(checkout, "switch", "-qc", "change")
    checkout.describe({"one": {"size": 5}})
    commit(checkout)
    git(checkout, "switch", "-q", "main")
    shallow = tmp_path / "shallow"
    git(checkout, "clone", "-q", "--depth=1", "--branch=change", f"file://{checkout.root}", str(shallow))
    checkout.root = shallow
    for asked in ("auto", commit_of_main):
        shown = checkout.run("preview", "dev", f"--base={asked}")
        assert shown.code == 1
        assert "this clone is shallow" in shown.err and "fetch-depth: 0" in shown.err and "Traceback" not in shown.err


def test_the_report_goes_where_it_is_asked_for(checkout: Checkout, tmp_path: Path) -> None:
    checkout.describe({"one": {"size": 1, "place": "elsewhere"}, "two": {"size": 2}})
    shown = checkout.run("preview", "dev", "--base=HEAD", "--report", "json", "--report", f"markdown={tmp_path / 'comment.md'}")
    assert shown.code == 0, shown.err
    report = json.loads(shown.out)
    assert [change["operation"] for change in report["environments"][0]["changes"]] == ["replace"]
    assert "one" in (tmp_path / "comment.md").read_text()
