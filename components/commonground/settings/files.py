"""One environment's four files, read as far as they can be: blueprint with its differences, scale, bindings, lock."""

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from commonground.settings import document, reading
from commonground.settings.base import Cloud
from commonground.settings.bindings import Bindings
from commonground.settings.blueprint import Blueprint
from commonground.settings.differences import Difference, Differences
from commonground.settings.document import Document, Keys
from commonground.settings.lock import LockFile, way_out
from commonground.settings.mistakes import Mistake, did_you_mean, listed
from commonground.settings.reading import Part
from commonground.settings.scale import Scale
from commonground.settings.words import NAME

M = TypeVar("M", bound=BaseModel)

SCALE = "commonground:scale"
BINDINGS = "commonground:bindings"


class Block(StrEnum):
    """A block of settings that a rule speaks about."""

    BLUEPRINT = "blueprint"
    SCALE = "scale"
    BINDINGS = "bindings"
    LOCK = "lock"
    DIFFERENCES = "differences"


class NotRead(Exception):
    """A rule needs a block that could not be read: what is wrong with it was said already."""


@dataclass
class Files:
    """What is known of one environment, and what is wrong with it so far."""

    folder: Path
    name: str
    root: Path
    """Checkout's root: messages name files from here."""
    offline: bool = False
    """Whether placeholders and example locks are taken."""
    today: date | None = None
    parts: dict[Block, Part] = field(default_factory=dict)
    models: dict[Block, BaseModel] = field(default_factory=dict)
    unread: dict[Block, set[Keys]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    differences: Sequence[Difference] = ()

    @property
    def blueprint(self) -> Blueprint:
        """The blueprint, with this environment's differences. Raises NotRead, as all of these do."""
        return self._model(Block.BLUEPRINT, Blueprint)

    @property
    def scale(self) -> Scale:
        """The scale."""
        return self._model(Block.SCALE, Scale)

    @property
    def bindings(self) -> Bindings:
        """The bindings."""
        return self._model(Block.BINDINGS, Bindings)

    @property
    def lock(self) -> LockFile:
        """The lock."""
        return self._model(Block.LOCK, LockFile)

    @property
    def real(self) -> bool:
        """Whether these settings are for a real account: placeholders are refused."""
        return not self.offline and self.bindings.cloud is Cloud.AWS

    def sure(self, block: Block, *keys: str | int) -> None:
        """Raise NotRead where the value at a path is not the user's own, since that one was wrong."""
        if self.unsure(block, *keys):
            raise NotRead(block)

    def unsure(self, block: Block, *keys: str | int) -> bool:
        """Whether the value at a path is not the user's own, since that one was wrong."""
        return any(keys[: len(path)] == path for path in self.unread.get(block, ()))

    def partly(self, block: Block, *keys: str | int) -> bool:
        """Whether the value at a path, or a part of it, is not the user's own, since that one was wrong."""
        return self.unsure(block, *keys) or any(path[: len(keys)] == keys for path in self.unread.get(block, ()))

    def shown(self, path: Path) -> str:
        """Return a file's path as messages name it."""
        resolved = path.resolve()
        return str(resolved.relative_to(self.root)) if resolved.is_relative_to(self.root) else str(path)

    def read(self, block: Block, part: Part, kind: type[M]) -> M | None:
        """Read one block and keep what is wrong with it."""
        found = reading.read(part, kind, self.unread.get(block, frozenset()))
        self.parts[block] = part
        self.mistakes += found.mistakes
        self.unread.setdefault(block, set()).update(found.unread)
        if found.model is not None:
            self.models[block] = found.model
        return found.model

    def document(self, path: Path, missing: str) -> Document | None:
        """Read one file's text and keep what is wrong with it."""
        found, mistakes = read_text(path, self.shown(path), missing)
        self.mistakes += mistakes
        return found

    def _model(self, block: Block, kind: type[M]) -> M:
        model = self.models.get(block)
        if not isinstance(model, kind):
            raise NotRead(block)
        return model


def read_text(path: Path, file: str, missing: str) -> tuple[Document | None, list[Mistake]]:
    """Return a file's document and what is wrong with its text; `missing` says what to do if there is no file."""
    from commonground.settings import text  # its YAML parser takes long to import, and settings written by hand need none

    return text.read(path, file, missing=missing)


def root_of(folder: Path) -> Path:
    """Return the nearest folder around this one that holds a Pulumi.yaml, or the folder itself."""
    folder = folder.resolve()
    return next((parent for parent in (folder, *folder.parents) if (parent / "Pulumi.yaml").is_file()), folder)


def environments(folder: Path) -> list[str]:
    """Return the names of the environments that have a stack file here."""
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in folder.glob("Pulumi.*.yaml"))


# --- blueprint and lock


def read_blueprint(files: Files) -> None:
    """Read the blueprint, with what this environment is allowed to have differently."""
    path = files.folder / "blueprint.yaml"
    found = files.document(path, "write it: `stacks/foundation/blueprint.yaml` of Commonground is one to begin from")
    _read_differences(files)
    if found is None:
        return
    data = copy.deepcopy(found.data)
    moved: dict[Keys, tuple[Part, Keys]] = {}
    plain = Part(found, data)
    for index, difference in enumerate(files.differences):
        if difference.environment == files.name:
            keys = _apply(files, plain, difference, index)
            if keys is not None:
                moved[keys] = (files.parts[Block.DIFFERENCES], (index, "value"))
    files.read(Block.BLUEPRINT, Part(found, data, moved=moved), Blueprint)


