"""The merged settings of an environment, for commands that need no engine."""

from pathlib import Path
from typing import TYPE_CHECKING

from commonground.cli.options import check_settings
from commonground.engine.errors import EngineError
from commonground.engine.project import Project, load
from commonground.engine.runs import Checkout

if TYPE_CHECKING:
    from commonground.settings.environment import Environment

BLUEPRINT = "blueprint.yaml"


class NoFoundationError(EngineError):
    """There is no foundation around a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(f"{folder} is in no checkout of a foundation: expected a project with a {BLUEPRINT}. Fix: name its folder with --project")


def foundation(folder: Path) -> Project:
    """The foundation's project: that of the folder, or, where it is a team's, that of its checkout. Raises `NoFoundationError`, `NoProjectError`."""
    found = Project.read(folder.resolve())
    for project in (found, Checkout.around(found.root).beneath(found)):
        if project and (project.config / BLUEPRINT).is_file():
            return project
    raise NoFoundationError(found.root)


def environment(project: Project, name: str) -> "Environment":
    """The merged settings, placeholders and example locks taken. Raises `WrongSettingsError` with all mistakes, `NoProjectError`."""
    check_settings(project, name, offline=True)
    from commonground.settings import resolve  # pydantic and all models

    config = load(project.stack_file(name))["config"]
    return resolve(folder=project.config, name=name, scale=config["commonground:scale"], bindings=config["commonground:bindings"], offline=True)
