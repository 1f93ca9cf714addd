"""Drift on real Prometheus: right through restarts, new versions and baselines, scaling and features that disappear, and as numpy and scipy see it.

Counters of two hours are back-filled; then promtool evaluates the rules on a server, stage by stage, at each group's own times, as Prometheus would have.
"""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from commonground.metrics.rules import drift
from commonground.metrics.rules.model import Group, Recording, text
from commonground.settings.metrics import Drift
from tests.metrics.factory import metrics_settings

pytestmark = pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not on PATH: Debian's package `prometheus` has it")

BEGIN = 1_767_225_600  # 2026-01-01
HALF, END, STEP = 3600, 7200, 30
BINS = ("0.2", "0.4", "0.6", "0.8", "+Inf", "missing", "unseen")
WINDOWS = {"fast": 30 * 60, "slow_hourly": 6 * 3600}
"""What the distances of a window are recorded as -> its seconds."""
STAGES = (
    ("psi", (drift.INCREASE, f"{drift.SAMPLES}:increase5m", drift.BASELINE)),
    ("psi", (drift.HOUR, *(f"{drift.SAMPLES}:{window}" for window in ("sum_1h", "fast")))),
    ("psi", (drift.RATIO, f"{drift.SAMPLES}:slow_hourly")),
    ("psi", (drift.SLOW_RATIO,)),
    *((measure, tuple(f"commonground:model_{measure}:{window}" for window in WINDOWS)) for measure in ("psi", "jensen_shannon")),
)
"""Which measure alerts, and what is recorded beside each other."""


@dataclass(frozen=True)
class Part:
    """A stretch of one pod's life: what it counts, by minute, in each bin."""

    variable: str
    baseline: Sequence[float]
    traffic: Sequence[float]
    digest: str = "b1"
    model_version: str = "1"
    pod: str = "a"
    start: int = 0
    end: int = END
    silent: int = END
    """From then on its counters stay as they are."""

    def lines(self, metric: str) -> Iterator[str]:
        labels = f'service="churn",model="churn",model_version="{self.model_version}",kind="feature",variable="{self.variable}",baseline="{self.digest}"'
        for number, name in enumerate(BINS):
            for at in range(self.start, self.end + 1, STEP):
                ratio = self.baseline[number]
                value = ratio if metric == "commonground_model_baseline_ratio" else round(self.traffic[number] * (min(at, self.silent) - self.start) / 60)
                yield f'{metric}{{team="shop",namespace="shop",{labels},pod="{self.pod}",bin="{name}"}} {value} {BEGIN + at}\n'


def distribution(seed: int, *, empty: int = 0) -> list[float]:
    """Ratios of the bins, some of them 0."""
    drawn = np.random.default_rng(seed).dirichlet(np.ones(len(BINS)))
    drawn[len(BINS) - empty :] = 0
    return [float(one) for one in drawn / drawn.sum()]


def traffic(ratios: Sequence[float], of: float = 1200) -> list[float]:
    return [ratio * of for ratio in ratios]


