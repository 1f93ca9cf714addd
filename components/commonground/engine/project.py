"""A Pulumi project's files: where they are, and a generated copy for runs that may not open the checkout's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from commonground.engine.errors import NoProjectError

PLACEHOLDER = "secret-not-read-here"
"""Stands for every `secure` value in a generated stack file: only the key of the real one opens it."""

OFFLINE = "commonground:offline"
AS_CALLER = "commonground:as_caller"
"""Set in a run, and in no file: the program's providers act as the caller."""

ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+")

# What ties a stack file to the key that encrypts its secrets (Pulumi docs, "Secrets": the stack settings file).
KEYS_OF_ENCRYPTION = ("secretsprovider", "encryptedkey", "encryptionsalt")
# What the copy of Pulumi.yaml leaves out: places in the checkout.
PLACES = ("main", "stackConfigDir")


@dataclass(frozen=True)
class Project:
    """A Pulumi project in a checkout."""

    root: Path
    """Folder of Pulumi.yaml."""
    name: str
    main: Path
    """Folder of the program's `__main__.py`."""
    config: Path
    """Folder of the stack files."""

    @classmethod
    def read(cls, root: Path) -> "Project":
        """The project whose Pulumi.yaml is in this folder. Raises `NoProjectError`."""
        file = root / "Pulumi.yaml"
        if not file.is_file():
            raise NoProjectError(str(file), "run this inside a checkout, or name the project's folder with --project")
        data = load(file)
        if not isinstance(data, dict) or not isinstance(data.get("name"), str):
            raise NoProjectError(f"`name` in {file}", "a Pulumi project has a name")
        return cls(root, data["name"], root / data.get("main", "."), root / data.get("stackConfigDir", "."))

    def stack_file(self, environment: str) -> Path:
        """The environment's file."""
        return self.config / f"Pulumi.{environment}.yaml"

    def environments(self) -> list[str]:
        """Names of the environments that have a file, sorted."""
        return sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in self.config.glob("Pulumi.*.yaml"))

    def binding(self, environment: str, key: str) -> str | None:
        """One of the environment's bindings, as text; none where the file has none."""
        value = self._bindings(environment).get(key)
        return None if value is None else str(value)

    def roles(self, environment: str) -> list[str]:
        """ARNs of the IAM roles that the environment binds, sorted."""
        values = self._bindings(environment).values()
        found = {str(one) for value in values for one in (value if isinstance(value, list) else [value])}
        return sorted(text for text in found if ROLE.fullmatch(text))

    def _bindings(self, environment: str) -> dict[str, Any]:
        file = self.stack_file(environment)
        config = (load(file) or {}).get("config") if file.is_file() else None
        bindings = config.get("commonground:bindings") if isinstance(config, dict) else None
        return bindings if isinstance(bindings, dict) else {}

    def locked(self, environment: str, key: str) -> str | None:
        """A value of the environment's lock, as text; none where there is no lock."""
        file = self.config / f"lock.{environment}.yaml"
        data = load(file) if file.is_file() else None
        value = data.get(key) if isinstance(data, dict) else None
        return None if value is None else str(value)

    def copy(self, folder: Path, environment: str, *, offline: bool) -> None:
        """Writes Pulumi.yaml and the stack file into a folder, without encryption and with `PLACEHOLDER` for each `secure` value.

        `offline` tells the program, by `commonground:offline` in the copy alone, that placeholders and example locks will do.
        """
        project = load(self.root / "Pulumi.yaml")
        for key in PLACES:
            project.pop(key, None)
        project["runtime"] = "python"
        dump(project, folder / "Pulumi.yaml")
        stack = _open(load(self.stack_file(environment)) or CommentedMap())
        if offline:
            stack["config"] = stack.get("config") or CommentedMap()
            stack["config"][OFFLINE] = True
        dump(stack, folder / f"Pulumi.{environment}.yaml")


def load(file: Path) -> Any:
    """A YAML file with its quotes and comments, or nothing where it cannot be read: the check of the settings says why."""
    try:
        return _yaml().load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError):
        return None


def dump(data: Any, file: Path) -> None:
    """Writes what `load` gave."""
    text = StringIO()
    _yaml().dump(data, text)
    file.write_text(text.getvalue(), "utf-8")


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    return yaml


def _open(stack: Any) -> Any:
    """A stack file without its encryption."""
    for key in KEYS_OF_ENCRYPTION:
        stack.pop(key, None)
    for container, key in _secure(stack):
        container[key] = PLACEHOLDER
    return stack


def _secure(node: Any) -> Iterator[tuple[Any, Any]]:
    """Where in the tree a `secure` value stands: its container and its key."""
    entries = list(node.items()) if isinstance(node, CommentedMap) else list(enumerate(node)) if isinstance(node, CommentedSeq) else []
    for key, value in entries:
        if isinstance(value, CommentedMap) and list(value) == ["secure"]:
            yield node, key
        else:
            yield from _secure(value)
