"""The Kubernetes stand-in, asked as the engine asks it, with the object that the foundation makes."""

from pathlib import Path
from typing import Any

import pytest

from commonground.local.providers.errors import StandInError
from commonground.local.providers.kubernetes.kinds import AUTONAMED
from commonground.local.providers.kubernetes.provider import KubernetesStandIn
from commonground.local.providers.provider import Subject
from commonground.local.providers.values import UNKNOWN

TYPE = "kubernetes:storage.k8s.io/v1:StorageClass"
GP3: dict[str, Any] = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "gp3"},
    "provisioner": "ebs.csi.aws.com",
    "parameters": {"type": "gp3"},
    "allowVolumeExpansion": False,
}


@pytest.fixture
def stand_in(tmp_path: Path) -> KubernetesStandIn:
    found = KubernetesStandIn("1.36", tmp_path)
    for cluster in ("one", "two"):
        found.configure(cluster, {"clusterIdentifier": cluster})
    return found


def subject(cluster: str = "one", name: str = "thing") -> Subject:
    return Subject(f"urn:pulumi:test::test::{TYPE}::{name}", TYPE, cluster)


def test_it_is_made_read_changed_and_deleted(stand_in: KubernetesStandIn) -> None:
    inputs, failures = stand_in.check(subject(), None, GP3)
    assert failures == []
    assert stand_in.create(subject(), inputs, preview=False) == ("gp3", inputs)
    assert stand_in.read(subject(), "gp3", inputs, inputs) == (GP3, GP3)
    changed = {**GP3, "allowVolumeExpansion": True}
    assert not stand_in.diff(subject(), "gp3", GP3, changed).replaces
    stand_in.update(subject(), "gp3", GP3, GP3, changed, preview=False)
    assert stand_in.read(subject(), "gp3", GP3, {}) == (changed, changed)
    stand_in.delete(subject(), "gp3", changed, changed)
    stand_in.delete(subject(), "gp3", changed, changed)
    assert stand_in.read(subject(), "gp3", changed, changed) is None


@pytest.mark.parametrize("changed", [{"provisioner": "efs.csi.aws.com"}, {"parameters": {"type": "io2"}}])
def test_what_the_official_provider_replaces_it_for_replaces_it_and_it_goes_first(stand_in: KubernetesStandIn, changed: dict[str, Any]) -> None:
    found = stand_in.diff(subject(), "gp3", GP3, {**GP3, **changed})
    assert found.replaces
    assert found.delete_before_replace


@pytest.mark.parametrize("preview", [True, False])
def test_what_the_api_server_never_changes_is_refused_with_a_way_out(stand_in: KubernetesStandIn, preview: bool) -> None:
    changed = {**GP3, "volumeBindingMode": "WaitForFirstConsumer"}
    assert not stand_in.diff(subject(), "gp3", GP3, changed).replaces
    with pytest.raises(StandInError, match=r"replace_on_changes=\['volumeBindingMode'\] and delete_before_replace=True"):
        stand_in.update(subject(), "gp3", GP3, GP3, changed, preview=preview)
    spelled_out = {**GP3, "volumeBindingMode": "Immediate", "reclaimPolicy": "Delete"}
    assert stand_in.update(subject(), "gp3", GP3, GP3, spelled_out, preview=preview) == spelled_out


def test_another_name_replaces_it_after_the_new_one_is_there(stand_in: KubernetesStandIn) -> None:
    found = stand_in.diff(subject(), "gp3", GP3, {**GP3, "metadata": {"name": "gp4"}})
    assert found.replaces
    assert not found.delete_before_replace


@pytest.mark.parametrize(
    ("wrong", "path", "words"),
    [
        ({"volumeBindingMod": "Immediate"}, "volumeBindingMod", "did you mean volumeBindingMode?"),
        ({"allowVolumeExpansion": "perhaps"}, "allowVolumeExpansion", "is not of type 'boolean'"),
        ({"metadata": {"name": "gp3", "label": {}}}, "metadata.label", "did you mean labels?"),
        ({"parameters": {"iops": 3000}}, "parameters.iops", "3000 is not of type 'string'"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(stand_in: KubernetesStandIn, wrong: dict[str, Any], path: str, words: str) -> None:
    _, (failure,) = stand_in.check(subject(), None, {**GP3, **wrong})
    assert failure.property == path
    assert words in failure.reason


def test_what_is_unknown_yet_is_not_wrong(stand_in: KubernetesStandIn) -> None:
    assert stand_in.check(subject(), None, {**GP3, "parameters": {"type": UNKNOWN}, "allowVolumeExpansion": UNKNOWN, "provisioner": UNKNOWN})[1] == []


def test_a_kind_that_the_version_lacks_is_refused(stand_in: KubernetesStandIn) -> None:
    with pytest.raises(StandInError, match=r"storage.k8s.io/v1 StorageKlass has no schema in Kubernetes 1\.36"):
        stand_in.check(subject(), None, {**GP3, "kind": "StorageKlass"})


def test_clusters_are_apart_and_a_name_is_taken_once_in_each(stand_in: KubernetesStandIn) -> None:
    for cluster in ("one", "two"):
        stand_in.create(subject(cluster), GP3, preview=False)
    with pytest.raises(StandInError, match='StorageClass "gp3" already exists in cluster one'):
        stand_in.create(subject("one", "another"), GP3, preview=False)
    stand_in.delete(subject("one"), "gp3", GP3, GP3)
    assert stand_in.read(subject("two"), "gp3", GP3, GP3) == (GP3, GP3)


def test_a_name_that_the_engine_drew_is_kept(stand_in: KubernetesStandIn) -> None:
    unnamed = {key: value for key, value in GP3.items() if key != "metadata"}
    first, _ = stand_in.check(subject(), None, unnamed)
    assert first["metadata"]["name"].startswith("thing-")
    assert first["metadata"]["annotations"] == {AUTONAMED: "true"}
    again, _ = stand_in.check(subject(), first, unnamed)
    assert again["metadata"] == first["metadata"]
