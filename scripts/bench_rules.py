"""What evaluating all rules costs: 200 services, 50 models of 100 features of 10 bins, windows of a day, on real Prometheus.

The recorded series that rules read over a range are back-filled for the day, what processes expose for the last quarter of an hour; Prometheus starts on that
as soon as the last block is written, so that evaluations find samples up to seconds before them.
"""

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench_series import BLOCK, SCRAPE, Series, Size, block, exposed, recorded, scrapes

from commonground.metrics.rules.model import MOST_GROUPS, MOST_NAMESPACES, MOST_RULES, Alert, Group, Recording, text
from commonground.metrics.rules.namespaces import NAMESPACES

if TYPE_CHECKING:
    from tests.metrics.prometheus import Prometheus

ROOT = Path(__file__).resolve().parents[1]
LIMIT_SECONDS = 5
DAY = 86_400
QUARTER = 900
STEPS = {"1m": 60, "5m": 300, "1h": 3600}
# Evaluations are not waited for 5 minutes, or an hour: the work of one is the same.
INTERVAL = "15s"
# These are evaluated with nothing beside them: in an environment each has minutes, here they would share the processors.
ALONE = ("drift-values", "drift-fast", "drift-slow", "drift-compared")
# Amazon Managed Prometheus user guide, "Service quotas": samples and series of a query, active series of a workspace.
MOST_SAMPLES = 50_000_000
MOST_QUERY_SERIES = 12_000_000
MOST_SERIES = 2_000_000
"""Capacity of a workspace before it grows with its use."""
ARGUMENTS = (
    f"--query.max-samples={MOST_SAMPLES}",
    "--query.timeout=2m",
    "--storage.tsdb.retention.time=7d",
    # Blocks stay as they are: compacting them would be measured, too.
    "--storage.tsdb.min-block-duration=2h",
    "--storage.tsdb.max-block-duration=2h",
)
CONFIGURATION = "global: {scrape_interval: 1h, evaluation_interval: 15s}\nrule_files: ['*.yaml']\n"


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
    series: int
    model_exposed: int
    model_recorded: int
    errors: Sequence[str]


def measure(size: Size, evaluations: int) -> Found:
    """Builds the day, evaluates, asks. Takes minutes, and some gigabytes of the folder for temporary files."""
    sys.path.insert(0, str(ROOT))
    from tests.metrics.factory import metrics_settings
    from tests.metrics.prometheus import prometheus

    settings = metrics_settings(teams={f"team-{number}": (f"team-{number}",) for number in range(size.teams)})
    groups = {name: list(make(settings)) for name, make in NAMESPACES.items()}
    raw = list(exposed(size))
    with tempfile.TemporaryDirectory(prefix="commonground-bench-") as name:
        folder = Path(name)
        said("what rules record", started := time.monotonic())
        back = _recorded_series(folder / "first", raw, groups)
        end = _build(folder / "data", raw, back)
        said("data built", started)
        with prometheus(CONFIGURATION, data=folder / "data", arguments=ARGUMENTS) as server:
            costs = [Cost(name, group) for name, listed in groups.items() for group in listed]
            errors: set[str] = set()
            for stage in _stages(costs):
                _load(server, costs, stage, settings.runbooks)
                _evaluate(server, stage, evaluations)
                errors |= {f"{rule['name']}: {rule['lastError']}" for group in server.rules() for rule in group["rules"] if rule.get("lastError")}
            said("evaluated", started)
            rss = _peak_mib(server.process.pid)
            _load(server, costs, (), settings.runbooks)
            _read(server, costs, int(time.time()))
            series, exposed_by, recorded_of = _series(server, end)
        return Found(size, costs, rss, series, exposed_by, recorded_of, sorted(errors))


def _stages(costs: Sequence[Cost]) -> Iterator[Sequence[Cost]]:
    """What is evaluated beside each other: a stage of drift, of all teams, by itself; then all the rest."""
    for name in ALONE:
        yield [cost for cost in costs if cost.group.name.startswith(name)]
    yield [cost for cost in costs if not cost.group.name.startswith(ALONE)]


