"""A team's own settings, from its stack file: read as strictly as the foundation's, each mistake with its line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, RootModel

from commonground.settings import reading, text
from commonground.settings.document import Document
from commonground.settings.mistakes import SettingsError

M = TypeVar("M", bound=BaseModel)


class LooseModelError(TypeError):
    """A model that takes no notice of keys which it does not know: what is misspelt would go unsaid."""

    def __init__(self, model: type[BaseModel]) -> None:
        super().__init__(
            f"settings {model.__name__}: found a model that lets unknown keys through, expected one that refuses them. "
            f"Fix: class {model.__name__}(commonground.settings.base.Settings)"
        )
        self.model = model


def configured(kind: type[M], *, data: object, file: Path, key: str) -> M:
    """The model of a block of a stack file. For programs: no component reads a file.

    `data`: what the engine has of the block; `file`: the stack file, by which messages name lines; `key`: the block's. Example:
    `configured(Scale, data=config.get_object("scale"), file=folder / "Pulumi.dev.yaml", key="shop:scale")`. Raises `SettingsError` with all mistakes, and
    `LooseModelError` for a model, or one inside it, that lets unknown keys through.
    """
    if loose := next((model for model in _models(kind, set()) if model.model_config.get("extra") != "forbid"), None):
        raise LooseModelError(loose)
    shown = _shown(file)
    document, _ = text.read(file, shown, missing="")
    found = reading.read(reading.Part(document or Document(shown, data), data, root=("config", key), prefix=key), kind)
    if found.mistakes or found.model is None:
        raise SettingsError(found.mistakes)
    return found.model


def _models(kind: Any, seen: set[Any]) -> Iterator[type[BaseModel]]:
    """The models that a type is made of, each once. A root model has no keys of its own."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind in seen:
            return
        seen.add(kind)
        if not issubclass(kind, RootModel):
            yield kind
        for field in kind.model_fields.values():
            yield from _models(field.annotation, seen)
    for part in get_args(kind):
        yield from _models(part, seen)


def _shown(file: Path) -> str:
    """A file as messages name it: from the checkout's root."""
    root = next((folder for folder in file.parents if (folder / ".git").exists()), None)
    return str(file.relative_to(root) if root else file)
