"""Where the engine works in a run: project files, environment variables, backend, stack, and what an earlier run left behind."""

import json
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pulumi.automation import LocalWorkspace, OutputMap, PulumiCommand, Stack, UpdateSummary
from semver import VersionInfo

from commonground.engine import statefile
from commonground.engine.applied import Applied
from commonground.engine.channel import Channel
from commonground.engine.errors import BusyError, NotCreatedError
from commonground.engine.findings import PROGRAM, PYTHON
from commonground.engine.project import Project
from commonground.engine.request import HALF_MADE, Mode, RealKubernetes, Request, State
from commonground.local.background import lives

QUIET = {"PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true"}
# The CLI lives for seconds, in which it need not look for garbage often (Go, "A Guide to the Go Garbage Collector"). Not in a team's run: its providers,
# which would get it too, are large.
QUICK = {"GOGC": os.environ.get("GOGC", "400")}
STAND_INS_ONLY = {"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}
# The file backend writes the whole state at each step, which a state that nobody needs afterwards does without.
NO_CHECKPOINTS = {"PULUMI_SKIP_CHECKPOINTS": "true", "PULUMI_EXPERIMENTAL": "true"}
# Of what a run reads; history and backups, which grow, are only written (gocloud.dev/blob/fileblob: `NAME.attrs` beside each file).
ATTRIBUTES = ("meta.yaml.attrs", "stacks/**/*.attrs", "locks/**/*.attrs")
HALF_CHANGED = ("updating", "deleting")
"""The engine's words for operations on what the state has already (sdk/go/common/apitype, OperationType)."""
CHANGING = (Mode.UP, Mode.DESTROY, Mode.REFRESH)


class Workspace:
    """The engine's workspace of one run, and its stack."""

    def __init__(self, request: Request, project: Project, folder: Path) -> None:
        self._request = request
        self._project = project
        self._folder = folder
        self.environment = dict(QUIET)
        if request.policy_packs:
            self.environment |= {PROGRAM: str(project.main), PYTHON: sys.executable}
        self.work_dir = project.root if request.state is State.TEAM else folder / "project"
        if request.state is not State.TEAM:
            self._prepare(folder)
        self._lock: FileLock | None = None
        self.pending: frozenset[str] = frozenset()
        """URNs of what an earlier run was creating when it was killed: the cloud may have it, and the state has not."""
        self.unfinished: frozenset[str] = frozenset()
        """URNs of what an earlier run was changing when it was interrupted or killed: the state has it, and maybe not as the cloud has."""
        self.new = False
        """Whether the stack was created for this run, and so has nothing in it."""

    def begin(self, channel: Channel) -> None:
        """Takes the environment for this run, and mends what an earlier one left. Raises `BusyError`."""
        if self._request.state is not State.CHECKOUT:
            return
        self._remove_half_attributes()
        self._lock = FileLock(self._backend / f"{self._project.name}.{self._request.environment}.run")
        if self._request.mode not in CHANGING:
            # What looks cut off while another run has the environment is being written.
            if self._is_state_cut_off:
                with suppress(Timeout), self._lock.acquire(timeout=0):
                    self._restore_state(channel)
            if self._request.mode is Mode.PREVIEW and self._written == self._backend:
                self._preview_unfinished()
            return
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise BusyError(self._request.environment) from None
        self._restore_state(channel)
        self._remove_stale_locks(channel)
        self._notice_lost_cloud(channel)
        self.unfinished = self._read_unfinished()
        self.pending = self._read_pending()
        if self.pending:
            (self._folder / HALF_MADE).write_text(json.dumps(sorted(self.pending)), "utf-8")

    def stack(self, program: Callable[[], None]) -> Stack:
        """The environment's stack. Raises `NotCreatedError` where only `init` may create it."""
        workspace = LocalWorkspace(
            work_dir=str(self.work_dir),
            program=program,
            env_vars=self.environment,
            pulumi_command=Engine(self._request.cli, self._request.cli_version),
        )
        name = self._request.environment
        if self._request.state is State.TEAM:
            self._select_team_stack(workspace)
        elif not self._state_file.exists():
            statefile.create(self._written, self._project.name, name)
            self.new = True
        return QuickStack(name, workspace)

    @property
    def applied(self) -> Applied | None:
        """What the last `up` noted; nothing where the state is not the checkout's own, and others may change it."""
        return Applied(self._state_file, self._project, self._request.cli_version) if self._request.state is State.CHECKOUT else None

    @property
    def _backend(self) -> Path:
        assert self._request.backend
        return Path(self._request.backend)

    @property
    def _state_file(self) -> Path:
        return statefile.place(self._backend, self._project.name, self._request.environment)

    def _prepare(self, folder: Path) -> None:
        """A copy of the project's files, a home and a backend, all outside of the checkout's tracked files."""
        throw_away = self._request.state is State.THROW_AWAY
        for needed in (self.work_dir, folder / "home", self._backend):
            needed.mkdir(parents=True, exist_ok=True)
        unprovisioned = self._request.mode is Mode.PREVIEW and not throw_away and not self._state_file.exists()
        self._written = self._others(folder / "state") if unprovisioned else self._backend
        self._project.copy(self.work_dir, self._request.environment, offline=throw_away)
        self.environment |= {
            "PULUMI_BACKEND_URL": f"file://{self._written}",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": passphrase(self._backend),
            **STAND_INS_ONLY,
            **QUICK,
            **(NO_CHECKPOINTS if throw_away else {}),
        }
        if real := self._request.real_kubernetes:
            self._reach(real, self._backend)

    def _others(self, copy: Path) -> Path:
        """A copy of what other stacks of the backend have: a preview of one that was never provisioned then leaves none behind."""
        copy.mkdir()
        kept = self._backend / ".pulumi"
        for file in (kept / "meta.yaml", *kept.glob("stacks/*/*.json")):
            if file.exists():
                place = copy / file.relative_to(self._backend)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)
        return copy

    def _reach(self, real: RealKubernetes, backend: Path) -> None:
        """Real clusters. A provider that is downloaded is kept beside the state: the run's own home goes with it."""
        self.environment |= real.environment
        if real.downloads:
            self.environment["PULUMI_HOME"] = str(backend / "home")
            del self.environment["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"]

    def _select_team_stack(self, workspace: LocalWorkspace) -> None:
        name = self._request.environment
        # Selecting a stack that the backend does not know rewrites its file, so it is looked up first.
        known = any(summary.name.rsplit("/", 1)[-1] == name for summary in workspace.list_stacks())
        if not known and self._request.mode is not Mode.INIT:
            raise NotCreatedError(name)
        (workspace.select_stack if known else workspace.create_stack)(name)

    def _remove_stale_locks(self, channel: Channel) -> None:
        """The engine's own locks of processes that are no more. Raises `BusyError` for one that is."""
        for file in sorted((self._backend / ".pulumi" / "locks").rglob("*.json")):
            if self._request.environment not in file.parts:
                continue
            holder = statefile.read(file) or {}
            pid = int(holder.get("pid", 0))
            if holder.get("hostname", socket.gethostname()) == socket.gethostname() and not _runs(pid):
                file.unlink(missing_ok=True)
                channel.say("an earlier run was killed: its lock is taken off")
            else:
                raise BusyError(self._request.environment, pid)

    def _remove_half_attributes(self) -> None:
        """The file backend can do without a file's attributes, but not with half of them, as a killed run leaves them: it writes them in place."""
        for pattern in ATTRIBUTES:
            for file in (self._backend / ".pulumi").glob(pattern):
                if statefile.read(file) is None:
                    file.unlink(missing_ok=True)

    @property
    def _is_state_cut_off(self) -> bool:
        return self._state_file.exists() and statefile.read(self._state_file) is None

    def _restore_state(self, channel: Channel) -> None:
        """The file backend writes the state in place too, after it has put the one before aside."""
        before = self._state_file.with_name(self._state_file.name + ".bak")
        if self._is_state_cut_off and statefile.read(before) is not None:
            shutil.copyfile(before, self._state_file)
            channel.say("an earlier run was killed while it wrote the state: the one before it is taken")

    def _read_pending(self) -> frozenset[str]:
        return frozenset(urn for urn, operation in self._operations() if operation == "creating")

    def _operations(self) -> list[tuple[str, str]]:
        """URN and kind of each operation that a killed run was in."""
        operations = statefile.latest(statefile.read(self._state_file)).get("pending_operations") or []
        return [(operation["resource"]["urn"], operation["type"]) for operation in operations]

    @property
    def _note(self) -> Path:
        return self._backend / f"{self._project.name}.{self._request.environment}.unfinished"

    def _read_unfinished(self) -> frozenset[str]:
        """What was noted, and what a killed run was in; the engine refreshes only what the state has."""
        noted: Any = statefile.read(self._note) or {}
        killed = {urn for urn, operation in self._operations() if operation in HALF_CHANGED}
        there = {resource["urn"] for resource in statefile.latest(statefile.read(self._state_file)).get("resources") or []}
        return frozenset((killed | set(noted.get("urns", []))) & there)

    def _preview_unfinished(self) -> None:
        """A preview reads what is unfinished too, and keeps what it read to itself: in a copy of the state."""
        self.unfinished = self._read_unfinished()
        if self.unfinished:
            self._written = self._others(self._folder / "state")
            self.environment["PULUMI_BACKEND_URL"] = f"file://{self._written}"

    def note(self, begun: Collection[str]) -> None:
        """Keeps what an interrupted run did not end, for the next one. Of a team's state nothing can be kept here: its user is told."""
        unfinished = self.unfinished | set(begun)
        if unfinished and self._request.state is State.CHECKOUT:
            self._note.write_text(json.dumps({"urns": sorted(unfinished)}) + "\n", "utf-8")

    def forget(self) -> None:
        """Drops that note: a run has come to its end."""
        if self._request.state is State.CHECKOUT:
            self._note.unlink(missing_ok=True)

    def mend(self) -> None:
        """Takes the operations of a killed run out of the state: the stand-ins look for what it made before they create."""
        checkpoint = statefile.read(self._state_file)
        if not statefile.latest(checkpoint).pop("pending_operations", None):
            return
        written = self._state_file.with_suffix(".mended")
        written.write_text(json.dumps(checkpoint, indent=4), "utf-8")
        written.replace(self._state_file)

    def _notice_lost_cloud(self, channel: Channel) -> None:
        """Drops a state that describes another local cloud than the one that runs: what it names is gone."""
        if self._request.cloud is None:
            return
        noted = self._backend / f"{self._project.name}.{self._request.environment}.cloud"
        if self._state_file.exists() and (not noted.exists() or noted.read_text().strip() != self._request.cloud):
            then = "it is built again from nothing" if self._request.mode is Mode.UP else "its state is dropped"
            channel.say(f"the local cloud that this was made in is gone, and all in it: {then}")
            self._state_file.unlink()
        if self._request.mode is Mode.UP:
            noted.write_text(self._request.cloud + "\n")


