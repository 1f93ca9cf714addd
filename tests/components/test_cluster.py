"""What a user can rely on of a cluster."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.runtime.rpc import UNKNOWN
from tests.components import factory
from tests.components.stage import COMPUTED, Stage, stage

from commonground.cluster import LOG_TYPES, Cluster, ExistingCluster, NoDeployerAccessError, OpenEndpointError
from commonground.eksaddons import UnknownAddonError
from commonground.network import ExistingNetwork
from commonground.pools import Pool
from commonground.settings import names
from commonground.settings.base import EndpointAccess, Protection, Support
from commonground.settings.environment import AccessSettings, AddonSettings, GroupAccessSettings

CLUSTER = "aws:eks/cluster:Cluster"
ADDON = "aws:eks/addon:Addon"
ENTRY = "aws:eks/accessEntry:AccessEntry"
ASSOCIATION = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
KUBERNETES = "pulumi:providers:kubernetes"

MEMBER = f"arn:aws:iam::{factory.ACCOUNT}:role/developers"
NETWORK = ExistingNetwork(vpc_id="vpc-1", private_subnet_ids={"euc1-az1": "subnet-1", "euc1-az2": "subnet-2"})


def deployed(**changes: Any) -> Stage:
    return stage(lambda: Cluster("cluster", factory.cluster(**changes), network=NETWORK))


@pytest.fixture(scope="module")
def made() -> Stage:
    return deployed()


def test_only_access_entries_let_anybody_in_and_eks_installs_nothing_by_itself(made: Stage) -> None:
    cluster = made.one(CLUSTER).inputs
    assert cluster["accessConfig"] == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    assert cluster["bootstrapSelfManagedAddons"] is False


def test_secrets_are_encrypted_by_a_key_of_the_clusters_own(made: Stage) -> None:
    encryption = made.one(CLUSTER).inputs["encryptionConfig"]
    assert encryption == {"provider": {"keyArn": "arn:aws:test:::cluster-key"}, "resources": ["secrets"]}
    statement = json.loads(made.one("aws:iam/rolePolicy:RolePolicy", "cluster-secrets").inputs["policy"])["Statement"][0]
    assert statement["Resource"] == "arn:aws:test:::cluster-key"


def test_all_control_plane_logs_go_to_a_group_with_retention_that_is_there_first(made: Stage) -> None:
    logs = made.one(LOGS)
    assert logs.inputs["name"] == "/aws/eks/commonground-dev-k7q2/cluster"
    assert logs.inputs["retentionInDays"] == 30
    assert made.one(CLUSTER).inputs["enabledClusterLogTypes"] == list(LOG_TYPES)
    assert "cluster-logs" in made.upstream(made.one(CLUSTER))


def test_the_control_planes_role_has_its_rights_before_the_cluster_is_made(made: Stage) -> None:
    assert {"cluster-role-control-plane", "cluster-secrets"} <= made.upstream(made.one(CLUSTER))


@pytest.mark.parametrize(
    ("changes", "endpoint"),
    [
        ({"endpoint": EndpointAccess.PRIVATE}, (True, False, None)),
        ({"endpoint": EndpointAccess.PUBLIC, "clients": ("203.0.113.0/24",)}, (True, True, ["203.0.113.0/24"])),
        ({"endpoint": EndpointAccess.PUBLIC, "clients": ()}, (True, True, ["0.0.0.0/0"])),
    ],
)
def test_the_endpoint_is_always_reached_from_inside_and_from_outside_only_where_it_is_public(changes: dict[str, Any], endpoint: tuple[Any, ...]) -> None:
    config = deployed(**changes).one(CLUSTER).inputs["vpcConfig"]
    assert (config["endpointPrivateAccess"], config["endpointPublicAccess"], config.get("publicAccessCidrs")) == endpoint


def test_a_protected_cluster_that_anybody_could_reach_is_refused() -> None:
    with pytest.raises(OpenEndpointError, match=r"commonground-dev-k7q2.*clients"):
        deployed(clients=(), protection=factory.PROTECTED)


def test_protection_covers_the_cluster_its_key_and_its_logs_and_is_lifted_by_name() -> None:
    protected = deployed(protection=factory.PROTECTED)
    assert {one.name for one in protected.declared if one.protected} == {names.CLUSTER, names.CLUSTER_KEY, names.CLUSTER_LOGS}
    assert protected.one(CLUSTER).inputs["deletionProtection"] is True

    lifted = deployed(protection=Protection(on=True, unprotected=("cluster",)))
    assert {one.name for one in lifted.declared if one.protected} == {names.CLUSTER_KEY, names.CLUSTER_LOGS}
    assert lifted.one(CLUSTER).inputs["deletionProtection"] is False


def test_version_support_and_zonal_shift_are_as_set() -> None:
    cluster = deployed(support=Support.EXTENDED, zonal_shift=True).one(CLUSTER).inputs
    assert (cluster["version"], cluster["upgradePolicy"], cluster["zonalShiftConfig"]) == ("1.36", {"supportType": "EXTENDED"}, {"enabled": True})


def test_each_principal_has_an_entry_and_its_policy(made: Stage) -> None:
    assert {name: entry.inputs["principalArn"] for name, entry in made.all(ENTRY).items()} == {
        "cluster-access-deployer": factory.DEPLOYER,
        "cluster-access-operators-platform": factory.PLATFORM,
    }
    policies = {name: association.inputs["policyArn"].rsplit("/", 1)[1] for name, association in made.all(ASSOCIATION).items()}
    assert policies["cluster-access-operators-platform"] == "AmazonEKSAdminViewPolicy"
    assert policies["cluster-access-deployer"] == "AmazonEKSClusterAdminPolicy"


def test_a_principal_with_two_policies_has_one_entry() -> None:
    both = (
        AccessSettings(name="operators-deploy", principal_arn=factory.DEPLOYER, policy="AmazonEKSAdminViewPolicy"),
        AccessSettings(name="deployer", principal_arn=factory.DEPLOYER, policy="AmazonEKSClusterAdminPolicy"),
    )
    made = deployed(access=both)
    assert len(made.all(ENTRY)) == 1
    assert set(made.all(ASSOCIATION)) == {"cluster-access-operators-deploy", "cluster-access-deployer"}


def test_a_member_of_teams_has_an_entry_with_its_groups_and_no_policy() -> None:
    made = deployed(
        members=(GroupAccessSettings(name="shop_developers", principal_arn=MEMBER, groups=("commonground:ads:viewer", "commonground:shop:developer")),)
    )
    entry = made.one(ENTRY, "cluster-access-shop_developers").inputs
    assert (entry["type"], entry["principalArn"]) == ("STANDARD", MEMBER)
    assert entry["kubernetesGroups"] == ["commonground:ads:viewer", "commonground:shop:developer"]
    assert MEMBER not in {one.inputs["principalArn"] for one in made.all(ASSOCIATION).values()}


def test_a_principal_with_a_policy_that_is_a_member_too_has_one_entry_with_both() -> None:
    made = deployed(members=(GroupAccessSettings(name="shop_operators", principal_arn=factory.PLATFORM, groups=("commonground:shop:operator",)),))
    assert set(made.all(ENTRY)) == {"cluster-access-deployer", "cluster-access-operators-platform"}
    assert made.one(ENTRY, "cluster-access-operators-platform").inputs["kubernetesGroups"] == ["commonground:shop:operator"]
    assert set(made.all(ASSOCIATION)) == {"cluster-access-deployer", "cluster-access-operators-platform"}


def test_nobody_who_makes_kubernetes_objects_waits_for_members() -> None:
    made = deployed(members=(GroupAccessSettings(name="shop_developers", principal_arn=MEMBER, groups=("commonground:shop:developer",)),))
    assert "cluster-access-shop_developers" not in made.upstream(made.one(KUBERNETES))


def test_who_is_a_member_no_more_is_taken_out_of_all_groups(made: Stage) -> None:
    """What is left out leaves the groups that AWS has: an empty list does not."""
    assert {tuple(entry.inputs["kubernetesGroups"]) for entry in made.all(ENTRY).values()} == {()}


@pytest.mark.parametrize(
    ("binding", "known_as"),
    [("shop_operators", ["cluster-access-shop_operators"]), ("operators-platform", [])],
)
def test_a_member_that_gets_a_policy_too_keeps_its_entry(binding: str, known_as: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """EKS refuses a second entry: the one under the member's name is taken over. With one binding for both it has one name anyhow."""
    aliases: dict[str, list[Any]] = {}

    class Entry(aws.eks.AccessEntry):
        def __init__(self, label: str, **arguments: Any) -> None:
            aliases[label] = [alias.name for alias in arguments["opts"].aliases or []]
            super().__init__(label, **arguments)

    monkeypatch.setattr(aws.eks, "AccessEntry", Entry)
    deployed(members=(GroupAccessSettings(name=binding, principal_arn=factory.PLATFORM, groups=("commonground:shop:operator",)),))
    assert aliases == {"cluster-access-deployer": [], "cluster-access-operators-platform": known_as}


