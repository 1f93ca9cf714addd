"""What plain boto3 sees of the cluster, its access and its add-ons after `up local`."""

import json
from typing import Any
from urllib.parse import unquote

import pytest

from tests.foundation.checkout import ACCOUNT, TAGS, Aws, one, tags

pytestmark = [pytest.mark.engine, pytest.mark.cloud]

CLUSTER = "commonground-local-a3f8"
ADDONS = {
    "vpc-cni": "v1.0.0-eksbuild.1",
    "kube-proxy": "v1.36.0-eksbuild.1",
    "eks-pod-identity-agent": "v1.0.0-eksbuild.1",
    "coredns": "v1.0.0-eksbuild.1",
    "aws-ebs-csi-driver": "v1.0.0-eksbuild.1",
    "metrics-server": "v1.0.0-eksbuild.1",
    "eks-node-monitoring-agent": "v1.0.0-eksbuild.1",
    "aws-mountpoint-s3-csi-driver": "v1.0.0-eksbuild.1",
    "kube-state-metrics": "v1.0.0-eksbuild.1",
    "prometheus-node-exporter": "v1.0.0-eksbuild.1",
}
ACCESS = {
    f"arn:aws:iam::{ACCOUNT}:role/commonground-deploy": "AmazonEKSClusterAdminPolicy",
    f"arn:aws:iam::{ACCOUNT}:role/platform": "AmazonEKSAdminViewPolicy",
    f"arn:aws:iam::{ACCOUNT}:role/commonground-local-ci-preview": "AmazonEKSViewPolicy",
}
MEMBERS = {
    f"arn:aws:iam::{ACCOUNT}:role/shop-developers": ["commonground:shop:developer"],
    f"arn:aws:iam::{ACCOUNT}:role/shop-scientists": ["commonground:shop:ml_engineer"],
    f"arn:aws:iam::{ACCOUNT}:role/payments-developers": ["commonground:payments:developer"],
}


@pytest.fixture(scope="module")
def cluster(aws: Aws) -> dict[str, Any]:
    """The only cluster."""
    assert aws.eks.list_clusters()["clusters"] == [CLUSTER]
    return dict(aws.eks.describe_cluster(name=CLUSTER)["cluster"])


def test_the_cluster_runs_the_locks_version_and_carries_the_environments_tags(cluster: dict[str, Any]) -> None:
    assert (cluster["status"], cluster["version"]) == ("ACTIVE", "1.36")
    assert cluster["tags"] == {**TAGS, "Name": "cluster"}
    assert cluster["upgradePolicy"] == {"supportType": "STANDARD"}
    assert cluster["zonalShiftConfig"] == {"enabled": False}
    assert cluster["deletionProtection"] is False


def test_access_is_by_entries_only_and_whoever_made_it_has_no_more(aws: Aws, cluster: dict[str, Any]) -> None:
    assert cluster["accessConfig"]["authenticationMode"] == "API"
    assert not cluster["accessConfig"].get("bootstrapClusterCreatorAdminPermissions")
    nodes = one_role(aws, "cluster-nodes")["Arn"]
    # Amazon Managed Prometheus makes one for its collector.
    (collector,) = aws.amp.list_scrapers()["scrapers"]
    assert set(aws.eks.list_access_entries(clusterName=CLUSTER)["accessEntries"]) == {*ACCESS, *MEMBERS, nodes, collector["roleArn"]}
    assert aws.eks.describe_access_entry(clusterName=CLUSTER, principalArn=nodes)["accessEntry"]["type"] == "EC2_LINUX"
    for principal, policy in ACCESS.items():
        assert aws.eks.describe_access_entry(clusterName=CLUSTER, principalArn=principal)["accessEntry"]["type"] == "STANDARD"
        (found,) = aws.eks.list_associated_access_policies(clusterName=CLUSTER, principalArn=principal)["associatedAccessPolicies"]
        assert found["policyArn"] == f"arn:aws:eks::aws:cluster-access-policy/{policy}"
        assert found["accessScope"] == {"type": "cluster", "namespaces": []}
    for principal, groups in MEMBERS.items():
        entry = aws.eks.describe_access_entry(clusterName=CLUSTER, principalArn=principal)["accessEntry"]
        assert (entry["type"], entry["kubernetesGroups"]) == ("STANDARD", groups)
        assert aws.eks.list_associated_access_policies(clusterName=CLUSTER, principalArn=principal)["associatedAccessPolicies"] == []


def test_secrets_are_encrypted_by_a_key_of_the_clusters_own(aws: Aws, cluster: dict[str, Any]) -> None:
    (encryption,) = cluster["encryptionConfig"]
    assert encryption["resources"] == ["secrets"]
    key = aws.kms.describe_key(KeyId=encryption["provider"]["keyArn"])["KeyMetadata"]
    assert (key["KeyState"], key["Description"]) == ("Enabled", f"Secrets of the cluster {CLUSTER}")
    assert aws.kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is True
    aliases = [alias["AliasName"] for alias in aws.kms.list_aliases(KeyId=key["KeyId"])["Aliases"]]
    assert len(aliases) == 1 and aliases[0].startswith("alias/cluster-key-")