def _load(server: "Prometheus", costs: Sequence[Cost], active: Sequence[Cost], runbooks: str) -> None:
    """From now on these groups are evaluated; the others rest, since what groups have recorded ends with them."""
    for name in NAMESPACES:
        listed = [replace(cost.group, interval=INTERVAL if cost in active else "1h") for cost in costs if cost.namespace == name]
        (server.folder / f"{name}.yaml").write_text(text(listed, runbooks=runbooks))
    server.reload()


def said(what: str, since: float) -> None:
    """A line of progress."""
    print(f"rules: {what} ({time.monotonic() - since:.0f} s)", file=sys.stderr)


def ranged(groups: Mapping[str, Sequence[Group]]) -> dict[str, int]:
    """Recorded series that rules read over a range -> seconds between their samples in production."""
    rules = [(group, rule) for listed in groups.values() for group in listed for rule in group.rules]
    expressions = "\n".join(rule.expr for _, rule in rules)
    read = set(re.findall(r"(commonground:[\w:]+)\s*(?:\{[^}]*\})?\s*\[", expressions))
    return {rule.record: STEPS[group.interval] for group, rule in rules if isinstance(rule, Recording) and rule.record in read}


def _recorded_series(folder: Path, raw: Sequence[Series], groups: Mapping[str, Sequence[Group]]) -> dict[int, list[Series]]:
    """Seconds between samples -> the series, with labels and values as the rules of the first stage make them of some minutes."""
    from tests.metrics.prometheus import prometheus

    data = folder / "data"
    data.mkdir(parents=True)
    now = int(time.time()) // SCRAPE * SCRAPE
    block(data, scrapes(raw, range(now - 180, now, 60), now - DAY))
    found: dict[int, list[Series]] = {}
    steps = ranged(groups)
    with prometheus(data=data, arguments=ARGUMENTS) as server:
        for rule in (rule for listed in groups.values() for group in listed for rule in group.rules):
            if isinstance(rule, Recording) and rule.record in steps:
                for sample in server.query(rule.expr, now):
                    labels = {key: value for key, value in sample.labels.items() if key != "__name__"}
                    found.setdefault(steps[rule.record], []).append(Series(rule.record, {**labels, **rule.labels}, value=sample.value))
    shutil.rmtree(folder)
    return found


