"""Traps of EKS, and what one life a type does not show."""

import json
from typing import Any

import pytest

from commonground.local.providers.values import UNKNOWN
from tests.local.providers.aws.conftest import Engine
from tests.local.providers.aws.lives_eks import cluster, cluster_inputs
from tests.local.providers.aws.planning import planned
from tests.local.providers.aws.refusals import change, refusals

CLUSTER = "aws:eks/cluster:Cluster"
NODES = "aws:eks/nodeGroup:NodeGroup"
ADDON = "aws:eks/addon:Addon"
ROLE = "arn:aws:iam::123456789012:role/eks"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"


def cluster_with(vpc: dict[str, Any] | None = None, **inputs: Any) -> dict[str, Any]:
    return {"name": "shop", "roleArn": ROLE, "vpcConfig": {"subnetIds": ["subnet-1", "subnet-2"], **(vpc or {})}, **inputs}


def nodes_with(**inputs: Any) -> dict[str, Any]:
    scaling = {"minSize": 0, "desiredSize": 0, "maxSize": 3}
    return {"clusterName": "shop", "nodeRoleArn": ROLE, "subnetIds": ["subnet-1"], "scalingConfig": scaling, **inputs}


def encrypted(key: str) -> dict[str, Any]:
    return {"provider": {"keyArn": key}, "resources": ["secrets"]}


@pytest.mark.parametrize(
    ("inputs", "refusal"),
    [
        (cluster_with(version="1.3"), "version: '1.3' is not a Kubernetes version like 1.35"),
        (cluster_with(version="v1.35"), "version: 'v1.35' is not"),
        (cluster_with({"subnetIds": []}), "vpcConfig.subnetIds: is empty"),
        (cluster_with({"publicAccessCidrs": ["0.0.0.0/0", "10.0.0.1/8"]}), "vpcConfig.publicAccessCidrs[1]: '10.0.0.1/8' has bits set"),
        (cluster_with({"publicAccessCidrs": ["office"]}), "vpcConfig.publicAccessCidrs[0]: 'office' is not an IPv4 range"),
        (cluster_with({"endpointPublicAccess": False}), "vpcConfig.endpointPrivateAccess: a cluster needs"),
        (cluster_with({"endpointPublicAccess": "false", "endpointPrivateAccess": False}), "vpcConfig.endpointPrivateAccess: a cluster needs"),
        (cluster_with(roleArn="eks"), "roleArn: 'eks' is not the ARN of a role"),
    ],
)
def test_a_cluster_that_eks_refuses_is_refused(inputs: dict[str, Any], refusal: str) -> None:
    (found,) = refusals(CLUSTER, inputs)
    assert found.startswith(refusal)


def test_a_cluster_that_eks_takes_is_taken() -> None:
    ranges = {"publicAccessCidrs": ["203.0.113.0/24", "2001:db8::/32", UNKNOWN]}
    assert refusals(CLUSTER, cluster_with(ranges, version="1.35")) == []
    assert refusals(CLUSTER, cluster_with({"endpointPrivateAccess": True, "endpointPublicAccess": False}, version=UNKNOWN)) == []
    assert refusals(CLUSTER, cluster_with({"endpointPrivateAccess": UNKNOWN, "endpointPublicAccess": False})) == []
    assert refusals(CLUSTER, {"name": "shop", "roleArn": UNKNOWN, "vpcConfig": {"subnetIds": UNKNOWN, "publicAccessCidrs": UNKNOWN}}) == []


def test_an_endpoint_that_is_left_out_is_the_public_one() -> None:
    _, outputs = planned(CLUSTER, cluster_with())
    assert outputs["vpcConfig"]["endpointPublicAccess"] is True
    assert outputs["vpcConfig"]["endpointPrivateAccess"] is False
    assert change(CLUSTER, cluster_with(), cluster_with({"endpointPublicAccess": True})) == (set(), set())


def test_an_endpoint_that_is_taken_out_of_the_program_is_public_again(engine: Engine) -> None:
    made = cluster(engine)
    program = {**made.inputs, "vpcConfig": {"subnetIds": made.inputs["vpcConfig"]["subnetIds"]}}
    engine.update(made, program)
    found = engine.client("eks").describe_cluster(name=made.id)["cluster"]["resourcesVpcConfig"]
    assert (found["endpointPublicAccess"], found["endpointPrivateAccess"]) == (True, False)


def test_encryption_replaces_a_cluster_only_where_it_is_taken_away() -> None:
    one, other = (cluster_with(encryptionConfig=encrypted(key)) for key in (KEY, KEY.replace("0", "1")))
    assert change(CLUSTER, one, cluster_with()) == ({"encryptionConfig"}, {"encryptionConfig"})
    assert change(CLUSTER, cluster_with(), one) == ({"encryptionConfig"}, set())
    assert change(CLUSTER, one, other) == ({"encryptionConfig"}, set())


def test_encryption_comes_to_a_cluster_that_is_there_and_another_key_is_sent_nowhere(engine: Engine) -> None:
    keys = [engine.client("kms").create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    inputs = cluster_inputs(engine)
    made = engine.create(CLUSTER, inputs)
    for key in keys:
        outputs = engine.update(made, {**inputs, "encryptionConfig": encrypted(key)})
        assert outputs["encryptionConfig"]["provider"]["keyArn"] == keys[0]
    (found,) = engine.client("eks").describe_cluster(name=made.id)["cluster"]["encryptionConfig"]
    assert found["provider"]["keyArn"] == keys[0]


@pytest.mark.parametrize(
    ("inputs", "refusal"),
    [
        (nodes_with(labels={"a b": "x"}), "labels: key 'a b' is not a label's"),
        (nodes_with(labels={"a": 5}), "labels.a: expected text, got int 5"),
        (nodes_with(labels={"a": "x y"}), "labels.a: 'x y' is not a label's value"),
        (nodes_with(labels={"a": "x" * 64}), "labels.a: is 64 characters, expected at most 63"),
        (nodes_with(labels=["a"]), "labels: expected a map"),
        (nodes_with(version="1.36.1"), "version: '1.36.1' is not"),
        (nodes_with(subnetIds=[]), "subnetIds: is empty"),
        (nodes_with(instanceTypes=["m7i.large", "m7i"]), "instanceTypes[1]: 'm7i' is not an instance type"),
        (nodes_with(nodeRoleArn="arn:aws:iam::123456789012:instance-profile/x"), "nodeRoleArn: 'arn"),
    ],
)
def test_a_node_group_that_eks_refuses_is_refused(inputs: dict[str, Any], refusal: str) -> None:
    (found,) = refusals(NODES, inputs)
    assert found.startswith(refusal)


def test_a_node_group_that_eks_takes_is_taken() -> None:
    labels = {"node.example.com/pool": "gpu", "team": UNKNOWN, "a": "x_y.z-1"}
    types = ["p4de.24xlarge", "u-6tb1.metal", "m7i.metal-24xl", "trn1n.32xlarge", UNKNOWN]
    assert refusals(NODES, nodes_with(labels=labels, instanceTypes=types, version="1.35")) == []


@pytest.mark.parametrize(("values", "reason"), [("{", "is not JSON"), ("[]", "is not a JSON object: []"), ('"a"', "is not a JSON object")])
def test_the_values_of_an_addon_are_an_object(values: str, reason: str) -> None:
    (found,) = refusals(ADDON, {"clusterName": "shop", "addonName": "vpc-cni", "configurationValues": values})
    assert reason in found
    assert refusals(ADDON, {"clusterName": "shop", "addonName": "vpc-cni", "configurationValues": json.dumps({"env": {}})}) == []
