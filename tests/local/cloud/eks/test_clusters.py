"""Clusters: what stays of what was given, what EKS adds, what it refuses."""

import base64
from typing import Any

import pytest
from tests.local.cloud.eks.account import ACCOUNT, REGION, Account, Refused

pytestmark = pytest.mark.cloud


def described(cloud: Account, name: str) -> Any:
    return cloud.eks.describe_cluster(name=name)["cluster"]


def test_what_was_given_is_read_back(cloud: Account) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    encryption = [{"resources": ["secrets"], "provider": {"keyArn": key}}]
    name = cloud.cluster(
        version="1.36",
        upgradePolicy={"supportType": "STANDARD"},
        deletionProtection=False,
        encryptionConfig=encryption,
        zonalShiftConfig={"enabled": True},
        kubernetesNetworkConfig={"serviceIpv4Cidr": "172.30.0.0/16"},
        logging={"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]},
        tags={"team": "platform"},
    )
    cluster = described(cloud, name)
    assert cluster["status"] == "ACTIVE"
    assert (cluster["version"], cluster["upgradePolicy"]["supportType"], cluster["deletionProtection"]) == ("1.36", "STANDARD", False)
    assert cluster["accessConfig"] == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    assert (cluster["encryptionConfig"], cluster["zonalShiftConfig"], cluster["tags"]) == (encryption, {"enabled": True}, {"team": "platform"})
    assert cluster["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "172.30.0.0/16"
    assert cluster["logging"]["clusterLogging"][0] == {"types": ["api", "audit"], "enabled": True}
    assert cluster["arn"] == f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{name}"
    assert base64.b64decode(cluster["certificateAuthority"]["data"]).startswith(b"-----BEGIN CERTIFICATE-----")
    assert cluster["identity"]["oidc"]["issuer"].startswith(f"https://oidc.eks.{REGION}.amazonaws.com/id/")
    assert cluster["endpoint"].endswith(f".{REGION}.eks.amazonaws.com")
    assert name in cloud.eks.list_clusters()["clusters"]


def test_defaults_are_eks_own(cloud: Account) -> None:
    name = "defaults"
    cloud.eks.create_cluster(name=name, roleArn=cloud.role("eks.amazonaws.com"), resourcesVpcConfig={"subnetIds": cloud.subnets()})
    cluster = described(cloud, name)
    assert cluster["accessConfig"] == {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": True}
    assert cluster["upgradePolicy"] == {"supportType": "EXTENDED"}
    network = cluster["resourcesVpcConfig"]
    assert (network["endpointPublicAccess"], network["endpointPrivateAccess"], network["publicAccessCidrs"]) == (True, False, ["0.0.0.0/0"])
    assert cluster["version"] == "1.36"
    assert not any(setup["enabled"] for setup in cluster["logging"]["clusterLogging"])


def test_it_has_a_security_group_of_its_own_until_it_goes(cloud: Account) -> None:
    name = cloud.cluster()
    network = described(cloud, name)["resourcesVpcConfig"]
    group = cloud.ec2.describe_security_groups(GroupIds=[network["clusterSecurityGroupId"]])["SecurityGroups"][0]
    tags = {tag["Key"]: tag["Value"] for tag in group["Tags"]}
    assert group["VpcId"] == network["vpcId"]
    assert group["GroupName"].startswith(f"eks-cluster-sg-{name}-")
    assert tags == {"Name": group["GroupName"], f"kubernetes.io/cluster/{name}": "owned", "aws:eks:cluster-name": name}
    assert group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group["GroupId"]
    cloud.eks.delete_cluster(name=name)
    left = cloud.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [network["vpcId"]]}])["SecurityGroups"]
    assert group["GroupId"] not in [other["GroupId"] for other in left]


def test_its_subnets_and_security_group_are_in_use_while_it_lives(cloud: Account, refused: Refused) -> None:
    vpc = cloud.ec2.create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    subnets = [cloud.subnet(vpc, f"10.3.{n}.0/24", zone) for n, zone in enumerate("abc")]
    name = cloud.cluster(resourcesVpcConfig={"subnetIds": subnets[:2]})
    group = described(cloud, name)["resourcesVpcConfig"]["clusterSecurityGroupId"]
    refused("DependencyViolation", cloud.ec2.delete_subnet, SubnetId=subnets[0])
    refused("DependencyViolation", cloud.ec2.delete_security_group, GroupId=group)
    cloud.eks.update_cluster_config(name=name, resourcesVpcConfig={"subnetIds": subnets[1:]})
    cloud.ec2.delete_subnet(SubnetId=subnets[0])
    refused("DependencyViolation", cloud.ec2.delete_subnet, SubnetId=subnets[2])
    cloud.eks.delete_cluster(name=name)
    for subnet in subnets[1:]:
        cloud.ec2.delete_subnet(SubnetId=subnet)
    cloud.ec2.delete_vpc(VpcId=vpc)


