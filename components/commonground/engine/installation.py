"""Finds the Pulumi CLI, or installs it once for the user, and says which and why."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from commonground.engine.builds import NotBuiltError, alone, cache, from_go, official, pinned
from commonground.engine.errors import BrokenEngineError, NoEngineError
from commonground.engine.versions import MINIMUM, VERSION, parse

SECONDS_TO_ANSWER = 30
NOTE = "asked"
"""File beside an installed CLI: which one it was that said that it is of this version."""
MINIMUM_TEXT = ".".join(map(str, MINIMUM))


class Source(StrEnum):
    """Where a CLI came from; its text is what `commonground engine` says."""

    PATH = "on PATH"
    CACHE = "installed before by Commonground"
    OFFICIAL = "installed now by the official installer"
    GO = "built now from its Go module"


@dataclass(frozen=True)
class Engine:
    """A Pulumi CLI that works."""

    path: Path
    version: str
    source: Source
    passed_over: tuple[tuple[str, str], ...] = ()
    """What comes before it in the order, and why it was not taken."""


def find(report: Callable[[str], None] = lambda line: None, *, module: Path | None = None, install: bool = True) -> Engine:
    """The CLI to use, installed if need be: on PATH, installed before, official installer, Go module in this order.

    `report` gets one line a step that takes long; `module` is the folder of the go.mod that pins the CLI (default: the checkout's).
    Without `install` only the first two are looked at.
    Safe when two start at once: the second waits for the first one's. Raises `NoEngineError` or `BrokenEngineError`.
    """
    tried: list[tuple[str, str]] = []
    if found := _on_path(tried) or _installed(tried):
        return found
    if not install:
        raise NoEngineError(tried, MINIMUM_TEXT)
    folder = _folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with alone(folder.parent / f"{VERSION}.lock", report, "waiting for another run that is installing the Pulumi CLI"):
        return _installed([]) or _install(folder, tried, report, module or pinned("scripts/engine"))


def _on_path(tried: list[tuple[str, str]]) -> Engine | None:
    where = shutil.which("pulumi")
    if where is None:
        tried.append(("pulumi on PATH", "there is none"))
        return None
    version, why = _version(Path(where))
    if version and (parse(version) or ()) >= MINIMUM:
        return Engine(Path(where), version, Source.PATH, tuple(tried))
    tried.append((f"pulumi on PATH ({where})", why or f"it is {version}, and {MINIMUM_TEXT} or later is needed"))
    return None


def _installed(tried: list[tuple[str, str]]) -> Engine | None:
    path = _folder() / "bin" / "pulumi"
    if not path.exists():
        tried.append(("installed before", f"there is none in {path.parent}"))
        return None
    if _is_known(path):
        return Engine(path, VERSION, Source.CACHE, tuple(tried))
    version, why = _version(path)
    if version:
        if version == VERSION:
            _know(path)
        return Engine(path, version, Source.CACHE, tuple(tried))
    tried.append((f"installed before ({path})", why))
    return None


def _is_known(path: Path) -> bool:
    """Whether it is the file that said its version when it was last asked: asking takes a fifth of a second."""
    note = path.with_name(NOTE)
    return note.is_file() and note.read_text() == _identity(path)


def _know(path: Path) -> None:
    with suppress(OSError):
        path.with_name(NOTE).write_text(_identity(path))


def _identity(path: Path) -> str:
    stat = path.stat()
    return f"{VERSION} {stat.st_size} {stat.st_mtime_ns} {stat.st_ino}"


def _install(folder: Path, tried: list[tuple[str, str]], report: Callable[[str], None], module: Path | None) -> Engine:
    ways: tuple[tuple[str, Source, Callable[[Path], Path]], ...] = (
        ("official installer", Source.OFFICIAL, lambda new: official(new, report)),
        ("its Go module", Source.GO, lambda new: from_go(new, module, report)),
    )
    for name, source, make in ways:
        # Made beside its place and moved there whole: who comes later sees all of it or nothing.
        with tempfile.TemporaryDirectory(prefix=f"{VERSION}-", dir=folder.parent) as new:
            try:
                made = make(Path(new))
            except NotBuiltError as error:
                tried.append((name, str(error)))
                continue
            version, why = _version(made)
            if version is None:
                raise BrokenEngineError(str(made), why)
            target = folder / "bin"
            target.mkdir(parents=True, exist_ok=True)
            for file in made.parent.iterdir():
                file.replace(target / file.name)
            return Engine(target / "pulumi", version, source, tuple(tried))
    raise NoEngineError(tried, MINIMUM_TEXT)


def _version(path: Path) -> tuple[str | None, str]:
    """A CLI's version, or why it has none."""
    environment = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        said = subprocess.run([path, "version"], capture_output=True, text=True, timeout=SECONDS_TO_ANSWER, env=environment, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        return None, f"it does not answer ({error})"
    return (said.removeprefix("v"), "") if parse(said) else (None, f"it says {said!r}, which is no version")


def _folder() -> Path:
    return cache() / "engine" / VERSION
