"""Which planted shifts the shipped thresholds find in public data sets, and how often a stable stream alarms: `scripts/drift_table.py [--write]`.

`--write` puts the tables into docs/drift.md; without, they are printed.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from commonground.settings.metrics import Drift

if TYPE_CHECKING:
    from tests.metrics.datasets import Dataset, Shift

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "drift.md"
BEGIN, END = "<!-- drift_table: begin -->", "<!-- drift_table: end -->"

HOURS = 24
"""Of the slow window, all of them calm before a shift; and of a shift."""
WEEK = 168
PER_HOUR = 1000
"""Values of each variable in the fast window: the least of which the rules say anything."""
SMALL, SMALL_BINS = 500, 5
"""Rows of a baseline below which shifts are planted in fewer bins."""
MEASURES = {"psi": "PSI", "jensen_shannon": "Jensen-Shannon distance"}
NOTHING, WARNING, CRITICAL = 0, 1, 2


@dataclass(frozen=True)
class Course:
    """One variable over time: distances in the fast and the slow window, hour by hour."""

    fast: Any
    slow: Any

    def states(self, drift: Drift) -> Any:
        """What fires at each hour: as the alerts of `commonground.metrics.rules.drift` have it."""
        worth = self.slow > drift.warning
        return np.where(worth & (self.fast > drift.critical), CRITICAL, np.where(worth & (self.fast > drift.warning), WARNING, NOTHING))


@dataclass(frozen=True)
class Outcome:
    """What became of one shift in one variable, by one measure."""

    state: int
    hours: int | None
    """Until the first alarm."""
    distance: float
    """In the fast window at the end."""


def course(per_hour: Any, baseline: Any, samples: int, random: Any, distance: Callable[[Any, Any], Any]) -> Course:
    """`per_hour`: ratios by hour and bin, of which samples are drawn; begins after a slow window's worth of hours."""
    counts = random.multinomial(samples, per_hour)
    sums = np.cumsum(np.vstack([np.zeros(counts.shape[1]), counts]), axis=0)
    return Course(distance(counts[HOURS - 1 :], baseline), distance(sums[HOURS:] - sums[:-HOURS], baseline))


def distances() -> dict[str, Callable[[Any, Any], Any]]:
    """Measure -> function."""
    from tests.metrics.distances import jensen_shannon, psi

    return {"psi": psi, "jensen_shannon": jensen_shannon}


def stable(data: "Dataset", measure: str, samples: int) -> tuple[float, float, int]:
    """Of a stable stream: share of fast windows above the warning, share of hours in which an alert fires, and variables of which one ever does."""
    from tests.metrics.datasets import distribution, seed

    drift = Drift()
    above, firing = [], []
    for name, variable in data.variables.items():
        ratios, baseline = distribution(variable, data.stream[name])
        hours = np.tile(ratios, (HOURS + WEEK, 1))
        one = course(hours, baseline, samples, seed(data.name, name, samples), distances()[measure])
        above.append(one.fast > drift.warning)
        firing.append(one.states(drift) > NOTHING)
    return float(np.mean(above)), float(np.mean(firing)), int(np.any(firing, axis=1).sum())


def planted(data: "Dataset", shift: "Shift", measure: str) -> list[Outcome]:
    """The shift in one variable after the other: in each to which it applies and that does not alarm without it."""
    from tests.metrics.datasets import distribution, seed

    drift, found = Drift(), []
    for name, variable in data.variables.items():
        if not shift.applies(data, name):
            continue
        calm, baseline = distribution(variable, data.stream[name])
        steps = [number / WEEK for number in range(1, WEEK + 1)] if shift.gradual else [1.0]
        after = [distribution(variable, shift.values(data, name, step))[0] for step in steps]
        hours = np.vstack([np.tile(calm, (2 * HOURS, 1)), *(np.tile(ratios, (1 if shift.gradual else HOURS, 1)) for ratios in after)])
        one = course(hours, baseline, PER_HOUR, seed(data.name, name, shift.name), distances()[measure])
        states = one.states(drift)
        before, since = states[: HOURS + 1], states[HOURS + 1 :]
        if before.any():
            continue
        alarms = np.flatnonzero(since)
        found.append(Outcome(int(since.max()), int(alarms[0]) + 1 if len(alarms) else None, float(one.fast[-1])))
    return found


def cell(outcomes: list[Outcome]) -> str:
    """How many are critical, worth a warning, missed."""
    if not outcomes:
        return ""
    states = [one.state for one in outcomes]
    return f"{states.count(CRITICAL)} / {states.count(WARNING)} / {states.count(NOTHING)}"


def tables() -> str:
    """All tables, in Markdown."""
    sys.path[:0] = [path for path in (str(ROOT),) if path not in sys.path]
    from tests.metrics.datasets import SETS, SHIFTS, load

    small = [name for name in SETS if load(name).rows < SMALL]
    loaded = [load(name, SMALL_BINS) if name in small else load(name) for name in SETS]
    titles = [data.name for data in loaded]
    lines = []
    for measure, title in MEASURES.items():
        lines += [f"### {title}: planted shifts", "", "Variables in which the shift is found as critical / found as a warning / missed.", ""]
        lines += [f"| shift | {' | '.join(titles)} | hours to the first alarm: median (range) | {title}: median |", f"|{' --- |' * (len(titles) + 3)}"]
        for shift in SHIFTS:
            by_set = [planted(data, shift, measure) for data in loaded]
            every = [one for outcomes in by_set for one in outcomes]
            hours = [one.hours for one in every if one.hours is not None]
            when = f"{median(hours):.0f} ({min(hours)} to {max(hours)})" if hours else ""
            values = f"{median(one.distance for one in every):.2f}" if every else ""
            lines.append(f"| {shift.name} | {' | '.join(map(cell, by_set))} | {when} | {values} |")
        lines.append("")
    lines += ["### A stable stream", "", "A week in which nothing changes: the other half of the same data.", ""]
    lines += [
        "| data set | rows of the baseline | variables | values an hour | PSI: fast windows above 0.1 | hours in which an alert fires | variables that alarm |"
    ]
    lines[-1] = lines[-1] + " Jensen-Shannon: fast windows above 0.1 | hours in which an alert fires | variables that alarm |"
    lines.append(f"|{' --- |' * 10}")
    for data in sorted([*loaded, *map(load, small)], key=lambda one: (-one.rows, one.name)):
        for samples in (PER_HOUR, 10 * PER_HOUR):
            cells = [data.name, f"{data.rows:,}", f"{len(data.variables)}", f"{samples:,}"]
            for measure in MEASURES:
                above, firing, variables = stable(data, measure, samples)
                cells += [f"{above:.2%}", f"{firing:.2%}", f"{variables}"]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def placed(page: str, text: str) -> str:
    """The page with the tables between its marks."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n{END}{rest.split(END)[1]}"


def main() -> None:
    """Prints or writes the tables."""
    parser = argparse.ArgumentParser(prog="scripts/drift_table.py", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put them into docs/drift.md")
    found = tables()
    if parser.parse_args().write:
        PAGE.write_text(placed(PAGE.read_text(), found))
    else:
        print(found)


if __name__ == "__main__":
    main()
