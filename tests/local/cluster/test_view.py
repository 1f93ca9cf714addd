"""What the keeper reads of the local cloud."""

import pytest

from commonground.local.cloud import Cloud
from commonground.local.cluster.tokens import caller
from commonground.local.cluster.view import View
from tests.local.cloud.eks.account import Account

pytestmark = pytest.mark.cloud
NUMBER = "555566667777"


@pytest.fixture(scope="module")
def account(local_cloud: Cloud) -> Account:
    return Account(local_cloud.endpoint, number=NUMBER)


@pytest.fixture(scope="module")
def view(local_cloud: Cloud) -> View:
    return View(local_cloud.endpoint, NUMBER, "eu-central-1")


@pytest.fixture(scope="module")
def cluster(account: Account) -> str:
    return account.cluster()


def test_a_node_group_with_all_that_its_nodes_show(account: Account, view: View, cluster: str) -> None:
    interfaces = [
        {"DeviceIndex": 0, "InterfaceType": "interface"},
        *({"DeviceIndex": 1, "NetworkCardIndex": card, "InterfaceType": "efa-only"} for card in (1, 2)),
    ]
    template = account.template(BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 200}}], NetworkInterfaces=interfaces)
    account.pool(
        cluster,
        "gpu",
        launchTemplate={"id": template, "version": "1"},
        instanceTypes=["g6.12xlarge"],
        amiType="AL2023_x86_64_NVIDIA",
        labels={"commonground.dev/pool": "gpu"},
        taints=[{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}],
    )
    (group,) = [group for group in view.groups(cluster) if group.name == "gpu"]
    assert (group.disk_gib, group.efa, group.desired) == (200, 2, 2)
    assert (group.machine.gpus, group.machine.gpu_model, group.machine.vcpu) == (4, "L4", 48)
    assert group.taints == (("nvidia.com/gpu", "true", "NoSchedule"),)
    assert group.labels == {"commonground.dev/pool": "gpu"}
    assert (group.template, group.template_version) == (template, "1")
    assert [subnet.zone for subnet in group.subnets] == ["eu-central-1a", "eu-central-1b"]


def test_the_size_is_what_an_autoscaler_made_of_it(account: Account, view: View, cluster: str) -> None:
    pool = account.pool(cluster, "moved")
    account.autoscaling.set_desired_capacity(AutoScalingGroupName=pool["resources"]["autoScalingGroups"][0]["name"], DesiredCapacity=4)
    assert [group.desired for group in view.groups(cluster) if group.name == "moved"] == [4]


def test_pods_a_node_are_the_least_of_its_instance_types(account: Account, view: View, cluster: str) -> None:
    account.pool(cluster, "mixed", instanceTypes=["m7i.2xlarge", "m7i.large"])
    assert [group.pods for group in view.groups(cluster) if group.name == "mixed"] == [29]


def test_prefixes_are_the_cnis_to_give(account: Account, view: View) -> None:
    cluster = account.cluster()
    account.eks.create_addon(clusterName=cluster, addonName="vpc-cni", configurationValues='{"env": {"ENABLE_PREFIX_DELEGATION": "true"}}')
    account.pool(cluster, instanceTypes=["m7i.large"])
    assert [group.pods for group in view.groups(cluster)] == [110]


def test_a_cluster_that_has_just_gone_has_no_groups(view: View) -> None:
    assert view.groups("never-was") == []


def test_a_principals_entry_with_its_policies(account: Account, view: View, cluster: str) -> None:
    role = account.role()
    account.eks.create_access_entry(clusterName=cluster, principalArn=role, kubernetesGroups=["commonground:shop:developer"])
    policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    account.eks.associate_access_policy(clusterName=cluster, principalArn=role, policyArn=policy, accessScope={"type": "namespace", "namespaces": ["shop"]})
    name = role.rpartition("/")[2]
    who = caller({"UserId": "AROA:me", "Account": NUMBER, "Arn": f"arn:aws:sts::{NUMBER}:assumed-role/{name}/me"})
    entry = view.entry(cluster, who)
    assert entry is not None
    assert entry.groups == ("commonground:shop:developer",)
    assert entry.policies == (("AmazonEKSViewPolicy", ("shop",)),)
    stranger = caller({"UserId": "AROA:me", "Account": NUMBER, "Arn": f"arn:aws:sts::{NUMBER}:assumed-role/stranger/me"})
    assert view.entry(cluster, stranger) is None
