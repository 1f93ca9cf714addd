"""The command line: usage, exit codes, and how each command ends."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from commonground.cli.main import COMMANDS, USAGE, cli, run
from commonground.cli.preview import Previewed
from commonground.engine.errors import EngineError
from commonground.engine.findings import Finding
from commonground.engine.steps import Step
from commonground.local import cloud

PROJECT = "name: proof\nruntime: python\n"
LOCAL = 'config:\n  commonground:bindings: {cloud: local, account: "123456789012", region: eu-west-1}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "Pulumi.local.yaml").write_text(LOCAL)
    return tmp_path


@pytest.mark.parametrize("arguments", [["nothing"], ["up"], ["up", "dev", "prod"], ["preview"], ["preview", "dev", "--of"], ["local"], ["local", "restart"]])
def test_wrong_usage_exits_with_64(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == USAGE == 64
    assert "Usage: commonground" in capsys.readouterr().err


def test_help_names_every_command_and_each_has_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n  {name} " in shown
        assert run([name, "--help"]) == 0
        assert ("--yes" in capsys.readouterr().out) == (name in ("destroy", "refresh", "up"))


def test_no_first_sentence_is_cut_in_a_terminal_of_80_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for arguments in ([], ["local"], ["settings"]):
        assert run([*arguments, "--help"]) == 0
        assert "..." not in capsys.readouterr().out.partition("Commands:")[2]


def test_of_several_environments_an_error_outweighs_a_violation_and_that_a_change(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step = Step("create", "urn:pulumi:dev::proof::a:b:C::one", "a:b:C", custom=True)
    made = {
        "same": Previewed("same", ()),
        "changed": Previewed("changed", (step,)),
        "violated": Previewed("violated", (step,), findings=(Finding("p", "", True, step.urn, "no"),)),
        "failed": Previewed("failed", (), error=EngineError("no")),
    }
    monkeypatch.setattr("commonground.cli.preview._preview", lambda options, folder, name, how: made[name])
    monkeypatch.chdir(folder)
    worst = {"same": 0, "changed": 2, "violated": 3, "failed": 1}
    weight = list(worst)
    for one in worst:
        for other in worst:
            assert run(["preview", one, other, "--offline", "--exit-code"]) == worst[max(one, other, key=weight.index)]
            assert run(["preview", one, other, "--offline"]) == {2: 0}.get(code := worst[max(one, other, key=weight.index)], code)


def test_gpus_before_are_known_by_the_lock_before_and_what_failed_has_no_parity(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = "instance_types:\n  {}: {{architecture: x86_64, vcpu: 4, memory_mib: 16384, pods: 58, efa: 0, gpus: {{count: {}, model: L4, memory_mib: 22888}}}}\n"
    for name in ("dev", "prod"):
        (folder / f"Pulumi.{name}.yaml").write_text(LOCAL)
        (folder / f"lock.{name}.yaml").write_text(lock.format("g6.xlarge", 1))
    sides = ({"instanceTypes": [name], "scalingConfig": {"maxSize": 2}} for name in ("g6.12xlarge", "g6.xlarge"))
    step = Step("update", "urn:pulumi:dev::proof::a:b:C::one", "aws:eks/nodeGroup:NodeGroup", custom=True, old=next(sides), new=next(sides))
    made = {"dev": Previewed("dev", (step,), lock_before=lock.format("g6.12xlarge", 4)), "prod": Previewed("prod", (step,), error=EngineError("no"))}
    monkeypatch.setattr("commonground.cli.preview._preview", lambda options, folder, name, how: made[name])
    monkeypatch.chdir(folder)
    assert run(["preview", "dev", "prod", "--offline", "--report", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["parity"] == []
    assert {part["environment"]: part["cost"]["gpus"]["before"] for part in report["environments"]} == {"dev": 8, "prod": None}
    made["prod"] = Previewed("prod", (step,))
    assert run(["preview", "dev", "prod", "--offline", "--report", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["parity"]) == 1


def test_a_log_of_another_environment_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(folder)
    step = {"op": "create", "urn": "urn:pulumi:dev::p::a:b:C::one", "type": "a:b:C", "new": {"type": "a:b:C", "urn": "u", "custom": True}}
    Path("log").write_text("\n".join(map(json.dumps, ({"resourcePreEvent": {"metadata": step}}, {"summaryEvent": {}}))))
    assert run(["preview", "dev", "--events", "log"]) == 0
    assert run(["preview", "prod", "--events", "log"]) == USAGE
    assert "it was recorded of the stack dev, and not of prod" in capsys.readouterr().err


EVIL = "\x1b]0;evil\x07\x1b[2J\u202e\ud800"


def test_what_others_wrote_into_a_log_moves_no_terminal(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(folder)
    states = {name: {"type": f"a:b:{EVIL}", "urn": "u", "custom": True, "inputs": {EVIL: EVIL + name}} for name in ("old", "new")}
    step = {"op": "update", "urn": f"urn:pulumi:dev::p::a:b:C::one{EVIL}", "type": f"a:b:{EVIL}", "diffs": [EVIL], **states}
    said = {"diagnosticEvent": {"message": f"it broke {EVIL}", "severity": "error"}}
    events = [{"resourcePreEvent": {"metadata": step}}, said, {"diagnosticEvent": {"message": f"look {EVIL}", "severity": "warning"}}, {"summaryEvent": {}}]
    Path("log").write_text("\n".join(map(json.dumps, events)))
    assert run(["preview", "dev", "--events", "log", "--report", "text=report"]) == 1
    shown = capsys.readouterr()
    for text in (shown.out, shown.err, Path("report").read_text("utf-8")):
        assert text.replace("\n", "").isprintable()
    assert "it broke" in shown.err


def test_it_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert re.fullmatch(r"commonground \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


def test_the_project_is_found_from_any_folder_in_it(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    deep = folder / "stacks" / "deep"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert run(["settings", "check", "local"]) == 0
    assert run(["settings", "check", "local", "--project", "."]) == 1
    assert capsys.readouterr().err.startswith(f"error: {deep / 'Pulumi.yaml'} is missing: ")


@pytest.mark.parametrize("command", ["start", "stop", "status", "env"])
def test_outside_of_any_project_there_is_no_local_cloud_to_speak_of(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["local", command]) == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / 'Pulumi.yaml'} is missing: run this inside a checkout")


def test_where_it_is_not_on_path_hints_name_the_executable_that_runs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cloud, "running", lambda directory: None)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setattr(sys, "argv", [str(folder / ".venv" / "bin" / "commonground")])
    assert run(["local", "status"]) == 0
    assert "`.venv/bin/commonground up local` or `.venv/bin/commonground local start` starts it" in capsys.readouterr().out
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert run(["local", "status"]) == 0
    assert "`commonground up local`" in capsys.readouterr().out


def test_doctor_tells_of_a_real_environment_whether_there_is_a_login_and_a_shell_that_points_elsewhere(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "Pulumi.dev.yaml").write_text(LOCAL.replace("cloud: local", "cloud: aws"))
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("PULUMI_HOME", str(home))
    for name in ("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN", "PULUMI_CREDENTIALS_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    def findings() -> dict[str, tuple[bool, str]]:
        run(["doctor", "dev", "--json", "--project", str(folder)])
        return {finding["what"]: (finding["good"], finding["said"]) for finding in json.loads(capsys.readouterr().out)}

    found = findings()
    assert not found["AWS credentials"][0]
    assert "this shell points at the local cloud" in found["AWS credentials"][1]
    assert not found["Pulumi backend"][0]
    assert "login s3://BUCKET`" in found["Pulumi backend"][1]
    (home / "credentials.json").write_text('{"current": "s3://bucket"}')
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    found = findings()
    assert found["AWS credentials"][0]
    assert found["Pulumi backend"][0]
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "hunter2")
    assert findings()["Pulumi backend"][1].startswith("PULUMI_ACCESS_TOKEN;")


def test_the_process_ends_with_the_exit_code(folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", "from commonground.cli import main; main()", "no"], capture_output=True, text=True, check=False)
    assert done.returncode == 64


def test_a_folder_without_a_project_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["up", "local", "--project", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / 'Pulumi.yaml'} is missing: ")


def test_what_nobody_foresaw_is_one_line_without_a_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def breaks(*arguments: object, **options: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(cli, "main", breaks)
    assert run(["engine"]) == 1
    assert capsys.readouterr().err == "error: a mistake of Commonground's (KeyError: 'x'); --debug shows where\n"
    with pytest.raises(KeyError):
        run(["engine", "--debug"])


def test_local_env_prints_what_a_shell_takes_and_says_where_nothing_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("commonground.local.cloud.running", lambda directory: None)
    assert run(["local", "env", "--project", str(folder)]) == 1
    assert "`commonground up local`" in capsys.readouterr().err
    found = SimpleNamespace(endpoint="http://127.0.0.1:1", pid=1, environment=lambda region: {"AWS_REGION": region, "AWS_ACCESS_KEY_ID": "a b"})
    monkeypatch.setattr(cloud, "running", lambda directory: found)
    assert run(["local", "env", "--project", str(folder)]) == 0
    assert capsys.readouterr().out == "export AWS_ACCESS_KEY_ID='a b'\nexport AWS_REGION=eu-west-1\n"
    assert run(["local", "status", "--project", str(folder)]) == 0
    assert capsys.readouterr().out == "the local cloud serves at http://127.0.0.1:1 (process 1)\n"


def test_doctor_lists_each_need_and_exits_with_1_if_one_is_missing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    assert run(["doctor", "local", "--json", "--project", str(folder)]) == 1
    findings = {finding["what"]: finding["good"] for finding in json.loads(capsys.readouterr().out)}
    assert findings == {"Python": True, "Pulumi CLI": False, "settings": True}


def test_settings_check_tells_every_mistake_of_the_shipped_example_and_takes_it_offline(capsys: pytest.CaptureFixture[str]) -> None:
    root = str(Path(__file__).parents[1])
    assert run(["settings", "check", "dev", "--offline", "--project", root]) == 0
    assert run(["settings", "check", "dev", "--project", root]) == 1
    told = capsys.readouterr()
    assert "stacks/foundation/Pulumi.dev.yaml:" in told.out
    assert "placeholder account" in told.out
    assert "`commonground preview dev --offline`" in told.out
    assert told.err == "without the placeholders: `commonground settings check dev --offline`\n"


SHOP = str(Path(__file__).parents[1] / "stacks" / "shop")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [(["lock", "dev"], "`commonground lock` writes a foundation's lock"), (["parity", "dev", "prod"], "parity compares environments of a foundation")],
)
def test_what_only_a_foundation_has_is_refused_for_a_teams_project(arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*arguments, "--project", SHOP]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"error: the project shop has no blueprint.yaml: {why}")
    assert told.err.endswith(f". Fix: --project {os.path.relpath(Path(SHOP).parents[1])}, the foundation's\n")


def test_settings_check_does_not_call_right_what_a_teams_program_checks_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["settings", "check", "dev", "--project", SHOP]) == 0
    out = capsys.readouterr().out
    assert "its program checks its settings itself: `commonground preview dev --offline --project " in out
    assert "right" not in out
    assert run(["settings", "check", "nowhere", "--project", SHOP]) == 1
    assert "Pulumi.nowhere.yaml is missing: the environments of shop are dev, local, prod, staging" in capsys.readouterr().err


@pytest.mark.parametrize("options", [(), ("--env", "local")])
def test_why_says_that_a_local_cloud_without_a_control_plane_has_no_pods(
    options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(SHOP).parents[1]
    monkeypatch.setattr("commonground.engine.clusters.kept", lambda directory: None)
    monkeypatch.setattr(cloud, "running", lambda directory: SimpleNamespace(endpoint="http://127.0.0.1:1"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    assert run(["why", "web", *options, "--project", str(root)]) == 1
    message = "error: this local cloud has no API server, and so no pods: `commonground local stop && commonground up local --cluster`\n"
    assert capsys.readouterr().err == message
