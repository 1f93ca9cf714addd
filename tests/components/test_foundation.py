"""What a user can rely on of a whole environment: its order, its providers, its protection and its stability."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.components import factory
from tests.components.stage import Declared, Stage, stage

from commonground import Foundation
from commonground.settings import names, resolve
from commonground.settings.base import Protection
from commonground.settings.environment import Environment

GROUP = "aws:eks/nodeGroup:NodeGroup"
ADDON = "aws:eks/addon:Addon"
STORAGE_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
CLUSTER = "aws:eks/cluster:Cluster"

AFTER_NODES = [f"addons-{name}" for name in factory.AFTER_NODES]


def deployed(environment: Environment | None = None) -> Stage:
    return stage(lambda: Foundation("foundation", environment or factory.environment()))


@pytest.fixture(scope="module")
def made() -> Stage:
    return deployed()


def test_nodes_join_a_network_with_its_ways_out_and_a_cluster_with_its_cni_and_pod_identity(made: Stage) -> None:
    before = made.upstream(made.one(GROUP, "system-nodes"))
    assert {"cluster-vpc-cni", "cluster-kube-proxy", "cluster-eks-pod-identity-agent"} <= before
    assert {"network-private-euc1-az1-internet", "network-endpoint-ecr.api", "network-endpoint-s3", "network-endpoints"} <= before
    assert {"cluster-nodes-worker", "cluster-nodes-images", "cluster-nodes-cni", "cluster-access-deployer"} <= before


@pytest.mark.parametrize("addon", AFTER_NODES)
def test_addons_with_pods_wait_for_the_system_pool_only(made: Stage, addon: str) -> None:
    before = made.upstream(made.one(ADDON, addon))
    assert "system-nodes" in before
    assert not {"gpu-nodes", "general-nodes"} & before, "a pool without capacity would hold up DNS and volumes"


def test_no_pool_waits_for_another_or_for_what_runs_on_it(made: Stage) -> None:
    for pool in ("system", "general", "gpu"):
        before = made.upstream(made.one(GROUP, f"{pool}-nodes"))
        others = {f"{other}-nodes" for other in ("system", "general", "gpu") if other != pool}
        assert not before & (others | set(AFTER_NODES))


def test_the_first_kubernetes_object_waits_for_access_and_the_system_pool(made: Stage) -> None:
    before = made.upstream(made.one(STORAGE_CLASS, "addons-gp3"))
    assert {"cluster-access-deployer", "system-nodes", "addons-aws-ebs-csi-driver"} <= before


def test_every_kubernetes_object_waits_for_the_system_pool_and_dns_and_so_goes_before_them(made: Stage) -> None:
    """Destroying is the reverse: an object that waited for less could outlive the nodes that its pods end on."""
    objects = [one for one in made.declared if one.type.startswith("kubernetes:") and one.type != STORAGE_CLASS]
    assert len(objects) > 40
    late = {"system-nodes", "addons-coredns", "addons-aws-ebs-csi-driver", "cluster-access-deployer"}
    assert {one.name: missing for one in objects if (missing := late - made.upstream(one))} == {}


def test_the_gpu_software_and_the_teams_wait_for_every_pool_and_so_go_before_the_nodes(made: Stage) -> None:
    """Their pods end where they run; DNS and volumes wait for the system pool only."""
    objects = [one for one in made.declared if one.type.startswith("kubernetes:") and one.name.startswith(("accelerators-", "shop/"))]
    assert len(objects) > 35
    pools = {"system-nodes", "general-nodes", "gpu-nodes"}
    assert {one.name: missing for one in objects if (missing := pools - made.upstream(one))} == {}


SHIPPED = Path(__file__).parents[2] / "stacks" / "foundation"


@pytest.mark.parametrize("name", ["local", "dev", "staging", "prod"])
def test_each_shipped_environment_is_provisioned(name: str) -> None:
    config = YAML(typ="safe").load(SHIPPED / f"Pulumi.{name}.yaml")["config"]
    environment = resolve(SHIPPED, name, config["commonground:scale"], config["commonground:bindings"], offline=True)
    made = deployed(environment)
    assert set(made.all(GROUP)) == {f"{pool.name}-nodes" for pool in environment.pools}
    assert made.one(CLUSTER).inputs["name"] == environment.cluster.name
    assert made.one(CLUSTER).protected is environment.cluster.protection.on


def test_every_resource_has_an_explicit_provider(made: Stage) -> None:
    custom = [one for one in made.declared if one.inputs and not one.type.startswith(("pulumi:", "commonground:"))]
    expected = {"aws": "::aws::", "kubernetes": "::cluster-kubernetes::"}
    assert len(custom) > 100
    assert [one.name for one in custom if expected[one.type.split(":")[0]] not in one.provider] == []


def test_the_aws_provider_is_bound_to_account_and_region_acts_as_the_deployer_and_tags_everything(made: Stage) -> None:
    provider = made.one("pulumi:providers:aws").inputs
    assert provider["region"] == factory.REGION
    assert factory.ACCOUNT in str(provider["allowedAccountIds"])
    assert factory.DEPLOYER in str(provider["assumeRoles"])
    assert "commonground:environment" in str(provider["defaultTags"])


def test_instances_carry_the_environments_tags(made: Stage) -> None:
    template = made.one("aws:ec2/launchTemplate:LaunchTemplate", "gpu-template").inputs
    assert {one["tags"]["commonground:environment"] for one in template["tagSpecifications"]} == {"dev"}


def test_exactly_what_holds_data_is_protected_and_by_the_names_that_unprotected_takes() -> None:
    protected = deployed(factory.environment(protection=Protection(on=True)))
    custom = {one.name for one in protected.declared if one.protected}
    fixed = {names.CLUSTER, names.CLUSTER_KEY, names.CLUSTER_LOGS, names.FLOW_LOGS, names.STORAGE_KEY, names.REGISTRIES_KEY}
    buckets = {names.bucket(name) for name in ("datasets", "models", "artifacts", "logs")}
    namespaces = {names.namespace("shop", name) for name in ("shop", "shop-jobs")}
    metrics = {names.METRICS_WORKSPACE, names.METRICS_KEY, names.METRICS_LOGS}
    assert custom == fixed | metrics | buckets | namespaces | {names.repository(name) for name in ("shop", "models/churn")}


def test_nothing_is_protected_where_the_scale_says_so(made: Stage) -> None:
    assert [one.name for one in made.declared if one.protected] == []


def test_adding_a_pool_changes_nothing_that_is_there(made: Stage) -> None:
    environment = factory.environment()
    more = deployed(environment.model_copy(update={"pools": (factory.pool("batch"), *environment.pools)}))
    assert changed(made, more) == {}
    assert "batch-nodes" in more.all(GROUP)


# What a zone may change in place: none of these arguments replaces its resource.
GROWS_WITH_ZONES = {
    ("network-endpoint-s3", "routeTableIds"),
    ("network-endpoint-ec2", "subnetIds"),
    ("network-endpoint-ecr.api", "subnetIds"),
}


def test_adding_a_zone_replaces_nothing_that_is_there(made: Stage) -> None:
    more = deployed(factory.environment(zones=("euc1-az1", "euc1-az2", "euc1-az3")))
    moved = {(name, argument) for name, arguments in changed(made, more).items() for argument in arguments}
    assert moved <= GROWS_WITH_ZONES


def changed(before: Stage, after: Stage) -> dict[str, set[str]]:
    """Arguments that differ, of every resource that was there, by its logical name; `(gone)` if it is there no more."""
    left = {(one.type, one.name): one for one in after.declared}
    found: dict[str, set[str]] = {}
    for one in before.declared:
        if one.type == "pulumi:pulumi:Stack":  # Pulumi's own, registered with the first program of a process only
            continue
        other = left.get((one.type, one.name))
        arguments = {"(gone)"} if other is None else _different(one, other)
        if arguments:
            found[one.name] = arguments
    return found


def _different(one: Declared, other: Declared) -> set[str]:
    every: set[Any] = set(one.inputs) | set(other.inputs)
    return {key for key in every if one.inputs.get(key) != other.inputs.get(key)} - other.ignored
