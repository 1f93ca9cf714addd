"""Several processes of one server are one scrape."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from socket import create_server
from threading import Thread

import pytest

from commonground.telemetry import PortTakenError, contract, serve
from commonground.telemetry.errors import NoMultiprocessDirectoryError
from commonground.telemetry.gunicorn import on_starting
from commonground.telemetry.metrics import metrics
from commonground.telemetry.workers import Merged, bury, locked
from tests.telemetry.samples import BASELINE, Samples, bins, named, parsed
from tests.telemetry.worker import HOUR, NOON

WORKERS, VALUES = 4, 400
MODEL = {"model": "churn", "model_version": "7"}


def scrapes(folder: Path, when: str) -> list[tuple[Samples, int]]:
    """Of all alive, after half of them died, and after all did: what is scraped, and of how many files."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder / "made"), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "tests.telemetry.worker", when, str(WORKERS), str(VALUES)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return [(parsed(said["text"]), said["files"]) for said in map(json.loads, ran.stdout.splitlines())]


@pytest.mark.parametrize("when", ["BEFORE", "AFTER"])
def test_workers_are_summed_exactly_and_what_is_the_same_in_each_is_not(tmp_path: Path, when: str) -> None:
    alive, buried, _ = scrapes(tmp_path, when)
    for samples, _ in (alive, buried):
        assert bins(samples, contract.VALUES, "age") == {"30": WORKERS * VALUES, "50": WORKERS, "+Inf": 0, "missing": WORKERS}
        assert named(samples, contract.PREDICTIONS, **MODEL) == {"": WORKERS * (VALUES + 2)}
        assert named(samples, contract.REQUESTS, code="200") == {"/predict": WORKERS * VALUES, "other": 0}
        assert named(samples, contract.REQUESTS, code="500") == {"/predict": 0, "other": 0}
        assert samples["commonground_request_duration_seconds_count", frozenset({("route", "/predict")})] == WORKERS * VALUES
        for variable in BASELINE.variables:
            assert bins(samples, contract.BASELINE_RATIO, variable.name) == pytest.approx(variable.bins)
        assert named(samples, contract.MODEL_INFO, **MODEL, baseline=BASELINE.digest, previous_version="") == {"": 1}
        assert named(samples, contract.QUALITY_BASELINE, **MODEL, better="higher") == {"auc": 0.9, "neg_mse": -0.3}
    assert named(alive[0], contract.IN_FLIGHT) == {"": WORKERS}
    assert named(buried[0], contract.IN_FLIGHT) == {"": WORKERS // 2}
    assert named(alive[0], contract.IN_FLIGHT_LIMIT) == {"": WORKERS * 4}
    assert named(buried[0], contract.IN_FLIGHT_LIMIT) == {"": WORKERS * 2}


@pytest.mark.parametrize("when", ["BEFORE", "AFTER"])
def test_of_what_workers_learn_the_last_is_told_and_stays_when_they_die(tmp_path: Path, when: str) -> None:
    last = WORKERS - 1
    for samples, _ in scrapes(tmp_path, when):
        assert named(samples, contract.QUALITY, **MODEL) == {"auc": 0.8 - last / 10}
        ended = (NOON - last * HOUR).timestamp()
        assert named(samples, contract.TRAINING_STARTED) == {"churn": ended}
        assert named(samples, contract.TRAINING_ENDED, model="churn") == {"succeeded": ended}
        assert named(samples, contract.TRAINING_DURATION) == {"churn": 0}


def test_what_dead_workers_leave_has_an_end(tmp_path: Path) -> None:
    alive, buried, ended = scrapes(tmp_path, "AFTER")
    of_each = alive[1] // WORKERS
    assert alive[1] == WORKERS * of_each
    shared = 3  # counters, histograms, and what was set last
    assert buried[1] == WORKERS // 2 * of_each + shared
    assert ended[1] == shared
    assert not named(ended[0], contract.MODEL_INFO), "nobody serves it any more"


def test_the_last_value_is_that_which_was_set_last_in_whatever_order_workers_die(tmp_path: Path) -> None:
    script = (
        "import sys; from prometheus_client import values; from time import time\n"
        "made = values.MultiProcessValue(lambda: sys.argv[1])('gauge', 'g', 'g', (), (), '', multiprocess_mode='mostrecent')\n"
        "made.set(float(sys.argv[2]), float(sys.argv[3]))"
    )
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for process, value, when in (("1", "0.5", "20"), ("2", "0.9", "10"), ("3", "0.1", "0")):
        subprocess.run([sys.executable, "-c", script, process, value, when], env=environment, check=True, timeout=60)
    for dead in (1, 2, 3):
        bury(str(tmp_path), dead)
        assert [sample.value for family in Merged(str(tmp_path)).collect() for sample in family.samples] == [0.5]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["gauge_mostrecent_dead.db", "lock"]


def test_the_dead_are_added_up_while_nobody_scrapes(tmp_path: Path) -> None:
    with locked(tmp_path, fcntl.LOCK_SH):
        script = f"from commonground.telemetry.workers import bury; bury({str(tmp_path)!r}, 1)"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen([sys.executable, "-c", script], env=environment)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
    assert process.wait(30) == 0


def test_nobody_scrapes_while_the_dead_are_added_up(tmp_path: Path) -> None:
    scraped: list[object] = []
    scrape = Thread(target=lambda: scraped.append(Merged(str(tmp_path)).collect()))
    with locked(tmp_path, fcntl.LOCK_EX):
        scrape.start()
        scrape.join(0.5)
        assert not scraped
    scrape.join(30)
    assert scraped == [[]]


def test_a_process_that_left_nothing_is_buried_all_the_same(tmp_path: Path) -> None:
    bury(str(tmp_path), 1)
    assert [file.name for file in tmp_path.iterdir()] == ["lock"]


def test_a_directory_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "none"))
    with pytest.raises(NoMultiprocessDirectoryError, match=r"PROMETHEUS_MULTIPROC_DIR: expected a directory that exists .* Fix: mkdir -p"):
        metrics()


@pytest.mark.parametrize("named", [None, ""])
def test_a_server_with_the_hooks_does_not_start_without_the_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str | None) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.db").touch()
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    if named is not None:
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", named)
    with pytest.raises(NoMultiprocessDirectoryError, match=r"found none. Fix: PROMETHEUS_MULTIPROC_DIR=/tmp/metrics in the server's environment"):
        on_starting(None)
    assert (tmp_path / "mine.db").exists()


def test_an_empty_name_is_no_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    with pytest.raises(NoMultiprocessDirectoryError, match="found none"):
        metrics()


def test_a_second_worker_that_serves_is_told_what_to_do() -> None:
    with create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"port {port}: expected a free one, .* Fix: one process serves.*") as caught:
            serve(port, address="127.0.0.1")
    assert 'docs/metrics-contract.md, "Several processes"' in str(caught.value)
    assert "when_ready" in str(caught.value)
