"""Imports of a run, made cheap: a program's modules are loaded while the CLI starts, and of the providers only what it uses."""

import __future__

import ast
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

PROVIDERS = ("pulumi_aws", "pulumi_kubernetes")
"""Generated packages of thousands of classes, of which a program needs a few."""

BYTECODE, LATE_BYTECODE = ".pyc", ".opt-late2.pyc"
"""Python's own name of a module's bytecode, and that of ours beside it, in the form that PEP 488 gives to variants. Another loader needs another name."""

ALL = re.compile(r"^__all__ = (\[.*?\])", re.DOTALL | re.MULTILINE)
"""The names of a generated module. The whole of it would take long to parse."""

MEMBERS = "__late__"
"""In a package: which of its modules has a member, by the member's name."""


class LatePackage(ModuleType):
    """A package that imports a module when somebody asks for one of its members."""

    def __getattr__(self, name: str) -> Any:
        module = self.__dict__.get(MEMBERS, {}).get(name)
        if module is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        found = import_module(f"{self.__name__}.{module}")
        value = found if module == name and name not in found.__dict__ else getattr(found, name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.__dict__.get(MEMBERS, {})})

    def __setattr__(self, name: str, value: Any) -> None:
        # Python binds a module that was imported in its package: `Pod` is to be the class all the same, not the module that it is in.
        if isinstance(value, ModuleType) and name in self.__dict__.get(MEMBERS, {}) and name in value.__dict__:
            value = value.__dict__[name]
        super().__setattr__(name, value)


class LateLoader(SourceFileLoader):
    """Loads a provider's module without what no run needs.

    Annotations stay text (Pulumi reads those that it needs by `typing.get_type_hints`), docstrings and the items of dictionaries' types go, and a package
    imports its modules when they are used.
    """

    def exec_module(self, module: ModuleType) -> None:
        """Runs the module's code; a package's own class is set before, since its modules import each other through it."""
        if self.is_package(module.__name__):
            module.__class__ = LatePackage
        super().exec_module(module)

    def source_to_code(self, data: Any, path: Any, **optimize: int) -> CodeType:  # type: ignore[override]  # typeshed has it static, CPython calls it bound
        """The module's code as this loader wants it."""
        tree = ast.parse(data, path)
        for statement in tree.body:
            if isinstance(statement, ast.ClassDef) and any(isinstance(base, ast.Name) and base.id == "TypedDict" for base in statement.bases):
                statement.body = [ast.Pass(lineno=statement.lineno, col_offset=0)]
        if Path(path).stem == "__init__":
            _import_late(tree, Path(path).parent)
        code: CodeType = compile(tree, path, "exec", flags=__future__.annotations.compiler_flag, dont_inherit=True, optimize=2)
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
    """From here on, of providers only that is imported which is used."""
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


def _import_late(package: ast.Module, folder: Path) -> None:
    """Takes out of a package's code what imports its own modules, and leaves a table of their members in its place. Where two have a name, the later wins."""
    members: dict[str, str] = {}
    kept: list[ast.stmt] = []
    for statement in package.body:
        found = dict(_members(statement, folder))
        members |= found
        if not found:
            kept.append(statement)
    table = ast.parse(f"{MEMBERS} = {members!r}\n__all__ = [name for name in {MEMBERS} if name[0] != '_']").body
    package.body = [*table, *kept] if members else kept


def _members(statement: ast.stmt, folder: Path) -> Iterator[tuple[str, str]]:
    """What `from .module import *` or `from . import module` brings into a package, each with its module. Nothing where the module does not say."""
    if not isinstance(statement, ast.ImportFrom) or statement.level != 1:
        return
    if statement.module is None:
        yield from ((alias.name, alias.name) for alias in statement.names if len(statement.names) == 1 and alias.name == "outputs")
    elif statement.names[0].name == "*" and (file := folder / f"{statement.module}.py").is_file():
        yield from ((name, statement.module) for name in _all(file))


def _all(file: Path) -> list[str]:
    found = ALL.search(file.read_text("utf-8"))
    names: list[str] = ast.literal_eval(found[1]) if found else []
    return names


def _late(path: str) -> str:
    return path.removesuffix(BYTECODE) + LATE_BYTECODE if path.endswith(BYTECODE) else path
