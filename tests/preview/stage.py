"""Where kinds of change are tried: environments brought up once in a throw-away state, and patched copies of the checkout previewed against them."""

import shutil
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from commonground.engine import find, process
from commonground.engine.errors import ProtectedError, RunError
from commonground.engine.installation import Engine
from commonground.engine.progress import Muted
from commonground.engine.project import Project
from commonground.engine.runs import Run
from commonground.preview import Facts, environment
from commonground.preview.model import EnvironmentReport

ROOT = Path(__file__).parents[2]
COMPONENTS = "components/commonground/"
STACKS = ("Pulumi.yaml", "stacks")
SHOP = "shop"


@dataclass(frozen=True)
class Patch:
    """A text of a file that is replaced by another one."""

    file: str
    """From the checkout's root."""
    old: str
    new: str
    everywhere: bool = False
    """Whether it may stand in the file more than once."""

    def apply(self, root: Path) -> None:
        """Changes the file. A text that is not there, or not just once, is a mistake in the table."""
        path = root / self.file
        text = path.read_text("utf-8")
        assert text.count(self.old) == 1 or (self.everywhere and self.old in text), f"{self.old!r} stands {text.count(self.old)} times in {self.file}"
        path.write_text(text.replace(self.old, self.new), "utf-8")


class Stage:
    """Bases by environment, each brought up once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def engine(self) -> Engine:
        return find(lambda line: print(line, file=sys.stderr))

    def checkout(self, name: str, *, components: bool) -> Path:
        """A copy of the projects, with the components where they are to be patched."""
        root = self.folder / name
        for part in (*STACKS, *([COMPONENTS] if components else [])):
            target = root / part
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / part, target)
        return root

    def bring_up(self, base: str) -> Path:
        """The state of an environment as it is shipped. `shop-dev` is the shop's, on the foundation's."""
        backend = self.folder / "bases" / base
        for project, name in _stands_on(ROOT, base):
            self._run(project, name, None).bring_up(backend)
        return backend

    def bring_up_again(self, base: str, backend: Path, root: Path) -> Path:
        """The state of a base after a checkout was brought up on it."""
        after = self.folder / "bases" / root.name
        shutil.copytree(backend, after)
        for project, name in _stands_on(root, base):
            self._run(project, name, None).bring_up(after)
        return after

    def preview(self, base: str, backend: Path, root: Path, *, components: bool) -> EnvironmentReport:
        """The report of a checkout against a base."""
        *beneath, (project, name) = _stands_on(root, base)
        with tempfile.TemporaryDirectory(dir=self.folder) as copy:
            state = Path(copy) / "backend"
            shutil.copytree(backend, state)
            for ground, ground_name in beneath:
                self._run(ground, ground_name, root if components else None).bring_up(state)
            against, notes, problems = "", (), ()
            try:
                outcome = self._run(project, name, root if components else None).preview_against(state)
                steps, against, notes = outcome.steps, outcome.against, outcome.notes
            except ProtectedError as error:
                steps, problems = error.seen, (str(error),)
            except RunError as error:
                steps, problems = error.seen, tuple(str(problem) for problem in error.problems)
        return environment(name, steps, against=against, facts=Facts.read(project, name), problems=problems, notes=notes)

    def _run(self, project: Project, name: str, root: Path | None) -> "_Working":
        return _Working(project, name, self.engine, root / COMPONENTS if root else None)


@dataclass(frozen=True)
class _Working:
    """A run with the components of a checkout."""

    project: Project
    name: str
    engine: Engine
    components: Path | None

    def bring_up(self, backend: Path) -> None:
        with process.started(self.project.root, stand_ins=True, components=self.components) as worker:
            self._run(worker).bring_up(backend)

    def preview_against(self, backend: Path) -> process.Outcome:
        with process.started(self.project.root, stand_ins=True, components=self.components) as worker:
            return self._run(worker).preview_against(backend)

    def _run(self, worker: process.Worker) -> Run:
        return Run(self.project, self.name, self.engine, Muted(lambda line: None), worker=worker)


def _stands_on(root: Path, base: str) -> Iterable[tuple[Project, str]]:
    """The projects of a base, the lowest first, each with the environment."""
    project, _, name = base.rpartition("-")
    found = [(Project.read(root), name)]
    return [*found, (Project.read(root / "stacks" / project), name)] if project else found
