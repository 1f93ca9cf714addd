"""What evaluating all rules costs: 200 services, 50 models of 100 features of 10 bins, windows of a day, on real Prometheus.

Groups are evaluated in stages, each by a Prometheus of its own that starts on data which ends in that second (bench_day.py). All models are of one team unless
more are asked for: that is the dearest, since a team's groups are evaluated one rule after the other.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import bench_day
from bench_series import Size, exposed
from tests.metrics.factory import metrics_settings
from tests.metrics.prometheus import Prometheus, prometheus

from commonground.metrics.rules.model import MOST_GROUPS, MOST_NAMESPACES, MOST_RULES, Alert, Group, text
from commonground.metrics.rules.namespaces import NAMESPACES

LIMIT_SECONDS = 5
# These are evaluated with nothing beside them: in an environment each has minutes, here they would share the processors.
ALONE = ("drift-values", "drift-fast", "drift-slow", "drift-distance", "drift-compared")
READ = "drift-fast"
"""Of what these groups recorded others read the newest samples: they are evaluated before each stage."""
# Amazon Managed Prometheus user guide, "Service quotas": samples and series of a query, active series of a workspace.
MOST_SAMPLES = 50_000_000
MOST_QUERY_SERIES = 12_000_000
MOST_SERIES = 2_000_000
"""Capacity of a workspace before it grows with its use."""
ARGUMENTS = (
    f"--query.max-samples={MOST_SAMPLES}",
    "--query.timeout=2m",
    "--storage.tsdb.retention.time=7d",
    "--storage.tsdb.min-block-duration=2h",
)
STILL = "--storage.tsdb.max-block-duration=2h"
"""Blocks stay as they are: compacting them would be measured, too."""


@dataclass
class Cost:
    """What one group of rules costs."""

    namespace: str
    group: Group
    seconds: list[float] = field(default_factory=list)
    samples: int = 0
    """Samples read by one evaluation of all its rules."""
    peak: int = 0
    """Samples in memory at once at most, of one rule."""
    slowest: tuple[float, str] = (0.0, "")


@dataclass(frozen=True)
class Found:
    """What was measured."""

    size: Size
    costs: Sequence[Cost]
    rss_mib: float
    counted: bench_day.Counted
    errors: Sequence[str]

    @property
    def largest(self) -> Cost:
        """The group whose evaluations take longest."""
        return max(self.costs, key=lambda cost: median(cost.seconds))


def measure(size: Size, evaluations: int) -> Found:
    """Builds the day, evaluates, asks. Takes minutes, and some gigabytes of the folder for temporary files."""
    settings = metrics_settings(teams={f"team-{number}": (f"team-{number}",) for number in range(size.teams)})
    groups = {name: list(make(settings)) for name, make in NAMESPACES.items()}
    raw, started = list(exposed(size)), time.monotonic()
    costs = [Cost(name, group) for name, listed in groups.items() for group in listed]
    errors: set[str] = set()
    rss = 0.0
    with tempfile.TemporaryDirectory(prefix="commonground-bench-") as name:
        folder = Path(name)
        back, counted = bench_day.recorded_series(folder / "first", raw, groups, (*ARGUMENTS, STILL))
        said("what rules record", started)
        day = bench_day.build(folder / "data", raw, back, ARGUMENTS)
        said("the day is built", started)
        for stage in _stages(costs):
            day.reach()
            with prometheus(bench_day.CONFIGURATION, data=day.data, arguments=(*ARGUMENTS, STILL)) as server:
                _evaluate(server, [cost for cost in costs if cost.group.name.startswith(READ)], stage, evaluations, settings.runbooks)
                errors |= {f"{rule['name']}: {rule['lastError']}" for group in server.rules() for rule in group["rules"] if rule.get("lastError")}
                rss = max(rss, _peak_mib(server.process.pid))
                _read(server, stage, int(time.time()))
            said(f"{len(stage)} groups are evaluated", started)
    return Found(size, costs, rss, counted, sorted(errors))


def _stages(costs: Sequence[Cost]) -> Iterator[Sequence[Cost]]:
    """What is evaluated beside each other: a stage of drift, of all teams, by itself; then all the rest."""
    for name in ALONE:
        yield [cost for cost in costs if cost.group.name.startswith(name)]
    yield [cost for cost in costs if not cost.group.name.startswith(ALONE)]


def _load(server: Prometheus, groups: Sequence[tuple[str, Group]], runbooks: str) -> None:
    for namespace in NAMESPACES:
        (server.folder / f"{namespace}.yaml").write_text(text([group for name, group in groups if name == namespace], runbooks=runbooks))
    server.reload()


def said(what: str, since: float) -> None:
    """A line of progress."""
    print(f"rules: {what} ({time.monotonic() - since:.0f} s)", file=sys.stderr)


def _evaluate(server: Prometheus, read: Sequence[Cost], stage: Sequence[Cost], evaluations: int, runbooks: str) -> None:
    """Notes the evaluation times of a stage's groups, after one of those that it reads."""
    for costs, count in (([Cost(cost.namespace, cost.group) for cost in read], 1), (stage, evaluations)):
        active = [(cost.namespace, replace(cost.group, interval=bench_day.INTERVAL)) for cost in costs]
        names = {group.name for _, group in active}
        resting = [(cost.namespace, replace(cost.group, interval="1h")) for cost in read if cost.group.name not in names]
        _load(server, [*active, *resting], runbooks)
        _wait(server, costs, count)


