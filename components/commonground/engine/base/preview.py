"""A preview against another commit: its program brought up in a throw-away state, and this checkout's previewed on that."""

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from commonground.engine import process
from commonground.engine.base import store
from commonground.engine.base.packages import Packages, of_tree
from commonground.engine.base.revisions import Revision
from commonground.engine.errors import EngineError, InterruptedRunError, NoProjectError
from commonground.engine.process import Outcome
from commonground.engine.progress import Muted
from commonground.engine.project import Project
from commonground.engine.runs import Run

JUDGES = ("policies", ":(glob)**/policies.yaml")
"""What a change is judged by: a pull request may change it too, and its own is what judges it."""
DERIVED = "ids and ARNs are derived from names"


def preview(run: Run, base: Revision) -> Outcome:
    """What `up` would change, had the base been brought up before. Asks no cloud, and needs no credentials and no network.

    A team's project is previewed on the foundation of the same checkout: the base's program on the base's foundation, this one's on this one's. An
    environment that the base has not, or whose program cannot be brought up, is previewed against nothing, and a note says so.
    """
    with tempfile.TemporaryDirectory(prefix="commonground-") as name:
        folder = Path(name)
        words, notes = _bring_up(run, base, folder)
        if run.ground and not (words and base.is_same_outside(run.project.root)):
            run.bring_up_beneath(folder / "backend")
        outcome = run.preview_against(folder / "backend")
    judges = tuple(f"this change is judged by what it changes itself: {', '.join(found)}" for found in [base.changed(*JUDGES)] if found)
    return replace(outcome, against=f"offline, against {words or 'nothing'}; {DERIVED}", notes=(*judges, *outcome.notes, *notes))


def describe(base: Revision) -> str:
    """The base in words, and whether what is compared with it has changes that are in no commit."""
    return f"{base.short} ({base.words})" + ("" if base.is_committed else ", with changes here that are not committed")


def _bring_up(run: Run, base: Revision, folder: Path) -> tuple[str, tuple[str, ...]]:
    """Puts the base's state into `folder/backend`. Returns what it is in words, empty where there is none, and notes."""
    words = describe(base)
    backend = folder / "backend"
    key = store.key(run, base)
    if store.take(key, backend):
        return words, ()
    run.watcher.say(f"{run.environment}: bringing up the base offline: {words}")
    tree = folder / "base"
    base.export(tree)
    packages = of_tree(tree, run.checkout.root, run.watcher.say)
    notes = (f"the base {base.short}: {packages.note}",) if packages.note else ()
    try:
        for project in filter(None, (run.ground, run.project)):
            _Side(run, tree, packages).bring_up(project, backend)
    except InterruptedRunError:
        raise
    except NoProjectError:
        shutil.rmtree(backend, ignore_errors=True)
        return "", (f"the base {base.short} has no {run.environment} of {run.project.name}: all of it is new",)
    except EngineError as error:
        shutil.rmtree(backend, ignore_errors=True)
        return "", (f"the base {base.short} could not be brought up offline, so this is shown against nothing: {error}",)
    if not packages.note:  # another time its own packages may be had
        store.keep(key, backend)
    return words, notes


@dataclass(frozen=True)
class _Side:
    """The base's files, and what they run with."""

    run: Run
    tree: Path
    packages: Packages

    def bring_up(self, project: Project, backend: Path) -> None:
        """Brings up what the base has in a project's place. Raises `NoProjectError` where it has none."""
        folder = self.tree / project.root.relative_to(self.run.checkout.root)
        found = Project.read(folder)
        with process.started(folder, stand_ins=True, debug=self.run.debug, python=self.packages.python, components=self.packages.components) as worker:
            Run(found, self.run.environment, self.run.engine, Muted(self.run.watcher.say), worker=worker).bring_up(backend)