def _build(data: Path, raw: Sequence[Series], back: Mapping[int, Sequence[Series]]) -> int:
    """Blocks of the day. Returns the time of the last sample."""
    data.mkdir()
    edge = (int(time.time()) - QUARTER) // 300 * 300
    began = edge - 2 * DAY
    starts = range((edge - DAY) // BLOCK * BLOCK, edge, BLOCK)
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(_day, data, back, max(start, edge - DAY), min(start + BLOCK, edge)) for start in starts]
        for job in jobs:
            job.result()
    while (now := int(time.time()) // SCRAPE * SCRAPE) - edge > 2 * SCRAPE:
        # A block begins where the last one ends; the last one is the shortest, so that its samples are fresh.
        upper = min(now + SCRAPE, (edge // BLOCK + 1) * BLOCK)
        steps = {step: range(-(-edge // step) * step, upper, step) for step in back}
        block(data, [*scrapes(raw, range(edge, upper, SCRAPE), began), *(line for step, times in steps.items() for line in recorded(back[step], times))])
        edge = upper
    return edge - SCRAPE


def _day(data: Path, back: Mapping[int, Sequence[Series]], start: int, end: int) -> None:
    block(data, (line for step, series in back.items() for line in recorded(series, range(-(-start // step) * step, end, step))))


def _evaluate(server: "Prometheus", costs: Sequence[Cost], evaluations: int) -> None:
    """Notes the evaluation times of each group's next evaluations."""
    by_name = {(f"{cost.namespace}.yaml", cost.group.name): cost for cost in costs}
    seen = {_key(group): group["lastEvaluation"] for group in server.rules()}
    wanted = {key: len(cost.seconds) + evaluations for key, cost in by_name.items()}
    while any(len(by_name[key].seconds) < count for key, count in wanted.items()):
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


def _read(server: "Prometheus", costs: Sequence[Cost], at: int) -> None:
    """Asks each rule's expression once, with statistics."""
    for cost in costs:
        for rule in cost.group.rules:
            found: dict[str, Any] = server.get("/api/v1/query", query=f"count({rule.expr.strip()})", time=at, stats="all")["stats"]["samples"]
            cost.samples += found["totalQueryableSamples"]
            cost.peak = max(cost.peak, found["peakSamples"])


def _series(server: "Prometheus", at: int) -> tuple[int, int, int]:
    """Series in all, those that a model exposes, those that rules record of it."""
    recorded_of = '__name__=~".*:.*"'
    one = 'model="model-1"'
    expressions = ('count({__name__=~".+"})', f"count({{{one}, __name__!~'.*:.*'}})", f"count({{{one}, {recorded_of}}})")
    now = time.time()
    found = [max(server.value(expression, at) or 0, server.value(expression, now) or 0) for expression in expressions]
    return int(found[0]), int(found[1]), int(found[2])


def _peak_mib(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def table(found: Found) -> str:
    """A table for the documentation."""
    size = found.size
    lines = [
        f"All rules: {size.services} services, {size.models} models of {size.features} features of 10 bins (and the reserved ones), {size.pods} process each",
        "",
        "| group | interval | rules | seconds, least (median, most) | slowest rule | samples read | at once |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for cost in found.costs:
        spread = f"{min(cost.seconds):.3f} ({median(cost.seconds):.3f}, {max(cost.seconds):.3f})"
        cells = [f"{cost.namespace}/{cost.group.name}", cost.group.interval, f"{len(cost.group.rules)}", spread]
        cells += [f"`{cost.slowest[1]}` {cost.slowest[0]:.2f}", f"{cost.samples:,}", f"{cost.peak:,}"]
        lines.append(f"| {' | '.join(cells)} |")
    rounds = {
        what: (sum(min(cost.seconds) for cost in those), sum(median(cost.seconds) for cost in those))
        for what, those in (
            ("every 5 minutes or more often", [cost for cost in found.costs if cost.group.interval != "1h"]),
            ("once an hour", [cost for cost in found.costs if cost.group.interval == "1h"]),
        )
    }
    largest = max(found.costs, key=lambda cost: min(cost.seconds))
    rules = [rule for cost in found.costs for rule in cost.group.rules]
    namespaces = {cost.namespace for cost in found.costs}
    lines += [
        "",
        f"- The largest group: {largest.group.name}, {min(largest.seconds):.2f} s (median {median(largest.seconds):.2f} s; limit {LIMIT_SECONDS} s).",
        *(f"- All groups that are evaluated {what}, one after the other: {least:.2f} s (median {middle:.2f} s)." for what, (least, middle) in rounds.items()),
        f"- Samples read by one evaluation of everything: {sum(cost.samples for cost in found.costs):,}; at once at most "
        f"{max(cost.peak for cost in found.costs):,} (a query of Amazon Managed Prometheus: {MOST_SAMPLES:,}).",
        f"- Prometheus' memory at most: {found.rss_mib:.0f} MiB.",
        f"- Series: {found.series:,} (a new workspace takes {MOST_SERIES:,} and grows), of a model: {found.model_exposed:,} exposed by a process, "
        f"{found.model_recorded:,} recorded.",
        f"- {len(rules)} rules ({sum(isinstance(rule, Alert) for rule in rules)} alert) in {len(found.costs)} groups of {len(namespaces)} namespaces (limits: "
        f"{MOST_NAMESPACES} namespaces, {MOST_GROUPS} groups, {MOST_RULES} rules a group; most here: {max(len(cost.group.rules) for cost in found.costs)}).",
        *(f"- FAILED: {error}" for error in found.errors),
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench_rules.py", description=__doc__)
    parser.add_argument("--evaluations", type=int, default=4, help="evaluations of each group")
    for name, default in (("services", 200), ("models", 50), ("features", 100), ("pods", 1), ("teams", 10)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    size = Size(options.services, options.models, options.features, options.pods, options.teams)
    print(table(measure(size, options.evaluations)))


if __name__ == "__main__":
    main()
