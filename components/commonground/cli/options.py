"""Options that commands share, and what they make of them."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import click

from commonground.engine.errors import EngineError, UnansweredError
from commonground.engine.installation import find
from commonground.engine.process import started
from commonground.engine.progress import Lines
from commonground.engine.project import Project
from commonground.engine.runs import Checkout, Run

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass
class Options:
    """What may stand before and after a command's name."""

    plain: bool = False
    yes: bool = False
    debug: bool = False
    around: bool = False
    """Whether the project was found around the working directory, and not in it."""


class WrongSettingsError(EngineError):
    """An environment's files have mistakes: one message each."""

    def __init__(self, rendered: str, count: int) -> None:
        self.count = count
        super().__init__(rendered.rstrip())


def _keep(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    options = context.ensure_object(Options)
    if value and parameter.name:
        setattr(options, parameter.name, True)


def flags(command: Command) -> Command:
    """Adds `--plain` and `--debug`."""
    command = _flag("--debug", "Show what the run writes to stderr, tracebacks included.")(command)
    return _flag("--plain", "Lines of progress, also in a terminal.")(command)


def answers(command: Command) -> Command:
    """Adds `--yes`, for commands that may ask."""
    return _flag("--yes", "Go on without asking, also in a real environment.")(command)


def project(command: Command) -> Command:
    """Adds `--project DIR`; without it the project is looked for upwards from the working directory."""
    return click.option(
        "--project",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        callback=_chosen,
        metavar="DIR",
        help="Folder of the project's Pulumi.yaml. Default: the nearest, from the working directory upwards.",
    )(command)


def _chosen(context: click.Context, parameter: click.Parameter, folder: Path | None) -> Path:
    found = nearest(Path.cwd()) if folder is None else folder
    context.ensure_object(Options).around = folder is None and found != Path.cwd()
    return found


def nearest(folder: Path) -> Path:
    """The folder or the innermost around it that has a Pulumi.yaml; itself where none has."""
    return next((around for around in (folder, *folder.parents) if (around / "Pulumi.yaml").is_file()), folder)


def _flag(name: str, text: str) -> Callable[[Command], Command]:
    return click.option(name, is_flag=True, expose_value=False, callback=_keep, help=text)


environment = click.argument("environment", metavar="ENV")


class NoBlueprintError(EngineError):
    """A command that is for a foundation was given a project of another kind."""

    def __init__(self, what: str, found: Project) -> None:
        """`what`: what the command does, and why only for a foundation."""
        self.project = found
        root = Checkout.around(found.root).root
        fix = "" if root == found.root else f". Fix: --project {os.path.relpath(root)}, the foundation's"
        super().__init__(f"the project {found.name} has no blueprint.yaml: {what}{fix}")


def has_blueprint(found: Project) -> bool:
    """Whether a project is a foundation: its settings are ours."""
    return (found.config / "blueprint.yaml").is_file()


def check_settings(found: Project, name: str, *, offline: bool) -> None:
    """Raises `WrongSettingsError` with everything that is wrong in an environment's files. A project without a blueprint has none of ours."""
    if not has_blueprint(found):
        return
    from commonground import settings  # pydantic and all models, only where there is a blueprint

    mistakes = settings.check(found.config, name, offline=offline, project_file=found.root / "Pulumi.yaml")
    if mistakes:
        raise WrongSettingsError(settings.render(mistakes), len(mistakes))


class NoPolicyLibraryError(EngineError):
    """The checkout has policies, and what they need is not installed."""

    def __init__(self, pack: Path) -> None:
        self.pack = pack
        super().__init__(f"{pack} needs pulumi-policy, which is not installed here. Fix: pip install 'commonground[policies]'")


def policy_packs(found: Project) -> tuple[str, ...]:
    """The policy pack of the checkout that a project is in, if it has one. Raises `NoPolicyLibraryError`."""
    pack = Checkout.around(found.root).root / "policies" / "run"
    if not pack.is_file():
        return ()
    if find_spec("pulumi_policy") is None:
        raise NoPolicyLibraryError(pack)
    return (str(pack),)


@contextmanager
def run(
    options: Options, folder: Path, name: str, *, offline: bool = False, check: bool = True, cluster: bool = False, policies: bool = False
) -> Iterator[tuple[Run, Lines]]:
    """A run of the program for an environment and its progress: settings checked, CLI found, and meanwhile the program's imports begun.

    `policies`: whether the checkout's policies are held against it.
    """
    found = Project.read(folder.resolve())
    with started(found.root, stand_ins=offline or found.binding(name, "cloud") != "aws", debug=options.debug) as worker:
        if check:
            check_settings(found, name, offline=offline)
        with _progress(options, name) as progress:
            if options.around:
                progress.say(f"{name}: the project {found.name} at {os.path.relpath(found.root)}")
            beneath = partial(check_settings, name=name, offline=True)
            packs = policy_packs(found) if policies else ()
            engine = find(progress.say)
            yield Run(found, name, engine, progress, packs, debug=options.debug, worker=worker, cluster=cluster, check=beneath), progress


@contextmanager
def question(options: Options, folder: Path, name: str) -> Iterator[Run]:
    """A run that needs no program, and so no right settings."""
    with _progress(options, name) as progress:
        yield Run(Project.read(folder.resolve()), name, find(progress.say), progress, debug=options.debug)


def must_ask(options: Options, found: Run) -> bool:
    """Whether a change has to be confirmed. Raises `UnansweredError` where nobody could."""
    if found.local or options.yes:
        return False
    if not sys.stdin.isatty():
        raise UnansweredError(found.environment)
    return True


def _progress(options: Options, name: str) -> Lines:
    if options.plain or not sys.stderr.isatty():
        return Lines(name, _confirm)
    from commonground.engine.tree import LiveTree  # rich, only for a terminal

    return LiveTree(name, _confirm)


def _confirm(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        return False
