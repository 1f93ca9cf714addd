"""Node groups and nodes for tests, as the local cloud and the API server would show them."""

from dataclasses import replace
from typing import Any

from commonground.local.cluster.capacity import Machine
from commonground.local.cluster.nodes import new_node
from commonground.local.cluster.view import Group, Subnet

REGION = "eu-central-1"
M7I_LARGE = Machine("m7i.large", "amd64", 2, 8192, 3, 10)
G6_12XLARGE = Machine("g6.12xlarge", "amd64", 48, 196608, 8, 30, 4, "L4", 22888)
P5_48XLARGE = Machine("p5.48xlarge", "amd64", 192, 2097152, 2, 50, 8, "H100", 81920)

SUBNETS = tuple(Subnet(f"subnet-{letter}", f"{REGION}{letter}", f"euc1-az{number}", f"10.0.{number}6.0/24") for number, letter in enumerate("abc", start=1))

GENERAL = Group(
    cluster="commonground-local",
    name="general",
    kubernetes="1.36",
    release="1.36.0-20260101",
    ami_type="AL2023_x86_64_STANDARD",
    capacity_type="ON_DEMAND",
    desired=3,
    labels={"commonground.dev/pool": "general"},
    taints=(),
    machine=M7I_LARGE,
    pods=110,
    disk_gib=100,
    efa=0,
    template="lt-1",
    template_version="1",
    subnets=SUBNETS,
)
GPU = replace(GENERAL, name="gpu", desired=1, machine=G6_12XLARGE, pods=250, taints=(("nvidia.com/gpu", "true", "NoSchedule"),))

Object = dict[str, Any]


def nodes(group: Group, *, ready: bool = True) -> list[Object]:
    """A group's nodes, up and running."""
    taken: set[str] = set()
    made = []
    for number in range(group.desired):
        node = new_node(group, group.subnets[number % len(group.subnets)], REGION, taken)
        node["status"]["conditions"] = [{"type": "Ready", "status": "True" if ready else "False"}]
        node["metadata"]["creationTimestamp"] = f"2026-01-01T00:00:{number:02}Z"
        taken.add(node["metadata"]["name"])
        made.append(node)
    return made
