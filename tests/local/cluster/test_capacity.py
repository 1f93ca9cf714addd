"""What a node offers to pods."""

from dataclasses import replace
from typing import Any

import pytest

from commonground.kubelet import reserved_cpu
from commonground.local.cluster.capacity import Machine, gpu_devices, mig_parts, offer
from tests.local.cluster.groups import G6_12XLARGE, M7I_LARGE, P5_48XLARGE


@pytest.mark.parametrize(("vcpu", "kept"), [(1, 60), (2, 70), (4, 80), (8, 90), (48, 190), (192, 550)])
def test_the_kubelet_keeps_less_of_each_further_cpu(vcpu: int, kept: int) -> None:
    assert reserved_cpu(vcpu) == kept


def test_memory_is_kept_by_the_pods_that_the_interfaces_allow() -> None:
    offered = offer(M7I_LARGE, pods=110, disk_gib=100)
    assert offered.capacity["memory"] == "7577Mi"  # 8192 less 7.5 %
    assert offered.allocatable["memory"] == f"{7577 - (255 + 11 * 29) - 100}Mi"


def test_a_node_offers_what_its_volume_has_without_the_eviction_threshold() -> None:
    offered = offer(M7I_LARGE, pods=110, disk_gib=100)
    assert offered.capacity["ephemeral-storage"] == f"{100 * 1024}Mi"
    assert offered.allocatable["ephemeral-storage"] == f"{90 * 1024 - 1024}Mi"


def test_prefixes_let_a_small_node_take_110_pods_and_a_large_one_250() -> None:
    assert M7I_LARGE.pods(prefixes=True) == 110
    assert G6_12XLARGE.pods(prefixes=True) == 250
    assert M7I_LARGE.pods(prefixes=False) == 29


def test_efa_software_sets_huge_pages_aside() -> None:
    with_efa, without = (offer(P5_48XLARGE, pods=250, disk_gib=200, efa=efa) for efa in (True, False))
    assert with_efa.allocatable["hugepages-2Mi"] == "10256Mi"
    assert _mebibytes(without.allocatable["memory"]) - _mebibytes(with_efa.allocatable["memory"]) == 10256


def _mebibytes(quantity: str) -> int:
    return int(quantity.removesuffix("Mi"))


TIME_SLICING: dict[str, Any] = {"timeSlicing": {"resources": [{"name": "nvidia.com/gpu", "replicas": 4}]}}
MPS: dict[str, Any] = {"mps": {"resources": [{"name": "nvidia.com/gpu", "replicas": 10}]}}


@pytest.mark.parametrize(
    ("config", "devices"),
    [
        ({}, {"nvidia.com/gpu": 4}),
        ({"sharing": TIME_SLICING}, {"nvidia.com/gpu": 16}),
        ({"sharing": MPS}, {"nvidia.com/gpu": 40}),
        ({"sharing": {"timeSlicing": {**TIME_SLICING["timeSlicing"], "renameByDefault": True}}}, {"nvidia.com/gpu.shared": 16}),
    ],
)
def test_a_shared_gpu_counts_as_often_as_it_is_shared(config: dict[str, Any], devices: dict[str, int]) -> None:
    assert gpu_devices(G6_12XLARGE, config) == devices


@pytest.mark.parametrize(("strategy", "resource"), [("single", "nvidia.com/gpu"), ("mixed", "nvidia.com/mig-1g.10gb")])
def test_the_parts_of_a_cut_gpu_are_devices_of_their_own(strategy: str, resource: str) -> None:
    assert gpu_devices(P5_48XLARGE, {"flags": {"migStrategy": strategy}}, {"1g.10gb": 7}) == {resource: 56}


def test_a_machine_without_gpus_announces_none() -> None:
    assert gpu_devices(M7I_LARGE, {"sharing": TIME_SLICING}) == {}


# NVIDIA MIG user guide, "Supported MIG Profiles".
@pytest.mark.parametrize(
    ("memory_gib", "profile", "parts"),
    [
        (40, "1g.5gb", 7),
        (40, "1g.10gb", 4),
        (40, "2g.10gb", 3),
        (40, "3g.20gb", 2),
        (40, "4g.20gb", 1),
        (40, "7g.40gb", 1),
        (80, "1g.10gb", 7),
        (80, "1g.20gb", 4),
        (80, "3g.40gb", 2),
        (141, "1g.18gb", 7),
        (141, "1g.35gb", 4),
        (141, "2g.35gb", 3),
        (141, "7g.141gb", 1),
        (179, "1g.23gb", 7),
        (179, "3g.90gb", 2),
    ],
)
def test_a_profile_gives_the_parts_of_nvidias_table(memory_gib: int, profile: str, parts: int) -> None:
    assert mig_parts(profile, memory_gib * 1024) == parts


def test_facts_come_from_ec2() -> None:
    machine = Machine.of(
        {
            "InstanceType": "g6.12xlarge",
            "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
            "VCpuInfo": {"DefaultVCpus": 48},
            "MemoryInfo": {"SizeInMiB": 196608},
            "NetworkInfo": {"MaximumNetworkInterfaces": 8, "Ipv4AddressesPerInterface": 30},
            "GpuInfo": {"Gpus": [{"Name": "L4", "Count": 4, "MemoryInfo": {"SizeInMiB": 22888}}]},
        }
    )
    assert machine == replace(G6_12XLARGE, name="g6.12xlarge")
