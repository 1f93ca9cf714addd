"""One shape in every environment: what scale, bindings and lock move is listed, and everything else is found."""

import copy
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import pytest
from tests.preview.conftest import FAR, PLANTED, SHIPPED, Preview

from commonground.cli import options
from commonground.cli.main import run
from commonground.engine.steps import Step
from commonground.preview import compare, render
from commonground.preview.comparison.parity import PARENT
from commonground.preview.comparison.rules import RESOURCE, RULES

pytestmark = pytest.mark.engine
Previews = dict[str, Preview]


def edited(preview: Preview, name: str, type_: str, **changes: Any) -> Preview:
    """The preview with another thing in the one step of this name and type."""
    facts, steps = preview
    assert sum((step.name, step.type) == (name, type_) for step in steps) == 1
    return facts, [replace(step, **changes) if (step.name, step.type) == (name, type_) else step for step in steps]


def step_of(preview: Preview, name: str, type_: str) -> Step:
    return next(step for step in preview[1] if (step.name, step.type) == (name, type_))


@pytest.mark.parametrize("pair", [*combinations(SHIPPED, 2), ("prod", FAR)], ids="-".join)
def test_environments_have_one_shape(previews: Previews, pair: tuple[str, str]) -> None:
    found = compare(previews[pair[0]], previews[pair[1]])
    assert "\n".join(str(difference) for difference in found.shape) == ""
    assert render(found).startswith(f"{pair[0]} | {pair[1]}: one shape, {found.groups} kinds of resources\n")


def test_every_rule_is_used(previews: Previews) -> None:
    names = (*SHIPPED, FAR)
    used = {rule for pair in combinations(names, 2) for rule in compare(*(previews[name] for name in pair)).by_rule()}
    assert [rule for rule in RULES if rule not in used] == []


def test_an_environment_is_its_own_equal(previews: Previews) -> None:
    found = compare(previews["prod"], previews["prod"])
    assert (found.shape, found.moved, found.counts) == ((), (), {})


def test_what_the_blueprint_has_more_is_found(previews: Previews) -> None:
    found = compare(previews["prod"], previews[PLANTED])
    more = {difference.name: (difference.path, difference.values) for difference in found.shape}
    assert more["extra-bucket"] == (RESOURCE, ("nothing", "there"))
    assert more["network-endpoint-sqs"] == (RESOURCE, ("nothing", "there"))
    assert more["delivery-preview"][0].startswith("policy.Statement"), "CI's role reads the settings of each bucket, by its ARN"
    assert all(name.startswith("extra") for name in more.keys() - {"network-endpoint-sqs", "delivery-preview"})
    lines = render(found).splitlines()
    assert lines[0] == f"prod | planted: {len(found.shape)} differences of shape"
    assert "  extra-bucket (aws:s3/bucket:Bucket), the resource: nothing | there" in lines


def test_a_changed_value_is_found(previews: Previews) -> None:
    type_ = "aws:s3/bucketVersioning:BucketVersioning"
    suspended = step_of(previews["dev"], "models-versioning", type_).new | {"versioningConfiguration": {"status": "Suspended"}}
    (found,) = compare(previews["dev"], edited(previews["dev"], "models-versioning", type_, new=suspended)).shape
    assert str(found) == f'models-versioning ({type_}), versioningConfiguration.status: "Enabled" | "Suspended"'


def test_one_instance_of_a_group_that_differs_is_found(previews: Previews) -> None:
    type_, name = "aws:ec2/subnet:Subnet", "network-private-euc1-az2"
    public = step_of(previews["prod"], name, type_).new | {"mapPublicIpOnLaunch": True}
    (found,) = compare(previews["staging"], edited(previews["prod"], name, type_, new=public)).shape
    assert (found.name, found.path) == ("network-private-<zone>", "mapPublicIpOnLaunch")


def test_a_reference_to_another_resource_is_found(previews: Previews) -> None:
    """Ids are other ones in each environment; what they stand for is not."""
    type_, name = "aws:ec2/route:Route", "network-private-euc1-az1-internet"
    gateway = step_of(previews["prod"], "network-internet", "aws:ec2/internetGateway:InternetGateway").id
    public = step_of(previews["prod"], name, type_).new | {"natGatewayId": gateway}
    (found,) = compare(previews["dev"], edited(previews["prod"], name, type_, new=public)).shape
    assert found.path == "natGatewayId"
    assert found.values == ('"<network-nat-<zone>>"', '"<network-internet>", "<network-nat-<zone>>"')