def test_a_deployer_without_access_is_refused() -> None:
    with pytest.raises(NoDeployerAccessError, match="role/deploy"):
        deployed(access=factory.cluster().access[:1])


def test_daemonset_addons_wait_for_the_deployers_access(made: Stage) -> None:
    addons = made.all(ADDON)
    assert set(addons) == {"cluster-vpc-cni", "cluster-kube-proxy", "cluster-eks-pod-identity-agent"}
    deployer = made.one(ASSOCIATION, "cluster-access-deployer").urn
    assert all(deployer in addon.dependencies for addon in addons.values())


def test_the_cni_gives_nodes_more_pods_and_enforces_network_policies_in_the_text_values_its_schema_wants(made: Stage) -> None:
    configured = json.loads(made.one(ADDON, "cluster-vpc-cni").inputs["configurationValues"])
    assert configured == {"enableNetworkPolicy": "true", "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"}}


def test_an_addon_of_which_nothing_is_known_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownAddonError, match="did you mean 'vpc-cni'"):
        deployed(addons=(AddonSettings(name="vpc-cnii", version="v1.0.0-eksbuild.1"),))


def test_nodes_may_join_pull_images_and_run_the_cni_and_no_more(made: Stage) -> None:
    attached = {name: one.inputs["policyArn"].rsplit("/", 1)[1] for name, one in made.all(ATTACHMENT).items() if name.startswith("cluster-nodes")}
    assert set(attached.values()) == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy"}


