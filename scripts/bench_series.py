"""What a large environment exposes, as OpenMetrics text, and TSDB blocks of it."""

import os
import subprocess
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from commonground.telemetry import contract

BLOCK = 7200
"""Seconds of a block: `promtool tsdb create-blocks-from` makes one of each even two hours, and reads its whole input for each."""
SCRAPE = 15
FEATURE_BINS = 10
NAMED_EVERY = 5
"""Every fifth feature is a category."""
CODES = ("200", "400", "500")
ROUTES = 5


@dataclass(frozen=True)
class Size:
    """How large the environment is."""

    services: int = 200
    models: int = 50
    features: int = 100
    pods: int = 1
    """Processes of each service and model."""
    teams: int = 1
    nodes: int = 100


@dataclass(frozen=True)
class Series:
    """One series: a counter with `rate` a second, or a gauge with `value`."""

    name: str
    labels: Mapping[str, str]
    rate: float = 0.0
    value: float = 0.0

    @property
    def text(self) -> str:
        """As OpenMetrics has it, without a value."""
        pairs = ",".join(f'{name}="{value}"' for name, value in self.labels.items())
        return f"{self.name}{{{pairs}}}"


def chance(text: str) -> float:
    """A number from 0 to 1 that is the same each time."""
    return zlib.crc32(text.encode()) / 2**32


def exposed(size: Size) -> Iterator[Series]:
    """All series of services and models: each model is one of the services. Every tenth model sees other values than at training."""
    for number in range(size.services):
        model = f"model-{number}" if number < size.models else ""
        team = f"team-{number % size.teams}"
        for pod in range(size.pods):
            name = model or f"app-{number}"
            target = {
                "job": "pods",
                "team": team,
                "namespace": team,
                "service": name,
                "version": "1.4.2",
                "pod": f"{name}-{pod}",
                "node": f"node-{number % 50}",
            }
            target["instance"] = f"10.0.{number}.{pod}:8000"
            yield Series("up", target, value=1)
            yield from service(target)
            if model:
                yield from values(target, model, number % 10 == 0, size.features)


def service(target: Mapping[str, str]) -> Iterator[Series]:
    """The contract's metrics of every service."""
    for route in range(ROUTES):
        labels = {**target, "route": f"/route-{route}"}
        for code in CODES:
            yield Series(contract.REQUESTS.name, {**labels, "code": code}, rate={"200": 20.0, "400": 0.2, "500": 0.004}[code])
        for bound in (*contract.LATENCY_BUCKETS, float("inf")):
            share = min(1.0, bound / (0.25 + chance(str(target)) / 5)) if bound != float("inf") else 1.0
            le = "+Inf" if bound == float("inf") else str(bound)
            yield Series(f"{contract.DURATION.name}_bucket", {**labels, "le": le}, rate=20.2 * share)
        yield Series(f"{contract.DURATION.name}_count", labels, rate=20.2)
        yield Series(f"{contract.DURATION.name}_sum", labels, rate=2.0)
    yield Series(contract.IN_FLIGHT.name, target, value=3)
    yield Series(contract.IN_FLIGHT_LIMIT.name, target, value=16)
    yield Series(contract.CHANGE.name, target, value=1_700_000_000)


def values(target: Mapping[str, str], model: str, drifts: bool, features: int) -> Iterator[Series]:
    """The contract's metrics of a model."""
    version = {**target, "model": model, "model_version": "7"}
    yield Series(contract.MODEL_INFO.name, {**version, "previous_version": "6", "baseline": "0a1b2c3d"}, value=1)
    yield Series(contract.TRAINED.name, version, value=1_790_000_000)
    yield Series(contract.PREDICTIONS.name, version, rate=100)
    yield Series(contract.QUALITY.name, {**version, "score": "auc"}, value=0.81)
    yield Series(contract.QUALITY_BASELINE.name, {**version, "score": "auc", "better": "higher"}, value=0.82)
    yield Series(contract.OUTCOMES.name, {**version, "result": "right"}, rate=8)
    yield Series(contract.OUTCOMES.name, {**version, "result": "wrong"}, rate=2)
    for number in range(features + 1):
        kind, variable = ("feature", f"feature_{number}") if number < features else ("prediction", "score")
        labels = {**version, "baseline": "0a1b2c3d", "kind": kind, "variable": variable}
        yield Series(contract.OUT_OF_RANGE.name, {name: value for name, value in labels.items() if name != "baseline"}, rate=0.1)
        named = number % NAMED_EVERY == 1
        bins = [f"category-{one}" for one in range(FEATURE_BINS)] if named else [*(str(10.5 * (one + 1)) for one in range(FEATURE_BINS - 1)), contract.LAST]
        reserved = (contract.UNSEEN, contract.MISSING) if named else (contract.MISSING,)
        shifted = drifts and number % 10 == 0
        for place, one in enumerate([*bins, *reserved]):
            expected = 0.0 if one in reserved else 1 / FEATURE_BINS
            seen = expected * ((0.4 + 0.13 * place) if shifted else 0.97 + 0.06 * chance(f"{model}{variable}{one}"))
            yield Series(contract.VALUES.name, {**labels, "bin": one}, rate=round(100 * seen, 1))
            yield Series(contract.BASELINE_RATIO.name, {**labels, "bin": one}, value=expected)


_HERE = "\0"
"""Where the series stands in lines that many series share."""


def scrapes(series: Iterable[Series], times: Sequence[int], began: int) -> Iterator[str]:
    """Lines of all series, one after the other, at these times; counters began at 0 at `began`."""
    lines: dict[tuple[float, float], str] = {}
    for one in series:
        key = (one.rate, one.value)
        if key not in lines:
            lines[key] = "".join(f"{_HERE} {int(one.rate * (time - began)) if one.rate else one.value} {time}\n" for time in times)
        yield lines[key].replace(_HERE, one.text)


def recorded(series: Iterable[Series], times: Sequence[int]) -> Iterator[str]:
    """Lines of gauges, one after the other, that go up and down by a tenth around their value."""
    swings = [(0.9 + 0.2 * chance(str(time)), time) for time in times]
    lines: dict[float, str] = {}
    for one in series:
        value = float(f"{one.value:.2g}")
        if value not in lines:
            lines[value] = "".join(f"{_HERE} {value * swing:.6g} {time}\n" for swing, time in swings)
        yield lines[value].replace(_HERE, one.text)


def block(data: Path, lines: Iterable[str]) -> None:
    """Adds blocks of these lines to a TSDB directory. Ends the bench if promtool refuses."""
    with tempfile.TemporaryDirectory(prefix="commonground-bench-", dir=data.parent) as name:
        file = Path(name) / "openmetrics.txt"
        with file.open("w") as stream:
            stream.writelines(lines)
            stream.write("# EOF\n")
        command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", str(file), str(data)]
        # Its garbage is most of its work.
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "GOGC": "800"})
