"""Add-ons: their versions, configuration, identities and health."""

import json
from typing import Any

import pytest
from tests.local.cloud.eks.account import Account, Refused

pytestmark = pytest.mark.cloud

CNI = {"env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"}, "enableNetworkPolicy": "true"}


@pytest.fixture
def cluster(cloud: Account) -> str:
    return cloud.cluster(version="1.36")


def addon(cloud: Account, cluster: str, name: str) -> Any:
    return cloud.eks.describe_addon(clusterName=cluster, addonName=name)["addon"]


def test_what_was_given_is_read_back(cloud: Account, cluster: str) -> None:
    given = {"addonVersion": "v1.0.0-eksbuild.2", "configurationValues": json.dumps(CNI), "tags": {"team": "platform"}}
    cloud.eks.create_addon(clusterName=cluster, addonName="vpc-cni", resolveConflicts="OVERWRITE", **given)
    found = addon(cloud, cluster, "vpc-cni")
    assert {name: found[name] for name in given} == given
    assert (found["status"], found["health"]["issues"], found["owner"]) == ("ACTIVE", [], "aws")
    assert f":addon/{cluster}/vpc-cni/" in found["addonArn"]
    assert cloud.eks.list_addons(clusterName=cluster)["addons"] == ["vpc-cni"]


def test_the_default_version_is_that_of_the_clusters_kubernetes(cloud: Account, cluster: str) -> None:
    cloud.eks.create_addon(clusterName=cluster, addonName="kube-proxy")
    assert addon(cloud, cluster, "kube-proxy")["addonVersion"] == "v1.36.0-eksbuild.1"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"addonName": "coffee-maker"}, "not supported in 1.36"),
        ({"addonVersion": "v9.9.9-eksbuild.1"}, "not supported"),
        ({"resolveConflicts": "PRESERVE"}, "updates only"),
        ({"configurationValues": '{"env": '}, "neither JSON nor YAML"),
        ({"configurationValues": json.dumps({"enviroment": {}})}, "enviroment"),
        ({"configurationValues": json.dumps({"env": {"WARM_PREFIX_TARGET": 1}})}, ".env.WARM_PREFIX_TARGET"),
        ({"configurationValues": json.dumps({"enableNetworkPolicy": True})}, ".enableNetworkPolicy"),
        ({"podIdentityAssociations": [{"serviceAccount": "somebody", "roleArn": "arn:aws:iam::444455556666:role/nobody"}]}, "nobody"),
        ({"serviceAccountRoleArn": "arn:aws:iam::444455556666:role/nobody"}, "nobody"),
    ],
)
def test_what_cannot_be_is_refused(cloud: Account, cluster: str, refused: Refused, settings: dict[str, Any], said: str) -> None:
    assert said in refused("InvalidParameterException", cloud.eks.create_addon, **{"clusterName": cluster, "addonName": "vpc-cni", **settings})
    assert cloud.eks.list_addons(clusterName=cluster)["addons"] == []


def test_a_second_one_or_none_of_a_name(cloud: Account, cluster: str, refused: Refused) -> None:
    cloud.eks.create_addon(clusterName=cluster, addonName="vpc-cni")
    refused("ResourceInUseException", cloud.eks.create_addon, clusterName=cluster, addonName="vpc-cni")
    for call in (cloud.eks.describe_addon, cloud.eks.delete_addon, cloud.eks.update_addon):
        refused("ResourceNotFoundException", call, clusterName=cluster, addonName="coredns")


def test_its_identities_are_real_belong_to_it_and_go_with_it(cloud: Account, cluster: str, refused: Refused) -> None:
    role = cloud.role()
    wanted = [{"serviceAccount": "ebs-csi-controller-sa", "roleArn": role}]
    cloud.eks.create_addon(clusterName=cluster, addonName="aws-ebs-csi-driver", podIdentityAssociations=wanted)
    found = addon(cloud, cluster, "aws-ebs-csi-driver")
    arn = found["podIdentityAssociations"][0]
    where = {"clusterName": cluster, "associationId": arn.rpartition("/")[2]}
    association = cloud.eks.describe_pod_identity_association(**where)["association"]
    assert (association["roleArn"], association["namespace"], association["ownerArn"]) == (role, "kube-system", found["addonArn"])
    refused("InvalidRequestException", cloud.eks.delete_pod_identity_association, **where)
    refused("InvalidRequestException", cloud.eks.update_pod_identity_association, **where, roleArn=cloud.role())
    cloud.eks.delete_addon(clusterName=cluster, addonName="aws-ebs-csi-driver")
    assert cloud.eks.list_pod_identity_associations(clusterName=cluster)["associations"] == []