def test_kubernetes_is_reached_by_a_token_asked_for_as_the_deployer_and_nothing_secret_is_kept(made: Stage) -> None:
    provider = made.one(KUBERNETES)
    config = json.loads(provider.inputs["kubeconfig"])
    (user,) = config["users"]
    assert set(user["user"]) == {"exec"}
    assert user["user"]["exec"]["args"][:2] == ["eks", "get-token"]
    assert factory.DEPLOYER in user["user"]["exec"]["args"]
    assert config["clusters"][0]["cluster"] == {"server": "https://cluster.example", "certificate-authority-data": "Q0E="}


def test_the_kubernetes_provider_is_identified_by_a_name_known_before_the_cluster_is(made: Stage) -> None:
    provider = made.one(KUBERNETES)
    assert provider.inputs["clusterIdentifier"] == "commonground-dev-k7q2"
    assert provider.inputs["enableServerSideApply"] == "true"
    assert made.one(ASSOCIATION, "cluster-access-deployer").urn in provider.dependencies


def test_a_subnet_still_to_be_made_leaves_the_security_group_known_so_that_no_node_is_rolled(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_unknown_subnet(name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        return {"vpcConfig": {**inputs["vpcConfig"], "subnetIds": [UNKNOWN], "clusterSecurityGroupId": "sg-cluster"}}

    monkeypatch.setitem(COMPUTED, CLUSTER, with_unknown_subnet)

    def program() -> None:
        Pool("general", factory.pool(), cluster=Cluster("cluster", factory.cluster(), network=NETWORK))

    made = stage(program, preview=True)
    assert made.one("aws:ec2/launchTemplate:LaunchTemplate").inputs["vpcSecurityGroupIds"] == ["sg-cluster"]


def test_an_existing_cluster_takes_outputs_of_another_stack() -> None:
    existing = ExistingCluster(
        name=pulumi.Output.from_input("shared"), arn="arn", security_group_id="sg-1", subnet_ids={"euc1-az1": "subnet-1"}, node_role_arn="role"
    )
    assert existing.kubernetes is None
    assert list(existing.before_nodes) == []


def test_a_users_transform_reaches_every_child() -> None:
    def owned(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if "tags" not in args.props:
            return None
        return pulumi.ResourceTransformResult({**args.props, "tags": {**args.props["tags"], "owner": "platform"}}, args.opts)

    made = stage(lambda: Cluster("cluster", factory.cluster(), network=NETWORK, opts=pulumi.ResourceOptions(transforms=[owned])))
    tagged = [one for one in made.declared if "tags" in one.inputs]
    assert made.one(CLUSTER).inputs["tags"]["owner"] == "platform"
    assert [one.name for one in tagged if one.inputs["tags"].get("owner") != "platform"] == []
