"""Why a pod has no node, by the cluster's and the environment's facts."""

from typing import Any

import pytest

from commonground.why import Facts, Kind, explain
from tests.why.worlds import GPU, GPU_TAINT, ZONES, event, gpu_node, gpu_pod, node, pod, pool, unschedulable, world


def required(*expressions: dict[str, Any]) -> dict[str, Any]:
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": list(expressions)}]}}}


def claim(name: str, phase: str = "Pending", **spec: Any) -> dict[str, Any]:
    return {"kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec, "status": {"phase": phase}}


VOLUME: dict[str, Any] = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
IMMEDIATE = {"kind": "StorageClass", "metadata": {"name": "fast"}, "volumeBindingMode": "Immediate"}
LATER = {"kind": "StorageClass", "metadata": {"name": "gp3"}, "volumeBindingMode": "WaitForFirstConsumer"}
CLAIMED: dict[str, Any] = {"resourceClaims": [{"name": "gpu", "resourceClaimName": "one"}]}
DEVICE: dict[str, Any] = {
    "kind": "ResourceClaim",
    "metadata": {"name": "one"},
    "spec": {"devices": {"requests": [{"exactly": {"deviceClassName": "gpu.nvidia.com"}}]}},
}
FULL_GPU = [gpu_node(), *(gpu_pod(f"serve-{n}", node="gpu-1", priority=100_000, priorityClassName="serving") for n in range(4))]
FULL_GENERAL = [node("n1"), *(pod(f"web-{n}", node="n1") for n in range(4))]

Row = tuple[dict[str, Any], Facts, Kind, str, str]
ROWS: dict[str, Row] = {
    "running": (pod(node="n1"), world(node("n1")), Kind.RUNNING, "runs on node n1 of pool general", ""),
    "a kind of GPU that no pool has": (
        gpu_pod(product="h100"),
        world(),
        Kind.NO_GPU,
        "no pool has the GPU that it asks for (commonground.dev/gpu-product=h100): there are l4 (gpu)",
        "instance_types in Pulumi.dev.yaml",
    ),
    "a GPU with more memory than any": (
        pod(affinity=required({"key": "commonground.dev/gpu-memory-mib", "operator": "Gt", "values": ["80000"]})),
        world(),
        Kind.NO_GPU,
        "commonground.dev/gpu-memory-mib > 80000",
        "",
    ),
    "a GPU where there are none": (
        gpu_pod(),
        world(node("n1"), pools=(pool(),)),
        Kind.NO_GPU,
        "it asks for 1 nvidia.com/gpu, and no pool has GPUs",
        "purpose gpu",
    ),
    "a device that nothing offers": (
        pod(requests={"vpc.amazonaws.com/efa": "1"}),
        world(),
        Kind.NO_GPU,
        "has 1 vpc.amazonaws.com/efa: these offer nvidia.com/gpu",
        "",
    ),
    "a label that nothing has": (
        pod(nodeSelector={"disk": "ssd"}),
        world(node("n1")),
        Kind.NO_LABEL,
        "no node and no pool has the label that it asks for: disk=ssd",
        "nodeSelector",
    ),
    "a zone that is not ours": (
        pod(nodeSelector={"topology.kubernetes.io/zone": "eu-central-1c"}),
        world(node("n1")),
        Kind.NO_LABEL,
        "topology.kubernetes.io/zone=eu-central-1c; there is eu-central-1a, eu-central-1b",
        "",
    ),
    "a taint": (
        pod(requests={GPU: "1"}),
        world(gpu_node()),
        Kind.TAINT,
        "pool gpu has taints that it does not tolerate: nvidia.com/gpu=true:NoSchedule",
        "tolerate",
    ),
    "a closed node": (
        pod(),
        world({**node("n1"), "spec": {"unschedulable": True}}, pools=()),
        Kind.TAINT,
        "node.kubernetes.io/unschedulable:NoSchedule",
        "`kubectl uncordon`",
    ),
    "more than an empty node has": (
        pod(requests={"cpu": "8", "memory": "4Gi"}),
        world(node("n1")),
        Kind.TOO_LARGE,
        "it asks for 8 CPU, more than any node that it may be on has even when empty (node n1: 4)",
        "ask for less",
    ),
    "more GPUs than a node has": (gpu_pod(gpus=8), world(), Kind.TOO_LARGE, "it asks for 8 nvidia.com/gpu", "larger instance_types"),
    "the autoscaler's turn, from zero": (
        gpu_pod(),
        world(node("n1")),
        Kind.AUTOSCALER,
        "it waits for the autoscaler: pool gpu has 0 of at most 1 nodes",
        "wait a few minutes",
    ),
    "a node on its way": (
        gpu_pod(),
        world(event("train-1", "TriggeredScaleUp", "pod triggered scale-up")),
        Kind.AUTOSCALER,
        "a node is on its way: pool gpu has 0",
        "",
    ),
    "an autoscaler that does not": (
        gpu_pod(),
        world(event("train-1", "NotTriggerScaleUp", "no capacity\nin any zone")),
        Kind.AUTOSCALER,
        "adds no node though pool gpu has 0 of at most 1 nodes: no capacity in any zone",
        "",
    ),
    "a pool at its maximum": (
        pod(),
        world(*FULL_GENERAL),
        Kind.MAXIMUM,
        "pool general is at its maximum of 1 node, and 4 of 4 CPU is taken",
        "raise pools.general.max in Pulumi.dev.yaml",
    ),
    "behind what goes first": (
        gpu_pod(priority=1000, priorityClassName="batch", preemptionPolicy="Never"),
        world(*FULL_GPU),
        Kind.PRIORITY,
        "by pods of higher priority than its own (batch): shop/serve-0 (serving), shop/serve-1 (serving) and 2 more",
        "raise pools.gpu.max",
    ),
    "one that pushes nobody out": (
        gpu_pod(priority=1000, priorityClassName="batch", preemptionPolicy="Never"),
        world(gpu_node(), *(gpu_pod(f"low-{n}", node="gpu-1") for n in range(4))),
        Kind.MAXIMUM,
        "its priority class batch pushes nobody out",
        "",
    ),
    "no pools known": (pod(), world(*FULL_GENERAL, pools=()), Kind.FULL, "no node has enough left: 4 of 4 CPU is taken", "--env"),
    "a node whose devices are not there yet": (
        gpu_pod(),
        world(gpu_node(gpu="0")),
        Kind.NOT_ANNOUNCED,
        "node gpu-1 of pool gpu does not announce nvidia.com/gpu yet",
        "-n accelerators",
    ),
    "room, and a rule of distance": (
        pod(conditions=unschedulable("0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules.")),
        world(node("n1")),
        Kind.SPREAD,
        "node n1 has room, but its pod anti-affinity keeps it away",
        "",
    ),
    "room": (pod(), world(node("n1")), Kind.SCHEDULER, "node n1 has room", ""),
    "a queue": (pod(schedulingGates=[{"name": "kueue.x-k8s.io/admission"}]), world(node("n1")), Kind.GATED, "held back by kueue.x-k8s.io/admission", ""),
    "a claim that is not there": (pod(**VOLUME), world(node("n1")), Kind.VOLUME, "there is no PersistentVolumeClaim data in its namespace", ""),
    "a claim without a volume": (
        pod(**VOLUME),
        world(node("n1"), claim("data", storageClassName="fast"), IMMEDIATE, event("data", "ProvisioningFailed", "no such snapshot")),
        Kind.VOLUME,
        "PersistentVolumeClaim data is not bound to a volume: no such snapshot",
        "",
    ),
    "a storage class that is not there": (
        pod(**VOLUME),
        world(node("n1"), claim("data", storageClassName="io9"), LATER),
        Kind.VOLUME,
        "asks for the storage class io9, which is not there",
        "use one of gp3",
    ),
    "a claim that waits for the pod": (pod(**VOLUME), world(node("n1"), claim("data", storageClassName="gp3"), LATER), Kind.SCHEDULER, "has room", ""),
    "nodes that may not be listed": (
        pod(conditions=unschedulable("0/3 nodes are available:\n3 Insufficient cpu.")),
        world(nodes=None),
        Kind.UNKNOWN,
        "the scheduler says: 0/3 nodes are available: 3 Insufficient cpu.",
        "list nodes",
    ),
    "a device that is not allocated": (
        pod(**CLAIMED, conditions=unschedulable("cannot allocate all claims")),
        world(node("n1"), DEVICE),
        Kind.CLAIM,
        "ResourceClaim one is not allocated: no free device of class gpu.nvidia.com",
        "resourceslices",
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_pod_is_explained(row: Row) -> None:
    asked, facts, kind, text, fix = row
    reason = explain(asked, facts)
    assert (reason.kind, text in reason.text, fix in reason.fix) == (kind, True, True), reason
    assert "\n" not in reason.text + reason.fix


def test_what_the_scheduler_said_of_an_earlier_pod_of_this_name_is_not_told() -> None:
    asked = pod("web-0")
    asked["metadata"]["uid"] = "today"
    said = [event("web-0", "FailedScheduling", "0/3 nodes are available", kind="Pod", uid=uid) for uid in ("yesterday", "today")]
    assert "0/3 nodes" in explain(asked, world(said[1], nodes=None)).text
    assert "0/3 nodes" not in explain(asked, world(said[0], nodes=None)).text


def test_a_pod_that_has_completed_says_so_whatever_was_said_of_it_before() -> None:
    done = pod("train-a", node="n1")
    done["status"] = {"phase": "Succeeded"}
    reason = explain(done, world(node("n1"), event("train-a", "FailedScheduling", "0/3 nodes are available")))
    assert (reason.kind, reason.text) == (Kind.FINISHED, "has completed")


def test_a_volume_keeps_its_pod_in_its_zone() -> None:
    place = {
        "required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "topology.ebs.csi.aws.com/zone", "operator": "In", "values": ["eu-central-1z"]}]}]}
    }
    volume = {"kind": "PersistentVolume", "metadata": {"name": "vol"}, "spec": {"nodeAffinity": place}}
    reason = explain(pod(**VOLUME), world(node("n1"), claim("data", "Bound", volumeName="vol"), volume))
    assert reason.kind is Kind.VOLUME
    assert "topology.ebs.csi.aws.com/zone=eu-central-1z" in reason.text
    place["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]["values"] = [ZONES[0]]
    assert explain(pod(**VOLUME), world(node("n1"), claim("data", "Bound", volumeName="vol"), volume)).kind is Kind.SCHEDULER


def test_a_pod_that_pushes_others_out_waits_for_their_end() -> None:
    asked = gpu_pod(priority=100_000, priorityClassName="serving")
    asked["status"]["nominatedNodeName"] = "gpu-1"
    reason = explain(asked, world(gpu_node(), *(gpu_pod(f"low-{n}", node="gpu-1") for n in range(4))))
    assert (reason.kind, reason.text) == (Kind.PREEMPTING, "it pushes out pods of lower priority on node gpu-1")


def test_a_container_that_cannot_start_is_told_with_its_reason() -> None:
    asked = pod(node="n1")
    asked["status"] = {
        "phase": "Pending",
        "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}],
    }
    reason = explain(asked, world(node("n1")))
    assert (reason.kind, reason.text) == (Kind.STARTING, "is on node n1 of pool general, but its container main waits: ImagePullBackOff: no such image")


def test_what_init_containers_and_sidecars_need_counts_too() -> None:
    sidecar = {"name": "proxy", "restartPolicy": "Always", "resources": {"requests": {"cpu": "3500m"}}}
    assert explain(pod(initContainers=[sidecar]), world(node("n1"))).kind is Kind.TOO_LARGE
    first = {"name": "load", "resources": {"requests": {"cpu": "4"}}}
    assert explain(pod(initContainers=[first]), world(node("n1"))).kind is Kind.SCHEDULER


def test_pods_of_daemon_sets_are_not_who_took_the_room() -> None:
    agent = pod("agent", node="n1", requests={"cpu": "3500m"}, priority=2_000_001_000, owner={"kind": "DaemonSet", "metadata": {"name": "agent", "uid": "1"}})
    assert explain(pod(), world(node("n1"), agent)).kind is Kind.MAXIMUM


def test_ended_pods_hold_nothing() -> None:
    done = pod("done", node="n1", requests={"cpu": "4"})
    done["status"]["phase"] = "Succeeded"
    assert explain(pod(), world(node("n1"), done)).kind is Kind.SCHEDULER


def test_the_taint_of_a_pool_without_nodes_counts() -> None:
    only_gpu = pod(nodeSelector={"commonground.dev/pool": "gpu"})
    assert explain(only_gpu, world()).kind is Kind.TAINT
    only_gpu["spec"]["tolerations"] = [{"key": GPU_TAINT["key"], "value": "false", "effect": "NoSchedule"}]
    assert explain(only_gpu, world()).kind is Kind.TAINT
    only_gpu["spec"]["tolerations"] = [{"operator": "Exists"}]
    assert explain(only_gpu, world()).kind is Kind.AUTOSCALER
