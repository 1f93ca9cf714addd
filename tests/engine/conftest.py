"""A small checkout with a project of its own, a small stand-in, and a small cloud, all run by the real Pulumi CLI."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from commonground.cli.main import run as command_line
from commonground.engine import standins
from commonground.local import cloud

STAND_IN = Path(__file__).parent / "standin.py"
PROTECTED = {"one": {"size": 1, "protect": True}, "two": {"size": 1, "protect": True}, "three": {"size": 1}}
PROJECT = """\
name: proof
runtime: python
main: stacks
stackConfigDir: stacks
config:
  pulumi:disable-default-providers: ["*"]
"""
LOCAL = """\
config:
  commonground:bindings: {cloud: local, account: "012345678901"}
"""
# A stack file as a team has it: a key service's secrets provider, and secrets that only that key opens.
DEV = """\
secretsprovider: awskms://alias/commonground?region=eu-central-1
encryptedkey: AQICAHhmadeup
config:
  commonground:bindings: {cloud: aws, account: "012345678901"}  # a comment that stays
  proof:password:
    secure: v1:abcdefgh:madeup
  proof:nested: {list: [{secure: v1:ijkl:madeup}]}
"""
PROGRAM = """\
import json
from pathlib import Path

import pulumi

description = json.loads((Path(__file__).parent / "things.json").read_text())
provider = pulumi.ProviderResource("aws", "aws", {}) if description["things"] else None


class Thing(pulumi.CustomResource):
    arn: pulumi.Output[str]

    def __init__(self, name, properties, opts):
        super().__init__("aws:test/thing:Thing", name, {**properties, "arn": None}, opts)


class Group(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("commonground:test:Group", name)


group, last = Group("group"), None
for name, thing in description["things"].items():
    protect = thing.pop("protect", False)
    secret = thing.pop("secret", None)
    if secret:
        thing["secret"] = pulumi.Output.secret(secret)
        pulumi.export("password", thing["secret"])
    last = Thing(name, thing, pulumi.ResourceOptions(parent=group, provider=provider, protect=protect, depends_on=[last] if last else []))
    pulumi.export(f"{name}-arn", last.arn)
if "raise" in description:
    raise ValueError(description["raise"])
"""


@dataclass
class Result:
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


@dataclass
class FakeCloud:
    """Stands for the local cloud: the test stand-in keeps things in its folder."""

    folder: Path
    endpoint: str = "http://127.0.0.1:1"
    instance: str = "first"
    pid: int = 0
    runs: bool = False

    def environment(self, region: str) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": region}

    def calls(self) -> list[str]:
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []


@dataclass
class Checkout:
    """A checkout, and how to use it."""

    root: Path
    cloud: FakeCloud
    capture: pytest.CaptureFixture[str]
    first: Result = field(default_factory=lambda: Result(0, "", ""))

    def describe(self, things: dict[str, dict[str, Any]], **more: Any) -> None:
        (self.root / "stacks" / "things.json").write_text(json.dumps({"things": things, **more}))

    def run(self, *arguments: str) -> Result:
        self.capture.readouterr()
        code = command_line([*arguments, "--project", str(self.root)])
        told = self.capture.readouterr()
        return Result(code, told.out, told.err)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """The same in a process of its own."""
        command = [sys.executable, "-c", RUNNER, *arguments, "--project", str(self.root)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def status(self) -> str:
        return subprocess.run(["git", "status", "--porcelain"], cwd=self.root, capture_output=True, text=True, check=True).stdout


# The fake cloud in another process: always running, always the same instance.
RUNNER = """
import sys
from types import SimpleNamespace
from commonground.local import cloud
from commonground.cli.main import main
found = SimpleNamespace(endpoint="http://127.0.0.1:1", instance="first", pid=0)
cloud.start = lambda directory, report=None: found
cloud.running = lambda directory: found
main(sys.argv[1:])
"""


@pytest.fixture(scope="session")
def engine() -> None:
    """The Pulumi CLI, for this and every other test: found or installed once."""
    from commonground.engine.installation import find

    find(lambda line: print(line, file=sys.stderr))


def make(folder: Path) -> None:
    """A checkout, a cloud and a stand-in in a folder."""
    root = folder / "checkout"
    (root / "stacks").mkdir(parents=True)
    (folder / "cloud").mkdir()
    files = {
        "Pulumi.yaml": PROJECT,
        "stacks/Pulumi.local.yaml": LOCAL,
        "stacks/Pulumi.dev.yaml": DEV,
        "stacks/__main__.py": PROGRAM,
        ".gitignore": ".commonground/\n",
    }
    for name, text in files.items():
        (root / name).write_text(text)
    (root / "stacks" / "things.json").write_text(json.dumps({"things": {"one": {"size": 1}, "two": {"size": 2}}}))
    git = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for arguments in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "first"]):
        subprocess.run(["git", *arguments], cwd=root, env=git, check=True)


def use(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """What `make` made, for a test."""
    found = FakeCloud(folder / "cloud")
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(cloud, "start", lambda directory, report=None: setattr(found, "runs", True) or found)
    monkeypatch.setattr(cloud, "running", lambda directory: found if found.runs else None)
    return Checkout(folder / "checkout", found, capsys)


def environment(folder: Path) -> dict[str, str]:
    """Variables that put the test stand-in in the real ones' place."""
    return {"TEST_CLOUD": str(folder / "cloud"), standins.COMMAND: json.dumps([sys.executable, "-P", str(STAND_IN)])}


@pytest.fixture
def checkout(engine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """A checkout in which nothing is provisioned yet: `one` and `two` are to be."""
    make(tmp_path)
    return use(tmp_path, monkeypatch, capsys)


def provision(folder: Path, things: dict[str, dict[str, Any]]) -> Path:
    """A checkout in which `up local` was run once, in a process of its own; tests get copies of it."""
    make(folder)
    (folder / "checkout" / "stacks" / "things.json").write_text(json.dumps({"things": things}))
    command = [sys.executable, "-c", RUNNER, "up", "local", "--project", str(folder / "checkout")]
    done = subprocess.run(command, env=os.environ | environment(folder), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (folder / "first").write_text(json.dumps([done.stdout, done.stderr]))
    return folder


@pytest.fixture(scope="session")
def made_once(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return provision(tmp_path_factory.mktemp("made"), {"one": {"size": 1}, "two": {"size": 2}})


@pytest.fixture(scope="session")
def protected_once(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return provision(tmp_path_factory.mktemp("protected"), PROTECTED)


@pytest.fixture
def provisioned(made_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """A checkout after the first `up local` of `one` and `two`; what that said is in `first`."""
    shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
    found = use(tmp_path, monkeypatch, capsys)
    found.cloud.runs = True
    found.first = Result(0, *json.loads((tmp_path / "first").read_text()))
    return found


@pytest.fixture
def protected(protected_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """A checkout after the first `up local` of `PROTECTED`."""
    shutil.copytree(protected_once, tmp_path, dirs_exist_ok=True)
    found = use(tmp_path, monkeypatch, capsys)
    found.cloud.runs = True
    return found
