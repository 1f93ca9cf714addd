"""The churn model's server answers, and says of itself what the contract asks."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from commonground.telemetry import contract
from commonground.telemetry.baseline import Baseline, CategoricalVariable, NumericVariable
from commonground.workloads.settings import ProbeSettings
from tests.telemetry.samples import bins, named, parsed

SERVER = Path(__file__).parents[2] / "stacks" / "shop" / "churn" / "server.py"
BASELINE = Baseline.checked(
    100,
    (
        NumericVariable("feature", "tenure_months", (12.0, 36.0), (0.3, 0.3, 0.4), 0.0, 0.0, 72.0),
        CategoricalVariable("feature", "plan", ("month", "year"), (0.5, 0.5), 0.0, (), 0.0),
        NumericVariable("prediction", "score", (0.5,), (0.7, 0.3), 0.0, 0.0, 1.0),
    ),
)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    BASELINE.save(tmp_path / "baseline.json")
    command = [
        sys.executable,
        str(SERVER),
        "--baseline",
        str(tmp_path / "baseline.json"),
        "--address",
        "127.0.0.1",
        "--port",
        "0",
        "--version",
        "8",
        "--previous-version",
        "7",
    ]
    environment = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"} | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)


def post(url: str, body: Any) -> Any:
    with urlopen(Request(url, json.dumps(body).encode())) as answer:
        return json.load(answer)


def test_predictions_are_answered_and_counted_by_bin(url: str) -> None:
    one = post(f"{url}/predict", {"tenure_months": 3, "plan": "month"})
    many = post(f"{url}/predict", {"rows": [{"tenure_months": 3, "plan": "month"}, {"tenure_months": 80}]})
    assert 0 < one["score"] < 1 and many["scores"][0] == one["score"] > many["scores"][1]
    post(f"{url}/outcomes", {"right": 2, "wrong": 1, "quality": {"auc": 0.8}})
    with pytest.raises(HTTPError, match="400"):
        post(f"{url}/predict", [])
    with urlopen(f"{url}/metrics") as answer:
        samples = parsed(answer.read().decode())
    assert bins(samples, contract.VALUES, "tenure_months") == {"12": 2, "36": 0, "+Inf": 1, "missing": 0}
    assert bins(samples, contract.VALUES, "plan") == {"month": 2, "year": 0, "unseen": 0, "missing": 1}
    assert named(samples, contract.OUT_OF_RANGE, model="churn", model_version="8", kind="feature") == {"tenure_months": 1}
    assert named(samples, contract.OUTCOMES, model="churn", model_version="8") == {"right": 2, "wrong": 1}
    assert named(samples, contract.QUALITY, model="churn", model_version="8") == {"auc": 0.8}
    assert named(samples, contract.REQUESTS, route="/predict") == {"200": 2, "400": 1, "4xx": 0, "500": 0}
    assert not any(named(samples, contract.REQUESTS, route="other").values()), "a scrape is no request"


def test_every_default_probe_of_a_workload_is_answered_and_none_is_a_request(url: str) -> None:
    probes = ProbeSettings()
    for path in (probes.startup, probes.ready, probes.live):
        with urlopen(f"{url}{path}") as answer:
            assert answer.status == 200 and json.load(answer) == {"model": "churn", "version": "8"}
    with urlopen(f"{url}/metrics") as answer:
        assert not any(named(parsed(answer.read().decode()), contract.REQUESTS).values())


def test_a_pod_is_asked_at_its_own_address(tmp_path: Path) -> None:
    BASELINE.save(tmp_path / "baseline.json")
    command = [sys.executable, str(SERVER), "--baseline", str(tmp_path / "baseline.json"), "--port", "0"]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout and process.stdout.readline().startswith("http://0.0.0.0:")
    finally:
        process.terminate()
        process.wait(10)
