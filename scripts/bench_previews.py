"""Times previews against another commit, in a network namespace that has only loopback, with the parts that a user sees begin on stderr."""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

# A network namespace in which nothing but loopback is brought up (netdevice(7): SIOCSIFFLAGS; 0x41: up and running).
LOOPBACK_ONLY = """
import fcntl, os, socket, struct, sys
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sH14x", b"lo", 0x41))
os.execvp(sys.argv[1], sys.argv[1:])
"""
NAMESPACE = ("unshare", "--map-root-user", "--net", sys.executable, "-c", LOOPBACK_ONLY)
EDITED = ("dev", "staging", "prod")


@dataclass
class Preview:
    """One kind of preview: what it took in all, and from one line on stderr to the next."""

    what: str
    limit: str
    seconds: list[float] = field(default_factory=list)
    parts: dict[str, list[float]] = field(default_factory=dict)


def measure(root: Path, command: list[str], environment: dict[str, str], cache: Path, runs: int) -> list[Preview]:
    """Previews of one and of three environments at two commits, with no base brought up before and with all.

    `root`: a checkout that is changed here. `cache`: the user's, in which the Pulumi CLI is.
    """
    _commit(root)
    for name in EDITED:
        file = root / "stacks" / "foundation" / f"Pulumi.{name}.yaml"
        file.write_text(re.sub(r"log_retention_days: \d+", "log_retention_days: 60", file.read_text()))
    found = []
    for environments, limits in ((EDITED[:1], ("20 s", "10 s")), (EDITED, ("45 s", "25 s"))):
        cold, warm = (
            Preview(f"`preview {' '.join(environments)} --base=HEAD`, {how}", limit) for how, limit in zip(("cold", "base kept"), limits, strict=True)
        )
        for _ in range(runs):
            with _empty_cache(cache) as folder:
                for preview in (cold, warm):
                    _time(preview, [*NAMESPACE, *command, "preview", *environments, "--base=HEAD"], root, {**environment, "XDG_CACHE_HOME": str(folder)})
        found += [cold, warm]
    return found


def table(previews: list[Preview]) -> str:
    """Rows for the documentation, and the parts below."""
    lines = ["| preview of two commits, loopback only | seconds | limit |", "| --- | --- | --- |"]
    for one in previews:
        lines.append(f"| {one.what} | {median(one.seconds):.1f} ({min(one.seconds):.1f} to {max(one.seconds):.1f}) | {one.limit} |")
    lines += ["", "Parts, median seconds:", ""]
    for one in previews:
        lines.append(f"- {one.what}: " + ", ".join(f"{part} {median(seconds):.1f}" for part, seconds in one.parts.items()))
    return "\n".join([*lines, ""])


def _time(preview: Preview, command: list[str], root: Path, environment: dict[str, str]) -> None:
    start = before = time.perf_counter()
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    part = "start"
    said: list[str] = []
    for line in process.stderr:
        now = time.perf_counter()
        preview.parts.setdefault(part, []).append(now - before)
        before, said = now, [*said, line]
        part = _part(line)
    code = process.wait()
    end = time.perf_counter()
    preview.parts.setdefault(part, []).append(end - before)
    preview.seconds.append(end - start)
    if code:
        sys.exit(f"{' '.join(command)} failed with {code}:\n{''.join(said)}")


def _part(line: str) -> str:
    """What begins with a line: `dev: bringing up the base offline: ...` without the commit."""
    return ":".join(line.strip().split(":")[:2])


def _commit(root: Path) -> None:
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.com"]
    subprocess.run([*git, "add", "-A"], cwd=root, check=True)
    subprocess.run([*git, "commit", "-qm", "base"], cwd=root, check=True)


@contextmanager
def _empty_cache(cache: Path) -> Iterator[Path]:
    """A cache with the CLI and nothing else."""
    with tempfile.TemporaryDirectory(prefix="commonground-bench-") as name:
        (Path(name) / "commonground").mkdir()
        (Path(name) / "commonground" / "engine").symlink_to(cache / "engine")
        yield Path(name)
        shutil.rmtree(Path(name) / "commonground" / "bases", ignore_errors=True)