def test_an_association_that_is_there_is_not_adopted(cloud: Account, cluster: str, refused: Refused) -> None:
    role = cloud.role()
    cloud.eks.create_pod_identity_association(clusterName=cluster, namespace="kube-system", serviceAccount="aws-node", roleArn=role)
    wanted = [{"serviceAccount": "aws-node", "roleArn": role}]
    refused("ResourceInUseException", cloud.eks.create_addon, clusterName=cluster, addonName="vpc-cni", podIdentityAssociations=wanted)
    assert cloud.eks.list_addons(clusterName=cluster)["addons"] == []
    cloud.eks.create_addon(clusterName=cluster, addonName="vpc-cni")
    refused("ResourceInUseException", cloud.eks.update_addon, clusterName=cluster, addonName="vpc-cni", podIdentityAssociations=wanted)


def test_an_add_on_without_aws_calls_takes_no_identity(cloud: Account, cluster: str, refused: Refused) -> None:
    wanted = [{"serviceAccount": "coredns", "roleArn": cloud.role()}]
    said = refused("InvalidParameterException", cloud.eks.create_addon, clusterName=cluster, addonName="coredns", podIdentityAssociations=wanted)
    assert "does not support a pod identity" in said


def test_the_s3_driver_mounts_on_every_node_and_takes_an_identity_of_its_own(cloud: Account, cluster: str, refused: Refused) -> None:
    where = {"clusterName": cluster, "addonName": "aws-mountpoint-s3-csi-driver"}
    said = refused("InvalidParameterException", cloud.eks.create_addon, **where, configurationValues=json.dumps({"node": {"tolerateAllTaints": "yes"}}))
    assert ".node.tolerateAllTaints" in said
    identity = [{"serviceAccount": "s3-csi-driver-sa", "roleArn": cloud.role()}]
    values = json.dumps({"node": {"tolerateAllTaints": True}})
    made = cloud.eks.create_addon(**where, configurationValues=values, podIdentityAssociations=identity)["addon"]
    assert (made["addonVersion"], len(made["podIdentityAssociations"])) == ("v1.0.0-eksbuild.1", 1)
    offered = cloud.eks.describe_addon_versions(addonName="aws-mountpoint-s3-csi-driver", kubernetesVersion="1.36")["addons"]
    assert "v1.0.0-eksbuild.1" in [version["addonVersion"] for version in offered[0]["addonVersions"]]


def test_a_change_changes_what_is_given_only(cloud: Account, cluster: str, refused: Refused) -> None:
    first, second = cloud.role(), cloud.role()
    where = {"clusterName": cluster, "addonName": "vpc-cni"}
    one = [{"serviceAccount": "aws-node", "roleArn": first}]
    cloud.eks.create_addon(**where, configurationValues=json.dumps(CNI), podIdentityAssociations=one)
    update = cloud.eks.update_addon(**where, addonVersion="v1.0.0-eksbuild.2", resolveConflicts="PRESERVE")["update"]
    found = addon(cloud, cluster, "vpc-cni")
    assert (found["addonVersion"], found["configurationValues"]) == ("v1.0.0-eksbuild.2", json.dumps(CNI))
    assert len(found["podIdentityAssociations"]) == 1
    assert cloud.eks.describe_update(name=cluster, addonName="vpc-cni", updateId=update["id"])["update"]["type"] == "AddonUpdate"
    assert cloud.eks.list_updates(name=cluster, addonName="vpc-cni")["updateIds"] == [update["id"]]
    cloud.eks.update_addon(**where, podIdentityAssociations=[{"serviceAccount": "aws-node", "roleArn": second}])
    arn = addon(cloud, cluster, "vpc-cni")["podIdentityAssociations"]
    assert arn == found["podIdentityAssociations"]
    association = cloud.eks.describe_pod_identity_association(clusterName=cluster, associationId=arn[0].rpartition("/")[2])["association"]
    assert association["roleArn"] == second
    cloud.eks.update_addon(**where, podIdentityAssociations=[])
    assert addon(cloud, cluster, "vpc-cni").get("podIdentityAssociations", []) == []
    refused("InvalidParameterException", cloud.eks.update_addon, **where, configurationValues="[]")


