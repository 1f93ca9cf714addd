"""Devices of a node: only where the software runs that announces them, and as it is configured."""

import json
from dataclasses import replace
from typing import Any

import pytest

from commonground.local.cluster.devices import announced, cut, files_of, status_patch
from commonground.local.cluster.slices import slice_of
from tests.local.cluster.groups import GPU, P5_48XLARGE, nodes

NAMESPACE = "accelerators"
REGISTRY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/local/mirror"
SHARED = {"version": "v1", "sharing": {"timeSlicing": {"resources": [{"name": "nvidia.com/gpu", "replicas": 4}]}}}
MIG = {"version": "v1", "mig-configs": {"gpu": [{"devices": "all", "mig-enabled": True, "mig-devices": {"1g.10gb": 7}}]}}
H100 = replace(GPU, machine=P5_48XLARGE, efa=32)


def pod(image: str = f"{REGISTRY}/nvidia/k8s-device-plugin:v0.19.3", phase: str = "Running", **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": image, "env": [{"name": "CONFIG_FILE", "value": "/config/config.yaml"}], "command": spec.pop("command", [])}
    volume = {"name": "config", "configMap": {"name": "accelerators", "items": spec.pop("items", [{"key": "gpu", "path": "config.yaml"}])}}
    return {
        "metadata": {"name": "pod", "namespace": NAMESPACE},
        "spec": {"containers": [container], "volumes": [volume], **spec},
        "status": {"phase": phase},
    }


def configs(config: dict[str, Any] | None = None, **more: Any) -> dict[str, dict[str, dict[str, str]]]:
    return {NAMESPACE: {"accelerators": {"gpu": json.dumps(config or {"version": "v1"}), **more}}}


CUTTER = {
    "name": "mig-apply",
    "image": f"{REGISTRY}/nvidia/cloud-native/k8s-mig-manager:v0.14.2",
    "command": ["nvidia-mig-parted", "apply", "--config-file", "/config/mig.yaml", "--selected-config", "gpu"],
}
CUT_ITEMS = [{"key": "gpu", "path": "config.yaml"}, {"key": "gpu.mig.yaml", "path": "mig.yaml"}]


def test_without_the_plugin_a_gpu_node_offers_no_gpu() -> None:
    assert announced(GPU, [pod(image="public.ecr.aws/nginx/nginx:1")], configs()) == {}


def test_the_plugin_announces_the_nodes_gpus() -> None:
    assert announced(GPU, [pod()], configs()) == {"nvidia.com/gpu": 4}


def test_a_pinned_digest_is_the_same_plugin() -> None:
    assert announced(GPU, [pod(image=f"{REGISTRY}/nvidia/k8s-device-plugin:v0.19.3@sha256:{'0' * 64}")], configs()) == {"nvidia.com/gpu": 4}


@pytest.mark.parametrize("phase", ["Pending", "Failed"])
def test_a_plugin_that_does_not_run_announces_nothing(phase: str) -> None:
    assert announced(GPU, [pod(phase=phase)], configs()) == {}


def test_the_pools_configuration_shares_its_gpus() -> None:
    assert announced(GPU, [pod()], configs(SHARED)) == {"nvidia.com/gpu": 16}


def test_yaml_is_read_as_well_as_json() -> None:
    text = "version: v1\nsharing:\n  timeSlicing:\n    resources:\n    - {name: nvidia.com/gpu, replicas: 2}\n"
    assert announced(GPU, [pod()], {NAMESPACE: {"accelerators": {"gpu": text}}}) == {"nvidia.com/gpu": 8}


def test_mps_needs_its_daemon() -> None:
    mps = {"version": "v1", "sharing": {"mps": {"resources": [{"name": "nvidia.com/gpu", "replicas": 10}]}}}
    daemon = pod(command=["mps-control-daemon"])
    assert announced(GPU, [pod()], configs(mps)) == {}
    assert announced(GPU, [daemon], configs(mps)) == {}
    assert announced(GPU, [pod(), daemon], configs(mps)) == {"nvidia.com/gpu": 40}


def test_gpus_are_cut_before_the_plugin_counts_them() -> None:
    plugin = pod(initContainers=[CUTTER], items=CUT_ITEMS)
    known = configs({"version": "v1", "flags": {"migStrategy": "single"}}, **{"gpu.mig.yaml": json.dumps(MIG)})
    assert announced(H100, [plugin], known) == {"nvidia.com/gpu": 56}


def test_more_parts_than_the_hardware_gives_are_not_cut() -> None:
    plugin = pod(initContainers=[CUTTER], items=CUT_ITEMS)
    known = configs(**{"gpu.mig.yaml": json.dumps(MIG).replace("1g.10gb", "3g.40gb")})
    assert cut(plugin, files_of(plugin, known), P5_48XLARGE) == {}


def test_efa_adapters_are_those_of_the_launch_template() -> None:
    plugin = pod(image="602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/aws-efa-k8s-device-plugin:v0.5.20")
    assert announced(H100, [plugin], {}) == {"vpc.amazonaws.com/efa": 32}
    assert announced(GPU, [plugin], {}) == {}


def test_a_node_is_told_only_of_what_changed() -> None:
    (node,) = nodes(GPU)
    patch = status_patch(node, {"nvidia.com/gpu": 16})
    assert patch == {"status": {"capacity": {"nvidia.com/gpu": "16"}, "allocatable": {"nvidia.com/gpu": "16"}}}
    for part, devices in patch["status"].items():
        node["status"][part].update(devices)
    assert status_patch(node, {"nvidia.com/gpu": 16}) == {}
    assert status_patch(node, {})["status"]["allocatable"] == {"nvidia.com/gpu": "0"}


def test_the_dra_driver_describes_gpus_and_parts() -> None:
    (node,) = nodes(GPU)
    node["metadata"]["uid"] = "1"
    whole = slice_of(node, P5_48XLARGE, {})["spec"]["devices"]
    assert len(whole) == 8
    assert whole[0]["attributes"] == {"type": {"string": "gpu"}, "productName": {"string": "NVIDIA H100"}}
    parts = slice_of(node, P5_48XLARGE, {"1g.10gb": 7})["spec"]["devices"]
    assert len({part["name"] for part in parts}) == 56
    assert parts[0]["attributes"]["profile"] == {"string": "1g.10gb"}
    assert parts[0]["capacity"] == {"memory": {"value": "10240Mi"}}
