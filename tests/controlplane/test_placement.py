"""Where pods land on the shipped foundation, by the real scheduler, quota and preemption; and what `commonground why` says of those that wait."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi_kubernetes import Provider
from tests.components.stage import stage
from tests.controlplane.support import Trial, eventually, placed, pod, unschedulable
from tests.foundation.checkout import ACCOUNT, REGION

from commonground import ExistingRepository, ExistingRole, Identity
from commonground.contract import ExistingTeam
from commonground.datasets import dataset_volume
from commonground.local.cluster.api import ForbiddenError
from commonground.workloads import GpuRequest, ModelService, ModelServiceSettings, Priority, Service, ServiceSettings

GPU = "nvidia.com/gpu"
TOLERATION = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}
GPU_POOLS = {"gpu", "training"}
DIGEST = f"sha256:{'5' * 64}"
REGISTRY = ExistingRepository("shop", arn="arn:shop", url=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop")

Why = Callable[..., str]


def team() -> ExistingTeam:
    role = ExistingRole("shop", f"arn:aws:iam::{ACCOUNT}:role/shop")
    return ExistingTeam("shop", namespaces={"shop": "shop", "shop-jobs": "shop-jobs"}, service_account="shop", identity=Identity("shop", role))


def on_cluster() -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(providers=[Provider("cluster", kubeconfig="{}")])


def application(trial: Trial, name: str, replicas: int, cpu_millicores: int = 100) -> None:
    settings = ServiceSettings(image=DIGEST, namespace="shop", replicas=replicas, cpu_millicores=cpu_millicores, memory_mib=64)
    trial.workload(lambda: Service(name, settings, team=team(), registry=REGISTRY, opts=on_cluster()))


def model(trial: Trial, name: str, gpu: GpuRequest | None, *, replicas: int = 1, priority: Priority = Priority.SERVING, namespace: str = "shop") -> None:
    settings = ModelServiceSettings(
        image=DIGEST,
        model=name,
        version="1",
        namespace=namespace,
        replicas=replicas,
        cpu_millicores=100,
        memory_mib=256,
        gpu=gpu,
        priority=priority,
    )
    trial.workload(lambda: ModelService(name, settings, team=team(), registry=REGISTRY, opts=on_cluster()))


def gpu_pod(name: str, product: str = "", *, gpus: int = 1, priority: str = "", namespace: str = "shop") -> dict[str, Any]:
    made = pod(name, namespace, **{GPU: str(gpus)})
    made["spec"] |= {"tolerations": [TOLERATION], "nodeSelector": {"commonground.dev/gpu-product": product} if product else {}}
    if priority:
        made["spec"]["priorityClassName"] = priority
    return made


def pools(trial: Trial, pods: list[dict[str, Any]]) -> Counter[str]:
    """How many pods are in each pool; those that wait are in none."""
    return Counter(trial.pool(pod) for pod in pods)


def test_the_cluster_has_two_kinds_of_gpus_of_which_one_is_shared_by_four(trial: Trial) -> None:
    assert Counter(trial.pools().values()) == {"system": 2, "general": 1, "gpu": 1, "training": 1}
    found = {
        labels["commonground.dev/pool"]: (labels.get("commonground.dev/gpu-product"), labels.get("commonground.dev/gpu-memory-mib"), allocatable.get(GPU))
        for node in trial.api.list("/api/v1/nodes")
        for labels, allocatable in [(node["metadata"]["labels"], node["status"]["allocatable"])]
    }
    nothing = (None, None, None)
    assert found == {"system": nothing, "general": nothing, "gpu": ("l4", "22888", "4"), "training": ("l40s", "45776", "1")}


def test_an_application_and_a_model_without_a_gpu_run_on_general_nodes(trial: Trial) -> None:
    application(trial, "app", replicas=2)
    model(trial, "regression", None, replicas=2)
    assert pools(trial, trial.settled("app-", 2)) == {"general": 2}
    assert pools(trial, trial.settled("regression-", 2)) == {"general": 2}


def test_applications_that_no_other_node_has_room_for_wait_and_take_no_gpu_node(trial: Trial, why: Why) -> None:
    application(trial, "app", replicas=6, cpu_millicores=900)
    found = trial.settled("app-", 6)
    assert pools(trial, found) == {"general": 3, "": 3}
    # Nothing but the taint keeps these away, which choose no node.
    for number in range(8):
        trial.make(pod(f"any-{number}", "payments", cpu="900m"))
    others = trial.settled("any-", 8)
    assert pools(trial, others).keys() == {"system", ""}
    name = next(one["metadata"]["name"] for one in others if not placed(one))
    waits = "no node has room, and it waits for the autoscaler:"
    assert why(name, "payments") == f"payments/{name}: {waits} pool system has 2 of at most 3 nodes, pool general has 1 of at most 3 nodes\n"
    said = why("deployment/app")
    assert said.startswith("shop/app-")
    assert said.endswith(f": {waits} pool general has 1 of at most 3 nodes\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("wanted", "pool"),
    [
        (GpuRequest(product="l4"), "gpu"),
        (GpuRequest(product="l40s"), "training"),
        (GpuRequest(min_memory_mib=22888), None),
        (GpuRequest(min_memory_mib=22889), "training"),
    ],
    ids=["l4", "l40s", "as much memory as both have", "more memory than the l4 has"],
)
def test_a_gpu_pod_lands_where_the_kind_is_that_it_asks_for(trial: Trial, wanted: GpuRequest, pool: str | None) -> None:
    model(trial, "model", wanted)
    (found,) = trial.settled("model-", 1)
    assert trial.pool(found) in ({pool} if pool else GPU_POOLS)


@pytest.mark.parametrize(
    ("wanted", "asked", "there"),
    [
        (GpuRequest(product="h100"), "commonground.dev/gpu-product=h100", "l4 (gpu), l40s (training)"),
        (GpuRequest(min_memory_mib=80000), "commonground.dev/gpu-memory-mib > 79999", "l4 of 22888 MiB (gpu), l40s of 45776 MiB (training)"),
        (
            GpuRequest(product="l4", min_memory_mib=40000),
            "commonground.dev/gpu-product=l4, commonground.dev/gpu-memory-mib > 39999",
            "l4 of 22888 MiB (gpu), l40s of 45776 MiB (training)",
        ),
    ],
    ids=["h100", "80 GB", "an l4 with 40 GB"],
)
def test_a_gpu_pod_waits_where_no_pool_has_the_kind_that_it_asks_for(trial: Trial, why: Why, wanted: GpuRequest, asked: str, there: str) -> None:
    model(trial, "model", wanted)
    (found,) = trial.settled("model-", 1)
    assert not placed(found)
    name = found["metadata"]["name"]
    assert why(name) == f"shop/{name}: no pool has the GPU that it asks for ({asked}): there are {there}\n"


def test_two_gpus_are_no_two_shares_of_one_which_the_device_plugin_would_refuse(trial: Trial, why: Why) -> None:
    model(trial, "pair", GpuRequest(count=2))
    (found,) = trial.settled("pair-", 1)
    assert not placed(found)
    name = found["metadata"]["name"]
    assert why(name).startswith(f"shop/{name}: it asks for 2 {GPU}, more than any node that it may be on has even when empty (")
    model(trial, "l4s", GpuRequest(count=2, product="l4"), namespace="shop-jobs")
    (other,) = trial.settled("l4s-", 1)
    assert not placed(other)
    asked = "commonground.dev/gpu-product=l4, commonground.dev/gpu-shared absent"
    assert f": no pool has the GPU that it asks for ({asked}): there are " in why(other["metadata"]["name"], "shop-jobs")


def test_a_gpu_that_four_share_takes_four_pods_and_no_fifth(trial: Trial, why: Why) -> None:
    # The shop's own model server has the first share.
    for number in range(4):
        trial.make(gpu_pod(f"share-{number}", "l4", namespace="shop-jobs"), "shop", "ml_engineer")
    found = trial.settled("share-", 4)
    assert pools(trial, found) == {"gpu": 3, "": 1}
    assert pools(trial, trial.pods("churn-")) == {"gpu": 1}
    (fifth,) = [one for one in found if not placed(one)]
    name = fifth["metadata"]["name"]
    assert why(name, "shop-jobs") == f"shop-jobs/{name}: no node has room, and it waits for the autoscaler: pool gpu has 1 of at most 2 nodes\n"


def test_a_gpu_that_is_not_shared_takes_one_pod_and_the_next_hears_that_its_pool_is_at_its_maximum(trial: Trial, why: Why) -> None:
    for name in ("first", "second"):
        trial.make(gpu_pod(name, "l40s", priority="interactive"), "shop", "ml_engineer")
        trial.settled(name, 1)
    assert [trial.pool(one) for one in (*trial.pods("first"), *trial.pods("second"))] == ["training", ""]
    assert why("second") == f"shop/second: pool training is at its maximum of 1 node, and 1 of 1 {GPU} is taken\n"


def test_a_pod_that_does_not_tolerate_the_pools_taint_hears_of_it(trial: Trial, why: Why) -> None:
    made = pod("careless", "shop")
    made["spec"]["nodeSelector"] = {"commonground.dev/purpose": "gpu"}
    trial.make(made)
    (found,) = trial.settled("careless", 1)
    assert not placed(found)
    assert why("careless") == f"shop/careless: pool gpu, pool training have taints that it does not tolerate: {GPU}=true:NoSchedule\n"


@pytest.mark.parametrize(
    ("namespace", "requests", "said"),
    [
        ("shop-jobs", {GPU: "5"}, f"exceeded quota: shop-quota, requested: requests.{GPU}=5, used: requests.{GPU}=0, limited: requests.{GPU}=4"),
        ("shop", {GPU: "4"}, f"exceeded quota: shop-quota, requested: requests.{GPU}=4, used: requests.{GPU}=1, limited: requests.{GPU}=4"),
        ("payments", {GPU: "1"}, f"exceeded quota: payments-quota, requested: requests.{GPU}=1, used: requests.{GPU}=0, limited: requests.{GPU}=0"),
        ("payments", {"cpu": "9"}, "exceeded quota: payments-quota, requested: requests.cpu=9, used: requests.cpu=0, limited: requests.cpu=8"),
        (
            "payments",
            {"memory": "33Gi"},
            "exceeded quota: payments-quota, requested: limits.memory=33Gi,requests.memory=33Gi, used: limits.memory=0,requests.memory=0, "
            "limited: limits.memory=32Gi,requests.memory=32Gi",
        ),
    ],
)
def test_a_pod_over_its_teams_quota_is_refused_with_the_quotas_name(trial: Trial, namespace: str, requests: dict[str, str], said: str) -> None:
    with pytest.raises(ForbiddenError) as refused:
        trial.make(pod("large", namespace, **requests), namespace.partition("-")[0], "ml_engineer")
    assert refused.value.message == f'pods "large" is forbidden: {said}'


def test_a_pod_that_asks_for_little_and_may_take_much_is_over_the_quota_too(trial: Trial) -> None:
    modest = pod("modest", "payments")
    modest["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "500Gi"}}
    with pytest.raises(ForbiddenError, match=r"exceeded quota: payments-quota, requested: limits\.memory=500Gi"):
        trial.make(modest, "payments", "ml_engineer")


@pytest.mark.parametrize(("resource", "least"), [("cpu", "10m"), ("memory", "16Mi")])
def test_a_pod_that_asks_for_nothing_at_all_is_refused_since_no_quota_would_count_it(trial: Trial, resource: str, least: str) -> None:
    with pytest.raises(ForbiddenError, match=f"minimum {resource} usage per Container is {least}, but request is 0"):
        trial.make(pod("nothing", "payments", **{resource: "0"}), "payments", "ml_engineer")


@pytest.mark.parametrize(
    ("type_", "counted"),
    [("LoadBalancer", "services.loadbalancers=1,services.nodeports=1"), ("NodePort", "services.nodeports=1")],
)
@pytest.mark.parametrize("role", ["developer", "ml_engineer", "ci"])
def test_nobody_of_a_team_publishes_a_service(trial: Trial, type_: str, counted: str, role: str) -> None:
    spec = {"type": type_, "selector": {"app": "web"}, "ports": [{"port": 80}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "open", "namespace": "shop"}, "spec": spec}
    with pytest.raises(ForbiddenError, match=f"exceeded quota: shop-quota, requested: {counted}"):
        trial.make(service, "shop", role)


def test_a_volume_of_a_bucket_is_within_a_teams_storage_quota(trial: Trial) -> None:
    volume = stage(lambda: dataset_volume("images", bucket_name="datasets-1", prefix="shop/", namespace="shop", run_as_user=10001))
    trial.make(volume.one("kubernetes:core/v1:PersistentVolume").inputs)
    path = trial.make(volume.one("kubernetes:core/v1:PersistentVolumeClaim").inputs, "shop", "ci")
    eventually(lambda: trial.api.get(path)["status"].get("phase") == "Bound")


@pytest.mark.parametrize("priority", ["system", "system-cluster-critical", "system-node-critical"])
def test_a_team_cannot_take_the_priorities_of_the_clusters_own_software(trial: Trial, priority: str) -> None:
    made = pod("important", "shop")
    made["spec"]["priorityClassName"] = priority
    with pytest.raises(ForbiddenError, match="exceeded quota: reserved-priorities, requested: pods=1, used: pods=0, limited: pods=0"):
        trial.make(made, "shop", "ml_engineer")


def test_why_names_the_quota_that_refuses_a_deployments_pods(trial: Trial, why: Why) -> None:
    model(trial, "large", GpuRequest(count=5))
    eventually(lambda: "exceeded quota" in str(trial.api.get("/apis/apps/v1/namespaces/shop/deployments/large")["status"].get("conditions")))
    said = f"quota shop-quota of namespace shop refuses it: it asks for 5 {GPU}, 1 of 4 are used"
    assert why("deployment/large") == f"shop/deployment/large, 0 of 1 pods made: {said}\n"


@pytest.mark.parametrize(
    ("there", "comes"),
    [("batch", "interactive"), ("batch", "serving"), ("interactive", "serving")],
)
def test_what_is_more_urgent_pushes_out_what_is_less(trial: Trial, there: str, comes: str) -> None:
    trial.make(gpu_pod("there", "l40s", priority=there), "shop", "ml_engineer")
    assert pools(trial, trial.settled("there", 1)) == {"training": 1}
    model(trial, "comes", GpuRequest(product="l40s"), priority=Priority(comes))
    eventually(lambda: pools(trial, trial.pods("comes-")) == {"training": 1})
    assert trial.pods("there") == []


@pytest.mark.parametrize(
    ("there", "comes"),
    [
        ("serving", "batch"),
        ("serving", "interactive"),
        ("interactive", "batch"),
        ("serving", "serving"),
        ("batch", "batch"),
        # Batch is above what names no class, and pushes it out no more than others.
        ("", "batch"),
    ],
)
def test_nothing_pushes_out_what_is_as_urgent_and_batch_pushes_out_nothing(trial: Trial, why: Why, there: str, comes: str) -> None:
    trial.make(gpu_pod("there", "l40s", priority=there), "shop", "ml_engineer")
    assert pools(trial, trial.settled("there", 1)) == {"training": 1}
    trial.make(gpu_pod("comes", "l40s", priority=comes), "shop", "ml_engineer")
    (waiting,) = trial.settled("comes", 1)
    assert unschedulable(waiting)
    assert "nominatedNodeName" not in waiting["status"]
    assert pools(trial, trial.pods("there")) == {"training": 1}
    said = why("comes")
    assert said.startswith(f"shop/comes: pool training is at its maximum of 1 node, and 1 of 1 {GPU} is taken")
    assert said.count("\n") == 1
    outranked = f"by pods of higher priority than its own ({comes}): shop/there ({there})" in said
    assert outranked == ((there, comes) in {("serving", "batch"), ("serving", "interactive"), ("interactive", "batch")})


def test_training_that_serving_pushed_out_waits_for_its_turn_and_takes_it(trial: Trial, why: Why) -> None:
    template = {"metadata": {"annotations": {"commonground.dev/runs-for": "1h"}}, "spec": gpu_pod("train", "l40s", priority="batch")["spec"]}
    template["spec"]["restartPolicy"] = "Never"
    # As it is written where training may be pushed out: that is no failure of the job's own.
    disrupted = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    spec = {"template": template, "podFailurePolicy": {"rules": [disrupted]}}
    trial.make({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train", "namespace": "shop"}, "spec": spec}, "shop", "ml_engineer")
    assert pools(trial, trial.settled("train-", 1)) == {"training": 1}
    trial.make(gpu_pod("serve", "l40s", priority="serving"), "shop", "ml_engineer")
    eventually(lambda: pools(trial, trial.pods("serve")) == {"training": 1})
    eventually(lambda: trial.pods("train-"))
    (waiting,) = trial.settled("train-", 1)
    assert not placed(waiting)
    assert "is taken by pods of higher priority than its own (batch): shop/serve (serving)" in why("job/train")
    trial.api.delete("/api/v1/namespaces/shop/pods/serve")
    eventually(lambda: pools(trial, trial.pods("train-")) == {"training": 1}, 30)
