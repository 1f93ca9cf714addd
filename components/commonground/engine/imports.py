"""Imports of a run, made cheap: a program's modules are loaded while the CLI starts, and providers' annotations are not computed."""

import __future__

import ast
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

PROVIDERS = ("pulumi_aws", "pulumi_kubernetes")
"""Generated packages of thousands of classes: half of the time to import them goes into annotations, of which a program needs a few."""

BYTECODE, LATE_BYTECODE = ".pyc", ".opt-late.pyc"
"""Python's own name of a module's bytecode, and that of ours beside it, in the form that PEP 488 gives to variants."""


class LateLoader(SourceFileLoader):
    """Loads a module as if it began with `from __future__ import annotations`: Pulumi reads those that it needs by `typing.get_type_hints`."""

    def source_to_code(self, data: Any, path: Any, **optimize: int) -> CodeType:  # type: ignore[override]  # typeshed has it static, CPython calls it bound
        """The module's code; its annotations are text."""
        code: CodeType = compile(data, path, "exec", flags=__future__.annotations.compiler_flag, dont_inherit=True)
        return code

    def get_data(self, path: str) -> bytes:
        """A file's bytes; for Python's bytecode those of ours."""
        return super().get_data(_late(path))

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Writes bytecode, beside Python's."""
        super().set_data(_late(path), data, _mode=_mode)


class LateFinder:
    """Finds the providers' modules as Python does, and gives them to `LateLoader`."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The module's spec, for modules of `PROVIDERS` only."""
        if name.partition(".")[0] not in PROVIDERS:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and type(spec.loader) is SourceFileLoader:
            spec.loader = LateLoader(spec.loader.name, spec.loader.path)
        return spec


def install() -> None:
    """From here on, providers are imported without their annotations."""
    sys.meta_path.insert(0, LateFinder)


def ahead(file: Path) -> threading.Thread:
    """Begins to import the modules that a program's top-level statements name, in a thread. What fails here fails again, and is told, when it runs."""
    thread = threading.Thread(target=_import_all, args=(file,), daemon=True)
    thread.start()
    return thread


def _import_all(file: Path) -> None:
    with suppress(Exception):
        for statement in ast.parse(file.read_text("utf-8")).body:
            for name in _modules(statement):
                import_module(name)


def _modules(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    if isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
        return [statement.module]
    return []


def _late(path: str) -> str:
    return path.removesuffix(BYTECODE) + LATE_BYTECODE if path.endswith(BYTECODE) else path
