"""The example model server under traffic that drifts and returns, with real Prometheus and Alertmanager on our rules and routes: what was seen on the way.

A clock 150 times faster (`faster.py`): a scrape every 200 ms stands for one every 30 s, a window of 30 minutes is 12 seconds.
"""

import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from commonground.metrics import alertmanager as routes
from commonground.metrics.rules import drift
from commonground.metrics.rules.namespaces import files
from commonground.settings.metrics import Drift
from commonground.telemetry.make import columns
from tests.metrics.factory import metrics_settings
from tests.metrics.faster import faster, shorter
from tests.metrics.prometheus import Prometheus, alertmanager, prometheus, wait_for
from tests.metrics.webhook import Heard, listening

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "stacks" / "shop" / "churn" / "server.py"
TIMES = 150
SETTINGS = metrics_settings(drift=Drift(fast="30m", slow="6h"))
TARGET = {"team": "shop", "namespace": "shop", "service": "churn", "version": "3.1.0", "pod": "churn-0", "node": "node-1"}
DEFAULTS = {"query.lookback-delta": "5m", "rules.alert.resend-delay": "1m"}
"""Prometheus' own durations (its documentation, "Command-line flags")."""
ROWS = 60
"""Of one request."""

DISTANCES = {
    ("psi", "fast"): "commonground:model_psi:fast",
    ("psi", "slow"): "commonground:model_psi:slow_hourly",
    ("jensen_shannon", "fast"): "commonground:model_jensen_shannon:fast_hourly",
}
"""Measure and window -> what records it: the measure that alerts in both windows, the other in the fast one."""
RANGES = {"fast": f"{drift.SAMPLES}:fast", "slow": f"{drift.SAMPLES}:slow_hourly"}
"""Window -> whose rule has its range."""
RATIOS = {"fast": drift.RATIO, "slow": drift.SLOW_RATIO}
POOL = 1000
"""Rows of each kind of traffic, sent again and again: the raw values that Prometheus' are held against."""

Rows = list[dict[str, Any]]


def normal(random: Any, rows: int) -> Rows:
    """Customers as training saw them."""
    tenure, charge = random.gamma(3, 10, rows), random.normal(60, 15, rows)
    calls, plans = random.poisson(1.0, rows), random.choice(["month", "year"], rows, p=[0.6, 0.4])
    return [
        {"tenure_months": float(a), "monthly_charge": float(b), "support_calls": int(c), "plan": str(d)}
        for a, b, c, d in zip(tenure, charge, calls, plans, strict=True)
    ]


def drifted(random: Any, rows: int) -> Rows:
    """A new tariff: charges are higher and customers call more often; how long they stay, and for how long they sign, is as before."""
    return [{**row, "monthly_charge": row["monthly_charge"] + 12, "support_calls": row["support_calls"] + 1} for row in normal(random, rows)]


def server_module() -> ModuleType:
    """The example's program, as a module."""
    spec = importlib.util.spec_from_file_location("churn_server", SERVER)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Traffic:
    """Requests in a thread, from whatever rows it is set to, over and over."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._rows: Rows | None = None
        self._next = 0
        self._idle, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def send(self, rows: Rows | None) -> None:
        """From now on these; None: nothing, and what was under way is answered."""
        self._idle.clear()
        self._rows = rows
        if rows is None:
            self._idle.wait(10)

    def end(self) -> None:
        """No more."""
        self._ended.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._ended.wait(0.04):
            rows = self._rows
            if rows is None:
                self._idle.set()
                continue
            sent = [rows[(self._next + number) % len(rows)] for number in range(ROWS)]
            self._next += ROWS
            request = urllib.request.Request(f"{self._url}/predict", json.dumps({"rows": sent}).encode())
            with urllib.request.urlopen(request, timeout=10) as answer:
                answer.read()


@dataclass
class Moment:
    """One evaluation: what Prometheus had recorded, and the raw values that it is about."""

    increases: dict[tuple[str, str], dict[str, dict[str, float]]]
    """Measure and window -> variable -> bin -> sum of the recorded 5-minute increases that it is of."""
    recorded: dict[tuple[str, str], dict[str, float]]
    """Measure and window -> variable -> value."""
    raw: dict[str, list[Any]]
    """Variable -> values of the rows that were sent."""


@dataclass
class Story:
    """What happened."""

    heard: Heard
    baseline: Any
    moments: dict[str, Moment] = field(default_factory=dict)
    firing: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Alert and variable -> the alert, as the team's webhook got it."""
    retraining: list[dict[str, Any]] = field(default_factory=list)
    resolved: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    """Of rules."""


CONFIGURATION = """\
global: {{scrape_interval: {scrape}, scrape_timeout: {scrape}, evaluation_interval: {scrape}}}
rule_files: ['*.yaml']
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]}}
scrape_configs:
- job_name: pods
  static_configs: [{{targets: ['{target}'], labels: {labels}}}]
"""


@contextmanager
def model_server(folder: Path) -> Iterator[tuple[str, Any]]:
    """The example's process with a baseline of 20,000 rows, its address and the baseline."""
    score = server_module().score
    rows = normal(np.random.default_rng(7), 20_000)
    features = {name: [row[name] for row in rows] for name in rows[0]}
    baseline = columns(features, {"score": [score(row) for row in rows]}).baseline
    baseline.save(folder / "baseline.json")
    command = [sys.executable, str(SERVER), "--baseline", str(folder / "baseline.json"), "--address", "127.0.0.1", "--port", "0", "--version", "7"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "components")}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().strip(), baseline
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout:
            process.stdout.close()


