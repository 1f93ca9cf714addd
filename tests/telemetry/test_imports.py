"""A model server imports what it needs, and no more."""

import os
import subprocess
import sys
from pathlib import Path

import prometheus_client
import pytest

import commonground

HEAVY = ("pulumi", "pulumi_aws", "numpy", "pandas", "pydantic", "pyarrow", "boto3", "click", "rich", "jinja2")


def imported(script: str) -> set[str]:
    """Modules that a script brings."""
    code = f"{script}\nimport sys\nprint(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return set(subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("script", ["import commonground.telemetry", "from commonground.telemetry import *", "import commonground.telemetry.gunicorn"])
def test_telemetry_brings_nothing_heavy(script: str) -> None:
    assert not imported(script) & set(HEAVY)


def test_a_baseline_is_loaded_with_the_standard_library_only() -> None:
    script = "from commonground.telemetry import Baseline; Baseline.checked"
    ours = {name for name in imported(script) if "prometheus" in name}
    assert not ours and not imported(script) & set(HEAVY)


def test_the_contract_is_read_without_prometheus_client() -> None:
    assert "prometheus_client" not in imported("import commonground.telemetry.contract")


def test_public_names_are_those_that_it_names() -> None:
    import commonground.telemetry as telemetry

    assert {name: getattr(telemetry, name).__name__ for name in telemetry.__all__} == {name: name for name in telemetry.__all__}
    with pytest.raises(AttributeError):
        _ = telemetry.nothing


def test_prometheus_client_is_all_that_a_serving_image_needs(tmp_path: Path) -> None:
    """`pip install --no-deps commonground prometheus_client`: nothing else is there."""
    for package in (commonground, prometheus_client):
        assert package.__file__
        (tmp_path / package.__name__).symlink_to(Path(package.__file__).parent)
    script = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from commonground.telemetry import *
import commonground.telemetry.gunicorn
from commonground.telemetry.baseline import Baseline, NumericVariable
model = Model("churn", "1", Baseline.checked(9, (NumericVariable("feature", "age", (30.0,), (0.5, 0.5), 0.0, 18.0, 90.0),)), strict=True)
model.observe({{"age": 41}})
model.observe_batch({{"age": [41, 20] * 50}})
import prometheus_client
print(prometheus_client.generate_latest(scraped()).decode())
"""
    environment = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", script], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert [line.split()[-1] for line in ran.stdout.splitlines() if line.startswith("commonground_model_predictions_total")] == ["101.0"]