def test_all_control_plane_logs_go_to_a_group_with_retention(aws: Aws, cluster: dict[str, Any]) -> None:
    enabled = {kind for setup in cluster["logging"]["clusterLogging"] if setup["enabled"] for kind in setup["types"]}
    assert enabled == {"api", "audit", "authenticator", "controllerManager", "scheduler"}
    (group,) = aws.logs.describe_log_groups(logGroupNamePrefix=f"/aws/eks/{CLUSTER}/cluster")["logGroups"]
    assert group["retentionInDays"] == 7
    assert aws.logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"] == {**TAGS, "Name": "cluster-logs"}


def test_the_endpoint_is_reached_by_the_bound_clients_and_from_inside(aws: Aws, cluster: dict[str, Any]) -> None:
    network = cluster["resourcesVpcConfig"]
    assert (network["endpointPublicAccess"], network["endpointPrivateAccess"], network["publicAccessCidrs"]) == (True, True, ["203.0.113.0/24"])
    private = [one(aws.ec2.describe_subnets()["Subnets"], f"network-private-euc1-az{number}")["SubnetId"] for number in (1, 2)]
    assert network["subnetIds"] == private
    (group,) = aws.ec2.describe_security_groups(GroupIds=[network["clusterSecurityGroupId"]])["SecurityGroups"]
    assert group["VpcId"] == network["vpcId"]
    assert cluster["endpoint"].startswith("https://") and cluster["certificateAuthority"]["data"]


def test_add_ons_are_active_in_the_locks_versions(aws: Aws, cluster: dict[str, Any]) -> None:
    found = {name: aws.eks.describe_addon(clusterName=CLUSTER, addonName=name)["addon"] for name in aws.eks.list_addons(clusterName=CLUSTER)["addons"]}
    assert {name: addon["addonVersion"] for name, addon in found.items()} == ADDONS
    assert {addon["status"] for addon in found.values()} == {"ACTIVE"}
    assert all(TAGS.items() <= addon["tags"].items() for addon in found.values())
    cni = json.loads(found["vpc-cni"]["configurationValues"])
    assert cni["enableNetworkPolicy"] == "true"
    assert cni["env"]["ENABLE_PREFIX_DELEGATION"] == "true"


def test_the_storage_driver_gets_its_role_by_pod_identity_through_the_add_ons_own_field(aws: Aws, cluster: dict[str, Any]) -> None:
    (listed,) = aws.eks.list_pod_identity_associations(clusterName=CLUSTER, namespace="kube-system")["associations"]
    found = aws.eks.describe_pod_identity_association(clusterName=CLUSTER, associationId=listed["associationId"])["association"]
    role = one_role(aws, "addons-aws-ebs-csi-driver")
    assert (found["namespace"], found["serviceAccount"], found["roleArn"]) == ("kube-system", "ebs-csi-controller-sa", role["Arn"])
    addon = aws.eks.describe_addon(clusterName=CLUSTER, addonName="aws-ebs-csi-driver")["addon"]
    assert addon["podIdentityAssociations"] == [found["associationArn"]]
    (statement,) = document(role["AssumeRolePolicyDocument"])["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Condition"]["StringEquals"]["aws:RequestTag/eks-cluster-name"] == CLUSTER


def test_a_teams_pods_have_one_role_in_all_of_its_namespaces(aws: Aws, cluster: dict[str, Any]) -> None:
    listed = aws.eks.list_pod_identity_associations(clusterName=CLUSTER)["associations"]
    ids = [one["associationId"] for one in listed if one["namespace"] != "kube-system"]
    found = [aws.eks.describe_pod_identity_association(clusterName=CLUSTER, associationId=id_)["association"] for id_ in ids]
    roles = {team: one_role(aws, f"{team}-workloads")["Arn"] for team in ("shop", "payments")}
    assert sorted((one["namespace"], one["serviceAccount"], one["roleArn"]) for one in found if one["namespace"] != "monitoring") == [
        ("payments", "payments", roles["payments"]),
        ("shop", "shop", roles["shop"]),
        ("shop-jobs", "shop", roles["shop"]),
    ]


@pytest.mark.parametrize(
    ("role", "service", "policies"),
    [
        ("cluster-role", "eks.amazonaws.com", {"AmazonEKSClusterPolicy"}),
        ("cluster-nodes", "ec2.amazonaws.com", {"AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"}),
        ("addons-aws-ebs-csi-driver", "pods.eks.amazonaws.com", {"AmazonEBSCSIDriverPolicyV2"}),
    ],
)
def test_roles_are_assumed_by_their_service_and_have_its_policies(aws: Aws, role: str, service: str, policies: set[str]) -> None:
    found = one_role(aws, role)
    (statement,) = document(found["AssumeRolePolicyDocument"])["Statement"]
    assert statement["Principal"] == {"Service": service}
    attached = aws.iam.list_attached_role_policies(RoleName=found["RoleName"])["AttachedPolicies"]
    assert {policy["PolicyName"] for policy in attached} == policies
    assert tags(aws.iam.list_role_tags(RoleName=found["RoleName"])["Tags"]) == {**TAGS, "Name": role}


def one_role(aws: Aws, label: str) -> dict[str, Any]:
    """The role of a logical name: its own name begins with that."""
    pages = aws.iam.get_paginator("list_roles").paginate()
    (found,) = [role for page in pages for role in page["Roles"] if role["RoleName"].rpartition("-")[0] == label]
    return dict(found)


def document(policy: dict[str, Any] | str) -> dict[str, Any]:
    """An IAM document, as boto3 gives it."""
    return policy if isinstance(policy, dict) else dict(json.loads(unquote(policy)))