@contextmanager
def running(folder: Path) -> Iterator[tuple[Story, Traffic, Prometheus]]:
    """All of it, ready."""
    rules = {f"{name}.yaml": faster(text, TIMES) for name, text in files(SETTINGS).items() if "name:" in text}
    with (
        listening() as heard,
        model_server(folder) as (url, baseline),
        alertmanager(faster(routes.configuration(SETTINGS, heard.destination), TIMES)) as alerts,
    ):
        configuration = CONFIGURATION.format(
            scrape=shorter(f"{SETTINGS.scrape_seconds}s", TIMES),
            alertmanager=alerts.url.removeprefix("http://"),
            target=url.removeprefix("http://"),
            labels=json.dumps(TARGET),
        )
        arguments = [f"--{flag}={shorter(default, TIMES)}" for flag, default in DEFAULTS.items()]
        with prometheus(configuration, rules, arguments=arguments) as server:
            traffic = Traffic(url)
            try:
                yield Story(heard, baseline), traffic, server
            finally:
                traffic.end()


def tell(folder: Path) -> Story:
    """Calm, drift, calm again."""
    calm, other = normal(np.random.default_rng(11), POOL), drifted(np.random.default_rng(12), POOL)
    with running(folder) as (story, traffic, server):
        # Zeros of every bin are there before the first value.
        wait_for("the baseline", lambda: server.query("commonground:model_baseline:ratio"))
        traffic.send(calm)
        time.sleep(8)
        story.moments["calm"] = moment(server, calm)
        began = time.monotonic()
        traffic.send(other)
        wait_for("the team's critical alerts of feature and prediction", lambda: _firing(story), 120)
        story.retraining = wait_for("the retraining's notification", lambda: story.heard.of(routes.RETRAINING), 60)
        # The fast window is full of it.
        time.sleep(max(0.0, began + 14 - time.monotonic()))
        story.moments["drifted"] = moment(server, other)
        traffic.send(calm)
        wait_for("all of them resolved", lambda: _resolved(story), 150)
        story.errors = [f"{rule['name']}: {rule['lastError']}" for group in server.rules() for rule in group["rules"] if rule.get("lastError")]
    return story


def moment(server: Prometheus, rows: Rows) -> Moment:
    """The next evaluation of each distance while this traffic goes on. Their groups are evaluated at times of their own, some once an hour."""
    seen = time.time() + 2 * 300 / TIMES
    increases, recorded = {}, {}
    for (measure, window), name in DISTANCES.items():
        at = wait_for("an evaluation", partial(_evaluated, server, name, seen), 2 * 3600 / TIMES)
        recorded[measure, window] = {one.labels["variable"]: one.value for one in server.query(name, at)}
        # Ratios are those of their own group's last evaluation.
        of = _latest(server, RATIOS[window], at)
        behind = f" offset {shorter(drift.BEHIND, TIMES)}" if window == "slow" else ""
        increases[measure, window] = _sums(server, f"{drift.INCREASE}[{_range(window)}]{behind}", of)
    score = server_module().score
    raw = {name: [row[name] for row in rows] for name in rows[0]} | {"score": [score(row) for row in rows]}
    return Moment(increases, recorded, raw)


def _range(window: str) -> str:
    """The range that the rule of a window reads, on the faster clock."""
    text = faster(files(SETTINGS)["drift"], TIMES)
    return text.split(f"record: {RANGES[window]}")[1].split("[")[1].split("]")[0]


def _evaluated(server: Prometheus, name: str, after: float) -> float | None:
    times = [sample.value for sample in server.query(f"max(timestamp({name}))")]
    return times[0] if times and times[0] > after else None


def _latest(server: Prometheus, name: str, at: float) -> float:
    """When it was last recorded before."""
    rows = server.get("/api/v1/query", query=f"{name}[{2 * 3600 // TIMES}s]", time=at)["result"]
    return max(float(time_) for row in rows for time_, _ in row["values"])


def _sums(server: Prometheus, selector: str, at: float) -> dict[str, dict[str, float]]:
    """Variable -> bin -> sum of a range's samples."""
    found: dict[str, dict[str, float]] = {}
    for row in server.get("/api/v1/query", query=selector, time=at)["result"]:
        found.setdefault(row["metric"]["variable"], {})[row["metric"]["bin"]] = sum(float(value) for _, value in row["values"])
    return found


def _key(alert: Mapping[str, Any]) -> str:
    return f"{alert['labels']['alertname']} {alert['labels'].get('variable', '')}".strip()


def _firing(story: Story) -> bool:
    for message in story.heard.of("shop-critical"):
        for alert in message["alerts"]:
            if alert["status"] == "firing" and "Drift" in alert["labels"]["alertname"]:
                story.firing[_key(alert)] = alert
    return {"ModelFeatureDrift", "ModelPredictionDrift"} <= {key.split()[0] for key in story.firing}


def _resolved(story: Story) -> bool:
    _firing(story)
    last = {_key(alert): alert["status"] for message in story.heard.of("shop-critical") for alert in message["alerts"]}
    story.resolved = {key for key in story.firing if last.get(key) == "resolved"}
    return story.resolved == set(story.firing)
