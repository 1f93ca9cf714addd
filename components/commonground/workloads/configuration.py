"""A team's own settings, from its stack file: read as strictly as the foundation's, each mistake with its line."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from commonground.settings import reading, text
from commonground.settings.document import Document
from commonground.settings.mistakes import SettingsError

M = TypeVar("M", bound=BaseModel)


def configured(kind: type[M], *, data: object, file: Path, key: str) -> M:
    """The model of a block of a stack file. For programs: no component reads a file.

    `data`: what the engine has of the block; `file`: the stack file, by which messages name lines; `key`: the block's. Example:
    `configured(Scale, data=config.get_object("scale"), file=folder / "Pulumi.dev.yaml", key="shop:scale")`. Raises `SettingsError` with all mistakes.
    """
    shown = _shown(file)
    document, _ = text.read(file, shown, missing="")
    found = reading.read(reading.Part(document or Document(shown, data), data, root=("config", key), prefix=key), kind)
    if found.mistakes or found.model is None:
        raise SettingsError(found.mistakes)
    return found.model


def _shown(file: Path) -> str:
    """A file as messages name it: from the checkout's root."""
    root = next((folder for folder in file.parents if (folder / ".git").exists()), None)
    return str(file.relative_to(root) if root else file)
