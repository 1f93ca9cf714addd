"""Runs that do not come to their end, and two at once."""

import io
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock
from tests.engine.conftest import Checkout

from commonground.engine.operations import Operations
from commonground.engine.process import _Follower
from commonground.engine.request import Mode, Request, State, Status
from commonground.engine.steps import Step
from commonground.engine.workspace import _runs

pytestmark = pytest.mark.engine
SLOW = {"one": {"size": 1}, "slow": {"slow": 60}, "three": {"size": 1}}
QUICK = {"one": {"size": 1}, "slow": {"size": 1}, "three": {"size": 1}}


def wait_for(condition: "Path", seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition.exists():
        assert time.monotonic() < end, f"{condition} did not come"
        time.sleep(0.05)


def descendants(pid: int) -> list[int]:
    """Processes below one, deepest last."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found[1:]


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"]


def gone(pids: list[int], seconds: float = 15) -> bool:
    end = time.monotonic() + seconds
    while alive(pids) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pids)


def started(checkout: Checkout) -> "subprocess.Popen[str]":
    checkout.describe(SLOW)
    process = checkout.start("up", "local")
    wait_for(checkout.cloud.folder / "slow")
    return process


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the processes of a run in /proc")
def test_after_a_killed_up_the_next_one_takes_over_what_was_made_and_finishes(checkout: Checkout) -> None:
    process = started(checkout)
    killed = [process.pid, *descendants(process.pid)]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    assert gone(killed)
    checkout.cloud.runs = True
    assert next((checkout.root / ".commonground" / "state" / ".pulumi" / "locks").rglob("*.json"))

    fix = "Fix: `commonground up local` takes it over; destroy after that"
    assert fix in checkout.run("destroy", "local").err
    checkout.describe({"one": {"size": 1}})
    assert "Fix: the program has it no more: put it back for one `up`" in checkout.run("up", "local").err
    assert checkout.cloud.calls() == ["create one", "create slow"]

    checkout.describe(QUICK)
    finished = checkout.run("up", "local")
    assert finished.code == 0
    assert "an earlier run was killed while it created slow: what it made is taken over" in finished.err
    assert "warning" not in finished.err
    assert checkout.cloud.calls() == ["create one", "create slow", "adopt slow", "create three"]
    assert "nothing to change" in checkout.run("up", "local").out


def test_after_ctrl_c_nothing_runs_on_and_the_next_up_finishes(checkout: Checkout) -> None:
    checkout.describe({"one": {"size": 1}, "slow": {"slow": 3}, "three": {"size": 1}})
    process = checkout.start("up", "local")
    wait_for(checkout.cloud.folder / "slow")
    below = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopping: what is going on is brought to its end" in err
    assert err.endswith("error: up was interrupted: what was done so far is in the state, and the next `up` finishes it\n")
    assert gone(below)

    checkout.describe(QUICK)
    finished = checkout.run("up", "local")
    assert finished.code == 0
    assert checkout.cloud.calls()[:2] == ["create one", "create slow"]
    assert "create three" in checkout.cloud.calls()
    assert "adopt slow" not in checkout.cloud.calls()


@pytest.mark.parametrize("mode", [Mode.UP, Mode.PREVIEW, Mode.DESTROY, Mode.REFRESH])
def test_an_interrupt_that_comes_before_the_engine_runs_is_not_lost(mode: Mode) -> None:
    channel: Any = SimpleNamespace(interrupted=True, phase=lambda name: None)
    stack = dict.fromkeys(("up", "preview", "preview_destroy", "destroy", "refresh"), lambda **_: pytest.fail("the engine was run"))
    workspace: Any = SimpleNamespace(stack=lambda program: SimpleNamespace(name="local", **stack), pending=frozenset(), unfinished=frozenset(), new=False)
    request = Request(mode, "/project", "local", "/pulumi", "3.274.1", State.CHECKOUT, "/state")
    assert Operations(request, workspace, channel, lambda: None).run().status is Status.INTERRUPTED


def test_when_the_command_line_alone_is_killed_the_engine_comes_to_its_end(checkout: Checkout) -> None:
    checkout.describe({"slow": {"slow": 3}, "three": {"size": 1}})
    process = checkout.start("up", "local")
    wait_for(checkout.cloud.folder / "slow")
    below = descendants(process.pid)
    process.kill()
    process.communicate()
    assert gone(below)
    assert checkout.cloud.calls() == ["create slow"]


def test_a_second_run_at_once_is_told_to_wait_and_changes_nothing(checkout: Checkout) -> None:
    checkout.describe({"slow": {"slow": 5}})
    process = checkout.start("up", "local")
    wait_for(checkout.cloud.folder / "slow")
    second = checkout.run("destroy", "local")
    assert second.code == 1
    assert second.err.endswith("error: another run is changing the environment 'local': wait until it is done, then run this again\n")
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert checkout.cloud.calls() == ["create slow"]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="zombies are seen in /proc")
def test_a_killed_process_that_nobody_asked_for_holds_no_lock(tmp_path: Path) -> None:
    program = tmp_path / "pulumi"
    program.symlink_to("/bin/sleep")
    process = subprocess.Popen([program, "60"])
    wait_for(Path(f"/proc/{process.pid}/comm"))
    assert _until(lambda: _runs(process.pid))
    process.kill()
    assert _until(lambda: not _runs(process.pid))  # not waited for: it is a zombie
    process.wait()


def _until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


@pytest.mark.parametrize("half", [b"", b'{"user.cache_control'])
def test_a_run_that_was_killed_while_it_wrote_attributes_of_the_state_is_got_over(provisioned: Checkout, half: bytes) -> None:
    (attributes,) = (provisioned.root / ".commonground").rglob("local.json.attrs")
    attributes.write_bytes(half)
    assert provisioned.run("preview", "local").code == 0
    attributes.write_bytes(half)
    assert "nothing to change" in provisioned.run("up", "local").out


@pytest.mark.parametrize("half", [b"", b'{"version": 3, "check'])
def test_a_run_that_was_killed_while_it_wrote_the_state_is_got_over_and_nothing_is_made_twice(provisioned: Checkout, half: bytes) -> None:
    [state] = (provisioned.root / ".commonground" / "state" / ".pulumi" / "stacks").rglob("local.json")
    state.write_bytes(half)
    again = provisioned.run("up", "local")
    assert (again.code, "the one before it is taken" in again.err) == (0, True)
    assert provisioned.cloud.calls() == ["create one", "create two"]
    assert provisioned.run("destroy", "local").out == "local: 3 deleted\n"


def test_a_preview_leaves_a_state_alone_that_another_run_is_writing(provisioned: Checkout) -> None:
    [state] = (provisioned.root / ".commonground" / "state" / ".pulumi" / "stacks").rglob("local.json")
    state.write_bytes(b'{"version": 3, "check')
    with FileLock(provisioned.root / ".commonground" / "state" / "proof.local.run"):
        provisioned.run("preview", "local")
        assert state.read_bytes() == b'{"version": 3, "check'
    assert "the one before it is taken" in provisioned.run("preview", "local").err


WAITS = {"one": {"size": 1}, "two": {"size": 3, "waits": True}}
READ_FIRST = "an earlier run was interrupted while it changed two: what is there now is read first"


def waiting(checkout: Checkout) -> "subprocess.Popen[str]":
    """An `up` that has changed `two` in the cloud, and waits for it to become live."""
    checkout.describe(WAITS)
    process = checkout.start("up", "local")
    wait_for(checkout.cloud.folder / "waiting")
    return process


def after_the_edit_was_taken_back(checkout: Checkout) -> None:
    """The cloud has what was taken back; previews see it and change no state, and `up` sets it right once."""
    checkout.describe({"one": {"size": 1}, "two": {"size": 2}})
    [state] = (checkout.root / ".commonground" / "state" / ".pulumi" / "stacks").rglob("local.json")
    before = state.read_bytes()
    preview = checkout.run("preview", "local")
    assert (preview.code, READ_FIRST in preview.err) == (0, True)
    assert "size: 3 -> 2" in preview.out
    assert state.read_bytes() == before
    up = checkout.run("up", "local")
    assert (up.code, READ_FIRST in up.err) == (0, True), up.err
    assert "1 changed" in up.out
    assert json.loads((checkout.cloud.folder / "two").read_text())["size"] == 2
    again = checkout.run("up", "local")
    assert "nothing to change" in again.out and READ_FIRST not in again.err


def test_what_ctrl_c_left_half_changed_is_read_before_the_next_run_compares(provisioned: Checkout) -> None:
    process = waiting(provisioned)
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.endswith("the next `up` finishes it\n")
    after_the_edit_was_taken_back(provisioned)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the processes of a run in /proc")
def test_what_a_killed_run_left_half_changed_is_read_too(provisioned: Checkout) -> None:
    process = waiting(provisioned)
    killed = [process.pid, *descendants(process.pid)]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    assert gone(killed)
    after_the_edit_was_taken_back(provisioned)


def test_a_refresh_makes_good_what_ctrl_c_left_and_is_not_repeated(provisioned: Checkout) -> None:
    process = waiting(provisioned)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert provisioned.run("refresh", "local").code == 0
    assert READ_FIRST not in provisioned.run("preview", "local").err


@pytest.mark.parametrize(("state", "told"), [(State.TEAM, True), (State.CHECKOUT, False)])
def test_of_a_teams_state_the_user_is_told_to_read_it_first(state: State, told: bool) -> None:
    process: Any = SimpleNamespace(stdin=io.StringIO(), stdout=[json.dumps(line) for line in lines_of_an_up_that_ends_while_it_changes_web()])
    watcher: Any = SimpleNamespace(phase=print, begin=print, end=print)
    followed = _Follower(process, watcher, Request(Mode.UP, "/project", "dev", "/pulumi", "3.274.1", state, "/state"))
    followed.follow()
    text = str(followed.interrupted(changing=True))
    rest = ". The state may not have web as the cloud has: run `commonground refresh dev` first" if told else ""
    assert text == f"up was interrupted: what was done so far is in the state, and the next `up` finishes it{rest}"


def lines_of_an_up_that_ends_while_it_changes_web() -> list[dict[str, Any]]:
    """What a worker says; `db` came to its end, and in the preview nothing is changed."""

    def step(kind: str, name: str) -> dict[str, Any]:
        return {
            "kind": kind,
            "step": asdict(Step("update", f"urn:pulumi:dev::p::kubernetes:apps/v1:Deployment::{name}", "kubernetes:apps/v1:Deployment", custom=True)),
        }

    return [
        {"kind": "phase", "name": "preview"},
        step("begin", "previewed"),
        {"kind": "phase", "name": "up"},
        *(step("begin", "db"), step("end", "db"), step("begin", "web")),
        {"kind": "answer", "answer": {"status": "interrupted"}},
    ]
