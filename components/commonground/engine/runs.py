"""One run for one environment, as a command asks for it: which state, which stand-ins, which local cloud."""

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from commonground.engine import clusters, process, statefile
from commonground.engine.errors import BeneathError, EngineError, InterruptedRunError, NoGroundError, NoProjectError, StoodOnError
from commonground.engine.installation import Engine
from commonground.engine.process import Outcome, Watcher
from commonground.engine.progress import Muted
from commonground.engine.project import Project
from commonground.engine.request import Mode, RealKubernetes, Request, StandIns, State

KUBERNETES = "1.36"
"""Version whose schema checks objects where an environment has no lock."""
HOME_ACCOUNT, HOME_REGION = "123456789012", "eu-central-1"
"""The local cloud's own, where an environment's bindings name none."""


@dataclass(frozen=True)
class Checkout:
    """Where the ignored `.commonground/` is, with everything that runs keep."""

    root: Path

    @classmethod
    def around(cls, folder: Path) -> "Checkout":
        """The checkout that a project's folder is in: the git work tree, or without git the outermost folder with a Pulumi.yaml."""
        folders = [folder, *folder.parents]
        work_trees = [parent for parent in folders if (parent / ".git").exists()]
        projects = [parent for parent in folders if (parent / "Pulumi.yaml").is_file()]
        return cls(work_trees[0] if work_trees else projects[-1] if projects else folder)

    def beneath(self, project: Project) -> Project | None:
        """The foundation's project that another one of the checkout stands on: that at its root. None for itself, and where there is none."""
        if self.root == project.root or not (self.root / "Pulumi.yaml").is_file():
            return None
        return Project.read(self.root)

    def folder_of(self, name: str) -> str:
        """Folder of the project of this name as a command takes it; words for it where it is not found near the root."""
        for file in sorted(file for depth in ("", "*/", "*/*/") for file in self.root.glob(f"{depth}Pulumi.yaml")):
            if Project.read(file.parent).name == name:
                return os.path.relpath(file.parent)
        return f"FOLDER-OF-{name.upper()}"

    @property
    def state(self) -> Path:
        """State of the environments that live in the local cloud."""
        return self.root / ".commonground" / "state"

    @property
    def local(self) -> Path:
        """What the local cloud keeps."""
        return self.root / ".commonground" / "local"


