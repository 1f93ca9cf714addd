"""Which nodes come and go with a node group, and what they are like."""

from collections import Counter
from dataclasses import replace

from commonground.local.cluster.nodes import DRAINING, changes, plan
from tests.local.cluster.groups import GENERAL, GPU, REGION, nodes


def test_nodes_are_spread_over_the_zones() -> None:
    made = plan(GENERAL, [], REGION).create
    zones = Counter(node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in made)
    assert zones == {f"{REGION}a": 1, f"{REGION}b": 1, f"{REGION}c": 1}


def test_every_node_has_a_name_of_its_own_by_its_address() -> None:
    made = plan(replace(GENERAL, desired=60, subnets=GENERAL.subnets[:1]), [], REGION).create
    names = {node["metadata"]["name"] for node in made}
    assert len(names) == 60
    assert all(name.startswith("ip-10-0-16-") and name.endswith(f".{REGION}.compute.internal") for name in names)


def test_the_same_group_gets_the_same_nodes() -> None:
    assert plan(GENERAL, [], REGION) == plan(GENERAL, [], REGION)


def test_a_node_carries_what_kubelet_and_eks_put_on_it() -> None:
    (node,) = plan(replace(GPU, desired=1), [], REGION).create
    assert node["metadata"]["annotations"]["kwok.x-k8s.io/node"] == "fake"
    assert (
        node["metadata"]["labels"].items()
        >= {
            "commonground.dev/pool": "general",
            "eks.amazonaws.com/capacityType": "ON_DEMAND",
            "eks.amazonaws.com/nodegroup": "gpu",
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": node["metadata"]["name"],
            "kubernetes.io/os": "linux",
            "node.kubernetes.io/instance-type": "g6.12xlarge",
            "topology.k8s.aws/zone-id": "euc1-az1",
            "topology.kubernetes.io/region": REGION,
        }.items()
    )
    assert node["spec"]["taints"] == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}]
    assert "nvidia.com/gpu" not in node["status"]["capacity"], "no plugin runs on it yet"


def test_a_group_in_step_needs_nothing() -> None:
    wanted = plan(GENERAL, nodes(GENERAL), REGION)
    assert not wanted.create
    assert not wanted.drain
    assert not wanted.change


def test_a_larger_group_gets_nodes_where_there_are_fewest() -> None:
    wanted = plan(replace(GENERAL, desired=5), nodes(replace(GENERAL, desired=4)), REGION)
    (made,) = wanted.create
    assert made["metadata"]["labels"]["topology.kubernetes.io/zone"] == f"{REGION}b"


def test_a_smaller_group_keeps_its_zones_in_balance() -> None:
    wanted = plan(replace(GENERAL, desired=3), nodes(replace(GENERAL, desired=5)), REGION)
    zones = sorted(node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in wanted.drain)
    assert zones == [f"{REGION}a", f"{REGION}b"]


def test_a_node_that_is_being_emptied_counts_no_more() -> None:
    present = nodes(GENERAL)
    present[0]["metadata"]["annotations"][DRAINING] = "0"
    wanted = plan(GENERAL, present, REGION)
    assert len(wanted.create) == 1
    assert wanted.create[0]["metadata"]["name"] not in {node["metadata"]["name"] for node in present}


def test_a_new_release_brings_new_nodes_first_and_takes_the_old_ones_once_those_are_ready() -> None:
    old, group = nodes(GENERAL), replace(GENERAL, release="1.36.1-20260601")
    first = plan(group, old, REGION)
    assert len(first.create) == 3
    assert not first.drain
    assert not plan(group, [*old, *nodes(group, ready=False)], REGION).drain
    assert plan(group, [*old, *nodes(group)], REGION).drain == old


def test_a_label_of_the_group_comes_to_running_nodes_and_goes_from_them() -> None:
    (node,) = nodes(replace(GPU, labels={"a": "1", "b": "2"}))
    patch = changes(node, replace(GPU, labels={"a": "3"}))
    assert patch["metadata"]["labels"] == {"a": "3", "b": None}
    assert "spec" not in patch


def test_what_others_put_on_a_node_stays() -> None:
    (node,) = nodes(GPU)
    node["metadata"]["labels"]["somebody.example/label"] = "x"
    node["spec"]["taints"].append({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"})
    assert changes(node, GPU) == {}


def test_a_taint_of_the_group_comes_to_running_nodes() -> None:
    (node,) = nodes(GPU)
    node["spec"]["taints"].append({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"})
    patch = changes(node, replace(GPU, taints=(("team", "shop", "NoExecute"),)))
    assert patch == {
        "spec": {"taints": [{"key": "team", "value": "shop", "effect": "NoExecute"}, {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]}
    }