def test_its_log_group_is_made_if_missing_and_left_if_there(cloud: Account) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/aws/eks/kept/cluster")
    logs.put_retention_policy(logGroupName="/aws/eks/kept/cluster", retentionInDays=30)
    setup = {"clusterLogging": [{"types": ["audit"], "enabled": True}]}
    for name in ("kept", "made"):
        cloud.cluster(name=name, logging=setup)
    found = {group["logGroupName"]: group.get("retentionInDays") for group in logs.describe_log_groups(logGroupNamePrefix="/aws/eks/")["logGroups"]}
    assert found["/aws/eks/kept/cluster"] == 30
    assert found["/aws/eks/made/cluster"] is None
    silent = cloud.cluster()
    assert not logs.describe_log_groups(logGroupNamePrefix=f"/aws/eks/{silent}/")["logGroups"]


def test_one_zone_is_refused(cloud: Account, refused: Refused) -> None:
    vpc = cloud.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnets = [cloud.subnet(vpc, f"10.1.{n}.0/24", "a") for n in range(2)]
    assert "two different AZs" in refused("InvalidParameterException", cloud.cluster, resourcesVpcConfig={"subnetIds": subnets})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"roleArn": f"arn:aws:iam::{ACCOUNT}:role/nobody"}, "does not exist"),
        ({"version": "1.20"}, "unsupported Kubernetes version"),
        ({"name": "-dash"}, "name"),
        ({"upgradePolicy": {"supportType": "FOREVER"}}, "FOREVER"),
        ({"accessConfig": {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": False}}, "must be true"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.0.128.0/20"}}, "overlaps"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.30.0.0/28"}}, "between /24 and /12"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "8.8.0.0/16"}}, "not within"),
        ({"encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:eu-central-1:444455556666:key/none"}}]}, "no key"),
        ({"encryptionConfig": [{"resources": ["everything"], "provider": {"keyArn": "x"}}]}, "secrets"),
        ({"resourcesVpcConfig": {"subnetIds": ["subnet-0", "subnet-1"]}}, "InvalidSubnetID.NotFound"),
    ],
)
def test_what_cannot_be_is_refused(cloud: Account, refused: Refused, settings: dict[str, Any], said: str) -> None:
    assert said in refused("InvalidParameterException", cloud.cluster, **settings)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ({"endpointPublicAccess": False}, "cannot both be disabled"),
        ({"publicAccessCidrs": ["10.0.0.0/8"]}, "not allowed in publicAccessCidrs"),
        ({"publicAccessCidrs": ["anywhere"]}, "publicAccessCidrs"),
        ({"securityGroupIds": ["sg-0"]}, "InvalidGroup.NotFound"),
    ],
)
def test_a_network_that_cannot_be_is_refused(cloud: Account, refused: Refused, network: dict[str, Any], said: str) -> None:
    assert said in refused("InvalidParameterException", cloud.cluster, resourcesVpcConfig={"subnetIds": cloud.subnets(), **network})


def test_a_role_that_eks_cannot_assume_or_of_another_account_is_refused(cloud: Account, refused: Refused) -> None:
    assert "trusted entity" in refused("InvalidParameterException", cloud.cluster, roleArn=cloud.role("ec2.amazonaws.com"))
    refused("AccessDeniedException", cloud.cluster, roleArn="arn:aws:iam::210987654321:role/theirs")


def test_a_refused_cluster_leaves_nothing(cloud: Account, refused: Refused) -> None:
    groups = len(cloud.ec2.describe_security_groups()["SecurityGroups"])
    refused("InvalidParameterException", cloud.cluster, name="never", version="1.20")
    assert "never" not in cloud.eks.list_clusters()["clusters"]
    assert len(cloud.ec2.describe_security_groups()["SecurityGroups"]) == groups


def test_a_second_one_of_a_name_is_refused(cloud: Account, refused: Refused) -> None:
    refused("ResourceInUseException", cloud.cluster, name=cloud.cluster())


def test_deletion_protection_holds_until_it_is_lifted(cloud: Account, refused: Refused) -> None:
    name = cloud.cluster(deletionProtection=True)
    refused("InvalidRequestException", cloud.eks.delete_cluster, name=name)
    cloud.eks.update_cluster_config(name=name, deletionProtection=False)
    cloud.eks.delete_cluster(name=name)
    refused("ResourceNotFoundException", cloud.eks.describe_cluster, name=name)


def test_it_cannot_be_deleted_before_its_node_groups(cloud: Account, refused: Refused) -> None:
    name = cloud.cluster()
    cloud.pool(name)
    assert "nodegroups attached" in refused("ResourceInUseException", cloud.eks.delete_cluster, name=name)
    cloud.eks.delete_nodegroup(clusterName=name, nodegroupName="general")
    cloud.eks.delete_cluster(name=name)
    cloud.eks.get_waiter("cluster_deleted").wait(name=name)


