"""What a user can rely on of a pool."""

from typing import Any

import pulumi
import pytest
from pydantic import ValidationError
from tests.components import factory
from tests.components.stage import Stage, stage

from commonground.cluster import ExistingCluster
from commonground.efa import UnfitForEfaError
from commonground.pools import HINTS, NoSubnetError, Pool
from commonground.settings.ami import AmiType
from commonground.settings.base import Accelerator, Architecture, Capacity, Gpus, PoolPurpose, SharingStrategy
from commonground.settings.environment import PoolSettings, SharingSettings

GROUP = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
TAG = "aws:autoscaling/tag:Tag"

GPU = PoolPurpose.GPU

SUBNETS = {"euc1-az1": "subnet-1", "euc1-az2": "subnet-2", "euc1-az3": "subnet-3"}


def existing(**changes: Any) -> ExistingCluster:
    values: dict[str, Any] = {"name": "shared", "arn": "arn", "security_group_id": "sg-cluster", "subnet_ids": SUBNETS, "node_role_arn": "role"}
    return ExistingCluster(**{**values, **changes})


def deployed(settings: PoolSettings, cluster: ExistingCluster | None = None, **arguments: Any) -> Stage:
    return stage(lambda: Pool(settings.name, settings, cluster=cluster or existing(), **arguments))


def hinted(made: Stage) -> dict[str, str]:
    return {one.inputs["tag"]["key"]: one.inputs["tag"]["value"] for one in made.all(TAG).values()}


def test_instance_metadata_wants_a_token_and_is_out_of_reach_for_pods() -> None:
    options = deployed(factory.pool()).one(TEMPLATE).inputs["metadataOptions"]
    assert (options["httpTokens"], options["httpPutResponseHopLimit"]) == ("required", 1)


def test_the_root_volume_is_encrypted_and_of_the_size_that_is_set() -> None:
    (device,) = deployed(factory.pool(root_volume_gib=200)).one(TEMPLATE).inputs["blockDeviceMappings"]
    assert device["deviceName"] == "/dev/xvda"
    assert device["ebs"] == {"volumeType": "gp3", "volumeSize": 200, "encrypted": "true", "deleteOnTermination": "true"}


def test_what_ec2_makes_carries_the_clusters_tags_and_the_pools_name() -> None:
    made = deployed(factory.pool("general"), existing(tags={"commonground:environment": "dev", "Name": "cluster"}))
    specifications = {one["resourceType"]: one["tags"] for one in made.one(TEMPLATE).inputs["tagSpecifications"]}
    assert set(specifications) == {"instance", "volume", "network-interface"}
    assert specifications["volume"] == {"commonground:environment": "dev", "Name": "general", "commonground.dev/pool": "general"}


def test_a_template_names_the_clusters_security_group_beside_the_users() -> None:
    made = deployed(factory.pool(), security_group_ids=["sg-database"])
    assert made.one(TEMPLATE).inputs["vpcSecurityGroupIds"] == ["sg-cluster", "sg-database"]


def test_a_change_of_the_template_reaches_the_nodes() -> None:
    made = deployed(factory.pool())
    assert made.one(TEMPLATE).inputs["updateDefaultVersion"] is True
    assert made.one(GROUP).inputs["launchTemplate"] == {"id": "general-template-id", "version": "3"}


@pytest.mark.parametrize(
    ("changes", "ami"),
    [
        ({}, "AL2023_x86_64_STANDARD"),
        (
            {"architecture": Architecture.ARM64, "instance_types": (factory.instance_type("m7g.large", architecture=Architecture.ARM64),)},
            "AL2023_ARM_64_STANDARD",
        ),
        ({"purpose": GPU}, "AL2023_x86_64_NVIDIA"),
    ],
)
def test_the_image_follows_architecture_and_accelerator_and_its_release_is_pinned(changes: dict[str, Any], ami: str) -> None:
    group = deployed(factory.pool("some", **changes)).one(GROUP).inputs
    assert (group["amiType"], group["releaseVersion"], group["version"]) == (ami, "1.36.0-20260101", "1.36")


def test_nodes_are_only_in_the_pools_zones() -> None:
    assert deployed(factory.pool(zones=("euc1-az3", "euc1-az1"))).one(GROUP).inputs["subnetIds"] == ["subnet-3", "subnet-1"]


