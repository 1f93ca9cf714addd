"""States of bases that were brought up before, kept for each user: by files, project, environment, and all that makes the state what it is."""

import hashlib
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from functools import cache as once
from importlib.metadata import distributions
from pathlib import Path

from commonground.engine.base.revisions import Revision
from commonground.engine.builds import cache
from commonground.engine.runs import Run

KEPT = 40
"""How many are kept; the ones not used for longest go."""


def key(run: Run, base: Revision) -> str:
    """What tells a base's state from any other."""
    place = str(run.project.root.relative_to(run.checkout.root))
    parts = [base.tree, place, run.environment, run.engine.version, _stand_ins(), sys.version]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def take(key: str, backend: Path) -> bool:
    """Copies a state to where a run may change it. False where there is none."""
    folder = _folder() / key
    try:
        shutil.copytree(folder, backend)
    except (OSError, shutil.Error):
        shutil.rmtree(backend, ignore_errors=True)
        return False
    with suppress(OSError):
        os.utime(folder)
    return True


def keep(key: str, backend: Path) -> None:
    """Keeps a state. Where it cannot be written, it is made again the next time."""
    with suppress(OSError, shutil.Error):
        _folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_folder(), prefix=".") as name:
            made = Path(name) / key
            shutil.copytree(backend, made)
            made.rename(_folder() / key)
        _drop_the_oldest()


def _drop_the_oldest() -> None:
    kept = sorted((folder for folder in _folder().iterdir() if not folder.name.startswith(".")), key=lambda folder: folder.stat().st_mtime)
    for folder in kept[:-KEPT]:
        shutil.rmtree(folder, ignore_errors=True)


def _folder() -> Path:
    return cache() / "bases"


@once
def _stand_ins() -> str:
    """Version of what brings a base up: this package's own files, and the packages that they use."""
    found = hashlib.sha256()
    package = Path(__file__).parents[2]
    # All of it: a base without components of its own runs with these.
    for file in sorted(package.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            found.update(str(file.relative_to(package)).encode() + b"\0" + file.read_bytes())
    found.update("\n".join(sorted(f"{item.name} {item.version}" for item in distributions())).encode())
    return found.hexdigest()
