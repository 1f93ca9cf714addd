"""What plain boto3 sees of the pools after `up local`: node groups, launch templates, auto scaling groups."""

import base64
from dataclasses import dataclass
from typing import Any

import pytest

from tests.foundation.checkout import TAGS, Aws, tags
from tests.foundation.test_cluster import CLUSTER

pytestmark = [pytest.mark.engine, pytest.mark.cloud]

HINT = "k8s.io/cluster-autoscaler/node-template/"


@dataclass(frozen=True)
class Expected:
    """A pool by blueprint and scale."""

    ami_type: str
    capacity: str
    instance_types: list[str]
    sizes: tuple[int, int, int]
    volume_gib: int


POOLS = {
    "system": Expected("AL2023_x86_64_STANDARD", "ON_DEMAND", ["m7i.large"], (2, 2, 3), 50),
    "general": Expected("AL2023_x86_64_STANDARD", "SPOT", ["m7i.xlarge", "m7i.2xlarge"], (1, 1, 3), 100),
    "gpu": Expected("AL2023_x86_64_NVIDIA", "ON_DEMAND", ["g6.xlarge"], (0, 1, 2), 200),
}
each_pool = pytest.mark.parametrize("name", POOLS)


@pytest.fixture(scope="module")
def groups(aws: Aws) -> dict[str, dict[str, Any]]:
    """Node groups by their pool."""
    names = aws.eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]
    found = [aws.eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=name)["nodegroup"] for name in names]
    return {group["labels"]["commonground.dev/pool"]: group for group in found}


Groups = dict[str, dict[str, Any]]


def test_there_is_one_node_group_a_pool(groups: Groups, aws: Aws) -> None:
    assert groups.keys() == POOLS.keys()
    assert len(aws.eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]) == len(POOLS)


@each_pool
def test_a_node_group_is_what_blueprint_scale_and_lock_say(groups: Groups, name: str) -> None:
    group, expected = groups[name], POOLS[name]
    assert (group["status"], group["version"], group["releaseVersion"]) == ("ACTIVE", "1.36", "1.36.0-20260101")
    assert (group["amiType"], group["capacityType"], group["instanceTypes"]) == (expected.ami_type, expected.capacity, expected.instance_types)
    sizes = group["scalingConfig"]
    assert (sizes["minSize"], sizes["desiredSize"], sizes["maxSize"]) == expected.sizes
    assert len(group["subnets"]) == 3
    assert group["nodeRepairConfig"]["enabled"] is True
    assert group["tags"] == {**TAGS, "Name": f"{name}-nodes"}


def test_labels_say_what_a_pool_is_for_and_only_gpu_pools_are_tainted(groups: Groups) -> None:
    assert groups["general"]["labels"] == {"commonground.dev/pool": "general", "commonground.dev/purpose": "general"}
    assert groups["gpu"]["labels"]["k8s.amazonaws.com/accelerator"] == "nvidia-l4"
    assert groups["gpu"]["taints"] == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}]
    assert [groups[name].get("taints", []) for name in ("system", "general")] == [[], []]


@each_pool
def test_a_launch_template_closes_metadata_and_encrypts_the_root_volume(aws: Aws, groups: Groups, name: str) -> None:
    data = template(aws, groups[name])
    options = data["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"], options["HttpEndpoint"]) == ("required", 1, "enabled")
    (device,) = data["BlockDeviceMappings"]
    volume = device["Ebs"]
    assert (volume["VolumeType"], volume["VolumeSize"], volume["Encrypted"], volume["DeleteOnTermination"]) == ("gp3", POOLS[name].volume_gib, True, True)
    own = aws.eks.describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"]
    assert data["SecurityGroupIds"] == [own]
    assert not base64.b64decode(data.get("UserData", ""))
    for kind in ("instance", "volume"):
        (made,) = [specification["Tags"] for specification in data["TagSpecifications"] if specification["ResourceType"] == kind]
        assert {**TAGS, "Name": name, "commonground.dev/pool": name}.items() <= tags(made).items()


@each_pool
def test_an_auto_scaling_group_has_the_pools_sizes(aws: Aws, groups: Groups, name: str) -> None:
    found = scaling_group(aws, groups[name])
    assert (found["MinSize"], found["DesiredCapacity"], found["MaxSize"]) == POOLS[name].sizes


def test_what_scales_from_zero_is_described_by_tags_of_its_group(aws: Aws, groups: Groups) -> None:
    found = {key.removeprefix(HINT): value for key, value in tags(scaling_group(aws, groups["gpu"])["Tags"]).items() if key.startswith(HINT)}
    assert found == {
        "label/commonground.dev/gpu-memory-mib": "22888",
        "label/commonground.dev/gpu-product": "l4",
        "label/commonground.dev/gpu-shared": "true",
        "label/commonground.dev/pool": "gpu",
        "label/commonground.dev/purpose": "gpu",
        "label/k8s.amazonaws.com/accelerator": "nvidia-l4",
        "resources/ephemeral-storage": "200Gi",
        "resources/nvidia.com/gpu": "4",
        "taint/nvidia.com/gpu": "true:NoSchedule",
    }


def template(aws: Aws, group: dict[str, Any]) -> dict[str, Any]:
    """The version of the launch template that a node group runs."""
    which = group["launchTemplate"]
    (found,) = aws.ec2.describe_launch_template_versions(LaunchTemplateId=which["id"], Versions=[which["version"]])["LaunchTemplateVersions"]
    return dict(found["LaunchTemplateData"])


def scaling_group(aws: Aws, group: dict[str, Any]) -> dict[str, Any]:
    """The auto scaling group that EKS made for a node group."""
    (name,) = [made["name"] for made in group["resources"]["autoScalingGroups"]]
    (found,) = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return dict(found)
