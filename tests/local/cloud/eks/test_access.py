"""Access entries and access policies."""

from typing import Any

import pytest
from tests.local.cloud.eks.account import ACCOUNT, Account, Refused, trust

pytestmark = pytest.mark.cloud

POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


@pytest.fixture
def cluster(cloud: Account) -> str:
    return cloud.cluster()


def test_an_entry_is_read_back_changed_and_deleted(cloud: Account, cluster: str, refused: Refused) -> None:
    where = {"clusterName": cluster, "principalArn": cloud.role()}
    made = cloud.eks.create_access_entry(**where, kubernetesGroups=["viewers"], tags={"team": "shop"})["accessEntry"]
    name = where["principalArn"].rpartition("/")[2]
    assert (made["type"], made["kubernetesGroups"], made["tags"]) == ("STANDARD", ["viewers"], {"team": "shop"})
    assert made["username"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{{{{SessionName}}}}"
    assert f":access-entry/{cluster}/role/{ACCOUNT}/{name}/" in made["accessEntryArn"]
    cloud.eks.update_access_entry(**where, kubernetesGroups=[], username="shop")
    found = cloud.eks.describe_access_entry(**where)["accessEntry"]
    assert (found["kubernetesGroups"], found["username"]) == ([], "shop")
    assert cloud.eks.list_access_entries(clusterName=cluster)["accessEntries"] == [where["principalArn"]]
    cloud.eks.delete_access_entry(**where)
    refused("ResourceNotFoundException", cloud.eks.describe_access_entry, **where)


def test_a_user_and_a_role_below_a_path_are_principals_too(cloud: Account, cluster: str) -> None:
    user = cloud.iam.create_user(UserName="person", Path="/staff/")["User"]["Arn"]
    assert cloud.eks.create_access_entry(clusterName=cluster, principalArn=user)["accessEntry"]["username"] == user
    role = cloud.iam.create_role(RoleName="deep", Path="/a/b/", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))["Role"]["Arn"]
    cloud.eks.create_access_entry(clusterName=cluster, principalArn=role)
    cloud.eks.associate_access_policy(clusterName=cluster, principalArn=role, policyArn=POLICY, accessScope={"type": "cluster"})
    assert cloud.eks.describe_access_entry(clusterName=cluster, principalArn=role)["accessEntry"]["principalArn"] == role
    cloud.eks.disassociate_access_policy(clusterName=cluster, principalArn=role, policyArn=POLICY)
    assert cloud.eks.list_associated_access_policies(clusterName=cluster, principalArn=role)["associatedAccessPolicies"] == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"principalArn": f"arn:aws:iam::{ACCOUNT}:role/nobody"}, f"invalid principal. There is no arn:aws:iam::{ACCOUNT}:role/nobody"),
        ({"principalArn": f"arn:aws:iam::{ACCOUNT}:user/nobody"}, "invalid principal"),
        ({"principalArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/nobody/session"}, "format is not valid"),
        ({"principalArn": f"arn:aws:iam::{ACCOUNT}:root"}, "format is not valid"),
        ({"principalArn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/scraper.aps.amazonaws.com/X"}, "Service Linked Role"),
        ({"type": "EC2_LINUX", "kubernetesGroups": ["viewers"]}, "STANDARD only"),
        ({"type": "FARGATE_LINUX", "username": "me"}, "STANDARD only"),
        ({"kubernetesGroups": ["system:masters"]}, "cannot start with system:"),
        ({"type": "VISITOR"}, "VISITOR"),
        ({"username": "system:admin"}, "cannot start with"),
    ],
)
def test_what_cannot_be_is_refused(cloud: Account, cluster: str, refused: Refused, settings: dict[str, Any], said: str) -> None:
    given = {"clusterName": cluster, "principalArn": cloud.role(), **settings}
    assert said in refused("InvalidParameterException", cloud.eks.create_access_entry, **given)
    assert cloud.eks.list_access_entries(clusterName=cluster)["accessEntries"] == []


def test_a_principal_of_another_account_is_taken_on_trust(cloud: Account, cluster: str) -> None:
    cloud.eks.create_access_entry(clusterName=cluster, principalArn="arn:aws:iam::210987654321:role/auditor")


