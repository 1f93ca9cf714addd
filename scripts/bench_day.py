"""A day of a large environment on disk, for Prometheus to evaluate rules on: what rules recorded, and the last quarter of an hour of what processes expose."""

import re
import shutil
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bench_series import BLOCK, SCRAPE, Series, block, recorded, scrapes
from tests.metrics.prometheus import Prometheus, prometheus, wait_for

from commonground.metrics.rules.model import Group, Recording, text
from commonground.metrics.rules.windows import LATEST

DAY = 86_400
QUARTER = 900
STEPS = {"1m": 60, "5m": 300, "1h": 3600}
# Evaluations are not waited for 5 minutes, or an hour: the work of one is the same.
INTERVAL = "15s"
CONFIGURATION = "global: {scrape_interval: 1h, evaluation_interval: 15s}\nrule_files: ['*.yaml']\n"
SETTLE_SECONDS = 75
"""After which an evaluation of a rule finds all that it reads: what sums an hour leaves out its last minute."""
AHEAD_SECONDS = 60
"""That writing the last block takes at most: it reaches that far ahead, and Prometheus starts when that time has come."""


@dataclass(frozen=True)
class Counted:
    """Series in all, those that a process of a model exposes, those that rules record of it."""

    series: int
    exposed: int
    recorded: int


@dataclass
class Day:
    """A TSDB directory with a day up to `end`, and what `reach` adds to it."""

    data: Path
    raw: Sequence[Series]
    back: Mapping[int, Sequence[Series]]
    """Seconds between samples -> series that rules record."""
    end: int
    """Seconds since 1970."""
    kept: frozenset[str]
    """Its blocks."""

    def reach(self) -> None:
        """Adds what there was since, up to now, in one block, as Prometheus has the last hours in one place. What was added and recorded before goes."""
        ahead = AHEAD_SECONDS
        while True:
            for folder in self.data.iterdir():
                if folder.name not in self.kept:
                    shutil.rmtree(folder) if folder.is_dir() else folder.unlink()
            upper = (int(time.time()) + ahead) // SCRAPE * SCRAPE
            steps = {step: range(-(-self.end // step) * step, upper, step) for step in self.back}
            lines = (line for step, times in steps.items() for line in recorded(self.back[step], times))
            block(self.data, [*scrapes(self.raw, range(upper - QUARTER, upper, SCRAPE), self.end - 2 * DAY), *lines])
            if (early := upper - time.time()) > 0:
                time.sleep(early)
                return
            ahead *= 2


def build(data: Path, raw: Sequence[Series], back: Mapping[int, Sequence[Series]], arguments: Sequence[str]) -> Day:
    """The day without its last hours, which `reach` adds, in blocks as Prometheus makes them of those of two hours each."""
    data.mkdir()
    edge = (int(time.time()) - QUARTER) // BLOCK * BLOCK
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(_recorded_block, data, back, start, start + BLOCK) for start in range(edge - DAY, edge, BLOCK)]
        for job in jobs:
            job.result()
    with prometheus(data=data, arguments=[*arguments, "--storage.tsdb.max-block-duration=6h"]):
        # Those of the newest six hours, of which it cannot know that they are complete, stay; so do ends.
        wait_for("blocks of six hours", lambda: len(list(data.glob("*/meta.json"))) <= DAY // BLOCK * 2 // 3, 600, 5)
        time.sleep(10)
    kept = frozenset(folder.name for folder in data.iterdir() if (folder / "meta.json").exists())
    return Day(data, raw, back, edge, kept)


def _recorded_block(data: Path, back: Mapping[int, Sequence[Series]], start: int, end: int) -> None:
    block(data, (line for step, series in back.items() for line in recorded(series, range(-(-start // step) * step, end, step))))


def recorded_series(
    folder: Path, raw: Sequence[Series], groups: Mapping[str, Sequence[Group]], arguments: Sequence[str]
) -> tuple[dict[int, list[Series]], Counted]:
    """Those that rules read over a range, by seconds between their samples in production, as Prometheus recorded them; how many there are."""
    data = folder / "data"
    data.mkdir(parents=True)
    now = int(time.time()) // SCRAPE * SCRAPE
    block(data, scrapes(raw, range(now - QUARTER, now, 60), now - DAY))
    files = {f"{name}.yaml": text([replace(group, interval=INTERVAL) for group in listed], runbooks="x") for name, listed in groups.items()}
    found: dict[int, list[Series]] = {}
    with prometheus(CONFIGURATION, files, data=data, arguments=arguments) as server:
        settle(server)
        for name, step in ranged(groups).items():
            for sample in server.query(f"last_over_time({name}[{QUARTER}s])"):
                labels = {key: value for key, value in sample.labels.items() if key != "__name__"}
                found.setdefault(step, []).append(Series(name, labels, value=sample.value))
        counted = _counted(server)
    shutil.rmtree(folder)
    return found, counted


def settle(server: Prometheus) -> None:
    """Waits until every rule has recorded, those that read what others record, too."""
    least = time.time() + SETTLE_SECONDS
    wait_for("every rule has recorded", lambda: all(datetime.fromisoformat(group["lastEvaluation"]).timestamp() > least for group in server.rules()), 600, 2)


def ranged(groups: Mapping[str, Sequence[Group]]) -> dict[str, int]:
    """Recorded series that rules read over a range -> seconds between their samples in production. Not those whose newest sample alone is read."""
    rules = [(group, rule) for listed in groups.values() for group in listed for rule in group.rules]
    expressions = "\n".join(rule.expr for _, rule in rules)
    read = {name for name, range_ in re.findall(r"(commonground:[\w:]+)\s*(?:\{[^}]*\})?\s*\[(\w+)", expressions) if range_ != LATEST}
    return {rule.record: STEPS[group.interval] for group, rule in rules if isinstance(rule, Recording) and rule.record in read}


def _counted(server: Prometheus) -> Counted:
    rules, own = '__name__=~".*:.*"', '__name__!~".*:.*|ALERTS.*"'
    of = 'model="model-1"'
    found = [f'{{__name__=~".+", {own}}}', f"{{{rules}}}", f"{{{of}, {own}}}", f"{{{of}, {rules}}}"]
    exposed, recorded_, exposed_of, recorded_of = (int(server.value(f"count(last_over_time({one}[{QUARTER}s]))") or 0) for one in found)
    return Counted(exposed + recorded_, exposed_of, recorded_of)
