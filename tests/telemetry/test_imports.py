"""A model server imports what it needs, and no more."""

import os
import subprocess
import sys

import pytest

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