def test_subnets_may_be_another_stacks_output() -> None:
    cluster = existing(subnet_ids=pulumi.Output.from_input(SUBNETS))
    assert deployed(factory.pool(zones=("euc1-az2",)), cluster).one(GROUP).inputs["subnetIds"] == ["subnet-2"]


def test_a_zone_without_a_subnet_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(NoSubnetError, match=r"'gpu'.*euc1-az1, euc1-az2, euc1-az3.*'euc1-az9'"):
        deployed(factory.pool("gpu", GPU, zones=("euc1-az9",)))


def test_the_autoscaler_moves_desired_until_the_pool_is_to_be_resized() -> None:
    assert "scalingConfig.desiredSize" in deployed(factory.pool()).one(GROUP).ignored
    resized = deployed(factory.pool(min=3, desired=3, resize=True)).one(GROUP)
    assert "scalingConfig.desiredSize" not in resized.ignored
    assert resized.inputs["scalingConfig"] == {"minSize": 3, "desiredSize": 3, "maxSize": 4}


def test_a_zone_that_is_added_replaces_no_nodes_until_it_is_asked_for() -> None:
    assert "subnetIds" in deployed(factory.pool()).one(GROUP).ignored
    assert "subnetIds" not in deployed(factory.pool(rezone=True)).one(GROUP).ignored


@pytest.mark.parametrize(("capacity", "type_"), [(Capacity.ON_DEMAND, "ON_DEMAND"), (Capacity.SPOT, "SPOT")])
def test_capacity_is_bought_as_set_and_sick_nodes_are_replaced(capacity: Capacity, type_: str) -> None:
    group = deployed(factory.pool(capacity=capacity)).one(GROUP).inputs
    assert group["capacityType"] == type_
    assert group["nodeRepairConfig"] == {"enabled": True}


def test_a_gpu_node_goes_before_its_successor_comes() -> None:
    assert deployed(factory.pool("gpu", GPU)).one(GROUP).inputs["updateConfig"] == {"maxUnavailable": 1, "updateStrategy": "MINIMAL"}


def test_a_node_group_has_no_given_name_so_that_its_successor_is_there_first() -> None:
    group = deployed(factory.pool()).one(GROUP).inputs
    assert not {"nodeGroupName", "nodeGroupNamePrefix"} & set(group)


def test_only_gpu_pools_keep_other_pods_away() -> None:
    assert deployed(factory.pool("gpu", GPU)).one(GROUP).inputs["taints"] == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}]
    assert not deployed(factory.pool("system", PoolPurpose.SYSTEM)).one(GROUP).inputs.get("taints")


def test_labels_say_pool_purpose_and_gpu_model() -> None:
    assert deployed(factory.pool("gpu", GPU)).one(GROUP).inputs["labels"] == {
        "commonground.dev/pool": "gpu",
        "commonground.dev/purpose": "gpu",
        "k8s.amazonaws.com/accelerator": "nvidia-l4",
        "commonground.dev/gpu-product": "l4",
        "commonground.dev/gpu-memory-mib": "22888",
    }


def test_a_pool_of_two_gpu_models_is_labelled_by_their_maker_only() -> None:
    mixed = factory.pool("gpu", GPU, instance_types=(factory.gpu_type(), factory.gpu_type("g5.xlarge", model="A10G")))
    labels = deployed(mixed).one(GROUP).inputs["labels"]
    assert labels["k8s.amazonaws.com/accelerator"] == "nvidia"
    assert "commonground.dev/gpu-product" not in labels


def test_of_several_gpus_the_least_memory_is_promised() -> None:
    small, large = (
        factory.instance_type(name, gpus=Gpus(count=1, model="any", memory_mib=memory)) for name, memory in (("g6.xlarge", 22888), ("g6e.xlarge", 45776))
    )
    labels = deployed(factory.pool("gpu", GPU, instance_types=(large, small))).one(GROUP).inputs["labels"]
    assert labels["commonground.dev/gpu-memory-mib"] == "22888"


