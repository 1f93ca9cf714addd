"""Programs that check pipelines, and checkouts in which their shell steps run against stubs."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from commonground.engine.builds import NotBuiltError, alone, cache, go_build

from .dry import DryCheckout

ACTIONLINT = "1.7.12"
HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def actionlint() -> Path:
    """The linter, built once for each user; without Go its tests are skipped."""
    if shutil.which("go") is None:
        pytest.skip("actionlint is built with Go, and there is no `go` on PATH")
    folder = cache() / "actionlint"
    binary = folder / ACTIONLINT / "bin" / "actionlint"
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder / f"{ACTIONLINT}.lock", print, "waiting for another run that builds actionlint"):
        if not binary.exists():
            binary.parent.mkdir(parents=True, exist_ok=True)
            half = binary.with_suffix(".half")
            try:
                go_build(HERE, "github.com/rhysd/actionlint/cmd/actionlint", half, f"-s -w -X github.com/rhysd/actionlint.version={ACTIONLINT}", "-trimpath")
            except NotBuiltError as error:
                pytest.skip(f"actionlint is not built: {error}")
            half.rename(binary)
    return binary


@pytest.fixture(scope="session")
def installed() -> Callable[[str], str]:
    """Where a program of the development environment is: beside its Python."""
    return lambda name: str(Path(sys.executable).with_name(name))


@pytest.fixture
def dry(tmp_path: Path) -> DryCheckout:
    return DryCheckout.make(tmp_path)
