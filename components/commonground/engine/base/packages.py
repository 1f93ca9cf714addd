"""The Python packages that another commit's program runs with: those of its own requirements.lock."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from commonground.engine.builds import cache

LOCK = "requirements.lock"
COMPONENTS = Path("components") / "commonground"
OURS = Path(__file__).resolve().parents[2]
SECONDS_TO_INSTALL = 600


@dataclass(frozen=True)
class Packages:
    """An interpreter, and where `commonground` itself comes from."""

    python: str = sys.executable
    components: Path | None = None
    """Folder of the commit's own package `commonground`. None: the installed one."""
    note: str = ""
    """What was used instead of the commit's own, in words. Empty: nothing."""


def of_tree(tree: Path, checkout: Path, say: Callable[[str], None]) -> Packages:
    """The packages for the files of another commit in `tree`: this interpreter's where both have the same lock, else an environment made from its lock.

    Where none can be made, this interpreter's, with a note.
    """
    components = tree / COMPONENTS if (tree / COMPONENTS).is_dir() else None
    theirs, ours = tree / LOCK, checkout / LOCK
    if not theirs.is_file() or (ours.is_file() and theirs.read_bytes() == ours.read_bytes()):
        return Packages(components=components)
    try:
        python = _environment(theirs, say)
        return Packages(python, components or _installed(Path(python)))
    except (OSError, subprocess.SubprocessError) as error:
        reason = _last_line(error)
        note = f"its {LOCK} is another one, and no environment could be made from it ({reason}): it ran with this checkout's packages"
        return Packages(components=components, note=note)


def _installed(python: Path) -> Path:
    """The package `commonground` in an environment; the one at work here where it has none."""
    found = sorted((python.parents[1] / "lib").glob("python*/site-packages/commonground"))
    return found[0] if found else OURS


def _environment(lock: Path, say: Callable[[str], None]) -> str:
    """The interpreter of an environment with a lock's packages, made once for each user."""
    text = lock.read_bytes()
    folder = cache() / "environments" / hashlib.sha256(sys.version.encode() + text).hexdigest()[:16]
    python = folder / "bin" / "python"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            say(f"the base has another {LOCK}: installing its packages (once for each user)")
            shutil.rmtree(folder, ignore_errors=True)
            _make(folder, text)
    return str(python)


def _make(folder: Path, lock: bytes) -> None:
    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS_TO_INSTALL)

    with tempfile.NamedTemporaryFile(suffix=f"-{LOCK}") as file:
        file.write(lock)
        file.flush()
        run(sys.executable, "-m", "venv", str(folder))
        run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--requirement", file.name)
    (folder / "done").touch()


def _last_line(error: Exception) -> str:
    said = getattr(error, "stderr", None)
    lines = [line.strip() for line in str(said or error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