def test_the_autoscaler_is_told_of_a_gpu_node_before_there_is_one() -> None:
    made = deployed(factory.pool("gpu", GPU))
    assert hinted(made) == {
        f"{HINTS}label/commonground.dev/pool": "gpu",
        f"{HINTS}label/commonground.dev/purpose": "gpu",
        f"{HINTS}label/k8s.amazonaws.com/accelerator": "nvidia-l4",
        f"{HINTS}label/commonground.dev/gpu-product": "l4",
        f"{HINTS}label/commonground.dev/gpu-memory-mib": "22888",
        f"{HINTS}taint/nvidia.com/gpu": "true:NoSchedule",
        f"{HINTS}resources/nvidia.com/gpu": "1",
        f"{HINTS}resources/ephemeral-storage": "100Gi",
    }
    assert {one.inputs["autoscalingGroupName"] for one in made.all(TAG).values()} == {"eks-gpu-nodes-asg"}


def test_hints_say_exactly_what_the_nodes_will_carry() -> None:
    made = deployed(factory.pool("gpu", GPU))
    group, told = made.one(GROUP).inputs, hinted(made)
    assert all(told[f"{HINTS}label/{label}"] == value for label, value in group["labels"].items())
    assert [key for key in told if key.startswith(f"{HINTS}taint/")] == [f"{HINTS}taint/{taint['key']}" for taint in group["taints"]]


def test_of_several_instance_types_the_fewest_gpus_are_promised() -> None:
    mixed = factory.pool("gpu", GPU, instance_types=(factory.gpu_type("g6.12xlarge", count=4), factory.gpu_type("g6.48xlarge", count=8)))
    assert hinted(deployed(mixed))[f"{HINTS}resources/nvidia.com/gpu"] == "4"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"purpose": GPU, "instance_types": (factory.instance_type("m7i.large"),)}, "instance types with GPUs, found m7i.large"),
        ({"purpose": GPU, "accelerator": None}, "needs an accelerator"),
        ({"instance_types": (factory.gpu_type(),)}, "without GPUs, which nothing would use, found g6.xlarge"),
        ({"instance_types": (factory.instance_type("m7g.large", architecture=Architecture.ARM64),)}, r"architecture x86_64, found m7g.large \(arm64\)"),
        ({"ami_type": AmiType.AL2023_ARM_64_STANDARD}, "AMI type AL2023_x86_64_STANDARD, found AL2023_ARM_64_STANDARD"),
        ({"min": 3, "desired": 2}, "min <= desired <= max, found 3, 2, 4"),
        ({"desired": 5}, "min <= desired <= max, found 2, 5, 4"),
        ({"zones": ()}, "at least one zone"),
    ],
)
def test_a_pool_that_could_not_work_is_refused_by_name(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=f"pool 'odd'.*{words}"):
        factory.pool("odd", **changes)


def test_gpu_instances_may_serve_a_pool_that_is_not_kept_for_gpu_work() -> None:
    notebooks = factory.pool("notebooks", accelerator=Accelerator.NVIDIA, instance_types=(factory.gpu_type(),))
    made = deployed(notebooks)
    assert made.one(GROUP).inputs["amiType"] == "AL2023_x86_64_NVIDIA"
    assert hinted(made)[f"{HINTS}resources/nvidia.com/gpu"] == "1"


@pytest.mark.parametrize(
    ("sharing", "gpus"),
    [(SharingSettings(strategy=SharingStrategy.TIME_SLICING, replicas=4), "32"), (SharingSettings(strategy=SharingStrategy.MIG, profile="1g.10gb"), "56")],
)
def test_the_autoscaler_counts_gpus_as_pods_get_them(sharing: SharingSettings, gpus: str) -> None:
    eight = factory.instance_type("p5.48xlarge", gpus=Gpus(count=8, model="H100", memory_mib=81920))
    assert hinted(deployed(factory.pool("gpu", GPU, sharing=sharing, instance_types=(eight,))))[f"{HINTS}resources/nvidia.com/gpu"] == gpus


@pytest.mark.parametrize(
    ("sharing", "shared"),
    [
        (SharingSettings(), None),
        (SharingSettings(strategy=SharingStrategy.TIME_SLICING, replicas=4), "true"),
        (SharingSettings(strategy=SharingStrategy.MPS, replicas=4), "true"),
        (SharingSettings(strategy=SharingStrategy.MIG, profile="1g.10gb"), None),
    ],
    ids=["whole", "in turns", "by MPS", "cut"],
)
def test_nodes_say_whether_a_gpu_is_a_share_of_which_a_pod_gets_one(sharing: SharingSettings, shared: str | None) -> None:
    eight = factory.instance_type("p5.48xlarge", gpus=Gpus(count=8, model="H100", memory_mib=81920))
    made = deployed(factory.pool("gpu", GPU, sharing=sharing, instance_types=(eight,)))
    assert made.one(GROUP).inputs["labels"].get("commonground.dev/gpu-shared") == shared


