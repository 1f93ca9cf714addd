"""Traps of launch templates, and what one life a type does not show."""

from typing import Any

import pytest

from commonground.local.providers.values import UNKNOWN
from tests.local.providers.aws.conftest import Engine, Made
from tests.local.providers.aws.lives_compute import template_inputs
from tests.local.providers.aws.planning import planned

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def refused(engine: Engine, inputs: dict[str, Any]) -> dict[str, str]:
    _, _, failures = engine.check(TEMPLATE, inputs)
    return {failure.property: failure.reason for failure in failures}


def previewed(engine: Engine, made: Made, inputs: dict[str, Any]) -> dict[str, Any]:
    _, checked, _ = engine.check(TEMPLATE, inputs, made)
    return engine.stand_in.update(made.subject, made.id, made.outputs, made.inputs, checked, preview=True)


def test_a_change_makes_a_version_that_its_preview_does_not_know_yet(engine: Engine) -> None:
    inputs = template_inputs(engine)
    made = engine.create(TEMPLATE, inputs)
    preview = previewed(engine, made, {**inputs, "monitoring": {"enabled": False}})
    assert (preview["latestVersion"], preview["defaultVersion"]) == (UNKNOWN, UNKNOWN)


def test_without_update_default_version_the_default_stays_and_is_known(engine: Engine) -> None:
    inputs = {name: value for name, value in template_inputs(engine).items() if name != "updateDefaultVersion"}
    made = engine.create(TEMPLATE, inputs)
    changed = {**inputs, "monitoring": {"enabled": False}}
    assert previewed(engine, made, changed)["defaultVersion"] == 1
    outputs = engine.update(made, changed)
    assert (outputs["latestVersion"], outputs["defaultVersion"]) == (2, 1)
    assert engine.update(made, {**changed, "defaultVersion": 2})["defaultVersion"] == 2


def test_tags_alone_make_no_version_but_their_preview_does_not_know_that(engine: Engine) -> None:
    inputs = template_inputs(engine)
    made = engine.create(TEMPLATE, inputs)
    changed = {**inputs, "tags": {"c": "3"}}
    assert previewed(engine, made, changed)["latestVersion"] == UNKNOWN
    assert engine.update(made, changed)["latestVersion"] == 1


def test_a_description_makes_a_version(engine: Engine) -> None:
    inputs = template_inputs(engine)
    made = engine.create(TEMPLATE, inputs)
    changed = {**inputs, "description": "Other nodes"}
    assert previewed(engine, made, changed)["latestVersion"] == 1
    assert engine.update(made, changed)["latestVersion"] == 2


def test_booleans_may_be_given_as_booleans_or_as_text(engine: Engine) -> None:
    for spelled in (True, "true"):
        inputs = {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 50, "encrypted": spelled}}], "ebsOptimized": spelled}
        made = engine.create(TEMPLATE, inputs)
        refreshed = engine.refreshed_inputs(made)
        assert refreshed is not None
        assert not engine.stand_in.diff(made.subject, made.id, refreshed, made.inputs).changes


def test_security_groups_of_a_template_reach_the_cloud(engine: Engine) -> None:
    made = engine.create(TEMPLATE, {"vpcSecurityGroupIds": ["sg-2", "sg-1"]})
    version = engine.client("ec2").describe_launch_template_versions(LaunchTemplateId=made.id, Versions=["$Latest"])["LaunchTemplateVersions"][0]
    assert version["LaunchTemplateData"]["SecurityGroupIds"] == ["sg-2", "sg-1"]
    assert not engine.diff(made, {"vpcSecurityGroupIds": ["sg-1", "sg-2"]}).changes


