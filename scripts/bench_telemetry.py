"""Times what `commonground.telemetry` costs a model server: `python scripts/bench_telemetry.py [RUNS]`. Each run is a process of its own."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from prometheus_client import generate_latest

from commonground.telemetry import Model, Service, scraped
from commonground.telemetry.baseline import Baseline, CategoricalVariable, NumericVariable, Variable

ROWS, ROUNDS = 1000, 5
FEATURES, WORDS = 20, 4
CHILDREN = ((), ("100", "10"), ("200", "19"))
"""Observations; and a large model's size, and that of the largest."""


def measure(runs: int) -> dict[str, dict[str, list[float]]]:
    """What is measured -> `one process`, `several processes` -> values of each run."""
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(runs):
        for mode in ("one process", "several processes"):
            for arguments in CHILDREN:
                for what, value in _run(mode, arguments).items():
                    found.setdefault(what, {}).setdefault(mode, []).append(value)
    return found


def table(found: dict[str, dict[str, list[float]]]) -> str:
    """Rows for the documentation."""
    lines = [f"| telemetry of {FEATURES} features and a prediction, median (least to most) | one process | several processes |", "| --- | --- | --- |"]
    for what, modes in found.items():
        cells = [f"{median(values):.3g} ({min(values):.3g} to {max(values):.3g})" for values in modes.values()]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _run(mode: str, arguments: tuple[str, ...]) -> dict[str, float]:
    environment = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1] / "components")
    with tempfile.TemporaryDirectory(prefix="commonground-bench-") as folder:
        if mode == "several processes":
            environment["PROMETHEUS_MULTIPROC_DIR"] = folder
        command = [sys.executable, __file__, "--child", *arguments]
        ran = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    measured: dict[str, float] = json.loads(ran.stdout)
    return measured


def _microseconds(call: Callable[[], object], of: int) -> float:
    """Of one of so many, at best of some rounds: what the machine did beside it is not ours."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best / of * 1e6


def _resident() -> float:
    """MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def numeric(kind: str, name: str, bins: int) -> Variable:
    """A variable of equal bins from 0 to 1."""
    return NumericVariable(kind, name, tuple(index / bins for index in range(1, bins)), (1 / bins,) * bins, 0.0, 0.0, 1.0)


def size(features: int, bins: int) -> dict[str, float]:
    """What a model of so many features takes."""
    baseline, before = Baseline.checked(1, tuple(numeric("feature", f"x{number}", bins) for number in range(features))), _resident()
    Model("large", "1", baseline)
    name, taken = f"a model of {features} features of {bins} bins", _resident() - before
    return {f"{name}: MiB": taken, f"{name}: ms a scrape ({baseline.series:,} series)": _microseconds(lambda: generate_latest(scraped()), 1000)}


def observations() -> dict[str, float]:
    """What an observation and a request take."""
    found: dict[str, float] = {}
    numbers, words = [f"x{number}" for number in range(FEATURES - WORDS)], [f"w{number}" for number in range(WORDS)]
    categorical = (CategoricalVariable("feature", name, tuple("abcdefgh"), (0.125,) * 8, 0.0, (), 0.0) for name in words)
    baseline = Baseline.checked(1, (*(numeric("feature", name, 10) for name in numbers), *categorical, numeric("prediction", "score", 10)))
    model, service = Model("bench", "1", baseline, strict=True), Service(limit=1)
    draw = random.Random(0)  # noqa: S311 (numbers to count)
    rows = [({name: draw.random() for name in numbers} | {name: draw.choice("abcdefghi") for name in words}, {"score": draw.random()}) for _ in range(ROWS)]
    columns: dict[str, Any] = {name: [row[name] for row, _ in rows] for name in (*numbers, *words)}
    scores: dict[str, Any] = {"score": [answer["score"] for _, answer in rows]}

    def requests() -> None:
        for _ in range(ROWS):
            with service.request("/predict"):
                pass

    def one_by_one() -> None:
        for features, predictions in rows:
            model.observe(features, predictions)

    def batch() -> None:
        model.observe_batch(columns, scores)

    found["µs a request: count, duration, in flight"] = _microseconds(requests, ROWS)
    found["µs an observation, one"] = _microseconds(one_by_one, ROWS)
    found["µs an observation, in a batch of 1,000, lists, no numpy"] = _microseconds(batch, ROWS)
    import numpy as np  # after what is measured without it

    found["µs an observation, in a batch of 1,000, lists"] = _microseconds(batch, ROWS)
    columns = {name: np.array(values) for name, values in columns.items()}
    scores = {name: np.array(values) for name, values in scores.items()}
    found["µs an observation, in a batch of 1,000, arrays"] = _microseconds(batch, ROWS)
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(observations() if len(sys.argv) == 2 else size(*map(int, sys.argv[2:]))))
    else:
        print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 3)))