class Engine(PulumiCommand):
    """The CLI where it was found: one on PATH need not be in a folder `bin`, and its version need not be asked again."""

    def __init__(self, path: str, version: str) -> None:
        self.command = path
        self.version = VersionInfo.parse(version)


class QuickStack(Stack):
    """A stack that is there, and is not asked for again.

    Pulumi's own runs `stack select` first, and after each operation three commands for what its events have said already, secrets in the clear.
    """

    def __init__(self, name: str, workspace: LocalWorkspace) -> None:
        self.name = name
        self.workspace = workspace

    def outputs(self) -> OutputMap:
        """None: see `Watch.outputs`."""
        return {}

    def info(self, show_secrets: bool = True) -> UpdateSummary | None:
        """Nothing of what happened: see `Watch`."""
        return UpdateSummary(kind="update", start_time=datetime.min, message="", environment={}, config={}, result="succeeded")


def passphrase(backend: Path) -> str:
    """The passphrase of a state in a folder: random, made once, readable by its owner only."""
    file = backend / "passphrase"
    with suppress(FileExistsError), os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as new:
        new.write(secrets.token_hex(32))
    return file.read_text().strip()


def _runs(pid: int) -> bool:
    """Whether a process of this id is a Pulumi CLI."""
    return lives(pid, "pulumi")