EVEN, OTHER = distribution(1), distribution(2)
PARTS = (
    *(Part(f"random{seed}", distribution(seed, empty=seed % 3), traffic(distribution(100 + seed, empty=seed % 4))) for seed in range(8)),
    Part("same", EVEN, traffic(EVEN)),
    # A pod that restarts, a minute later, in the middle of a window.
    Part("restarted", EVEN, traffic(OTHER), end=END - 600),
    Part("restarted", EVEN, traffic(OTHER), start=END - 540),
    # Three pods that see different things.
    *(Part("scaled", EVEN, traffic([3 * OTHER[n] if n % 3 == pod else 0 for n in range(len(BINS))], 400), pod=f"p{pod}") for pod in range(3)),
    # A version that takes over with a baseline of its own, which its traffic is like.
    Part("released", EVEN, traffic(OTHER), end=HALF),
    Part("released", OTHER, traffic(OTHER), digest="b2", model_version="2", pod="b", start=HALF),
    # The same version with another baseline.
    Part("corrected", EVEN, traffic(OTHER), end=HALF),
    Part("corrected", OTHER, traffic(OTHER), digest="b2", pod="b", start=HALF),
    Part("disappeared", EVEN, traffic(OTHER), end=HALF),
    # The model serves on, and its callers send it no more.
    Part("silent", EVEN, traffic(OTHER), silent=HALF),
)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of a Prometheus on what is in `folder/data`."""
    (folder / "prometheus.yaml").write_text("global: {}\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    flags = ["--config.file=prometheus.yaml", "--storage.tsdb.path=data", "--storage.tsdb.retention.time=100y", f"--web.listen-address={address}"]
    with (folder / "log").open("w") as log, subprocess.Popen(["prometheus", *flags], cwd=folder, stdout=log, stderr=log) as process:
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"http://{address}/-/ready", timeout=5).close()
                    break
                except (urllib.error.URLError, ConnectionError):
                    assert process.poll() is None, (folder / "log").read_text()
                    time.sleep(0.1)
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait(30)


def promtool(folder: Path, *arguments: str) -> None:
    ran = subprocess.run(["promtool", "tsdb", "create-blocks-from", *arguments], cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def stage(groups: Sequence[Group], names: Sequence[str]) -> list[Group]:
    """Of each group the rules that record these: an evaluation sees only what is in blocks already."""
    chosen = (replace(group, rules=[rule for rule in group.rules if isinstance(rule, Recording) and rule.record in names]) for group in groups)
    return [group for group in chosen if group.rules]


Labels = tuple[tuple[str, str], ...]
Recorded = dict[Labels, dict[float, float]]


def recorded(address: str, name: str) -> Recorded:
    """Labels without the name -> time -> value."""
    query = urllib.parse.urlencode({"query": f"{name}[3h]", "time": BEGIN + END + 600})
    with urllib.request.urlopen(f"{address}/api/v1/query?{query}", timeout=60) as answer:
        found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return {
        tuple(sorted((key, value) for key, value in one["metric"].items() if key != "__name__")): {float(at): float(value) for at, value in one["values"]}
        for one in found
    }


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recorded]:
    """All that the rules recorded, by name."""
    folder = tmp_path_factory.mktemp("drift")
    with (folder / "raw").open("w") as raw:
        for metric, kind in (("commonground_model_values", "counter"), ("commonground_model_baseline_ratio", "gauge")):
            raw.write(f"# TYPE {metric} {kind}\n")
            lines = (line for part in PARTS for line in part.lines(f"{metric}_total" if kind == "counter" else metric))
            raw.writelines(sorted(lines, key=lambda line: (line.rsplit(" ", 2)[0], int(line.rsplit(" ", 1)[1]))))
        raw.write("# EOF\n")
    promtool(folder, "openmetrics", "raw", "data")
    for measure, names in STAGES:
        settings = metrics_settings(drift=Drift(fast="30m", slow="6h", measure=measure))
        (folder / "rules.yaml").write_text(text(stage(drift.groups(settings), names), runbooks=settings.runbooks))
        with server(folder) as address:
            promtool(folder, "rules", f"--url={address}", f"--start={BEGIN}", f"--end={BEGIN + END}", "--output-dir=data", "rules.yaml")
    with server(folder) as address:
        return {name: recorded(address, name) for _, names in STAGES for name in names}


def distributions(series: dict[str, Recorded], labels: Labels, at: float, window: str) -> tuple[np.ndarray, np.ndarray]:
    """By the recorded increases and baselines: ratios of the window before `at`, and those of training."""
    found = []
    if window == "slow_hourly":
        # The ratios are another group's, evaluated before.
        at = max(time_ for values in series[drift.SLOW_RATIO].values() for time_ in values if time_ <= at) - 60
    for name in BINS:
        key = tuple(sorted((*labels, ("bin", name))))
        increase = sum(value for time_, value in series[drift.INCREASE].get(key, {}).items() if at - WINDOWS[window] < time_ <= at)
        found.append((increase, max(series[drift.BASELINE].get(key, {0: 0}).values())))
    counts, baseline = (np.array(column) for column in zip(*found, strict=True))
    return counts / max(counts.sum(), 1e-300), baseline


@pytest.mark.parametrize("window", WINDOWS)
def test_psi_is_numpys_on_the_recorded_increases(series: dict[str, Recorded], window: str) -> None:
    compared = 0
    for labels, values in series[f"commonground:model_psi:{window}"].items():
        for at, value in values.items():
            p, q = distributions(series, labels, at, window)
            if not p.any():
                # What is back-filled has no stale markers: in its first 5 minutes without values, the last ratios are read once more.
                continue
            p, q = (np.maximum(one, 1e-4) for one in (p, q))
            assert value == pytest.approx(float(np.sum((p - q) * np.log(p / q))), abs=1e-6), (labels, at)
            compared += 1
    assert compared > (200 if window == "fast" else 20)


@pytest.mark.parametrize("window", WINDOWS)
def test_jensen_shannon_is_scipys_on_the_recorded_increases(series: dict[str, Recorded], window: str) -> None:
    compared = 0
    for labels, values in series[f"commonground:model_jensen_shannon:{window}"].items():
        for at, value in values.items():
            p, q = distributions(series, labels, at, window)
            if not p.any():
                continue
            assert value == pytest.approx(float(jensenshannon(p, q, base=2)), abs=1e-6), (labels, at)
            compared += 1
    assert compared > (200 if window == "fast" else 20)


def last(series: dict[str, Recorded], name: str, **labels: str) -> float | None:
    """The value in the last 5 minutes, or None."""
    found = [values for key, values in series[name].items() if set(labels.items()) <= set(key)]
    values = [value for one in found for at, value in one.items() if at > BEGIN + END - 300]
    assert len(values) <= 1, found
    return values[0] if values else None


def psi(p: Sequence[float], q: Sequence[float]) -> float:
    return float(sum((a - b) * np.log(a / b) for a, b in zip(p, q, strict=True)))


PSI, SAMPLES = "commonground:model_psi:fast", "commonground:model_samples:fast"


@pytest.mark.parametrize("variable", ["restarted", "scaled"])
def test_a_restart_or_several_pods_change_nothing(series: dict[str, Recorded], variable: str) -> None:
    assert last(series, PSI, variable=variable) == pytest.approx(psi(OTHER, EVEN), rel=0.01)


def test_a_restart_loses_no_more_than_the_time_it_took(series: dict[str, Recorded]) -> None:
    assert last(series, SAMPLES, variable="restarted") == pytest.approx(30 * 1200, rel=0.05)


def test_pods_are_counted_together(series: dict[str, Recorded]) -> None:
    assert last(series, SAMPLES, variable="scaled") == pytest.approx(30 * 1200, rel=0.01)


def test_a_new_version_is_compared_with_its_own_baseline_and_the_old_one_no_longer(series: dict[str, Recorded]) -> None:
    assert last(series, PSI, variable="released", model_version="2") == pytest.approx(0, abs=0.001)
    assert last(series, PSI, variable="released", model_version="1") is None


def test_a_baseline_that_changes_is_compared_with_what_came_since(series: dict[str, Recorded]) -> None:
    assert last(series, PSI, variable="corrected", baseline="b2") == pytest.approx(0, abs=0.001)
    assert last(series, PSI, variable="corrected", baseline="b1") is None


@pytest.mark.parametrize("variable", ["disappeared", "silent"])
def test_a_feature_that_disappeared_drifts_no_longer(series: dict[str, Recorded], variable: str) -> None:
    assert any(("variable", variable) in key for key in series[PSI])
    assert last(series, SAMPLES, variable=variable) is None
    assert last(series, PSI, variable=variable) is None
