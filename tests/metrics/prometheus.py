"""Real Prometheus and Alertmanager (Debian's packages `prometheus`, `prometheus-alertmanager`) on loopback, for tests and benches."""

import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

PROMETHEUS = "prometheus"
# Upstream calls it `alertmanager`, Debian `prometheus-alertmanager`.
ALERTMANAGERS = ("prometheus-alertmanager", "alertmanager")
READY_SECONDS = 60

Found = TypeVar("Found")

needs_prometheus = pytest.mark.skipif(shutil.which(PROMETHEUS) is None, reason="prometheus is not on PATH: Debian's package `prometheus` has it")
needs_alertmanager = pytest.mark.skipif(
    not any(map(shutil.which, ALERTMANAGERS)), reason="Alertmanager is not on PATH: Debian's package `prometheus-alertmanager` has it"
)


@dataclass(frozen=True)
class Sample:
    """One sample of an instant query. `labels` has `__name__`, if the expression keeps it."""

    labels: Mapping[str, str]
    value: float
    time: float


@dataclass(frozen=True)
class Server:
    """A server on loopback that is ready."""

    process: subprocess.Popen[bytes]
    url: str
    folder: Path

    def get(self, path: str, **parameters: Any) -> Any:
        """The `data` of an answer of the API (Alertmanager: the whole answer). Raises `RuntimeError` with what the server said."""
        return _json(f"{self.url}{path}?{urllib.parse.urlencode(parameters, doseq=True)}")

    def reload(self) -> None:
        """Reads its configuration and rules again. Raises `RuntimeError` with what the server said."""
        _json(f"{self.url}/-/reload", b"")


class Prometheus(Server):
    """A Prometheus that is ready."""

    def query(self, expression: str, at: float | None = None) -> list[Sample]:
        """Samples of an instant vector or scalar, now or `at` seconds since 1970, in the order of their labels."""
        found = self.get("/api/v1/query", query=expression, **({} if at is None else {"time": at}))
        rows = [{"metric": {}, "value": found["result"]}] if found["resultType"] == "scalar" else found["result"]
        samples = [Sample(row["metric"], float(row["value"][1]), float(row["value"][0])) for row in rows]
        return sorted(samples, key=lambda sample: sorted(sample.labels.items()))

    def value(self, expression: str, at: float | None = None) -> float | None:
        """The only sample's value; None where there is none. Raises `ValueError` where there are more."""
        found = self.query(expression, at)
        if len(found) > 1:
            raise ValueError(f"expected one sample of {expression}, found {len(found)}: {[dict(one.labels) for one in found[:3]]}")
        return found[0].value if found else None

    def range(self, expression: str, start: float, end: float, step: float) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """Labels, and (time, value), of each series, in the order of their labels."""
        found = self.get("/api/v1/query_range", query=expression, start=start, end=end, step=step)
        rows = [(dict(row["metric"]), [(float(at), float(value)) for at, value in row["values"]]) for row in found["result"]]
        return sorted(rows, key=lambda row: sorted(row[0].items()))

    def rules(self) -> list[dict[str, Any]]:
        """Groups with their rules, health, errors and evaluation times (`/api/v1/rules`)."""
        groups: list[dict[str, Any]] = self.get("/api/v1/rules")["groups"]
        return groups

    def alerts(self) -> list[dict[str, Any]]:
        """Pending and firing alerts (`/api/v1/alerts`)."""
        alerts: list[dict[str, Any]] = self.get("/api/v1/alerts")["alerts"]
        return alerts


def wait_for(what: str, find: Callable[[], Found | None], seconds: float = 30, each: float = 0.2) -> Found:
    """What `find` returns as soon as it is true. Raises `TimeoutError` with `what` and what it returned last."""
    end = time.monotonic() + seconds
    while True:
        found = find()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s; found {found!r}")
        time.sleep(each)


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def prometheus(
    configuration: str = "{}", files: Mapping[str, str] | None = None, *, data: Path | None = None, arguments: Sequence[str] = (), port: int | None = None
) -> Iterator[Prometheus]:
    """A Prometheus with this `prometheus.yml` (text), and `files` (name -> text: rules) beside it; ended in the end.

    `data`: a TSDB directory that is there already, for example of `promtool tsdb create-blocks-from`; it is kept. Raises `RuntimeError` with its log if it
    does not become ready.
    """
    with tempfile.TemporaryDirectory(prefix="commonground-prometheus-") as name:
        folder = Path(name)
        for file, text in {"prometheus.yml": configuration, **(files or {})}.items():
            (folder / file).write_text(text)
        address = f"127.0.0.1:{port or free_ports(1)[0]}"
        command = [PROMETHEUS, "--config.file=prometheus.yml", f"--storage.tsdb.path={data or folder / 'data'}", f"--web.listen-address={address}"]
        command += ["--web.enable-lifecycle", "--web.enable-admin-api", *arguments]
        with _running(command, folder, f"http://{address}", Prometheus) as server:
            assert isinstance(server, Prometheus)
            yield server


@contextmanager
def alertmanager(configuration: str, files: Mapping[str, str] | None = None, *, arguments: Sequence[str] = (), port: int | None = None) -> Iterator[Server]:
    """An Alertmanager with this configuration (text), and `files` (templates) beside it; no cluster, ended in the end. Its API: `get("/api/v2/alerts")`."""
    program = next(filter(shutil.which, ALERTMANAGERS), ALERTMANAGERS[0])
    with tempfile.TemporaryDirectory(prefix="commonground-alertmanager-") as name:
        folder = Path(name)
        for file, text in {"alertmanager.yml": configuration, **(files or {})}.items():
            (folder / file).write_text(text)
        address = f"127.0.0.1:{port or free_ports(1)[0]}"
        command = [program, "--config.file=alertmanager.yml", f"--storage.path={folder / 'data'}", f"--web.listen-address={address}"]
        with _running([*command, "--cluster.listen-address=", *arguments], folder, f"http://{address}", Server) as server:
            yield server


@contextmanager
def _running(command: Sequence[str], folder: Path, url: str, kind: type[Server]) -> Iterator[Server]:
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=folder, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        _wait_until_ready(process, url, log)
        yield kind(process, url, folder)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}:\n{log.read_text()[-4000:]}")
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"{process.args!r} was not ready within {READY_SECONDS} s:\n{log.read_text()[-4000:]}")


def _json(url: str, body: bytes | None = None) -> Any:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=120) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{url}: {error.code}: {error.read().decode(errors='replace')}") from error
    read = json.loads(text) if text else None
    return read["data"] if isinstance(read, dict) and "status" in read and "data" in read else read
