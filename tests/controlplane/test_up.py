"""`commonground up local --cluster`: the shipped foundation and the shop on a real control plane, by the official Kubernetes provider.

One story, told by its results (`story.py`). It goes on with the session's cluster and leaves nothing of it: this file has to be the folder's last.
"""

from collections import Counter

import pytest
from tests.controlplane.story import FINALIZER, INCARNATION, NEXT, Moment, Object, Story, deleted, tell
from tests.controlplane.support import Provisioned
from tests.local.providers.kubernetes.objects import OBJECTS

NODES = "aws:eks/nodeGroup:NodeGroup"
CLUSTER = "aws:eks/cluster:Cluster"
KUBERNETES_OWN = ["default", "kube-node-lease", "kube-public", "kube-system"]


@pytest.fixture(scope="module")
def story(provisioned: Provisioned) -> Story:
    return tell(provisioned)


def pools(nodes: list[Object]) -> Counter[str]:
    return Counter(node["metadata"]["labels"]["commonground.dev/pool"] for node in nodes)


def test_pools_are_nodes_of_the_cluster(story: Story) -> None:
    assert pools(story.moments["first"].nodes) == {"general": 1, "gpu": 1, "system": 2, "training": 1}


def test_the_gpu_software_offers_each_gpu_as_often_as_the_blueprint_shares_it(story: Story) -> None:
    (gpu,) = [node for node in story.moments["first"].nodes if node["metadata"]["labels"]["commonground.dev/pool"] == "gpu"]
    assert gpu["status"]["allocatable"]["nvidia.com/gpu"] == "4"
    assert gpu["spec"]["taints"] == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}]


@pytest.mark.parametrize("which", ["again", "shop again"])
def test_a_second_up_changes_nothing(story: Story, which: str) -> None:
    assert story.said[which].code == 0, story.said[which].err
    assert "nothing to change" in story.said[which].out


def test_the_table_of_edits_knows_every_kind_that_is_made(story: Story) -> None:
    kinds = {urn.split("::")[2].rpartition("$")[2].rpartition(":")[2] for objects in story.moments["first"].objects.values() for urn in objects}
    assert kinds <= set(OBJECTS)


def test_another_version_and_a_private_endpoint_change_the_cluster_and_no_object_in_it(story: Story) -> None:
    said = story.said["another version"]
    assert said.code == 0, said.err
    assert 'version: "1.36" -> "1.37"' in said.out
    assert "vpcConfig.endpointPublicAccess: true -> false" in said.out
    assert "0 to create" in said.out and "0 to replace, 0 to delete" in said.out
    assert "kubernetes:" not in said.out


def test_other_tags_and_clients_of_the_cluster_leave_every_object_as_it_is(story: Story) -> None:
    said = story.said["other tags and clients"]
    assert said.code == 0, said.err
    assert f"changed cluster ({CLUSTER})" in said.err
    assert "0 created" in said.out and "0 replaced, 0 deleted" in said.out
    assert story.moments["other tags and clients"].objects == story.moments["first"].objects


def test_a_destroy_that_waits_for_a_pod_says_which_and_what_holds_it(story: Story) -> None:
    assert f"pod {story.held} does not end: whoever set its finalizer {FINALIZER} has to take that off" in story.hung


def test_interrupted_it_leaves_that_pod_with_its_deployment_and_nothing_else(story: Story) -> None:
    assert story.said["hung"].code != 0
    assert "Traceback" not in story.said["hung"].err
    assert [found["metadata"]["name"] for found in story.left] == ["web", story.held.partition("/")[2]]
    assert all("deletionTimestamp" in found["metadata"] for found in story.left)
    assert story.rest == ["kubernetes:apps/v1:Deployment"]


def test_asked_again_it_goes_on_to_the_end(story: Story) -> None:
    assert story.said["shop destroyed"].code == 0, story.said["shop destroyed"].err
    objects = [name for name, type_ in deleted(story.said["shop destroyed"]) if type_.startswith("kubernetes:")]
    assert objects == ["web-deployment"]
    assert [found["metadata"]["name"] for found in story.remains] == []


def test_another_incarnation_is_another_cluster_with_everything_in_it(story: Story) -> None:
    said, before, after = (story.said["another incarnation"], story.moments["other tags and clients"], story.moments["another incarnation"])
    assert said.code == 0, said.err
    # Nodes of the moment before may still be leaving: with the cluster's tag their template changed.
    assert pools(after.nodes) == pools(story.moments["first"].nodes)
    assert _uids(after).isdisjoint(_uids(before))
    assert after.objects["commonground"].keys() == before.objects["commonground"].keys()
    assert f"-{NEXT}:" in story.said["status"].out
    assert f"-{INCARNATION}:" not in story.said["status"].out


def test_a_teams_stack_follows_onto_it(story: Story) -> None:
    assert story.said["shop follows"].code == 0, story.said["shop follows"].err
    before, after = (story.moments[when].objects["shop"] for when in ("first", "another incarnation"))
    assert after.keys() == before.keys()
    assert set(after.values()).isdisjoint(before.values())


def test_destroying_takes_away_objects_then_nodes_then_the_cluster(story: Story) -> None:
    assert story.said["destroy"].code == 0, story.said["destroy"].err
    order = deleted(story.said["destroy"])
    objects = {name: place for place, (name, type_) in enumerate(order) if type_.startswith("kubernetes:")}
    nodes = {name: place for place, (name, type_) in enumerate(order) if type_ == NODES}
    assert set(nodes) == {"system-nodes", "general-nodes", "gpu-nodes", "training-nodes"}
    on_nodes = {name: place for name, place in objects.items() if name.startswith(("accelerators-", "shop/", "payments/"))}
    assert {"accelerators-namespace", "shop/shop", "payments/payments"} <= on_nodes.keys()
    assert max(on_nodes.values()) < min(nodes.values())
    # Classes and admission rules have no pods: nobody needs the other pools for them to go.
    assert max(objects.values()) < nodes["system-nodes"]
    assert max(nodes.values()) < order.index(("cluster", CLUSTER))
    assert "cluster " not in story.said["status after"].out


def test_the_cluster_that_goes_is_empty_by_then(story: Story) -> None:
    assert story.last
    assert sorted(story.last.namespaces) == KUBERNETES_OWN
    assert story.last.finalizers == []
    assert len(story.ours) > 10
    assert {name for uid, name in story.ours.items() if uid not in story.last.seen} == set(), "every kind of ours is looked at"
    assert {name for uid, name in story.ours.items() if uid in story.last.left} == set()
    assert [name for name in story.last.left.values() if name.startswith(("nodes/", "persistentvolumes/"))] == []


def test_the_user_is_told_which_provider_it_was(story: Story) -> None:
    assert story.first.err.count("Kubernetes objects go by the official provider") == 1
    assert "resource plugin kubernetes is expected" not in story.first.err


def test_stopping_the_local_cloud_ends_its_control_planes(story: Story) -> None:
    assert story.planes == 0


def _uids(found: Moment) -> set[str]:
    return {*found.objects["commonground"].values(), *(node["metadata"]["uid"] for node in found.nodes)}
