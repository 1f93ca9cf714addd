"""What leaves the package."""

import subprocess
import sys
from pathlib import Path

import pytest

import commonground

COMPONENTS = Path(commonground.__file__).parents[1]


@pytest.mark.parametrize("name", commonground.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(commonground, name).__name__ == name


def test_a_name_that_is_not_there_is_an_ordinary_mistake() -> None:
    with pytest.raises(AttributeError, match="Fundation"):
        commonground.Fundation  # noqa: B018


def test_importing_the_package_and_its_settings_imports_no_provider() -> None:
    program = "import sys, commonground, commonground.settings; print([name for name in ('pulumi', 'pulumi_aws', 'pulumi_kubernetes') if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(COMPONENTS)})
    assert told.stdout.strip() == "[]"
