"""What the preview of an update still knows: what AWS added to an argument does not go while the rest of it changes."""

from typing import Any

import pytest

from commonground.local.providers.aws.provider import AwsStandIn
from commonground.local.providers.aws.table import TABLE
from commonground.local.providers.provider import Subject
from commonground.local.providers.values import UNKNOWN
from tests.local.providers.aws.conftest import Engine
from tests.local.providers.aws.lives_eks import cluster

ADDED = [(row.token, name) for row in TABLE.values() for name in row.nested_unknown]


def updated(token: str, state: dict[str, Any], old: dict[str, Any], new: dict[str, Any], *, preview: bool) -> dict[str, Any]:
    return AwsStandIn(None).update(Subject(f"urn:pulumi:test::test::{token}::thing", token, "plan"), "id", state, old, new, preview)


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "plan"])
@pytest.mark.parametrize(("token", "name"), ADDED)
def test_what_the_service_added_to_an_argument_stays_known(token: str, name: str, preview: bool) -> None:
    members = dict.fromkeys(TABLE[token].nested_unknown[name], "theirs")
    old, new = {name: {"mine": 1}}, {name: {"mine": 2}}
    assert updated(token, {name: {"mine": 1, **members}}, old, new, preview=preview)[name] == {"mine": 2, **members}


@pytest.mark.parametrize(("token", "name"), ADDED)
def test_what_the_program_says_counts_more(token: str, name: str) -> None:
    members = dict.fromkeys(TABLE[token].nested_unknown[name], "theirs")
    new = {name: dict.fromkeys(members, "mine")}
    assert updated(token, {name: members}, {}, new, preview=True)[name] == new[name]


@pytest.mark.parametrize(
    "change", [{"tags": {"b": "2"}}, {"version": "1.36"}, {"vpcConfig": {"endpointPublicAccess": True}}], ids=["tags", "version", "endpoint"]
)
def test_a_cluster_keeps_its_security_group_and_vpc_in_the_preview_of_any_edit(engine: Engine, change: dict[str, Any]) -> None:
    made = cluster(engine)
    program = {**made.inputs, **change, "vpcConfig": {**made.inputs["vpcConfig"], **change.get("vpcConfig", {})}}
    _, checked, failures = engine.check(made.subject.type, program, made)
    assert failures == []
    shown = engine.stand_in.update(made.subject, made.id, made.outputs, made.inputs, checked, preview=True)["vpcConfig"]
    for name in ("clusterSecurityGroupId", "vpcId"):
        assert shown[name] == made.outputs["vpcConfig"][name] != UNKNOWN
    assert shown["endpointPublicAccess"] is change.get("vpcConfig", {}).get("endpointPublicAccess", False)
