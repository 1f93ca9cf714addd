"""`commonground up local --cluster`: the shipped foundation on a real control plane, by the official Kubernetes provider. One story, told by its results."""

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.foundation.checkout import Checkout, Result, environment

from commonground.local.cluster.builds import has_control_plane

INCARNATION, NEXT = "a3f8", "b4c9"

Object = dict[str, Any]


@dataclass(frozen=True)
class Story:
    """What each command said, and what the cluster had after it."""

    first: Result
    nodes: list[Object]
    again: Result
    preview: Result
    replaced: Result
    nodes_after: list[Object]
    status_after: Result
    destroyed: Result
    status: Result
    folders: list[Path]
    """Of control planes that still run at the end."""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    if not has_control_plane():
        pytest.skip("the control plane is built from Go modules, and there is no `go` on PATH")
    checkout = Checkout.copy(tmp_path_factory.mktemp("up") / "checkout")
    try:
        first = checkout.run("up", "local", "--cluster")
        assert first.code == 0, first.err
        nodes = listed(checkout, "nodes")
        again, preview = checkout.run("up", "local"), checkout.run("preview", "local")
        checkout.edit("lock.local.yaml", f"incarnation: {INCARNATION}", f"incarnation: {NEXT}")
        replaced, after, status_after = checkout.run("up", "local"), listed(checkout, "nodes"), checkout.run("local", "status")
        destroyed, status = checkout.run("destroy", "local"), checkout.run("local", "status")
        checkout.run("local", "stop")
        left = list(checkout.local.glob("cluster/planes/*/cluster.json"))
        yield Story(first, nodes, again, preview, replaced, after, status_after, destroyed, status, left)
    finally:
        checkout.run("local", "stop")


def listed(checkout: Checkout, kind: str) -> list[Object]:
    """As kubectl lists them, in a shell that took what `commonground local env` prints; without kubectl the tests have nothing to say."""
    if shutil.which("kubectl") is None:
        pytest.skip("there is no `kubectl` on PATH")
    printed = checkout.run("local", "env").out.splitlines()
    variables = dict(line.removeprefix("export ").split("=", 1) for line in printed)
    command = ["kubectl", "get", kind, "--all-namespaces", "--output", "json"]
    said = subprocess.run(command, env={**os.environ, **environment(variables)}, capture_output=True, text=True, check=True)
    found: list[Object] = json.loads(said.stdout)["items"]
    return found


def pools(nodes: list[Object]) -> Counter[str]:
    return Counter(node["metadata"]["labels"]["commonground.dev/pool"] for node in nodes)


def test_pools_are_nodes_of_the_cluster(story: Story) -> None:
    assert pools(story.nodes) == {"general": 1, "gpu": 1, "system": 2}


def test_the_gpu_software_offers_each_gpu_as_often_as_the_blueprint_shares_it(story: Story) -> None:
    (gpu,) = [node for node in story.nodes if node["metadata"]["labels"]["commonground.dev/pool"] == "gpu"]
    assert gpu["status"]["allocatable"]["nvidia.com/gpu"] == "4"
    assert gpu["spec"]["taints"] == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}]


def test_a_second_up_and_a_preview_change_nothing(story: Story) -> None:
    assert "nothing to change" in story.again.out
    assert "0 to create, 0 to change, 0 to replace, 0 to delete" in story.preview.out


def test_a_new_incarnation_is_a_new_cluster_with_everything_in_it(story: Story) -> None:
    assert story.replaced.code == 0, story.replaced.err
    assert pools(story.nodes_after) == pools(story.nodes)
    uids = {node["metadata"]["uid"] for node in story.nodes}
    assert not any(node["metadata"]["uid"] in uids for node in story.nodes_after)
    assert f"-{NEXT}:" in story.status_after.out
    assert f"-{INCARNATION}:" not in story.status_after.out


def test_destroying_takes_the_cluster_with_all_objects(story: Story) -> None:
    assert story.destroyed.code == 0, story.destroyed.err
    assert "cluster " not in story.status.out


def test_the_user_is_told_which_provider_it_was(story: Story) -> None:
    assert story.first.err.count("Kubernetes objects go by the official provider") == 1
    assert "resource plugin kubernetes is expected" not in story.first.err


def test_stopping_the_local_cloud_ends_its_control_planes(story: Story) -> None:
    assert story.folders == []