@pytest.mark.parametrize("name", ["kube-state-metrics", "prometheus-node-exporter"])
def test_the_exporters_are_the_communitys_and_live_in_namespaces_of_their_own(cloud: Account, cluster: str, refused: Refused, name: str) -> None:
    where = {"clusterName": cluster, "addonName": name}
    assert "hostNetworking" in refused("InvalidParameterException", cloud.eks.create_addon, **where, configurationValues='{"hostNetworking": true}')
    cloud.eks.create_addon(**where, configurationValues='{"tolerations": [{"operator": "Exists"}]}')
    found = addon(cloud, cluster, name)
    assert (found["owner"], found["namespaceConfig"]["namespace"]) == ("community", name)
    assert name in [one["addonName"] for one in cloud.eks.describe_addon_versions(owners=["community"])["addons"]]


@pytest.mark.parametrize("name", ["coredns", "aws-ebs-csi-driver", "aws-mountpoint-s3-csi-driver", "metrics-server", "kube-state-metrics"])
def test_a_deployment_without_nodes_is_degraded_until_there_are_some(cloud: Account, cluster: str, name: str) -> None:
    made = cloud.eks.create_addon(clusterName=cluster, addonName=name)["addon"]
    assert made["status"] == "DEGRADED"
    assert [issue["code"] for issue in made["health"]["issues"]] == ["InsufficientNumberOfReplicas"]
    cloud.pool(cluster, scalingConfig={"minSize": 0, "desiredSize": 0, "maxSize": 4})
    assert addon(cloud, cluster, name)["status"] == "DEGRADED"
    cloud.eks.update_nodegroup_config(clusterName=cluster, nodegroupName="general", scalingConfig={"desiredSize": 1})
    assert addon(cloud, cluster, name)["status"] == "ACTIVE"
    cloud.eks.delete_nodegroup(clusterName=cluster, nodegroupName="general")
    assert addon(cloud, cluster, name)["status"] == "DEGRADED"


@pytest.mark.parametrize("name", ["vpc-cni", "kube-proxy", "eks-pod-identity-agent", "eks-node-monitoring-agent"])
def test_a_daemon_set_needs_no_nodes(cloud: Account, cluster: str, name: str) -> None:
    assert cloud.eks.create_addon(clusterName=cluster, addonName=name)["addon"]["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("key", "effect", "configuration", "status"),
    [
        ("nvidia.com/gpu", "NO_SCHEDULE", "", "DEGRADED"),
        ("nvidia.com/gpu", "PREFER_NO_SCHEDULE", "", "ACTIVE"),
        ("CriticalAddonsOnly", "NO_SCHEDULE", "", "ACTIVE"),
        ("nvidia.com/gpu", "NO_SCHEDULE", json.dumps({"tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]}), "ACTIVE"),
        ("nvidia.com/gpu", "NO_SCHEDULE", json.dumps({"tolerations": [{"operator": "Exists"}]}), "ACTIVE"),
    ],
)
def test_nodes_that_keep_its_pods_away_do_not_count(cloud: Account, cluster: str, key: str, effect: str, configuration: str, status: str) -> None:
    cloud.pool(cluster, "gpu", taints=[{"key": key, "value": "x", "effect": effect}])
    assert cloud.eks.create_addon(clusterName=cluster, addonName="coredns", configurationValues=configuration)["addon"]["status"] == status
