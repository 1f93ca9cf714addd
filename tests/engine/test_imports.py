"""Providers are imported without computing their annotations, and Pulumi still finds those that it needs."""

import subprocess
import sys
from pathlib import Path

import pytest

from commonground.engine import imports

RAISES = "def name() -> 1 / 0:\n    return 'here'\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose annotations cannot be computed, as one of the providers."""
    name = f"provider_{tmp_path.name.replace('-', '_')}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text(RAISES)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(imports, "PROVIDERS", (name,))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return folder


def test_an_annotation_of_a_provider_is_text_that_nobody_computed(package: Path) -> None:
    imports.install()
    module = __import__(package.name)
    assert module.name() == "here"
    assert module.name.__annotations__ == {"return": "1 / 0"}


def test_other_packages_are_imported_as_ever(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "PROVIDERS", ())
    imports.install()
    with pytest.raises(ZeroDivisionError):
        __import__(package.name)


def test_bytecode_is_kept_beside_pythons_own_and_taken_only_while_the_source_is_the_same(package: Path) -> None:
    imports.install()
    __import__(package.name)
    [kept] = (package / "__pycache__").iterdir()
    assert kept.name == f"__init__.{sys.implementation.cache_tag}.opt-late.pyc"
    (package / "__init__.py").write_text(RAISES.replace("here", "there now"))
    del sys.modules[package.name]
    assert __import__(package.name).name() == "there now"


HINTS = """
import inspect, json, sys, typing
from commonground.engine import imports
if sys.argv[1] == "late":
    imports.install()
import pulumi, pulumi_aws as aws
aws.eks.Cluster
found = {}
for name, kind in inspect.getmembers(aws.eks, inspect.isclass):
    for member, value in vars(kind).items():
        if isinstance(value, property):
            names = {**vars(sys.modules[kind.__module__]), "Output": pulumi.Output, "T": type(None)}  # as pulumi's own _types.py asks
            found[f"{name}.{member}"] = repr(typing.get_type_hints(value.fget, names))
from pulumi_aws.eks import NodeGroup
assert (NodeGroup.get.__annotations__["id"].__class__ is str) == (sys.argv[1] == "late")
print(json.dumps(found, sort_keys=True))
"""


def test_pulumi_finds_the_same_types_of_every_property() -> None:
    late, usual = (subprocess.run([sys.executable, "-c", HINTS, way], capture_output=True, text=True, check=True).stdout for way in ("late", "usual"))
    assert late == usual
    assert "NodeGroup.scaling_config" in late
