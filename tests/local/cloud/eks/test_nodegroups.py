"""Managed node groups, their auto scaling groups, and what EKS refuses."""

from typing import Any

import pytest
from tests.local.cloud.eks.account import ACCOUNT, Account, Refused

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def cluster(cloud: Account) -> str:
    return cloud.cluster(version="1.35")


def scaling_group_of(cloud: Account, group: Any) -> Any:
    return cloud.scaling_group(group["resources"]["autoScalingGroups"][0]["name"])


def test_what_was_given_is_read_back(cloud: Account, cluster: str) -> None:
    given: dict[str, Any] = {
        "amiType": "AL2023_ARM_64_STANDARD",
        "capacityType": "SPOT",
        "instanceTypes": ["m7g.large", "m7g.xlarge"],
        "labels": {"purpose": "general"},
        "taints": [{"key": "dedicated", "value": "x", "effect": "NO_SCHEDULE"}],
        "updateConfig": {"maxUnavailablePercentage": 20, "updateStrategy": "MINIMAL"},
        "nodeRepairConfig": {"enabled": True, "maxParallelNodesRepairedCount": 1},
        "releaseVersion": "1.35.0-20251201",
        "tags": {"team": "platform"},
    }
    cloud.pool(cluster, "given", **given)
    group = cloud.node_group(cluster, "given")
    assert {name: group[name] for name in given} == given
    assert (group["status"], group["version"], group["health"]["issues"]) == ("ACTIVE", "1.35", [])
    assert "given" in cloud.eks.list_nodegroups(clusterName=cluster)["nodegroups"]


def test_defaults_follow_the_cluster_and_its_newest_release(cloud: Account, cluster: str) -> None:
    group = cloud.pool(cluster, "defaults")
    assert (group["version"], group["releaseVersion"], group["amiType"]) == ("1.35", "1.35.0-20260101", "AL2023_x86_64_STANDARD")
    assert (group["capacityType"], group["updateConfig"], group["diskSize"]) == ("ON_DEMAND", {"maxUnavailable": 1}, 20)


def test_its_auto_scaling_group_is_real_and_tagged_for_the_autoscaler(cloud: Account, cluster: str) -> None:
    group = cloud.pool(cluster, "real")
    found = scaling_group_of(cloud, group)
    assert found["AutoScalingGroupName"].startswith("eks-real-")
    assert (found["MinSize"], found["DesiredCapacity"], found["MaxSize"]) == (1, 2, 4)
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    assert tags["eks:cluster-name"] == cluster
    assert tags["eks:nodegroup-name"] == "real"
    assert tags[f"kubernetes.io/cluster/{cluster}"] == "owned"
    assert tags["k8s.io/cluster-autoscaler/enabled"] == "true"
    assert set(found["VPCZoneIdentifier"].split(",")) == set(cloud.subnets())
    name = found["AutoScalingGroupName"]
    hint = {"Key": "k8s.io/cluster-autoscaler/node-template/label/gpu", "Value": "l4", "PropagateAtLaunch": False}
    cloud.autoscaling.create_or_update_tags(Tags=[{"ResourceId": name, "ResourceType": "auto-scaling-group", **hint}])
    assert hint["Key"] in {tag["Key"] for tag in cloud.scaling_group(name)["Tags"]}


def test_nodes_are_counted_but_no_instance_is_started(cloud: Account, cluster: str) -> None:
    group = cloud.pool(cluster, "counted", scalingConfig={"minSize": 0, "desiredSize": 3, "maxSize": 900})
    cloud.autoscaling.set_desired_capacity(AutoScalingGroupName=group["resources"]["autoScalingGroups"][0]["name"], DesiredCapacity=800)
    assert cloud.node_group(cluster, "counted")["scalingConfig"] == {"minSize": 0, "desiredSize": 800, "maxSize": 900}
    assert cloud.ec2.describe_instances()["Reservations"] == []
    cloud.eks.update_nodegroup_config(clusterName=cluster, nodegroupName="counted", scalingConfig={"desiredSize": 0})
    assert cloud.ec2.describe_instances()["Reservations"] == []


def test_bounds_moved_on_the_auto_scaling_group_keep_desired_between_them(cloud: Account, cluster: str) -> None:
    name = cloud.pool(cluster, "bounds")["resources"]["autoScalingGroups"][0]["name"]
    cloud.autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, MaxSize=10)
    assert cloud.scaling_group(name)["DesiredCapacity"] == 2
    cloud.autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=5)
    assert cloud.node_group(cluster, "bounds")["scalingConfig"] == {"minSize": 5, "desiredSize": 5, "maxSize": 10}


