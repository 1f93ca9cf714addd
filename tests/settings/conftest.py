"""The shipped foundation, and a sound environment in a folder of its own that a test may break."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from commonground import settings
from tests import broken

ROOT = Path(__file__).parents[2]
FOUNDATION = ROOT / "stacks" / "foundation"
ENVIRONMENTS = ("local", "dev", "staging", "prod")


class Sound:
    """A sound environment named `dev`, for a real account."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the one place where a text stands."""
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new))

    def check(self, **options: Any) -> list[settings.Mistake]:
        """Check it."""
        return settings.check(self.folder, "dev", **options)

    def blocks(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Scale and bindings as a YAML reader gives them."""
        return blocks(self.folder, "dev")

    def resolve(self, **options: Any) -> settings.Environment:
        """Resolve it with the scale and bindings of its file."""
        return settings.resolve(self.folder, "dev", *self.blocks(), **options)


def blocks(folder: Path, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scale and bindings of an environment's file."""
    config = YAML(typ="safe", pure=True).load(folder / f"Pulumi.{name}.yaml")["config"]
    return config["commonground:scale"], config["commonground:bindings"]


@pytest.fixture
def sound(tmp_path: Path) -> Sound:
    folder = tmp_path / "foundation"
    shutil.copytree(broken.HERE / "base", folder)
    return Sound(folder)


@pytest.fixture
def shipped() -> Callable[[str], settings.Environment]:
    return lambda name: settings.resolve(FOUNDATION, name, *blocks(FOUNDATION, name), offline=True)