def _wait(server: Prometheus, costs: Sequence[Cost], count: int) -> None:
    by_name = {(f"{cost.namespace}.yaml", cost.group.name): cost for cost in costs}
    seen = {_key(group): group["lastEvaluation"] for group in server.rules()}
    while any(len(cost.seconds) < count for cost in costs):
        for group in server.rules():
            key = _key(group)
            if key not in by_name or group["lastEvaluation"].startswith("0001") or seen.get(key) == group["lastEvaluation"]:
                continue
            seen[key] = group["lastEvaluation"]
            cost = by_name[key]
            cost.seconds.append(group["evaluationTime"])
            slowest = max(group["rules"], key=lambda rule: float(rule["evaluationTime"]))
            cost.slowest = max(cost.slowest, (slowest["evaluationTime"], slowest["name"]))
        time.sleep(0.5)


def _key(group: Mapping[str, Any]) -> tuple[str, str]:
    return Path(group["file"]).name, group["name"]


def _read(server: Prometheus, costs: Sequence[Cost], at: int) -> None:
    """Asks each rule's expression once, with statistics."""
    for cost in costs:
        for rule in cost.group.rules:
            found: dict[str, Any] = server.get("/api/v1/query", query=f"count({rule.expr.strip()})", time=at, stats="all")["stats"]["samples"]
            cost.samples += found["totalQueryableSamples"]
            cost.peak = max(cost.peak, found["peakSamples"])


def _peak_mib(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def table(found: Found) -> str:
    """A table for the documentation."""
    size = found.size
    lines = [
        f"All rules: {size.services} services, {size.models} models of {size.features} features of 10 bins and the reserved ones, one version and {size.pods} "
        f"process each, of {size.teams} team",
        "",
        "| group | interval | rules | seconds, median (least to most) | slowest rule | samples read | at once |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for cost in found.costs:
        spread = f"{median(cost.seconds):.3f} ({min(cost.seconds):.3f} to {max(cost.seconds):.3f})"
        cells = [f"{cost.namespace}/{cost.group.name}", cost.group.interval, f"{len(cost.group.rules)}", spread]
        cells += [f"`{cost.slowest[1]}` {cost.slowest[0]:.2f}", f"{cost.samples:,}", f"{cost.peak:,}"]
        lines.append(f"| {' | '.join(cells)} |")
    rounds = {
        "every 5 minutes or more often": sum(median(cost.seconds) for cost in found.costs if cost.group.interval != "1h"),
        "once an hour": sum(median(cost.seconds) for cost in found.costs if cost.group.interval == "1h"),
    }
    largest = found.largest
    rules = [rule for cost in found.costs for rule in cost.group.rules]
    namespaces = {cost.namespace for cost in found.costs}
    lines += [
        "",
        f"- The largest group: {largest.group.name}, {median(largest.seconds):.2f} s ({min(largest.seconds):.2f} to {max(largest.seconds):.2f}; the first, "
        f"{largest.seconds[0]:.2f} s, makes its series; limit {LIMIT_SECONDS} s).",
        *(f"- All groups that are evaluated {what}, one after the other: {seconds:.2f} s." for what, seconds in rounds.items()),
        f"- Samples read by one evaluation of everything: {sum(cost.samples for cost in found.costs):,}; at once at most "
        f"{max(cost.peak for cost in found.costs):,} (a query of Amazon Managed Prometheus: {MOST_SAMPLES:,}).",
        f"- Prometheus' memory at most: {found.rss_mib:.0f} MiB.",
        f"- Series: {found.counted.series:,} (a new workspace takes {MOST_SERIES:,} and grows), of a model: {found.counted.exposed:,} exposed by a process, "
        f"{found.counted.recorded:,} recorded.",
        f"- {len(rules)} rules ({sum(isinstance(rule, Alert) for rule in rules)} alert) in {len(found.costs)} groups of {len(namespaces)} namespaces (limits: "
        f"{MOST_NAMESPACES} namespaces, {MOST_GROUPS} groups, {MOST_RULES} rules a group; most here: {max(len(cost.group.rules) for cost in found.costs)}).",
        *(f"- FAILED: {error}" for error in found.errors),
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    """Measures and prints the table. Exit code 1: a rule failed, or the largest group is over the limit."""
    parser = argparse.ArgumentParser(prog="scripts/bench --rules", description=__doc__)
    parser.add_argument("--evaluations", type=int, default=4, help="evaluations of each group")
    for name, default in (("services", 200), ("models", 50), ("features", 100), ("pods", 1), ("teams", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    found = measure(Size(options.services, options.models, options.features, options.pods, options.teams), options.evaluations)
    print(table(found))
    sys.exit(1 if found.errors or median(found.largest.seconds) > LIMIT_SECONDS else 0)


if __name__ == "__main__":
    main()
