"""Of providers only that is imported which is used, and Pulumi still finds the annotations that it needs."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import is_typeddict

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
    assert kept.name == f"__init__.{sys.implementation.cache_tag}.opt-late2.pyc"
    (package / "__init__.py").write_text(RAISES.replace("here", "there now"))
    del sys.modules[package.name]
    assert __import__(package.name).name() == "there now"


@pytest.fixture
def generated(package: Path) -> Path:
    """A package as Pulumi generates it: its modules say what they have, and one has the name of its class."""
    (package / "__init__.py").write_text("from .Pod import *\nfrom ._inputs import *\nfrom . import outputs\nfrom .silent import *\n")
    (package / "Pod.py").write_text("from ._inputs import *\n__all__ = ['PodInitArgs', 'Pod']\nclass Pod:\n    made_of = PodArgs\nclass PodInitArgs: ...\n")
    (package / "_inputs.py").write_text(
        "from typing import TypedDict\n__all__ = ['PodArgs', 'PodArgsDict']\nclass PodArgs: ...\nclass PodArgsDict(TypedDict):\n    name: 1 / 0\n"
    )
    (package / "outputs.py").write_text("from . import outputs\n__all__ = ['Status']\nclass Status: ...\n")
    (package / "silent.py").write_text("said = 'nothing about its names'\n")
    imports.install()
    return package


def loaded(package: Path) -> set[str]:
    return {name.removeprefix(f"{package.name}.") for name in sys.modules if name.startswith(f"{package.name}.")}


def test_a_providers_module_is_imported_when_one_of_its_members_is_asked_for(generated: Path) -> None:
    module = import_module(generated.name)
    assert loaded(generated) == {"silent"}  # which does not say what it has
    assert module.said == "nothing about its names"
    assert module.PodArgs.__module__ == f"{generated.name}._inputs"
    assert loaded(generated) == {"silent", "_inputs"}
    assert module.outputs.Status.__name__ == "Status"
    with pytest.raises(AttributeError, match="has no attribute 'Job'"):
        module.Job  # noqa: B018


@pytest.mark.parametrize("first", [".Pod", ".outputs", "._inputs"])
def test_a_class_is_found_by_its_name_though_its_module_has_it_too(generated: Path, first: str) -> None:
    import_module(first, generated.name)
    module = import_module(generated.name)
    assert isinstance(module.Pod, type)
    assert module.Pod.made_of is module.PodArgs
    assert {"Pod", "PodInitArgs", "PodArgs", "outputs", "said"} <= set(dir(module))
    names: dict[str, object] = {}
    exec(f"from {generated.name} import *", names)
    assert names["Pod"] is module.Pod


def test_a_dictionarys_type_stays_one_without_its_items(generated: Path) -> None:
    module = import_module(generated.name)
    assert is_typeddict(module.PodArgsDict)
    assert module.PodArgsDict.__annotations__ == {}


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
