"""Times `up`, `preview` and `destroy` of `local` as whole commands, previews against another commit, an engine whose provider does nothing, telemetry."""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import median

import bench_previews
import bench_report
import bench_telemetry

from commonground.engine.builds import cache

ROOT = Path(__file__).resolve().parents[1]
SAMPLE_SECONDS = 0.05
EMPTY_PROJECT = """\
name: empty
runtime: python
main: .
config:
  pulumi:disable-default-providers: ["*"]
"""
EMPTY_STACK = "config:\n  commonground:bindings: {cloud: local}\n"
EMPTY_PROGRAM = """\
import pulumi

provider = pulumi.ProviderResource("aws", "aws", {"region": "eu-central-1"})
options = pulumi.ResourceOptions(provider=provider)
first = pulumi.CustomResource("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16"}, options)
for index in range(%d):
    pulumi.CustomResource("aws:ec2/subnet:Subnet", f"subnet-{index}", {"vpcId": first.id, "cidrBlock": f"10.0.{index}.0/24"}, options)
"""


@dataclass
class Figure:
    """What one command took."""

    what: str
    limit: str
    seconds: list[float] = field(default_factory=list)
    peak_mib: float = 0.0


class Checkout:
    """A copy of the checkout in which commands are timed."""

    def __init__(self, root: Path, **environment: str) -> None:
        self.root = root
        kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")}
        self.environment = {**kept, "PYTHONPATH": str(root / "components"), **environment}

    def run(self, figure: Figure | None, *command: str) -> str:
        """Runs a command, times it, samples the memory of its processes. Ends the bench if it fails."""
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=self.root, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        peak: list[float] = [0.0]
        ended = threading.Event()
        sampler = threading.Thread(target=sample, args=(process.pid, peak, ended), daemon=True)
        sampler.start()
        output, errors = process.communicate()
        seconds = time.perf_counter() - start
        ended.set()
        sampler.join()
        if process.returncode:
            sys.exit(f"{' '.join(command)} failed with {process.returncode}:\n{output[-2000:]}\n{errors[-4000:]}")
        if figure:
            figure.seconds.append(seconds)
            figure.peak_mib = max(figure.peak_mib, peak[0])
        return output

    def commonground(self, figure: Figure | None, *arguments: str) -> str:
        """Runs our own command."""
        return self.run(figure, str(ROOT / ".venv" / "bin" / "commonground"), "--plain", *arguments)


def sample(pid: int, peak: list[float], ended: threading.Event) -> None:
    """Follows the memory of a process and all below it (proportional where pages are shared). The local cloud is not below: it has no parent here."""
    while not ended.wait(SAMPLE_SECONDS):
        peak[0] = max(peak[0], sum(memory_mib(one) for one in family(pid)))