def test_nothing_is_left_when_it_goes(cloud: Account, cluster: str) -> None:
    before = cloud.ec2.describe_launch_templates()["LaunchTemplates"]
    group = cloud.pool(cluster, "gone")
    cloud.eks.delete_nodegroup(clusterName=cluster, nodegroupName="gone")
    names = [found["AutoScalingGroupName"] for found in cloud.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]]
    assert group["resources"]["autoScalingGroups"][0]["name"] not in names
    assert cloud.ec2.describe_launch_templates()["LaunchTemplates"] == before
    cloud.eks.get_waiter("nodegroup_deleted").wait(clusterName=cluster, nodegroupName="gone")


def test_without_its_auto_scaling_group_it_is_degraded(cloud: Account, cluster: str) -> None:
    group = cloud.pool(cluster, "bereft")
    cloud.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=group["resources"]["autoScalingGroups"][0]["name"])
    found = cloud.node_group(cluster, "bereft")
    assert (found["status"], found["health"]["issues"][0]["code"]) == ("DEGRADED", "AutoScalingGroupNotFound")
    cloud.eks.delete_nodegroup(clusterName=cluster, nodegroupName="bereft")


def test_its_role_is_let_in_until_the_last_group_with_it_goes(cloud: Account, refused: Refused) -> None:
    cluster, role = cloud.cluster(), cloud.role("ec2.amazonaws.com")
    for name in ("first", "second"):
        cloud.pool(cluster, name, nodeRole=role)
    entry = cloud.eks.describe_access_entry(clusterName=cluster, principalArn=role)["accessEntry"]
    assert (entry["type"], entry["kubernetesGroups"]) == ("EC2_LINUX", ["system:nodes"])
    refused("ResourceInUseException", cloud.eks.create_access_entry, clusterName=cluster, principalArn=role, type="EC2_LINUX")
    cloud.eks.delete_nodegroup(clusterName=cluster, nodegroupName="first")
    assert cloud.eks.list_access_entries(clusterName=cluster)["accessEntries"] == [role]
    cloud.eks.delete_nodegroup(clusterName=cluster, nodegroupName="second")
    assert cloud.eks.list_access_entries(clusterName=cluster)["accessEntries"] == []


def test_an_entry_that_was_declared_before_stays(cloud: Account) -> None:
    cluster, role = cloud.cluster(), cloud.role("ec2.amazonaws.com")
    cloud.eks.create_access_entry(clusterName=cluster, principalArn=role, type="EC2_LINUX")
    cloud.pool(cluster, nodeRole=role)
    cloud.eks.delete_nodegroup(clusterName=cluster, nodegroupName="general")
    assert cloud.eks.list_access_entries(clusterName=cluster)["accessEntries"] == [role]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"scalingConfig": {"minSize": 3, "desiredSize": 2, "maxSize": 4}}, "can't be greater than desired size 2"),
        ({"scalingConfig": {"minSize": 1, "desiredSize": 5, "maxSize": 4}}, "can't be greater than max size 4"),
        ({"scalingConfig": {"minSize": 5, "desiredSize": 5, "maxSize": 4}}, "maximum size"),
        ({"instanceTypes": ["m7g.large"]}, "[m7g.large] is not a valid instance type for requested amiType AL2023_x86_64_STANDARD"),
        ({"instanceTypes": ["m7i.large"], "amiType": "AL2023_ARM_64_STANDARD"}, "not a valid instance type"),
        ({"instanceTypes": ["m99.huge"]}, "do not exist: [m99.huge]"),
        ({"amiType": "AL2023_SPARC"}, "AL2023_SPARC"),
        ({"amiType": "CUSTOM"}, "launch template"),
        ({"version": "1.36"}, "cannot be newer"),
        ({"version": "latest"}, "unsupported Kubernetes version"),
        ({"releaseVersion": "1.35.0-19990101"}, "is invalid"),
        ({"labels": {"kubernetes.io/os": "linux"}}, "reserved prefixes"),
        ({"taints": [{"key": "a", "effect": "NO_SCHEDULE"}, {"key": "a", "effect": "NO_SCHEDULE"}]}, "unique"),
        ({"updateConfig": {"maxUnavailable": 1, "maxUnavailablePercentage": 10}}, "only one of"),
        ({"nodeRepairConfig": {"maxUnhealthyNodeThresholdCount": 1, "maxUnhealthyNodeThresholdPercentage": 1}}, "only one of"),
        ({"capacityType": "CAPACITY_BLOCK"}, "capacity-block"),
        ({"nodeRole": f"arn:aws:iam::{ACCOUNT}:role/nobody"}, "does not exist"),
        ({"subnets": ["subnet-0"]}, "InvalidSubnetID.NotFound"),
        ({"launchTemplate": {"id": "lt-0"}}, "could not be found"),
        ({"launchTemplate": {"id": "lt-0", "name": "both"}}, "either id or name"),
    ],
)
def test_what_cannot_be_is_refused(cloud: Account, cluster: str, refused: Refused, settings: dict[str, Any], said: str) -> None:
    assert said in refused("InvalidParameterException", cloud.pool, cluster, "never", **settings)
    assert "never" not in cloud.eks.list_nodegroups(clusterName=cluster)["nodegroups"]