def test_who_creates_a_cluster_is_its_administrator_only_if_asked_for(cloud: Account, refused: Refused) -> None:
    creator = cloud.iam.create_role(RoleName="test", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))["Role"]["Arn"]
    asked = {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": True}
    names = [cloud.cluster(accessConfig=asked), cloud.cluster()]
    assert [cloud.eks.list_access_entries(clusterName=name)["accessEntries"] for name in names] == [[creator], []]
    found = cloud.eks.list_associated_access_policies(clusterName=names[0], principalArn=creator)["associatedAccessPolicies"]
    assert [policy["policyArn"] for policy in found] == [ADMIN]
    refused("ResourceInUseException", cloud.eks.create_access_entry, clusterName=names[0], principalArn=creator)


def test_a_principal_has_one_entry(cloud: Account, cluster: str, refused: Refused) -> None:
    where = {"clusterName": cluster, "principalArn": cloud.role()}
    cloud.eks.create_access_entry(**where)
    refused("ResourceInUseException", cloud.eks.create_access_entry, **where)


def test_the_config_map_mode_has_no_entries(cloud: Account, refused: Refused) -> None:
    name = cloud.cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})
    said = refused("InvalidRequestException", cloud.eks.create_access_entry, clusterName=name, principalArn=cloud.role())
    assert "authentication mode" in said
    cloud.pool(name)  # nodes get in by the config map


def test_a_policy_is_associated_rescoped_and_taken_away(cloud: Account, cluster: str, refused: Refused) -> None:
    where = {"clusterName": cluster, "principalArn": cloud.role()}
    cloud.eks.create_access_entry(**where)
    cloud.eks.associate_access_policy(**where, policyArn=POLICY, accessScope={"type": "namespace", "namespaces": ["shop"]})
    cloud.eks.associate_access_policy(**where, policyArn=ADMIN, accessScope={"type": "cluster"})
    cloud.eks.associate_access_policy(**where, policyArn=POLICY, accessScope={"type": "namespace", "namespaces": ["shop", "ads"]})
    found = cloud.eks.list_associated_access_policies(**where)["associatedAccessPolicies"]
    assert {policy["policyArn"]: policy["accessScope"]["namespaces"] for policy in found} == {POLICY: ["shop", "ads"], ADMIN: []}
    assert cloud.eks.list_access_entries(clusterName=cluster, associatedPolicyArn=ADMIN)["accessEntries"] == [where["principalArn"]]
    cloud.eks.disassociate_access_policy(**where, policyArn=ADMIN)
    assert cloud.eks.list_access_entries(clusterName=cluster, associatedPolicyArn=ADMIN)["accessEntries"] == []
    refused("ResourceNotFoundException", cloud.eks.disassociate_access_policy, **where, policyArn=ADMIN)


@pytest.mark.parametrize(
    ("policy", "scope"),
    [
        ("arn:aws:eks::aws:cluster-access-policy/AmazonEKSGodPolicy", {"type": "cluster"}),
        ("arn:aws:iam::aws:policy/AdministratorAccess", {"type": "cluster"}),
        (POLICY, {"type": "namespace"}),
        (POLICY, {"type": "cluster", "namespaces": ["shop"]}),
        (POLICY, {"type": "galaxy"}),
    ],
)
def test_a_policy_or_scope_that_cannot_be_is_refused(cloud: Account, cluster: str, refused: Refused, policy: str, scope: dict[str, Any]) -> None:
    where = {"clusterName": cluster, "principalArn": cloud.role()}
    cloud.eks.create_access_entry(**where)
    refused("InvalidParameterException", cloud.eks.associate_access_policy, **where, policyArn=policy, accessScope=scope)


def test_policies_need_an_entry_that_takes_them(cloud: Account, cluster: str, refused: Refused) -> None:
    where = {"clusterName": cluster, "principalArn": cloud.role()}
    association: dict[str, Any] = {**where, "policyArn": POLICY, "accessScope": {"type": "cluster"}}
    refused("ResourceNotFoundException", cloud.eks.associate_access_policy, **association)
    cloud.eks.create_access_entry(**where, type="EC2_LINUX")
    refused("InvalidRequestException", cloud.eks.associate_access_policy, **association)


def test_the_policies_that_there_are(cloud: Account) -> None:
    found = {policy["name"]: policy["arn"] for policy in cloud.eks.list_access_policies()["accessPolicies"]}
    assert found["AmazonEKSClusterAdminPolicy"] == ADMIN
    assert found["AmazonEKSViewPolicy"] == POLICY