@dataclass(frozen=True)
class Run:
    """A project, an environment, and who is told."""

    project: Project
    environment: str
    engine: Engine
    watcher: Watcher
    policy_packs: tuple[str, ...] = ()
    debug: bool = False
    cluster: bool = False
    """Whether the local cloud's clusters are to have real control planes. Once they have, they are used without being asked for."""
    worker: process.Worker | None = None
    """One that was started ahead; without it the run starts its own."""
    check: Callable[[Project], None] | None = None
    """Reads the files of a foundation that is to be brought up offline, and raises what is wrong with them."""

    @cached_property
    def checkout(self) -> Checkout:
        """Where the project is."""
        return Checkout.around(self.project.root)

    @cached_property
    def beneath(self) -> Project | None:
        """The foundation's project that this one stands on. None for itself."""
        return self.checkout.beneath(self.project)

    @property
    def ground(self) -> Project | None:
        """The foundation beneath, where it has this environment."""
        return self.beneath if self.beneath and self.beneath.stack_file(self.environment).is_file() else None

    @cached_property
    def local(self) -> bool:
        """Whether the environment lives in the local cloud, as its bindings say, or those of the foundation beneath it."""
        return self._binding("cloud") == "local"

    def _binding(self, name: str) -> str | None:
        found = self.project.binding(self.environment, name)
        return self.beneath.binding(self.environment, name) if found is None and self.beneath else found

    def up(self, *, ask: bool) -> Outcome:
        """Previews, then provisions. `ask`: whether to ask in between; the local cloud is never asked for."""
        if not self.local:
            return self._run(Mode.UP, state=State.TEAM, ask=ask)
        running = self._running_cloud()
        if self.ground and not (running and self._provisioned_in(running, self.ground)):
            raise NoGroundError(self.environment, os.path.relpath(self.ground.root))
        cloud = self._start_cloud()
        return self._live(Mode.UP, cloud)

    def destroy(self, *, ask: bool) -> Outcome:
        """Previews, then takes everything away; stops before anything if something is protected."""
        if not self.local:
            return self._run(Mode.DESTROY, state=State.TEAM, ask=ask)
        cloud = self._running_cloud()
        if cloud and (stacks := self._on_top(cloud)):
            raise StoodOnError(self.environment, {name: self.checkout.folder_of(name) for name in stacks})
        return self._live(Mode.DESTROY, cloud) if cloud else self._run(Mode.DESTROY, state=State.CHECKOUT, cloud="")

    def refresh(self) -> Outcome:
        """Reads from the cloud what is there, into the state."""
        if not self.local:
            return self._run(Mode.REFRESH, state=State.TEAM)
        cloud = self._running_cloud()
        return self._live(Mode.REFRESH, cloud) if cloud else self._run(Mode.REFRESH, state=State.CHECKOUT, cloud="")

    def preview(self, *, offline: bool, verify: bool = False, refresh: bool = False, as_caller: bool = False) -> Outcome:
        """What `up` would do. Changes nothing, starts no local cloud. `verify`: offline, preview the result once more, and fail if that changes anything.

        `refresh`: against what is really there, which is read for this preview only; offline there is nothing to read. `as_caller`: with the caller's
        own rights, not those of the role that deploys.
        """
        if offline:
            return self._planned("offline", verify=verify)
        if not self.local:
            return self._run(Mode.PREVIEW, state=State.TEAM, refresh=refresh, as_caller=as_caller)
        cloud = self._running_cloud()
        if cloud is None:
            return self._planned("no local cloud runs")
        if not self._stands_in(cloud):
            return self._planned("nothing is provisioned in the local cloud")
        return self._live(Mode.PREVIEW, cloud, refresh=refresh, as_caller=as_caller)

    def render(self, folder: Path) -> Outcome:
        """An offline preview that writes every Kubernetes object below a folder: `CLUSTER/KIND.GROUP/NAMESPACE.NAME.yaml`."""
        return self._planned("offline", manifests=folder)

    def bring_up(self, backend: Path) -> Outcome:
        """Makes what the program asks for in a throw-away state, by stand-ins that deploy to nothing. Asks nobody.

        `backend`: folder of that state. Projects and environments that are brought up in the same one see each other's outputs. One that is in it
        already becomes what the program is now. `preview_against` tells what another version of the program would change.
        """
        return self._run(Mode.PLAN, state=State.THROW_AWAY, backend=backend, stand_ins=self._planning())

    def preview_against(self, backend: Path, *, verify: bool = False, manifests: Path | None = None) -> Outcome:
        """What `up` would do to what was brought up in a throw-away state; where nothing of this project was, to nothing.

        `verify`: where nothing was, preview the result once more, and fail if that changes anything. `manifests`: folder to write Kubernetes objects to.
        """
        return self._run(Mode.PREVIEW, state=State.THROW_AWAY, backend=backend, stand_ins=self._planning(manifests), verify=verify)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets masked; none where nothing is provisioned."""
        if not self.local:
            return self._run(Mode.OUTPUTS, state=State.TEAM).outputs
        return self._run(Mode.OUTPUTS, state=State.CHECKOUT).outputs if self._noted_cloud(self.project.name) else {}

    def init(self) -> None:
        """Creates the environment's stack in the backend that the team is logged in to; does nothing where it is there, or needs none."""
        if not self.local:
            self._run(Mode.INIT, state=State.TEAM)

    def endpoint(self) -> str | None:
        """Address of the local cloud, where the environment lives in one that runs."""
        cloud = self._running_cloud() if self.local else None
        return str(cloud.endpoint) if cloud else None

    def _planned(self, why: str, *, verify: bool = False, manifests: Path | None = None) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="commonground-") as folder:
            ground = self.bring_up_beneath(Path(folder))
            outcome = self.preview_against(Path(folder), verify=verify, manifests=manifests)
        return replace(outcome, against=f"{why}, against nothing{ground}; ids and ARNs are derived from names")

    def bring_up_beneath(self, backend: Path) -> str:
        """Brings up the foundation beneath in a throw-away state, if there is one for this environment. Returns what a preview stands on, in words."""
        found = self.ground
        if found is None:
            return ""
        self.watcher.say(f"{self.environment}: bringing up the foundation ({found.name}) offline")
        try:
            with process.started(found.root, stand_ins=True, debug=self.debug) as worker:
                if self.check:
                    self.check(found)
                Run(found, self.environment, self.engine, Muted(self.watcher.say), worker=worker).bring_up(backend)
        except InterruptedRunError:
            raise
        except EngineError as error:
            raise BeneathError(found.name, error) from None
        return f", on the foundation ({found.name}) as this checkout describes it"

    def _planning(self, manifests: Path | None = None) -> StandIns:
        return StandIns("plan", self._kubernetes, manifests=str(manifests) if manifests else None)

    def _live(self, mode: Mode, cloud: Any, *, refresh: bool = False, as_caller: bool = False) -> Outcome:
        real = self._real_kubernetes(cloud)
        # By instance: the objects of a lost cloud are lost with it.
        manifests = self.checkout.local / "manifests" / cloud.instance
        if mode is Mode.UP:
            for old in manifests.parent.glob("*"):
                if old.name != cloud.instance:
                    shutil.rmtree(old, ignore_errors=True)
        manifests.mkdir(parents=True, exist_ok=True)
        stand_ins = StandIns("live", self._kubernetes, cloud.endpoint, str(manifests))
        return self._run(mode, state=State.CHECKOUT, stand_ins=stand_ins, cloud=cloud.instance, real_kubernetes=real, refresh=refresh, as_caller=as_caller)

    def _real_kubernetes(self, cloud: Any) -> RealKubernetes | None:
        if not clusters.used(self.checkout.local, cloud):
            if not self.cluster:
                return None
            if self._provisioned_in(cloud, self.project):
                raise clusters.ProvisionedWithoutError(self.environment)
        place = clusters.Place(self.checkout.local, cloud, self._binding("account") or HOME_ACCOUNT, self._binding("region") or HOME_REGION)
        return clusters.started(place, self.watcher.say)

    def _run(
        self,
        mode: Mode,
        *,
        state: State,
        backend: Path | None = None,
        stand_ins: StandIns | None = None,
        real_kubernetes: RealKubernetes | None = None,
        cloud: str | None = None,
        ask: bool = False,
        verify: bool = False,
        refresh: bool = False,
        as_caller: bool = False,
    ) -> Outcome:
        file = self.project.stack_file(self.environment)
        if not file.is_file():
            known = ", ".join(self.project.environments()) or "none"
            raise NoProjectError(str(file), f"the environment {self.environment!r} has a file of this name; there are: {known}")
        request = Request(
            mode=mode,
            project=str(self.project.root),
            environment=self.environment,
            cli=str(self.engine.path),
            cli_version=self.engine.version,
            state=state,
            backend=str(self.checkout.state if state is State.CHECKOUT else backend) if state is not State.TEAM else None,
            stand_ins=stand_ins,
            real_kubernetes=real_kubernetes,
            policy_packs=self.policy_packs,
            ask=ask,
            verify=verify,
            refresh=refresh,
            as_caller=as_caller,
            cloud=cloud,
        )
        with self._worker() as worker:
            return process.run(request, self.watcher, worker)

    def _worker(self) -> AbstractContextManager[process.Worker]:
        return nullcontext(self.worker) if self.worker else process.started(self.project.root, debug=self.debug)

    @property
    def _kubernetes(self) -> str:
        """By the lock; a team's project has none, and is on its foundation's cluster."""
        locks = [project.locked(self.environment, "kubernetes") for project in (self.project, self.beneath) if project]
        return next((version for version in locks if version), KUBERNETES)

    def _noted_cloud(self, project: str) -> str | None:
        file = self.checkout.state / f"{project}.{self.environment}.cloud"
        return file.read_text().strip() if file.exists() else None

    def _stands_in(self, cloud: Any) -> bool:
        """Whether a preview has something in the local cloud to be made against: the foundation beneath it, or what it has there itself."""
        return self._provisioned_in(cloud, self.ground) if self.ground else self._noted_cloud(self.project.name) == str(cloud.instance)

    def _on_top(self, cloud: Any) -> list[str]:
        """Names of other projects that have something in this local cloud, where this one is the foundation that they stand on."""
        if self.project.root != self.checkout.root:
            return []
        files = sorted((self.checkout.state / ".pulumi" / "stacks").glob(f"*/{self.environment}.json"))
        return [name for name in (file.parent.name for file in files) if name != self.project.name and self._has_something(cloud, name)]

    def _provisioned_in(self, cloud: Any, project: Project) -> bool:
        """Whether the checkout's own state has anything of a project in this local cloud."""
        return self._has_something(cloud, project.name)

    def _has_something(self, cloud: Any, project: str) -> bool:
        file = statefile.place(self.checkout.state, project, self.environment)
        return self._noted_cloud(project) == cloud.instance and bool(statefile.latest(statefile.read(file)).get("resources"))

    def _start_cloud(self) -> Any:
        from commonground.local import cloud  # moto's server and all it imports, for `local` only

        found = cloud.start(self.checkout.local, report=self.watcher.say)
        if roles := self.project.roles(self.environment):
            found.furnish(roles)
        return found

    def _running_cloud(self) -> Any:
        from commonground.local import cloud

        return cloud.running(self.checkout.local)