RULE_FILE = "aws:amp/ruleGroupNamespace:RuleGroupNamespace"
LIMITS = "groups:\n- name: limits\n  interval: 1m\n  rules:\n  - record: commonground:team_series:limit\n    expr: vector(1)\n"
LIKE_SCALE = [
    ("general-hint-label/commonground.dev/purpose", "aws:autoscaling/tag:Tag", ("tag", "value"), "gpu"),
    ("shop/shop-reserved", "kubernetes:core/v1:ResourceQuota", ("spec", "hard", "pods"), "5"),
    ("shop/shop-jobs", "kubernetes:core/v1:Namespace", ("metadata", "labels", "commonground.dev/team"), "payments"),
    ("metrics-rules-drift", RULE_FILE, ("data",), "groups: []\n"),
    ("metrics-rules-limits", RULE_FILE, ("data",), LIMITS.replace("vector(1)", "vector(1) or vector(2)")),
]


@pytest.mark.parametrize(("name", "type_", "path", "value"), LIKE_SCALE, ids=[row[0] for row in LIKE_SCALE])
def test_a_value_that_only_looks_like_one_of_scales_is_found(previews: Previews, name: str, type_: str, path: tuple[str, ...], value: str) -> None:
    new = copy.deepcopy(step_of(previews["prod"], name, type_).new)
    place = new
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    (found,) = compare(previews["staging"], edited(previews["prod"], name, type_, new=new)).shape
    assert found.path == ".".join(path)


def test_nodes_in_another_security_group_than_the_clusters_are_found(previews: Previews) -> None:
    name, type_ = "system-template", "aws:ec2/launchTemplate:LaunchTemplate"
    open_to_all = step_of(previews["prod"], name, type_).new | {"vpcSecurityGroupIds": ["sg-open"]}
    (found,) = compare(previews["staging"], edited(previews["prod"], name, type_, new=open_to_all)).shape
    assert found.path == "vpcSecurityGroupIds[0]"


def test_another_tag_of_a_mirrored_image_is_found_and_the_environments_own_repository_is_not(previews: Previews) -> None:
    name, type_ = "accelerators-dcgm-exporter", "kubernetes:apps/v1:DaemonSet"
    new = copy.deepcopy(step_of(previews["prod"], name, type_).new)
    (container,) = new["spec"]["template"]["spec"]["containers"]
    assert "/prod/mirror/" in container["image"]
    container["image"] = container["image"].rpartition(":")[0] + ":latest"
    (found,) = compare(previews["dev"], edited(previews["prod"], name, type_, new=new)).shape
    assert found.path == "spec.template.spec.containers[0].image"


def test_another_parent_is_found(previews: Previews) -> None:
    type_ = "aws:s3/bucketVersioning:BucketVersioning"
    elsewhere = step_of(previews["dev"], "models", "commonground:storage:Bucket").parent
    (found,) = compare(previews["staging"], edited(previews["dev"], "models-versioning", type_, parent=elsewhere)).shape
    assert (found.path, found.values) == (PARENT, ("models", "storage"))


def test_it_says_what_scale_bindings_and_lock_move(previews: Previews) -> None:
    lines = render(compare(previews["prod"], previews[FAR])).splitlines()
    assert "  scale: network-nat-<zone> (aws:ec2/natGateway:NatGateway): 3 | 1" in lines
    assert "  bindings: cluster-access-operators-<principal> (aws:eks/accessEntry:AccessEntry): 1 | 2" in lines
    assert any(line.startswith("  bindings: account part") and line.endswith("the resource: there | nothing") for line in lines)
    assert '  lock: Kubernetes version: cluster (aws:eks/cluster:Cluster), version: "1.36" | "1.35"' in lines
    order = [line.split(":")[0].strip() for line in lines[1:]]
    assert order == sorted(order, key=["scale", "bindings", "lock"].index)


@pytest.mark.parametrize(("second", "code"), [("staging", 0), (PLANTED, 1)])
def test_the_command_ends_with_1_on_a_difference_of_shape(
    previews: Previews, second: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Planned:
        """A run that was made before."""

        project = None

        def __init__(self, name: str) -> None:
            self.name = name

        def __enter__(self) -> "tuple[Planned, Any]":
            return self, SimpleNamespace(finish=lambda: None)

        def __exit__(self, *problem: object) -> None:
            pass

        def preview(self, *, offline: bool) -> Any:
            assert offline
            return SimpleNamespace(steps=previews[self.name][1])

    monkeypatch.setattr(options, "check_settings", lambda project, name, offline: None)
    monkeypatch.setattr(options, "run", lambda _, __, name, offline, check: Planned(name))
    monkeypatch.setattr("commonground.preview.Facts.read", lambda project, name: previews[name][0])
    assert run(["parity", "prod", second]) == code
    assert capsys.readouterr().out == render(compare(previews["prod"], previews[second]))
