"""What EKS offers."""

import json

import pytest
from tests.local.cloud.eks.account import Account, Refused

pytestmark = pytest.mark.cloud


def test_kubernetes_versions_newest_first_with_their_dates(cloud: Account) -> None:
    found = cloud.eks.describe_cluster_versions()["clusterVersions"]
    assert [version["clusterVersion"] for version in found] == ["1.37", "1.36", "1.35", "1.34"]
    assert found[1]["defaultVersion"]
    assert found[1]["endOfStandardSupportDate"].date().isoformat() == "2027-08-02"
    assert {version["versionStatus"] for version in found} == {"STANDARD_SUPPORT"}


def test_kubernetes_versions_are_narrowed(cloud: Account) -> None:
    def numbers(**wanted: object) -> list[str]:
        return [version["clusterVersion"] for version in cloud.eks.describe_cluster_versions(**wanted)["clusterVersions"]]

    assert numbers(clusterVersions=["1.35", "1.20"]) == ["1.35"]
    assert numbers(defaultOnly=True) == ["1.36"]
    assert numbers(versionStatus="EXTENDED_SUPPORT") == []


def test_add_on_versions_of_a_kubernetes_version(cloud: Account, refused: Refused) -> None:
    found = cloud.eks.describe_addon_versions(kubernetesVersion="1.36", addonName="kube-proxy")["addons"]
    releases = {release["addonVersion"]: release["compatibilities"][0] for release in found[0]["addonVersions"]}
    assert releases["v1.36.0-eksbuild.1"]["defaultVersion"]
    assert not releases["v1.36.0-eksbuild.2"]["defaultVersion"]
    assert {compatible["clusterVersion"] for compatible in releases.values()} == {"1.36"}
    assert "metrics-server" in [addon["addonName"] for addon in cloud.eks.describe_addon_versions(owners=["community"])["addons"]]
    refused("InvalidParameterException", cloud.eks.describe_addon_versions, addonName="coffee-maker")


def test_a_release_lists_each_kubernetes_version_that_takes_it(cloud: Account) -> None:
    found = cloud.eks.describe_addon_versions(addonName="coredns")["addons"][0]["addonVersions"]
    takers = {release["addonVersion"]: [compatible["clusterVersion"] for compatible in release["compatibilities"]] for release in found}
    assert takers["v1.1.0-eksbuild.1"] == ["1.37"]
    assert takers["v1.0.0-eksbuild.1"] == ["1.36", "1.35", "1.34"]


def test_the_schema_of_an_add_ons_configuration(cloud: Account, refused: Refused) -> None:
    found = cloud.eks.describe_addon_configuration(addonName="vpc-cni", addonVersion="v1.0.0-eksbuild.1")
    schema = json.loads(found["configurationSchema"])
    assert {"env", "enableNetworkPolicy"} <= set(schema["properties"])
    assert found["podIdentityConfiguration"] == [{"serviceAccount": "aws-node", "recommendedManagedPolicies": ["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"]}]
    refused("ResourceNotFoundException", cloud.eks.describe_addon_configuration, addonName="vpc-cni", addonVersion="v9")