def test_a_new_one_of_an_old_name_has_nothing_of_the_old_one(cloud: Account) -> None:
    name = cloud.cluster()
    cloud.eks.create_access_entry(clusterName=name, principalArn=cloud.role())
    cloud.eks.create_addon(clusterName=name, addonName="vpc-cni")
    cloud.eks.create_pod_identity_association(clusterName=name, namespace="shop", serviceAccount="api", roleArn=cloud.role())
    cloud.eks.delete_cluster(name=name)
    cloud.cluster(name=name)
    assert cloud.eks.list_access_entries(clusterName=name)["accessEntries"] == []
    assert cloud.eks.list_addons(clusterName=name)["addons"] == []
    assert cloud.eks.list_pod_identity_associations(clusterName=name)["associations"] == []


@pytest.mark.parametrize(
    ("change", "type_", "seen"),
    [
        ({"upgradePolicy": {"supportType": "STANDARD"}}, "UpgradePolicyUpdate", lambda c: c["upgradePolicy"] == {"supportType": "STANDARD"}),
        ({"deletionProtection": True}, "DeletionProtectionUpdate", lambda c: c["deletionProtection"]),
        ({"zonalShiftConfig": {"enabled": True}}, "ZonalShiftConfigUpdate", lambda c: c["zonalShiftConfig"]["enabled"]),
        (
            {"logging": {"clusterLogging": [{"types": ["scheduler"], "enabled": True}]}},
            "LoggingUpdate",
            lambda c: c["logging"]["clusterLogging"][0] == {"types": ["scheduler"], "enabled": True},
        ),
        (
            {"resourcesVpcConfig": {"endpointPrivateAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]}},
            "EndpointAccessUpdate",
            lambda c: c["resourcesVpcConfig"]["endpointPrivateAccess"] and c["resourcesVpcConfig"]["publicAccessCidrs"] == ["203.0.113.0/24"],
        ),
    ],
)
def test_a_change_is_made_once_and_recorded(cloud: Account, refused: Refused, change: dict[str, Any], type_: str, seen: Any) -> None:
    name = cloud.cluster()
    update = cloud.eks.update_cluster_config(name=name, **change)["update"]
    assert (update["type"], update["status"]) == (type_, "Successful")
    assert seen(described(cloud, name))
    assert cloud.eks.describe_update(name=name, updateId=update["id"])["update"]["params"] == update["params"]
    assert cloud.eks.list_updates(name=name)["updateIds"] == [update["id"]]
    refused("InvalidParameterException", cloud.eks.update_cluster_config, name=name, **change)


def test_subnets_and_endpoint_change_in_calls_of_their_own(cloud: Account, refused: Refused) -> None:
    name = cloud.cluster()
    vpc = described(cloud, name)["resourcesVpcConfig"]["vpcId"]
    more = [*cloud.subnets(), cloud.subnet(vpc, "10.0.9.0/24", "c")]
    both = {"subnetIds": more, "endpointPrivateAccess": True}
    assert "Only one type of update" in refused("InvalidParameterException", cloud.eks.update_cluster_config, name=name, resourcesVpcConfig=both)
    assert cloud.eks.update_cluster_config(name=name, resourcesVpcConfig={"subnetIds": more})["update"]["type"] == "VpcConfigUpdate"
    assert described(cloud, name)["resourcesVpcConfig"]["subnetIds"] == more


def test_two_kinds_of_change_or_none_are_refused(cloud: Account, refused: Refused) -> None:
    name = cloud.cluster()
    two = {"deletionProtection": True, "upgradePolicy": {"supportType": "STANDARD"}}
    assert "Only one type of update" in refused("InvalidParameterException", cloud.eks.update_cluster_config, name=name, **two)
    assert not described(cloud, name)["deletionProtection"]
    refused("InvalidParameterException", cloud.eks.update_cluster_config, name=name)


def test_access_entries_are_a_one_way_street(cloud: Account, refused: Refused) -> None:
    name = cloud.cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})

    def to(mode: str) -> dict[str, Any]:
        return {"name": name, "accessConfig": {"authenticationMode": mode}}

    refused("InvalidParameterException", cloud.eks.update_cluster_config, **to("API"))
    for mode in ("API_AND_CONFIG_MAP", "API"):
        cloud.eks.update_cluster_config(**to(mode))
        assert described(cloud, name)["accessConfig"]["authenticationMode"] == mode
    refused("InvalidParameterException", cloud.eks.update_cluster_config, **to("CONFIG_MAP"))


def test_versions_go_up_one_minor_at_a_time(cloud: Account, refused: Refused) -> None:
    name = cloud.cluster(version="1.34")
    for version in ("1.36", "1.34", "1.33", "2.0"):
        refused("InvalidParameterException", cloud.eks.update_cluster_version, name=name, version=version)
    update = cloud.eks.update_cluster_version(name=name, version="1.35")["update"]
    assert (update["type"], update["params"][0]) == ("VersionUpdate", {"type": "Version", "value": "1.35"})
    assert described(cloud, name)["version"] == "1.35"
    refused("InvalidParameterException", cloud.eks.update_cluster_version, name=name, version="1.34")