def test_a_role_that_no_instance_can_have_is_refused(cloud: Account, cluster: str, refused: Refused) -> None:
    assert "[ec2.amazonaws.com]" in refused("InvalidParameterException", cloud.pool, cluster, "never", nodeRole=cloud.role("eks.amazonaws.com"))


def test_subnets_of_another_vpc_are_refused(cloud: Account, cluster: str, refused: Refused) -> None:
    vpc = cloud.ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    refused("InvalidParameterException", cloud.pool, cluster, "never", subnets=[cloud.subnet(vpc, "10.2.0.0/24", "a")])


def test_a_second_one_of_a_name_or_none_of_a_name(cloud: Account, cluster: str, refused: Refused) -> None:
    cloud.pool(cluster, "twice")
    refused("ResourceInUseException", cloud.pool, cluster, "twice")
    refused("ResourceNotFoundException", cloud.node_group, cluster, "nobody")
    refused("ResourceNotFoundException", cloud.node_group, "nowhere", "nobody")


def test_a_launch_template_is_resolved_to_its_version(cloud: Account, cluster: str) -> None:
    template = cloud.template()
    cloud.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData={"EbsOptimized": False})
    group = cloud.pool(cluster, "templated", launchTemplate={"id": template, "version": "$Latest"}, instanceTypes=["m7i.large"])
    name = cloud.ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"][0]["LaunchTemplateName"]
    assert group["launchTemplate"] == {"id": template, "name": name, "version": "2"}
    assert "diskSize" not in group
    assert cloud.pool(cluster, "by-name", launchTemplate={"name": name})["launchTemplate"]["version"] == "1"


@pytest.mark.parametrize(
    ("data", "settings", "said"),
    [
        ({"InstanceType": "m7i.large"}, {"instanceTypes": ["m7i.large"]}, "not in both"),
        ({"InstanceType": "m7g.large"}, {}, "not a valid instance type"),
        ({"EbsOptimized": True}, {"diskSize": 50}, "Disk size"),
        ({"EbsOptimized": True}, {"remoteAccess": {"ec2SshKey": "key"}}, "Remote access"),
        ({"IamInstanceProfile": {"Name": "mine"}}, {}, "instance profile"),
        ({"InstanceMarketOptions": {"MarketType": "spot"}}, {}, "Spot"),
        ({"NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-1"}]}, {}, "subnet"),
        ({"ImageId": "ami-1"}, {"amiType": "AL2023_x86_64_STANDARD"}, "CUSTOM"),
        ({"ImageId": "ami-1"}, {"releaseVersion": "1.35.0-20260101"}, "releaseVersion"),
        ({"InstanceMarketOptions": {"MarketType": "capacity-block"}, "InstanceType": "p5.48xlarge"}, {"capacityType": "CAPACITY_BLOCK"}, "reservation target"),
    ],
)
def test_a_launch_template_that_eks_does_not_take(
    cloud: Account, cluster: str, refused: Refused, data: dict[str, Any], settings: dict[str, Any], said: str
) -> None:
    assert said in refused("InvalidParameterException", cloud.pool, cluster, "never", launchTemplate={"id": cloud.template(**data)}, **settings)


def test_an_image_of_ones_own_makes_the_ami_type_custom(cloud: Account, cluster: str) -> None:
    group = cloud.pool(cluster, "own-image", launchTemplate={"id": cloud.template(ImageId="ami-1", InstanceType="m7g.large")})
    assert (group["amiType"], group["releaseVersion"], group.get("instanceTypes")) == ("CUSTOM", "ami-1", None)


def test_raising_min_above_desired_needs_desired_too(cloud: Account, cluster: str, refused: Refused) -> None:
    group = cloud.pool(cluster, "resized")
    where = {"clusterName": cluster, "nodegroupName": "resized"}
    said = refused("InvalidParameterException", cloud.eks.update_nodegroup_config, **where, scalingConfig={"minSize": 3})
    assert said == "Minimum capacity 3 can't be greater than desired size 2"
    assert scaling_group_of(cloud, group)["MinSize"] == 1
    update = cloud.eks.update_nodegroup_config(**where, scalingConfig={"minSize": 3, "desiredSize": 3})["update"]
    assert {"type": "MinSize", "value": "3"} in update["params"]
    found = scaling_group_of(cloud, group)
    assert (found["MinSize"], found["DesiredCapacity"], found["MaxSize"]) == (3, 3, 4)
    assert cloud.eks.describe_update(name=cluster, nodegroupName="resized", updateId=update["id"])["update"]["type"] == "ConfigUpdate"
    refused("ResourceNotFoundException", cloud.eks.describe_update, name=cluster, updateId=update["id"])


