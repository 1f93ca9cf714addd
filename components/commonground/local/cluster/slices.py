"""ResourceSlices: what NVIDIA's DRA driver says of a node's GPUs, for pods that claim devices in place of counting them."""

from collections.abc import Mapping
from typing import Any

from .capacity import Machine

DRIVER = "gpu.nvidia.com"
API_VERSION = "resource.k8s.io/v1"
COLLECTION = f"/apis/{API_VERSION}/resourceslices"


def name(node: Mapping[str, Any]) -> str:
    """The slice's name, which is the node's with the driver's."""
    return f"{node['metadata']['name']}-{DRIVER}"


def slice_of(node: Mapping[str, Any], machine: Machine, parts: Mapping[str, int]) -> dict[str, Any]:
    """A node's devices: whole GPUs, or the parts that each was cut into. It goes with the node.

    Attributes by which claims choose (kubernetes-sigs/dra-driver-nvidia-gpu: `type`, `productName`, `profile`, and `memory` as a capacity).
    """
    return {
        "apiVersion": API_VERSION,
        "kind": "ResourceSlice",
        "metadata": {
            "name": name(node),
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": node["metadata"]["name"], "uid": node["metadata"]["uid"], "controller": True}],
        },
        "spec": {
            "driver": DRIVER,
            "nodeName": node["metadata"]["name"],
            "pool": {"name": node["metadata"]["name"], "generation": 1, "resourceSliceCount": 1},
            "devices": _parts(machine, parts) if parts else _gpus(machine),
        },
    }


def _gpus(machine: Machine) -> list[dict[str, Any]]:
    return [_device(f"gpu-{gpu}", machine, "gpu", machine.gpu_memory_mib) for gpu in range(machine.gpus)]


def _parts(machine: Machine, parts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        _device(f"gpu-{gpu}-mig-{profile.replace('.', '-')}-{number}", machine, "mig", _memory_mib(profile), profile=profile)
        for gpu in range(machine.gpus)
        for profile, count in parts.items()
        for number in range(count)
    ]


def _device(device: str, machine: Machine, type_: str, memory_mib: int, **attributes: str) -> dict[str, Any]:
    named = {"type": type_, "productName": f"NVIDIA {machine.gpu_model}", **attributes}
    return {
        "name": device,
        "attributes": {key: {"string": value} for key, value in named.items()},
        "capacity": {"memory": {"value": f"{memory_mib}Mi"}},
    }


def _memory_mib(profile: str) -> int:
    return int(profile.partition(".")[2].removesuffix("gb")) * 1024
