"""Pod identity associations."""

import pytest
from tests.local.cloud.eks.account import ACCOUNT, REGION, Account, Refused

pytestmark = pytest.mark.cloud


@pytest.fixture
def cluster(cloud: Account) -> str:
    return cloud.cluster()


def test_an_association_is_read_back_changed_and_deleted(cloud: Account, cluster: str, refused: Refused) -> None:
    first, second = cloud.role(), cloud.role()
    pod = {"namespace": "shop", "serviceAccount": "api"}
    made = cloud.eks.create_pod_identity_association(clusterName=cluster, **pod, roleArn=first, tags={"team": "shop"})["association"]
    where = {"clusterName": cluster, "associationId": made["associationId"]}
    found = cloud.eks.describe_pod_identity_association(**where)["association"]
    assert {name: found[name] for name in (*pod, "roleArn", "tags", "disableSessionTags")} == {
        **pod,
        "roleArn": first,
        "tags": {"team": "shop"},
        "disableSessionTags": False,
    }
    assert found["associationArn"] == f"arn:aws:eks:{REGION}:{ACCOUNT}:podidentityassociation/{cluster}/{found['associationId']}"
    assert "ownerArn" not in found
    cloud.eks.update_pod_identity_association(**where, roleArn=second, disableSessionTags=True)
    found = cloud.eks.describe_pod_identity_association(**where)["association"]
    assert (found["roleArn"], found["disableSessionTags"]) == (second, True)
    cloud.eks.delete_pod_identity_association(**where)
    refused("ResourceNotFoundException", cloud.eks.describe_pod_identity_association, **where)


def test_lists_are_narrowed_by_namespace_and_service_account(cloud: Account, cluster: str) -> None:
    for namespace, account in (("shop", "api"), ("shop", "worker"), ("ads", "api")):
        cloud.eks.create_pod_identity_association(clusterName=cluster, namespace=namespace, serviceAccount=account, roleArn=cloud.role())

    def found(**wanted: str) -> list[tuple[str, str]]:
        answer = cloud.eks.list_pod_identity_associations(clusterName=cluster, **wanted)["associations"]
        return sorted((association["namespace"], association["serviceAccount"]) for association in answer)

    assert len(found()) == 3
    assert found(namespace="shop") == [("shop", "api"), ("shop", "worker")]
    assert found(namespace="ads", serviceAccount="api") == [("ads", "api")]


def test_a_service_account_has_one_role_and_it_must_be_there(cloud: Account, cluster: str, refused: Refused) -> None:
    pod = {"clusterName": cluster, "namespace": "shop", "serviceAccount": "api"}
    create = cloud.eks.create_pod_identity_association
    refused("InvalidParameterException", create, **pod, roleArn=f"arn:aws:iam::{ACCOUNT}:role/nobody")
    refused("AccessDeniedException", create, **pod, roleArn="arn:aws:iam::210987654321:role/theirs")
    create(**pod, roleArn=cloud.role())
    refused("ResourceInUseException", create, **pod, roleArn=cloud.role())


def test_a_target_role_comes_with_an_external_id(cloud: Account, cluster: str) -> None:
    target = "arn:aws:iam::210987654321:role/theirs"
    pod = {"namespace": "shop", "serviceAccount": "api"}
    made = cloud.eks.create_pod_identity_association(clusterName=cluster, **pod, roleArn=cloud.role(), targetRoleArn=target)["association"]
    assert (made["targetRoleArn"], made["externalId"]) == (target, f"{REGION}/{ACCOUNT}/{cluster}/shop/api")
