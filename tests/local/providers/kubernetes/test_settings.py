"""Settings of the Kubernetes provider itself, and what an object's API version is to its manifest."""

from pathlib import Path

import pytest
from tests.local.providers.kubernetes.clusters import MOVES, ONE, Move
from tests.local.providers.kubernetes.edits import GONE, laid_over
from tests.local.providers.kubernetes.objects import OBJECTS

from commonground.local.providers.kubernetes.provider import KubernetesStandIn
from commonground.local.providers.provider import Subject


def subject(kind: str) -> Subject:
    return Subject(f"urn:pulumi:test::test::kubernetes:{kind}::thing", f"kubernetes:{kind}", "one")


@pytest.mark.parametrize("move", MOVES, ids=[move.name for move in MOVES])
def test_another_cluster_replaces_every_object_and_another_way_to_the_same_none(move: Move) -> None:
    assert KubernetesStandIn("1.36", None).diff_config(move.before, move.after).replaces == move.replaces


@pytest.mark.parametrize(("kind", "namespace"), [("ConfigMap", "shop"), ("ClusterRole", None)])
def test_the_providers_namespace_is_that_of_objects_that_name_none(kind: str, namespace: str | None) -> None:
    stand_in = KubernetesStandIn("1.36", None)
    stand_in.configure("one", {**ONE, "namespace": "shop"})
    unnamed = {**OBJECTS[kind], "metadata": {"name": "thing"}}
    assert stand_in.check(subject(kind), None, unnamed)[0]["metadata"].get("namespace") == namespace
    other = laid_over(unnamed, {"metadata.namespace": "models"})
    assert stand_in.check(subject(kind), None, other)[0]["metadata"]["namespace"] == "models"


@pytest.mark.parametrize("namespace", ["default", ""])
def test_the_default_namespace_may_be_named_or_not(namespace: str) -> None:
    stand_in = KubernetesStandIn("1.36", None)
    without = laid_over(OBJECTS["ConfigMap"], {"metadata.namespace": GONE})
    assert not stand_in.diff(subject("ConfigMap"), "id", without, laid_over(without, {"metadata.namespace": namespace})).changes
    assert stand_in.diff(subject("ConfigMap"), "id", without, laid_over(without, {"metadata.namespace": "shop"})).replaces == {"metadata.namespace"}


def test_an_object_of_another_api_group_stays_one_object(tmp_path: Path) -> None:
    stand_in = KubernetesStandIn("1.36", tmp_path)
    old = OBJECTS["Role"]
    stand_in.create(subject("Role"), old, preview=False)
    (before,) = tmp_path.rglob("*.yaml")
    new = {**old, "apiVersion": "authorization.example/v1"}
    assert not stand_in.diff(subject("Role"), "id", old, new).replaces
    stand_in.update(subject("Role"), "id", old, old, new, preview=False)
    (after,) = tmp_path.rglob("*.yaml")
    assert before != after
    stand_in.delete(subject("Role"), "id", new, new)
    assert list(tmp_path.rglob("*.yaml")) == []
