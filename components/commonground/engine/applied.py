"""What the last `up` was made of: where all of it is as it was, and a preview shows no change, the engine need not go through it again."""

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from commonground.engine.project import Project


class Applied:
    """A note beside a checkout's state.

    A preview alone does not tell: options of resources (their order, aliases) are in the state, and no event shows them.
    """

    def __init__(self, state: Path, project: Project, cli_version: str) -> None:
        """`state`: the stack's file in the backend."""
        self._state = state
        self._note = state.with_suffix(".applied")
        self._project = project
        self._cli_version = cli_version

    def holds(self) -> bool:
        """Whether nothing was touched since: neither the state, nor the project's files, nor a module that the program loaded."""
        if not self._note.is_file():
            return False
        head, *noted = self._note.read_text("utf-8").splitlines()
        same = _identities(Path(line.split("\t")[0]) for line in noted) == noted
        return same and head == self._head() and set(_identities(self._own())) <= set(noted)

    def write(self) -> None:
        """Notes what has just been applied. Called when the program is through, so that all of its modules are loaded."""
        modules = {Path(name) for module in list(sys.modules.values()) if (name := getattr(module, "__file__", None))}
        self._note.write_text("\n".join([self._head(), *_identities(sorted(modules | self._own()))]) + "\n", "utf-8")

    def _head(self) -> str:
        state = hashlib.sha256(self._state.read_bytes()).hexdigest() if self._state.is_file() else ""
        return f"{self._cli_version} {sys.version_info} {state}"

    def _own(self) -> set[Path]:
        """Files that the program may read: those beside it, and the stack's."""
        folders = {self._project.main, self._project.config}
        return {file for folder in folders for file in _below(folder)} | {self._project.root / "Pulumi.yaml"}


def _below(folder: Path) -> Iterator[Path]:
    """A folder's files. What is hidden is nobody's source: git, virtual environments, and the state itself where the program is at the checkout's root."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__pycache__"]
        yield from (Path(place, name) for name in files)


def _identities(files: Iterable[Path]) -> list[str]:
    """A file by place, time and size, as Python tells whether its bytecode is of today."""
    stats = [(file, file.stat()) for file in files if file.is_file()]
    return [f"{file}\t{stat.st_mtime_ns}\t{stat.st_size}" for file, stat in stats]
