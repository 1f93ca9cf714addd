"""What a user can rely on of the add-ons that need nodes."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pytest
from tests.components import factory
from tests.components.stage import Stage, stage

from commonground.addons import Addons, NoKubernetesError
from commonground.cluster import ExistingCluster
from commonground.settings.environment import AddonSettings, AddonsSettings

ADDON = "aws:eks/addon:Addon"
STORAGE_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
ROLE = "aws:iam/role:Role"


def existing(provider: kubernetes.Provider | None = None) -> ExistingCluster:
    return ExistingCluster(name="shared", arn="arn", security_group_id="sg-1", subnet_ids={"euc1-az1": "subnet-1"}, node_role_arn="role", kubernetes=provider)


def deployed(settings: AddonsSettings | None = None, **arguments: Any) -> Stage:
    def program() -> None:
        nodes = aws.iam.Role("nodes", assume_role_policy="{}")
        Addons("addons", settings or factory.addons(), cluster=existing(kubernetes.Provider("shared")), after=[nodes], **arguments)

    return stage(program)


@pytest.fixture(scope="module")
def made() -> Stage:
    return deployed()


def test_every_addon_is_pinned_and_waits_for_nodes(made: Stage) -> None:
    addons = made.all(ADDON)
    assert {one.inputs["addonName"] for one in addons.values()} == set(factory.AFTER_NODES)
    nodes = made.one(ROLE, "nodes").urn
    assert all(one.inputs["addonVersion"] == "v1.0.0-eksbuild.1" and nodes in one.dependencies for one in addons.values())


def test_what_somebody_changed_by_hand_is_overwritten(made: Stage) -> None:
    assert {(one.inputs["resolveConflictsOnCreate"], one.inputs["resolveConflictsOnUpdate"]) for one in made.all(ADDON).values()} == {
        ("OVERWRITE", "OVERWRITE")
    }


def test_dns_grows_with_the_cluster(made: Stage) -> None:
    configured = json.loads(made.one(ADDON, "addons-coredns").inputs["configurationValues"])
    assert configured["autoScaling"] == {"enabled": True, "minReplicas": 2, "maxReplicas": 10}


def test_the_node_exporter_runs_on_every_node_whatever_its_taints(made: Stage) -> None:
    configured = json.loads(made.one(ADDON, "addons-prometheus-node-exporter").inputs["configurationValues"])
    assert configured["tolerations"] == [{"operator": "Exists"}], "no key: every taint, that of GPU nodes too"


def test_only_the_volume_driver_has_an_identity_and_gets_it_through_its_own_field(made: Stage) -> None:
    associations = {name: one.inputs.get("podIdentityAssociations") for name, one in made.all(ADDON).items()}
    assert associations.pop("addons-aws-ebs-csi-driver") == [{"serviceAccount": "ebs-csi-controller-sa", "roleArn": "arn:aws:test:::addons-aws-ebs-csi-driver"}]
    assert set(associations.values()) == {None}
    assert made.all("aws:eks/podIdentityAssociation:PodIdentityAssociation") == {}


def test_its_role_is_for_its_own_pods_in_this_cluster_only(made: Stage) -> None:
    (statement,) = json.loads(made.one(ROLE, "addons-aws-ebs-csi-driver").inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert set(statement["Action"]) == {"sts:AssumeRole", "sts:TagSession"}
    assert statement["Condition"]["StringEquals"] == {
        "aws:RequestTag/eks-cluster-name": "shared",
        "aws:RequestTag/kubernetes-namespace": "kube-system",
        "aws:RequestTag/kubernetes-service-account": "ebs-csi-controller-sa",
    }


def test_it_has_its_rights_before_it_starts(made: Stage) -> None:
    assert "addons-aws-ebs-csi-driver-volumes" in made.upstream(made.one(ADDON, "addons-aws-ebs-csi-driver"))


def test_volumes_are_encrypted_gp3_in_the_zone_of_their_pod_unless_somebody_asks_for_others(made: Stage) -> None:
    storage = made.one(STORAGE_CLASS, "addons-gp3")
    assert storage.inputs["metadata"] == {"name": "gp3", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    assert storage.inputs["parameters"] == {"type": "gp3", "encrypted": "true"}
    assert (storage.inputs["provisioner"], storage.inputs["volumeBindingMode"]) == ("ebs.csi.aws.com", "WaitForFirstConsumer")
    assert storage.inputs["allowVolumeExpansion"] is True


def test_there_is_a_class_for_fast_volumes_and_one_for_those_that_outlive_their_claim(made: Stage) -> None:
    classes = {one.inputs["metadata"]["name"]: one.inputs for one in made.all(STORAGE_CLASS).values()}
    assert set(classes) == {"gp3", "gp3-fast", "gp3-retain"}
    assert (classes["gp3-fast"]["parameters"]["iops"], classes["gp3-fast"]["parameters"]["throughput"]) == ("10000", "500")
    assert {name: one["reclaimPolicy"] for name, one in classes.items()} == {"gp3": "Delete", "gp3-fast": "Delete", "gp3-retain": "Retain"}
    assert all(one["parameters"]["encrypted"] == "true" and one["volumeBindingMode"] == "WaitForFirstConsumer" for one in classes.values())
    assert [name for name, one in classes.items() if "annotations" in one["metadata"]] == ["gp3"]


def test_storage_classes_are_made_through_the_clusters_provider_once_their_driver_runs(made: Stage) -> None:
    for storage in made.all(STORAGE_CLASS).values():
        assert "::shared::" in storage.provider
        assert "addons-aws-ebs-csi-driver" in made.upstream(storage)


def test_buckets_are_mounted_on_gpu_nodes_too_and_by_the_pods_own_identity() -> None:
    made = deployed(AddonsSettings(addons=(AddonSettings(name="aws-mountpoint-s3-csi-driver", version="v2.0.0-eksbuild.1"),)))
    addon = made.one(ADDON).inputs
    assert json.loads(addon["configurationValues"]) == {"node": {"tolerateAllTaints": True}}
    assert "podIdentityAssociations" not in addon


def test_without_the_driver_there_is_no_storage_class_and_no_need_of_kubernetes() -> None:
    only_dns = AddonsSettings(addons=(AddonSettings(name="coredns", version="v1.0.0-eksbuild.1"),))
    made = stage(lambda: Addons("addons", only_dns, cluster=existing(), after=()))
    assert made.all(STORAGE_CLASS) == {}


def test_a_cluster_without_a_kubernetes_provider_is_refused() -> None:
    with pytest.raises(NoKubernetesError, match="kubernetes="):
        stage(lambda: Addons("addons", factory.addons(), cluster=existing(), after=()))


def test_a_users_transform_reaches_the_storage_classes() -> None:
    def retained(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != STORAGE_CLASS:
            return None
        return pulumi.ResourceTransformResult({**args.props, "reclaimPolicy": "Retain"}, args.opts)

    made = deployed(opts=pulumi.ResourceOptions(transforms=[retained]))
    assert {one.inputs["reclaimPolicy"] for one in made.all(STORAGE_CLASS).values()} == {"Retain"}
