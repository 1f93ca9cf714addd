"""Broken configurations as data: `base/` is a sound environment named `dev`, `cases.yaml` breaks it, one edit a case."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

HERE = Path(__file__).parent
ENVIRONMENT = "dev"


@dataclass(frozen=True)
class Expected:
    """One mistake: the file, the text of its line (or no line), the key, words of the message."""

    file: str
    line: str | None
    key: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One edit of one file (`replace` nothing: the whole file goes), and every mistake that follows from it."""

    name: str
    file: str
    replace: str | None
    text: str
    expect: tuple[Expected, ...]

    def write(self, folder: Path) -> None:
        """Write the broken environment's files into a new folder."""
        shutil.copytree(HERE / "base", folder)
        path = folder / self.file
        if self.replace is None:
            path.unlink()
            return
        text = path.read_text(encoding="utf-8")
        assert text.count(self.replace) == 1, f"{self.name}: {self.replace!r} stands {text.count(self.replace)} times in {self.file}"
        path.write_text(text.replace(self.replace, self.text), encoding="utf-8")


def cases() -> list[Case]:
    """Return all broken configurations."""
    rows: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(HERE / "cases.yaml")
    return [Case(row["name"], row["file"], row["replace"], row.get("with", ""), tuple(_expected(row["file"], one) for one in row["expect"])) for row in rows]


def _expected(file: str, row: dict[str, Any]) -> Expected:
    return Expected(row.get("file", file), row.get("line"), row.get("key", ""), tuple(row["words"]))