def test_what_the_autoscaler_moved_counts(cloud: Account, cluster: str) -> None:
    group = cloud.pool(cluster, "moved")
    cloud.autoscaling.set_desired_capacity(AutoScalingGroupName=group["resources"]["autoScalingGroups"][0]["name"], DesiredCapacity=4)
    cloud.eks.update_nodegroup_config(clusterName=cluster, nodegroupName="moved", scalingConfig={"minSize": 3})
    assert cloud.node_group(cluster, "moved")["scalingConfig"] == {"minSize": 3, "desiredSize": 4, "maxSize": 4}


def test_labels_and_taints_are_added_changed_and_removed(cloud: Account, cluster: str) -> None:
    taints = [{"key": "a", "value": "1", "effect": "NO_SCHEDULE"}, {"key": "b", "value": "1", "effect": "NO_EXECUTE"}]
    cloud.pool(cluster, "labelled", labels={"x": "1", "y": "1"}, taints=taints)
    cloud.eks.update_nodegroup_config(
        clusterName=cluster,
        nodegroupName="labelled",
        labels={"addOrUpdateLabels": {"x": "2", "z": "3"}, "removeLabels": ["y"]},
        taints={"addOrUpdateTaints": [{"key": "a", "value": "2", "effect": "NO_SCHEDULE"}], "removeTaints": [taints[1]]},
        updateConfig={"maxUnavailable": 2},
        nodeRepairConfig={"enabled": True},
    )
    group = cloud.node_group(cluster, "labelled")
    assert group["labels"] == {"x": "2", "z": "3"}
    assert group["taints"] == [{"key": "a", "value": "2", "effect": "NO_SCHEDULE"}]
    assert (group["updateConfig"], group["nodeRepairConfig"]) == ({"maxUnavailable": 2}, {"enabled": True})


def test_a_refused_change_changes_nothing(cloud: Account, cluster: str, refused: Refused) -> None:
    cloud.pool(cluster, "steady")
    change = {"labels": {"addOrUpdateLabels": {"x": "1"}}, "updateConfig": {"maxUnavailable": 1, "maxUnavailablePercentage": 1}}
    refused("InvalidParameterException", cloud.eks.update_nodegroup_config, clusterName=cluster, nodegroupName="steady", **change)
    assert cloud.node_group(cluster, "steady")["labels"] == {}
    refused("InvalidParameterException", cloud.eks.update_nodegroup_config, clusterName=cluster, nodegroupName="steady")


def test_releases_and_versions_go_forward_and_never_past_the_cluster(cloud: Account, refused: Refused) -> None:
    cluster = cloud.cluster(version="1.34")
    cloud.pool(cluster, releaseVersion="1.34.0-20251201")
    where = {"clusterName": cluster, "nodegroupName": "general"}
    refused("InvalidParameterException", cloud.eks.update_nodegroup_version, **where, version="1.35")
    cloud.eks.update_nodegroup_version(**where, releaseVersion="1.34.0-20260101")
    refused("InvalidParameterException", cloud.eks.update_nodegroup_version, **where, releaseVersion="1.34.0-20251201")
    cloud.eks.update_cluster_version(name=cluster, version="1.35")
    update = cloud.eks.update_nodegroup_version(**where, version="1.35")["update"]
    assert (update["type"], update["status"]) == ("VersionUpdate", "Successful")
    group = cloud.node_group(cluster)
    assert (group["version"], group["releaseVersion"]) == ("1.35", "1.35.0-20260101")
    refused("InvalidParameterException", cloud.eks.update_nodegroup_version, **where, version="1.34")


def test_a_new_version_of_its_launch_template_reaches_the_auto_scaling_group(cloud: Account, cluster: str, refused: Refused) -> None:
    template, other = cloud.template(), cloud.template()
    group = cloud.pool(cluster, "rolled", launchTemplate={"id": template, "version": "1"})
    cloud.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData={"EbsOptimized": False})
    where = {"clusterName": cluster, "nodegroupName": "rolled"}
    cloud.eks.update_nodegroup_version(**where, launchTemplate={"id": template, "version": "2"})
    assert cloud.node_group(cluster, "rolled")["launchTemplate"]["version"] == "2"
    assert scaling_group_of(cloud, group)["LaunchTemplate"]["Version"] == "2"
    for wrong in ({"id": template, "version": "9"}, {"id": other}):
        refused("InvalidParameterException", cloud.eks.update_nodegroup_version, **where, launchTemplate=wrong)
    cloud.pool(cluster, "plain")
    refused("InvalidParameterException", cloud.eks.update_nodegroup_version, clusterName=cluster, nodegroupName="plain", launchTemplate={"id": template})