def test_fabric_adapters_of_every_network_card_come_back_as_given(engine: Engine) -> None:
    groups = {"securityGroups": ["sg-2", "sg-1"], "deleteOnTermination": "true"}
    interfaces = [
        {"deviceIndex": 0, "networkCardIndex": 0, "interfaceType": "interface", **groups},
        {"deviceIndex": 1, "networkCardIndex": 0, "interfaceType": "efa-only", **groups},
        *({"deviceIndex": 0, "networkCardIndex": card, "interfaceType": "efa-only", **groups} for card in (1, 2, 3)),
    ]
    made = engine.create(TEMPLATE, {"networkInterfaces": interfaces})
    assert made.outputs["networkInterfaces"] == interfaces
    refreshed = engine.refreshed_inputs(made)
    assert refreshed is not None
    assert not engine.stand_in.diff(made.subject, made.id, refreshed, made.inputs).changes
    assert previewed(engine, made, {"networkInterfaces": interfaces[:-1]})["latestVersion"] == UNKNOWN


@pytest.mark.parametrize(
    ("inputs", "property_"),
    [
        ({"userData": "#!/bin/bash"}, "userData"),
        ({"vpcSecurityGroupIds": ["sg-1"], "networkInterfaces": [{"deviceIndex": 0}]}, "vpcSecurityGroupIds"),
        ({"defaultVersion": 1, "updateDefaultVersion": True}, "defaultVersion"),
        ({"instanceType": "m7i.large", "instanceRequirements": {"vcpuCount": {"min": 1}, "memoryMib": {"min": 1}}}, "instanceRequirements"),
        ({"instanceType": "m7i.largish"}, "instanceType"),
        ({"blockDeviceMappings": [{"ebs": {"volumeType": "gp9"}}]}, "blockDeviceMappings[0].ebs.volumeType"),
        ({"metadataOptions": {"httpToken": "required"}}, "metadataOptions.httpToken"),
        ({"networkInterfaces": [{"ipv4Addresses": ["10.0.0.1"]}]}, "networkInterfaces[0].ipv4Addresses"),
        ({"networkInterfaces": [{"ipv6Prefixes": ["2001:db8::/80"]}]}, "networkInterfaces[0].ipv6Prefixes[0]"),
        ({"networkInterfaces": [{"interfaceType": "efs"}]}, "networkInterfaces[0].interfaceType"),
        ({"networkInterfaces": [{"interfaceType": "efa-only", "deviceIndex": 0}]}, "networkInterfaces[0].interfaceType"),
        ({"networkInterfaces": [{"deviceIndex": 1}, {"deviceIndex": 1, "networkCardIndex": 0}]}, "networkInterfaces[1].deviceIndex"),
        ({"name": "it"}, "name"),
    ],
)
def test_what_ec2_would_refuse_is_refused_where_it_stands(inputs: dict[str, Any], property_: str, engine: Engine) -> None:
    assert list(refused(engine, inputs)) == [property_]


REQUIREMENTS = {
    "vcpuCount": {"min": 4, "max": 8},
    "memoryMib": {"min": 16384},
    "acceleratorTotalMemoryMib": {"min": 1024},
    "memoryGibPerVcpu": {"min": 2.0},
    "totalLocalStorageGb": {"min": 100.0},
    "instanceGenerations": ["current"],
}


def test_nested_names_come_back_as_pulumi_spells_them(engine: Engine) -> None:
    inputs = {
        "instanceRequirements": REQUIREMENTS,
        "privateDnsNameOptions": {"hostnameType": "ip-name", "enableResourceNameDnsARecord": True, "enableResourceNameDnsAaaaRecord": False},
    }
    made = engine.create(TEMPLATE, inputs)
    found = engine.read(made)
    assert found is not None
    assert found["instanceRequirements"] == REQUIREMENTS
    assert found["privateDnsNameOptions"] == inputs["privateDnsNameOptions"]


def test_a_plan_counts_versions() -> None:
    id_, outputs = planned(TEMPLATE, {"instanceType": "m7i.large"})
    assert id_.startswith("lt-")
    assert (outputs["latestVersion"], outputs["defaultVersion"]) == (1, 1)
    assert outputs["arn"] == f"arn:aws:ec2:eu-central-1:123456789012:launch-template/{id_}"
