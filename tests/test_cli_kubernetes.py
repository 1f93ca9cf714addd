"""`commonground manifests` and `commonground images`: what a cluster will hold, and where its images come from."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from commonground.cli.main import run

ROOT = Path(__file__).parents[1]
ACCEPTED = ("1.35", "1.36")
SHOPS = {
    "Deployment.apps/shop.churn.yaml",
    "Deployment.apps/shop.web.yaml",
    "HorizontalPodAutoscaler.autoscaling/shop.web.yaml",
    "PodDisruptionBudget.policy/shop.web.yaml",
    "Service/shop.churn.yaml",
    "Service/shop.web.yaml",
}
"""Objects of the shop's: one deployment and service each, and what the application has for its many pods."""

Tree = dict[str, bytes]
Rendered = Callable[..., Tree]


def tree(directory: Path) -> Tree:
    """Files below a directory, by their path."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}


def objects(found: Tree) -> dict[str, dict[str, Any]]:
    return {path: YAML(typ="safe").load(content.decode()) for path, content in found.items()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "stacks", folder / "stacks")
    return folder


@pytest.fixture(scope="module", params=[".", "stacks/shop"], ids=["foundation", "shop"])
def stack(request: pytest.FixtureRequest, project: Path) -> Path:
    """The foundation, and a team's stack on it."""
    return project / str(request.param)


@pytest.fixture(scope="module")
def manifests(stack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those of `dev`."""
    directory = tmp_path_factory.mktemp("manifests") / "dev"
    assert run(["manifests", "dev", str(directory), "--project", str(stack)]) == 0
    return directory


@pytest.mark.engine
def test_every_object_is_one_file_named_after_it(manifests: Path) -> None:
    found = objects(tree(manifests))
    assert found
    for path, object_ in found.items():
        cluster, kind, name = path.split("/")
        group = object_["apiVersion"].rpartition("/")[0]
        namespace = object_["metadata"].get("namespace")
        assert cluster.startswith("commonground-dev-")
        assert kind == (f"{object_['kind']}.{group}" if group else object_["kind"])
        assert name == f"{namespace}.{object_['metadata']['name']}.yaml".removeprefix("None.")


@pytest.mark.engine
def test_a_stack_has_its_own_objects_and_all_of_them(manifests: Path, stack: Path) -> None:
    found = {path.partition("/")[2] for path in tree(manifests)}
    if stack.name == "shop":
        assert found == SHOPS
    else:
        assert len(found) > 30
        assert not found & SHOPS


@pytest.mark.engine
@pytest.mark.parametrize("version", ACCEPTED)
def test_every_object_is_valid_in_every_kubernetes_version_that_the_blueprint_accepts(manifests: Path, version: str, project: Path) -> None:
    blueprint = YAML(typ="safe").load(project / "stacks" / "foundation" / "blueprint.yaml")
    assert tuple(blueprint["cluster"]["kubernetes"]) == ACCEPTED
    for object_ in objects(tree(manifests)).values():
        kubernetes_validate.validate(object_, version, strict=True)


@pytest.mark.engine
def test_a_second_time_gives_the_same_bytes_and_what_is_gone_vanishes(manifests: Path, stack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = tmp_path / "again"
    before = tree(manifests)
    shutil.copytree(manifests, directory)
    (cluster,) = {path.split("/")[0] for path in before}
    gone = directory / cluster / "ConfigMap" / "shop.gone.yaml"
    gone.parent.mkdir(exist_ok=True)
    gone.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: gone\n  namespace: shop\n")
    assert run(["manifests", "dev", str(directory), "--project", str(stack)]) == 0
    assert tree(directory) == before
    assert capsys.readouterr().out == f"dev: {len(before)} objects in {directory}\n"


@pytest.mark.parametrize("name", ["notes.txt", "values.yaml", "a/b/values.yaml", "a/Secret/b/shop.key.yaml"])
def test_a_directory_with_other_files_is_refused_and_stays_as_it_is(name: str, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / name
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_text("apiVersion: v1\nkind: ConfigMap\n")
    assert run(["manifests", "dev", str(tmp_path), "--project", str(project)]) == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path} holds {name}: expected nothing but manifests")
    assert list(tree(tmp_path)) == [name]


def test_images_are_told_as_what_to_copy_where(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["images", "dev", "--project", str(project)]) == 0
    told = capsys.readouterr()
    lines = [line.split(" -> ") for line in told.out.splitlines()]
    assert any(source.startswith("nvcr.io/nvidia/k8s-device-plugin:v") for source, _ in lines)
    for source, target in lines:
        assert target.partition("/")[2].startswith("dev/mirror/")
        assert target.endswith(source.partition("/")[2])
    assert "crane copy" in told.err and "skopeo copy" in told.err


def test_images_as_json_are_the_same(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["images", "dev", "--project", str(project)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert run(["images", "dev", "--json", "--project", str(project / "stacks" / "shop")]) == 0  # of the foundation around a team's stack
    told = capsys.readouterr()
    assert told.err.startswith("dev: the images of the foundation around it, the project commonground at ")
    found = json.loads(told.out)
    assert [f"{copy['source']} -> {copy['target']}" for copy in found] == lines


def test_a_folder_outside_of_any_foundation_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: other\nruntime: python\n")
    assert run(["images", "dev", "--project", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        f"error: {tmp_path} is in no checkout of a foundation: expected a project with a blueprint.yaml. Fix: name its folder with --project\n"
    )