def test_memory_of_a_part_is_promised_where_gpus_are_cut() -> None:
    eight = factory.instance_type("p5.48xlarge", gpus=Gpus(count=8, model="H100", memory_mib=81920))
    cut = factory.pool("gpu", GPU, sharing=SharingSettings(strategy=SharingStrategy.MIG, profile="1g.10gb"), instance_types=(eight,))
    assert deployed(cut).one(GROUP).inputs["labels"]["commonground.dev/gpu-memory-mib"] == "10240"


def training(*types: tuple[str, int], **changes: Any) -> PoolSettings:
    """A pool with EFA, of instance types with so many adapters."""
    kinds = tuple(factory.gpu_type(name, model="H100", count=8).model_copy(update={"efa": efa}) for name, efa in types)
    return factory.pool("train", GPU, efa=True, instance_types=kinds, **changes)


def test_with_efa_every_adapter_is_there_beside_one_ordinary_interface() -> None:
    template = deployed(training(("p4d.24xlarge", 4)), security_group_ids=["sg-data"]).one(TEMPLATE).inputs
    placed = [(one["interfaceType"], one["networkCardIndex"], one["deviceIndex"]) for one in template["networkInterfaces"]]
    assert placed == [("interface", 0, 0), ("efa-only", 0, 1), ("efa-only", 1, 0), ("efa-only", 2, 0), ("efa-only", 3, 0)]
    assert {tuple(one["securityGroups"]) for one in template["networkInterfaces"]} == {("sg-cluster", "sg-data")}
    assert "vpcSecurityGroupIds" not in template


def test_an_instance_whose_first_card_has_no_efa_gets_its_adapters_on_the_others() -> None:
    interfaces = deployed(training(("p6-b300.48xlarge", 16))).one(TEMPLATE).inputs["networkInterfaces"]
    assert [one["networkCardIndex"] for one in interfaces if one["interfaceType"] == "efa-only"] == list(range(1, 17))


def test_nodes_with_efa_are_in_one_zone_and_the_autoscaler_knows_what_they_bring() -> None:
    made = deployed(training(("p5.48xlarge", 32)))
    assert made.one(GROUP).inputs["subnetIds"] == ["subnet-1"]
    assert made.one(GROUP).inputs["labels"]["commonground.dev/efa"] == "true"
    told = hinted(made)
    assert (told[f"{HINTS}resources/vpc.amazonaws.com/efa"], told[f"{HINTS}resources/hugepages-2Mi"]) == ("32", "10256Mi")


def test_instance_types_that_one_template_cannot_serve_are_refused_with_their_adapters() -> None:
    with pytest.raises(UnfitForEfaError, match=r"'train'.*p4d\.24xlarge \(4\), p5\.48xlarge \(32\)"):
        deployed(training(("p4d.24xlarge", 4), ("p5.48xlarge", 32)))
    with pytest.raises(UnfitForEfaError, match=r"g6\.xlarge \(0\)"):
        deployed(training(("g6.xlarge", 0)))


def test_a_pool_without_efa_has_no_interfaces_of_its_own() -> None:
    assert "networkInterfaces" not in deployed(factory.pool("gpu", GPU)).one(TEMPLATE).inputs


def test_a_users_transform_reaches_the_node_group() -> None:
    def forced(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != GROUP:
            return None
        return pulumi.ResourceTransformResult({**args.props, "forceUpdateVersion": True}, args.opts)

    made = deployed(factory.pool(), opts=pulumi.ResourceOptions(transforms=[forced]))
    assert made.one(GROUP).inputs["forceUpdateVersion"] is True


def test_it_runs_under_pulumis_plain_mocks_as_users_test_theirs(deploy: Any) -> None:
    graph = deploy(lambda: Pool("gpu", factory.pool("gpu", GPU), cluster=existing()))
    assert graph.one(GROUP)["clusterName"] == "shared"
