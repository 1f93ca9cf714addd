"""Accounts and regions apart, tags, pages, and what is not served."""

from typing import Any

import pytest
from moto.core.base_backend import BackendDict
from moto.eks.models import eks_backends
from tests.local.cloud.eks.account import ACCOUNT, REGION, Account, Refused

from commonground.local.cloud import Cloud, eks

pytestmark = pytest.mark.cloud


def test_two_regions_and_two_accounts_know_nothing_of_each_other(local_cloud: Cloud, refused: Refused) -> None:
    here, there = (Account(local_cloud.endpoint, region) for region in ("eu-west-1", "eu-north-1"))
    theirs = Account(local_cloud.endpoint, "eu-west-1", "210987654321")
    for account in (here, there, theirs):
        account.cluster(name="same")
        account.pool("same")
    here.eks.create_addon(clusterName="same", addonName="vpc-cni")
    arns = {account.eks.describe_cluster(name="same")["cluster"]["arn"] for account in (here, there, theirs)}
    assert arns == {
        "arn:aws:eks:eu-west-1:444455556666:cluster/same",
        "arn:aws:eks:eu-north-1:444455556666:cluster/same",
        "arn:aws:eks:eu-west-1:210987654321:cluster/same",
    }
    assert there.eks.list_addons(clusterName="same")["addons"] == theirs.eks.list_addons(clusterName="same")["addons"] == []
    here.eks.delete_nodegroup(clusterName="same", nodegroupName="general")
    here.eks.delete_cluster(name="same")
    refused("ResourceNotFoundException", here.eks.describe_cluster, name="same")
    for account in (there, theirs):
        name = account.node_group("same")["resources"]["autoScalingGroups"][0]["name"]
        assert account.scaling_group(name)["DesiredCapacity"] == 2


def test_everything_of_eks_can_be_tagged(cloud: Account, refused: Refused) -> None:
    cluster, role = cloud.cluster(), cloud.role()
    pod = cloud.eks.create_pod_identity_association(clusterName=cluster, namespace="a", serviceAccount="b", roleArn=role)["association"]
    arns = [
        cloud.eks.describe_cluster(name=cluster)["cluster"]["arn"],
        cloud.pool(cluster)["nodegroupArn"],
        cloud.eks.create_addon(clusterName=cluster, addonName="vpc-cni")["addon"]["addonArn"],
        cloud.eks.create_access_entry(clusterName=cluster, principalArn=role)["accessEntry"]["accessEntryArn"],
        pod["associationArn"],
    ]
    for arn in arns:
        cloud.eks.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
        cloud.eks.untag_resource(resourceArn=arn, tagKeys=["a", "absent"])
        assert cloud.eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
        refused("BadRequestException", cloud.eks.tag_resource, resourceArn=arn, tags={"aws:x": "1"})
    assert cloud.node_group(cluster)["tags"] == {"b": "2"}
    refused("NotFoundException", cloud.eks.list_tags_for_resource, resourceArn=f"{arns[0]}-absent")


def test_lists_come_in_pages(cloud: Account) -> None:
    cluster = cloud.cluster()
    names = ["a", "b", "c", "d", "e"]
    for name in names:
        cloud.eks.create_pod_identity_association(clusterName=cluster, namespace="n", serviceAccount=name, roleArn=cloud.role())
    pages = list(cloud.eks.get_paginator("list_pod_identity_associations").paginate(clusterName=cluster, PaginationConfig={"PageSize": 2}))
    assert [len(page["associations"]) for page in pages] == [2, 2, 1]
    assert [found["serviceAccount"] for page in pages for found in page["associations"]] == names


def test_what_is_not_served_says_so(cloud: Account, refused: Refused) -> None:
    assert "ListInsights" in refused("UnknownOperationException", cloud.eks.list_insights, clusterName=cloud.cluster())


def test_motos_own_fargate_profiles_stand_on_our_clusters(cloud: Account, refused: Refused) -> None:
    cluster = cloud.cluster()
    profile: dict[str, Any] = {"clusterName": cluster, "fargateProfileName": "batch"}
    cloud.eks.create_fargate_profile(**profile, podExecutionRoleArn=cloud.role("eks-fargate-pods.amazonaws.com"), selectors=[{"namespace": "batch"}])
    assert cloud.eks.describe_fargate_profile(**profile)["fargateProfile"]["status"] == "ACTIVE"
    refused("ResourceInUseException", cloud.eks.delete_cluster, name=cluster)
    cloud.eks.delete_fargate_profile(**profile)
    cloud.eks.delete_cluster(name=cluster)


def test_a_reset_of_moto_clears_everything() -> None:
    eks.install()
    region = eks_backends[ACCOUNT][REGION]
    region.clusters["kept"] = object()
    assert list(eks_backends[ACCOUNT][REGION].clusters) == ["kept"]
    BackendDict.reset()
    assert eks_backends[ACCOUNT][REGION].clusters == {}
