"""A checkout of the project in a folder of its own, used as its users do: by files, `git` and `commonground`."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

from commonground.local import cloud
from commonground.local.cloud import Call, Cloud

ROOT = Path(__file__).parents[2]
PROJECT_FILES = ("Pulumi.yaml", ".gitignore", "stacks")
REGION = "eu-central-1"
ACCOUNT = "123456789012"
COMMAND = [sys.executable, "-c", "from commonground.cli import main; main()"]
TAGS = {"commonground:environment": "local", "commonground:project": "commonground"}
# Set here, they would slow every run down, or lead it elsewhere.
DROPPED = ("AWS_", "PULUMI_", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Result:
    """What a command left."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Checkout:
    """A project in a git work tree, with the local cloud that its commands start."""

    root: Path

    @classmethod
    def copy(cls, root: Path) -> "Checkout":
        """The project's files as they are, committed in a new work tree."""
        root.mkdir(parents=True)
        for name in PROJECT_FILES:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, root / name)
        found = cls(root)
        found.git("init", "-q")
        found.commit()
        return found

    @property
    def stack(self) -> Path:
        """The folder of the foundation's program and files."""
        return self.root / "stacks" / "foundation"

    def git(self, *arguments: str) -> str:
        """What git says."""
        anonymous = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        quiet = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        return subprocess.run(["git", *anonymous, *arguments], cwd=self.root, env=quiet, capture_output=True, text=True, check=True).stdout

    def commit(self) -> None:
        """Keeps the files as they are now; `git status` then tells what changes after it."""
        self.git("add", "-A")
        self.git("commit", "-qm", "as it is")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replaces a text in a file of the foundation's, which has to stand there once."""
        path = self.stack / name
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new), "utf-8")

    def run(self, *arguments: str, wrapper: tuple[str, ...] = (), variables: Mapping[str, str] | None = None) -> Result:
        """A command of ours, run at the checkout's root."""
        done = subprocess.run([*wrapper, *COMMAND, *arguments], cwd=self.root, env=environment(variables), capture_output=True, text=True, check=False)
        return Result(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """The same, not waited for, in a process group of its own."""
        return subprocess.Popen(
            [*COMMAND, *arguments], cwd=self.root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )

    @property
    def local(self) -> Path:
        """The folder of the local cloud."""
        return self.root / ".commonground" / "local"

    def pending(self) -> list[str]:
        """Logical names of what the state of `local` says is being created."""
        state = json.loads((self.root / ".commonground/state/.pulumi/stacks/commonground/local.json").read_text("utf-8"))
        operations = state["checkpoint"]["latest"].get("pending_operations") or []
        return sorted(operation["resource"]["urn"].rpartition("::")[2] for operation in operations if operation["type"] == "creating")

    @property
    def cloud(self) -> Cloud:
        """The checkout's local cloud, which has to run."""
        found = cloud.running(self.local)
        assert found, "no local cloud runs"
        return found

    def calls(self, since: int = 0) -> list[Call]:
        """Calls that changed something in the local cloud, or tried to."""
        return self.cloud.calls(since)

    def stop(self) -> None:
        """Ends the local cloud, if one runs."""
        cloud.stop(self.local)

    @cached_property
    def aws(self) -> "Aws":
        """boto3, pointed at the local cloud by what `commonground local env` prints."""
        printed = self.run("local", "env")
        assert printed.code == 0, printed.err
        return Aws(dict(line.removeprefix("export ").split("=", 1) for line in printed.out.splitlines()))


class Aws:
    """Clients as boto3 makes them in a shell that took these variables: `aws.ec2`, `aws.eks`."""

    def __init__(self, variables: dict[str, str], *, region: str | None = None, account: str = ACCOUNT) -> None:
        self.endpoint = variables["AWS_ENDPOINT_URL"]
        self._session = boto3.Session(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], region_name=region or variables["AWS_REGION"])
        if account != ACCOUNT:
            keys = self.sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/test", RoleSessionName="test")["Credentials"]
            self._session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=self._session.region_name)

    @classmethod
    def at(cls, found: Cloud, region: str = REGION, account: str = ACCOUNT) -> "Aws":
        """Clients of one region and account of a local cloud."""
        return cls(found.environment(region), account=account)

    def __getattr__(self, service: str) -> Any:
        client = self._session.client(service, endpoint_url=self.endpoint)
        setattr(self, service, client)
        return client


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables of a user who has set up nothing but these."""
    return {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)} | dict(variables or {})


def kill_all(pid: int) -> None:
    """Ends a command and all that it started with SIGKILL, the command first. The local cloud has a session of its own, and a parent that is not asked."""
    children = _children()
    family = [pid]
    for member in family:
        family += [child for child, command in children.get(member, []) if "commonground.local.cloud" not in command]
    for member in family:
        with suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)


def _children() -> dict[int, list[tuple[int, str]]]:
    """Processes by their parent, each with its command line (proc(5))."""
    found: dict[int, list[tuple[int, str]]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            found.setdefault(parent, []).append((int(folder.name), (folder / "cmdline").read_text()))
    return found


def tags(listed: list[dict[str, str]] | dict[str, str]) -> dict[str, str]:
    """Tags as a dictionary, however the service writes them."""
    if isinstance(listed, dict):
        return listed
    return {tag.get("Key", tag.get("TagKey", "")): tag.get("Value", tag.get("TagValue", "")) for tag in listed}


def ours(found: list[dict[str, Any]], member: str = "Tags") -> list[dict[str, Any]]:
    """Those of a list that carry the environment's tags."""
    return [one for one in found if TAGS.items() <= tags(one.get(member, [])).items()]


def one(found: list[dict[str, Any]], name: str, member: str = "Tags") -> dict[str, Any]:
    """The only one that carries the environment's tags and this logical name."""
    (match,) = [thing for thing in ours(found, member) if tags(thing[member])["Name"] == name]
    return match


def said(calls: list[Call]) -> list[str]:
    """Names of operations, refused ones marked."""
    return [f"{call.service} {call.operation}{' (refused)' if call.refused else ''}" for call in calls]
