"""Small clusters as plain dictionaries, as the API writes them."""

from decimal import Decimal
from typing import Any

from commonground.why.facts import Facts, Place, PoolFacts, TeamFacts
from commonground.why.quantities import amounts

GPU = "nvidia.com/gpu"
GPU_TAINT = {"key": GPU, "value": "true", "effect": "NoSchedule"}
GPU_TOLERATION = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}
ZONES = ("eu-central-1a", "eu-central-1b")


def pod(name: str = "web-1", namespace: str = "shop", *, node: str = "", owner: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """A pod that asks for a CPU and a GiB; keywords go to its spec, `requests` to its container."""
    requests = {"cpu": "1", "memory": "1Gi"} | spec.pop("requests", {})
    status: dict[str, Any] = {"phase": "Running" if node else "Pending", "conditions": spec.pop("conditions", [])}
    if node:
        spec["nodeName"] = node
        status["conditions"] = [{"type": "Ready", "status": "True"}]
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if owner:
        metadata["ownerReferences"] = [{"kind": owner["kind"], "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}]
    return {"kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "main", "resources": {"requests": requests}}], **spec}, "status": status}


def gpu_pod(name: str = "train-1", *, gpus: int = 1, product: str = "", **spec: Any) -> dict[str, Any]:
    """A pod that asks for GPUs and tolerates their taint."""
    if product:
        spec["nodeSelector"] = {"commonground.dev/gpu-product": product}
    return pod(name, requests={GPU: str(gpus)}, tolerations=[GPU_TOLERATION], **spec)


def unschedulable(message: str) -> list[dict[str, str]]:
    """What the scheduler writes on a pod that it could not place."""
    return [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]


def event(about: str, reason: str, message: str = "", at: str = "2026-01-01T00:00:00Z", **involved: str) -> dict[str, Any]:
    """An event about an object of this name; keywords say more of which one."""
    found = {"name": about, **involved}
    return {"kind": "Event", "metadata": {"name": f"{about}.1"}, "involvedObject": found, "reason": reason, "message": message, "lastTimestamp": at}


def node(
    name: str, pool: str = "general", *, taints: list[dict[str, str]] | None = None, labels: dict[str, str] | None = None, **amounts_: str
) -> dict[str, Any]:
    """A node with 4 CPUs and 16 GiB."""
    found = {"cpu": "4", "memory": "16Gi", "pods": "58"} | {key.replace("gpu", GPU): value for key, value in amounts_.items()}
    marks = {"commonground.dev/pool": pool, "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": ZONES[0], **(labels or {})}
    return {"kind": "Node", "metadata": {"name": name, "labels": marks}, "spec": {"taints": taints or []}, "status": {"allocatable": found}}


def gpu_node(name: str = "gpu-1", **amounts_: str) -> dict[str, Any]:
    """A node of the pool `gpu`: an L4, shared by four."""
    return node(name, "gpu", taints=[GPU_TAINT], labels={"commonground.dev/gpu-product": "l4"}, **({"gpu": "4"} | amounts_))


def pool(name: str = "general", maximum: int = 1, **amounts_: str) -> PoolFacts:
    """A pool whose nodes would be as `node` makes them."""
    offered = amounts({"cpu": "4", "memory": "16Gi", "pods": "58"} | {key.replace("gpu", GPU): value for key, value in amounts_.items()})
    gpus = offered.get(GPU, Decimal(0)) > 0
    labels = {"commonground.dev/pool": name, **({"commonground.dev/gpu-product": "l4"} if gpus else {})}
    places = [
        Place(
            {**labels, "topology.kubernetes.io/zone": zone},
            (GPU_TAINT,) if gpus else (),
            offered,
            pool=name,
            instance_type="g6.xlarge" if gpus else "m7i.xlarge",
        )
        for zone in ZONES
    ]
    return PoolFacts(name, maximum, tuple(places))


def world(*objects: dict[str, Any], general: int = 1, gpu: int = 1, **more: Any) -> Facts:
    """Two pools with these maxima, and objects sorted by their kinds."""
    of = {kind: [found for found in objects if found["kind"] == kind] for kind in ("Node", "Pod", "Event", "PersistentVolumeClaim", "PersistentVolume")}
    facts: dict[str, Any] = {
        "nodes": of["Node"],
        "pods": of["Pod"],
        "events": of["Event"],
        "claims": of["PersistentVolumeClaim"],
        "volumes": of["PersistentVolume"],
        "storage_classes": [found for found in objects if found["kind"] == "StorageClass"],
        "resource_claims": [found for found in objects if found["kind"] == "ResourceClaim"],
        "pools": (pool("general", general), pool("gpu", gpu, gpu="4")),
        "teams": (TeamFacts("shop", ("shop", "shop-jobs")),),
        "scale": "Pulumi.dev.yaml",
    }
    return Facts(**{**facts, **more})