def _read_differences(files: Files) -> None:
    path = files.folder / "differences.yaml"
    found = files.document(path, "") if path.exists() else None
    if found is None:
        return
    model = files.read(Block.DIFFERENCES, Part(found, [] if found.data is None else found.data), Differences)
    files.differences = model.root if model is not None else ()


def _apply(files: Files, blueprint: Part, difference: Difference, index: int) -> Keys | None:
    """Put a difference into the blueprint's data; return where, or None after saying what is wrong."""
    value = blueprint.data
    rest = difference.path.split(".")
    keys: Keys = ()
    while rest:
        if not isinstance(value, dict):
            break
        # A name may hold dots itself: the longest one that is there is meant.
        length = next((end for end in range(len(rest), 0, -1) if ".".join(rest[:end]) in value), 0)
        if not length and len(rest) == 1 and reading.type_at(Blueprint, (*keys, rest[0])) is not None:
            length = 1  # one that the blueprint leaves at its default, or has not
        if not length:
            break
        key, rest = ".".join(rest[:length]), rest[length:]
        if not rest:
            value[key] = difference.value
            return (*keys, key)
        keys, value = (*keys, key), value[key]
    known = list(value) if isinstance(value, dict) else []
    guess = did_you_mean(rest[0], known)
    place = document.key_text(keys) or "the blueprint"
    fix = f'did you mean "{guess}"?' if guess else "name a path that the blueprint has"
    files.mistakes.append(
        files.parts[Block.DIFFERENCES].mistake((index, "path"), difference.path, f"a path in the blueprint; {place} has {listed(known)}", fix),
    )
    return None


def read_lock(files: Files) -> None:
    """Read the environment's lock."""
    found = files.document(files.folder / f"lock.{files.name}.yaml", f"run `commonground lock {files.name}`")
    if found is not None:
        files.read(Block.LOCK, Part(found, found.data, fix=partial(way_out, files.name)), LockFile)


# --- scale and bindings: from the stack's file, or from what the engine read of it


def stack_document(files: Files, stack_folder: Path) -> Document | None:
    """Read the stack's file; one that is missing is a mistake that names those that are there."""
    path = stack_folder / f"Pulumi.{files.name}.yaml"
    if re.search(NAME.pattern, files.name) is None:
        expected = f"the environment's name to be {NAME.words}: it becomes part of the cluster's name"
        files.mistakes.append(
            Mistake(file=files.shown(path), line=0, key="", found=f"the environment `{files.name}`", expected=expected, fix="rename the file and the stack")
        )
    names = environments(stack_folder)
    guess = did_you_mean(files.name, names)
    return files.document(path, f'did you mean "{guess}"?' if guess else f"write it, or name one of the environments {listed(names)}")


def read_blocks(files: Files, stack: Document, blocks: Mapping[str, object], root: Keys) -> None:
    """Read scale and bindings. `stack` knows the lines; `blocks` holds the data, by config key."""
    for block, key, kind in ((Block.SCALE, SCALE, Scale), (Block.BINDINGS, BINDINGS, Bindings)):
        keys: Keys = (*root, key)
        data = copy.deepcopy(blocks.get(key))
        if key not in blocks:
            files.mistakes.append(
                Mistake(
                    file=stack.file, line=stack.line(root), key=key, found="nothing", expected=f"the environment's {block}", fix=f"add `{key}:` under `config:`"
                )
            )
            continue
        part = Part(stack, data, keys, key)
        files.unread[block] = _hide_secrets(files, part, data, ())
        files.read(block, part, kind)


def secrets(files: Files, stack: Document) -> bool:
    """Say of each secret in the text of scale and bindings that it does not belong there; return whether there is one."""
    config = copy.deepcopy(stack.data.get("config")) if isinstance(stack.data, dict) else None
    blocks = config if isinstance(config, dict) else {}
    return any([bool(_hide_secrets(files, Part(stack, blocks[key], ("config", key), key), blocks[key], ())) for key in (SCALE, BINDINGS) if key in blocks])


def _hide_secrets(files: Files, part: Part, value: object, keys: Keys) -> set[Keys]:
    """Say of each secret that it does not belong here, and take it out, so that no message shows it."""
    hidden: set[Keys] = set()
    if isinstance(value, dict):
        for key, item in value.items():
            if _hidden(files, part, item, (*keys, key), hidden):
                value[key] = None
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if _hidden(files, part, item, (*keys, index), hidden):
                value[index] = None
    return hidden


def _hidden(files: Files, part: Part, item: object, keys: Keys, hidden: set[Keys]) -> bool:
    if not isinstance(item, dict) or set(item) != {"secure"}:
        hidden |= _hide_secrets(files, part, item, keys)
        return False
    fix = "keep the secret in Secrets Manager, and bind its name (`secret_name`)"
    files.mistakes.append(part.mistake(keys, "a secret", "plain settings: scale and bindings hold no secret", fix))
    hidden.add(keys)
    return True
