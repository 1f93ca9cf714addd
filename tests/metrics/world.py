"""A synthetic environment, as the collector would store it: two teams with an application and a model each, three pools, CI runners, queues.

Its samples end now. Real Prometheus evaluates the real rules on them, so that what dashboards read is what rules record.
"""

import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from commonground.metrics.rules.drift import BEHIND
from commonground.metrics.rules.model import text
from commonground.metrics.rules.namespaces import NAMESPACES
from commonground.settings.metrics import MetricsSettings
from tests.metrics.prometheus import Prometheus, prometheus, wait_for

STEP = 30
MINUTES = 75
HISTORY_MINUTES = 240
"""Of what rules would have recorded before."""
INTERVAL = "5s"
"""Of every group, so that groups which read each other's series are soon done."""
ROUNDS_SECONDS = 22


@dataclass(frozen=True)
class Series:
    """One series: its value by the time, in seconds since the beginning."""

    name: str
    labels: Mapping[str, str]
    value: Callable[[float], float | None]
    """None: no sample then."""


def gauge(name: str, value: float, /, **labels: str) -> Series:
    """One that stays."""
    return Series(name, labels, lambda _: value)


def counter(name: str, rate: float, /, **labels: str) -> Series:
    """One that grows by `rate` a second."""
    return Series(name, labels, lambda at: 1000 + rate * at)


@dataclass(frozen=True)
class Node:
    """A node of a pool."""

    name: str
    pool: str
    instance_type: str
    capacity: str = "ON_DEMAND"
    gpus: int = 0

    def labels(self) -> dict[str, str]:
        """What the collector adds to its targets."""
        product = {"gpu_product": "NVIDIA-L4"} if self.gpus else {}
        known = {"node": self.name, "instance": self.name, "pool": self.pool, "instance_type": self.instance_type, "capacity": self.capacity}
        return {**known, "zone": "eu-central-1a", **product}


@dataclass(frozen=True)
class Pod:
    """A pod, and what it is of."""

    team: str
    namespace: str
    name: str
    node: str
    service: str = ""
    version: str = ""
    model: str = ""
    cpu: float = 0.5
    gpus: int = 0
    phase: str = "Running"

    def owner(self) -> dict[str, str]:
        """What tells of its namespace."""
        return {"team": self.team, "namespace": self.namespace}

    def labels(self) -> dict[str, str]:
        """What the collector adds to it as a target."""
        return {**self.owner(), "pod": self.name, "node": self.node, "service": self.service, "version": self.version}


@dataclass(frozen=True)
class World:
    """What an environment has."""

    nodes: tuple[Node, ...]
    pods: tuple[Pod, ...]
    more: bool
    """Whether it has what not every environment has: queues, runners, quotas, volumes, jobs, feature views."""


FULL = World(
    nodes=(
        Node("general-1", "general", "m7i.large"),
        Node("general-2", "general", "m7i.large"),
        Node("batch-1", "batch", "c7i.xlarge", "SPOT"),
        Node("gpu-1", "gpu", "g6.12xlarge", gpus=4),
    ),
    pods=(
        Pod("shop", "shop", "api-1", "general-1", "api", "1.4.0"),
        Pod("shop", "shop", "api-2", "general-2", "api", "1.5.0"),
        Pod("shop", "shop", "churn-1", "gpu-1", "churn", "2.0.0", model="churn", gpus=1),
        Pod("shop", "shop-jobs", "train-churn-1", "gpu-1", "trainer", "2.0.0", gpus=2),
        Pod("shop", "shop-jobs", "train-next-1", "", gpus=4, phase="Pending"),
        Pod("payments", "payments", "checkout-1", "general-1", "checkout", "7"),
        Pod("payments", "payments", "fraud-1", "batch-1", "fraud", "3", model="fraud"),
        Pod("platform", "kube-system", "coredns-1", "general-1"),
        Pod("platform", "arc-runners", "runner-1", "batch-1"),
    ),
    more=True,
)
BARE = World(
    nodes=(Node("general-1", "general", "m7i.large"),),
    pods=(Pod("shop", "shop", "api-1", "general-1", "api", "1.4.0"), Pod("platform", "kube-system", "coredns-1", "general-1")),
    more=False,
)
"""An application alone, of which no earlier deploy or failure is known, that does not say how many requests it can answer at once."""


def openmetrics(series: Iterable[Series], start: int, end: int, step: int) -> Iterator[str]:
    """The text that `promtool tsdb create-blocks-from openmetrics` reads."""
    for one in series:
        labels = ",".join(f'{name}="{value}"' for name, value in one.labels.items())
        for at in range(start, end + 1, step):
            value = one.value(at - start)
            if value is not None:
                yield f"{one.name}{{{labels}}} {value:.6f} {at}\n"
    yield "# EOF\n"


@contextmanager
def remembering(folder: Path, before: Iterable[Series]) -> Iterator[Prometheus]:
    """A Prometheus without rules that has these recorded series, one sample a minute, from `HISTORY_MINUTES` ago to 5 minutes ago."""
    end = int(time.time())
    _store(folder, "before", openmetrics(before, end - HISTORY_MINUTES * 60, end - 300, 60))
    with prometheus("{}", data=folder / "data") as server:
        yield server


@contextmanager
def running(folder: Path, settings: MetricsSettings, now: Iterable[Series], before: Iterable[Series]) -> Iterator[Prometheus]:
    """A Prometheus that has these series, up to now, and has evaluated all rules. `before`: recorded series, one sample a minute."""
    data = folder / "data"
    end = int(time.time())
    _store(folder, "before", openmetrics(before, end - HISTORY_MINUTES * 60, end - 300, 60))
    # Last, so that it ends as late as it can.
    end = int(time.time())
    _store(folder, "now", openmetrics(now, end - MINUTES * 60, end, STEP))
    groups = {name: [replace(group, interval=INTERVAL) for group in make(settings)] for name, make in NAMESPACES.items()}
    # What is a minute behind would be behind all that is recorded here.
    files = {f"{name}.yaml": text(made, runbooks=settings.runbooks).replace(f" offset {BEHIND}", "") for name, made in groups.items() if made}
    with prometheus("rule_files: ['*.yaml']\n", files, data=data, arguments=("--storage.tsdb.allow-overlapping-blocks",)) as server:
        began = time.time()
        wait_for("all rules evaluated several times", lambda: _evaluated(server, began + ROUNDS_SECONDS), ROUNDS_SECONDS + 60)
        yield server


def _store(folder: Path, name: str, lines: Iterator[str]) -> None:
    file = folder / f"{name}.om"
    with file.open("w") as out:
        out.writelines(lines)
    if file.stat().st_size > len("# EOF\n"):
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", file, folder / "data"], check=True, capture_output=True)
    file.unlink()


def _evaluated(server: Prometheus, since: float) -> bool:
    moments = [group["lastEvaluation"] for group in server.rules()]
    # RFC 3339 with nanoseconds: the first 19 characters sort by time, and are UTC here.
    threshold = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since))
    return all(_utc(moment) >= threshold for moment in moments)


def _utc(moment: str) -> str:
    parsed = datetime.fromisoformat(f"{moment[:19]}{moment[moment.find('Z') :] if moment.endswith('Z') else moment[-6:]}")
    return parsed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
