"""The Kubernetes stand-in and the values of Secrets: no file has them, and a refresh finds no difference all the same."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from commonground.local.providers.kubernetes.provider import KubernetesStandIn
from commonground.local.providers.provider import Subject

TYPE = "kubernetes:core/v1:Secret"
SUBJECT = Subject(f"urn:pulumi:test::test::{TYPE}::thing", TYPE, "one")
VALUE, OTHER = "aHVudGVyMg==", "aHVudGVyMw=="


def secret(**content: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": "shop"}, "type": "Opaque", **content}


@pytest.fixture
def stand_in(tmp_path: Path) -> KubernetesStandIn:
    found = KubernetesStandIn("1.36", tmp_path)
    found.configure("one", {"clusterIdentifier": "one"})
    return found


def written(folder: Path) -> str:
    return (folder / "one" / "Secret" / "shop.key.yaml").read_text()


@pytest.mark.parametrize("content", [{"data": {"password": VALUE}}, {"stringData": {"password": "hunter2"}}])
def test_a_secrets_file_has_its_keys_and_none_of_its_values(stand_in: KubernetesStandIn, tmp_path: Path, content: dict[str, Any]) -> None:
    stand_in.create(SUBJECT, secret(**content), preview=False)
    (field,) = content
    assert yaml.safe_load(written(tmp_path)) == secret(**{field: {"password": "[secret]"}})


def test_a_changed_value_is_in_no_file_either(stand_in: KubernetesStandIn, tmp_path: Path) -> None:
    before, after = secret(data={"password": VALUE}), secret(data={"password": OTHER})
    stand_in.create(SUBJECT, before, preview=False)
    stand_in.update(SUBJECT, "shop/key", before, before, after, preview=False)
    assert not [file for file in tmp_path.rglob("*.yaml") if VALUE in file.read_text() or OTHER in file.read_text()]


def test_a_refresh_gives_the_values_that_the_state_has(stand_in: KubernetesStandIn) -> None:
    object_ = secret(data={"password": VALUE})
    stand_in.create(SUBJECT, object_, preview=False)
    assert stand_in.read(SUBJECT, "shop/key", object_, object_) == (object_, object_)


def test_a_key_that_somebody_added_is_seen_and_one_that_is_gone_too(stand_in: KubernetesStandIn, tmp_path: Path) -> None:
    object_ = secret(data={"password": VALUE, "gone": VALUE})
    stand_in.create(SUBJECT, object_, preview=False)
    path = tmp_path / "one" / "Secret" / "shop.key.yaml"
    path.write_text(yaml.safe_dump(secret(data={"password": "[secret]", "added": OTHER})))
    found = stand_in.read(SUBJECT, "shop/key", object_, object_)
    assert found is not None
    assert found[0]["data"] == {"password": VALUE, "added": OTHER}


def test_another_kind_keeps_what_it_has_in_its_file(stand_in: KubernetesStandIn, tmp_path: Path) -> None:
    object_ = {**secret(data={"password": "plain"}), "kind": "ConfigMap"}
    del object_["type"]
    type_ = "kubernetes:core/v1:ConfigMap"
    stand_in.create(Subject(f"urn:pulumi:test::test::{type_}::thing", type_, "one"), object_, preview=False)
    assert "password: plain" in (tmp_path / "one" / "ConfigMap" / "shop.key.yaml").read_text()