def family(pid: int) -> set[int]:
    """A process and its descendants, the local cloud left out."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if "commonground.local.cloud" in (folder / "cmdline").read_text():
                del parents[int(folder.name)]
        except (OSError, IndexError):
            continue
    found, grown = {pid}, True
    while grown:
        below = {child for child, parent in parents.items() if parent in found} - found
        found |= below
        grown = bool(below)
    return found


def memory_mib(pid: int) -> float:
    """Proportional set size of a process, in MiB; 0 if it is gone."""
    try:
        lines = (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


@contextmanager
def copy() -> Iterator[Path]:
    """A copy of the files that git tracks, as they are now."""
    with tempfile.TemporaryDirectory(prefix="commonground-bench-") as folder:
        root = Path(folder) / "checkout"
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
        for name in filter(None, listed):
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        yield root


def created(output: str) -> int:
    """How many resources an `up` says it created."""
    summary = next(line for line in output.splitlines() if " created, " in line)
    return int(summary.split(" created")[0].rsplit(" ", 1)[1])


def warm(checkout: Checkout, runs: int) -> tuple[list[Figure], int]:
    """The commands that a user repeats, with the local cloud running."""
    up = Figure("`up local`, preview included", "20 s, 3 x empty")
    again = Figure("`up local`, nothing changed", "6 s")
    preview = Figure("`preview local`", "5 s")
    offline = Figure("`preview dev --offline`", "")
    destroy = Figure("`destroy local`", "")
    first = Figure("`up local`, the local cloud not yet started", "")
    count = created(checkout.commonground(first, "up", "local"))
    for number in range(runs):
        checkout.commonground(destroy, "destroy", "local")
        checkout.commonground(up, "up", "local")
        checkout.commonground(again, "up", "local")
        checkout.commonground(preview, "preview", "local")
        checkout.commonground(offline, "preview", "dev", "--offline")
        print(f"run {number + 1} of {runs} done", file=sys.stderr)
    return [first, up, again, preview, offline, destroy], count


def empty(folder: Path, resources: int, runs: int) -> Figure:
    """The same engine and command with as many resources on a provider that answers at once and does nothing."""
    (folder / "Pulumi.yaml").write_text(EMPTY_PROJECT)
    (folder / "Pulumi.local.yaml").write_text(EMPTY_STACK)
    (folder / "__main__.py").write_text(EMPTY_PROGRAM % (resources - 2))
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    stand_ins = json.dumps([sys.executable, str(ROOT / "scripts" / "empty_provider.py")])
    checkout = Checkout(folder, COMMONGROUND_STAND_INS=stand_ins, PYTHONPATH=str(ROOT / "components"))
    figure = Figure("the same engine, as many resources, an empty provider: `up`", "")
    for _ in range(runs):
        checkout.commonground(figure, "up", "local")
        checkout.commonground(None, "destroy", "local")
    checkout.commonground(None, "local", "stop")
    return figure


def fresh() -> list[Figure]:
    """`./scripts/up local` in a clone without .venv; the CLI and the packages may be cached under the home folder."""
    figure = Figure("`./scripts/up local` on a fresh clone, the CLI cached", "90 s")
    with copy() as root:
        checkout = Checkout(root)
        checkout.environment.pop("PYTHONPATH")
        checkout.run(figure, "./scripts/up", "local")
        checkout.run(None, ".venv/bin/commonground", "local", "stop")
    return [figure]


def when() -> str:
    """Day, commit and machine."""
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal")).split()[1]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    return f"{date.today().isoformat()}, commit {commit}, {os.cpu_count()} cores, {int(memory) // 2**20} GiB, Python {platform.python_version()}"


def report(figures: list[Figure], resources: int, ratio: float) -> str:
    """A table for the documentation."""
    lines = [f"{when()}, {resources} resources, policies included, median (least to most)", ""]
    lines += ["| command | seconds | limit | memory at most |", "| --- | --- | --- | --- |"]
    for figure in figures:
        spread = f"{median(figure.seconds):.1f} ({min(figure.seconds):.1f} to {max(figure.seconds):.1f})"
        lines.append(f"| {figure.what} | {spread} | {figure.limit} | {figure.peak_mib:.0f} MiB |")
    return "\n".join([*lines, "", f"`up local` takes {ratio:.1f} times the empty provider (limit 3). Memory without the local cloud (limit 600 MB).", ""])


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--fresh", action="store_true", help="also a fresh clone, with its own .venv")
    parser.add_argument("--rules", action="store_true", help="only what evaluating the rules of the metrics stack costs; needs Debian's package `prometheus`")
    parser.add_argument("--teams", type=int, default=1, help="of --rules: whose models and services they are")
    options = parser.parse_args()
    if options.rules:
        print(when(), flush=True)
        # Its Prometheus is that of the tests, which nothing else here should find.
        command = [sys.executable, str(ROOT / "scripts" / "bench_rules.py"), f"--evaluations={options.runs}", f"--teams={options.teams}"]
        sys.exit(subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False).returncode)
    with copy() as root, tempfile.TemporaryDirectory(prefix="commonground-bench-") as folder:
        checkout = Checkout(root)
        try:
            figures, resources = warm(checkout, options.runs)
        finally:
            checkout.commonground(None, "local", "stop")
        command = [str(ROOT / ".venv" / "bin" / "commonground"), "--plain"]
        previews = bench_previews.measure(root, command, checkout.environment, cache(), options.runs)
        figures.append(empty(Path(folder), resources, options.runs))
    ratio = median(figures[1].seconds) / median(figures[-1].seconds)
    if options.fresh:
        figures += fresh()
    print(report(figures, resources, ratio))
    print(bench_previews.table(previews))
    print(bench_report.opening(options.runs))
    print(bench_telemetry.table(bench_telemetry.measure(options.runs)))


if __name__ == "__main__":
    main()
