"""Node objects as a managed node group would bring them up, and which are to come and which to go."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from .capacity import offer
from .view import Group, Subnet

SIMULATED = "kwok.x-k8s.io/node"
GROUP_LABEL = "eks.amazonaws.com/nodegroup"
GENERATION = "commonground.dev/generation"
"""Annotation: what a node was launched with (`Group.generation`)."""
APPLIED = "commonground.dev/applied-labels"
"""Annotation: names of the labels that came from the group, so that one which went from the group goes from the node."""
SUBNET = "commonground.dev/subnet"
DRAINING = "commonground.dev/draining-since"
"""Annotation: when the node began to be emptied, in seconds since 1970."""
# Set by Kubernetes itself: never the group's.
SYSTEM_TAINTS = "node.kubernetes.io/"
# AWS reserves a subnet's first four addresses (VPC user guide, "Subnet CIDR blocks"); the first pods' are left out, too.
FIRST_ADDRESS = 10
KUBELET_PORT = 10250


@dataclass
class Plan:
    """What brings a group's nodes in step with it."""

    create: list[dict[str, Any]] = field(default_factory=list)
    drain: list[dict[str, Any]] = field(default_factory=list)
    change: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    """A node, and the merge patch that it needs."""


def plan(group: Group, nodes: Sequence[dict[str, Any]], region: str, *, taken: frozenset[str] = frozenset()) -> Plan:
    """What `nodes`, all that the group has, need. `taken`: names of the cluster's other nodes.

    A changed launch template, release or version means new nodes: the old ones are drained as soon as the new ones are ready. (EKS does so a few nodes at a
    time, as the group's update settings say; here it is all at once.)
    """
    staying = [node for node in nodes if not draining(node)]
    fresh = [node for node in staying if node["metadata"]["annotations"].get(GENERATION) == group.generation]
    old = [node for node in staying if node not in fresh]
    names = set(taken) | {node["metadata"]["name"] for node in nodes}
    made = Plan(change=[(node, patch) for node in fresh if (patch := changes(node, group))])
    zones = Counter(node["metadata"]["annotations"].get(SUBNET) for node in fresh)
    for _ in range(group.desired - len(fresh)):
        subnet = min(group.subnets, key=lambda subnet: (zones[subnet.id], subnet.zone_id))
        zones[subnet.id] += 1
        node = new_node(group, subnet, region, names)
        names.add(node["metadata"]["name"])
        made.create.append(node)
    surplus = len(fresh) - group.desired
    for _ in range(max(surplus, 0)):
        # The auto scaling group keeps its zones in balance; within a zone, here the youngest goes.
        node = max(fresh, key=lambda node: (zones[_subnet(node)], node["metadata"].get("creationTimestamp", ""), node["metadata"]["name"]))
        zones[_subnet(node)] -= 1
        fresh.remove(node)
        made.drain.append(node)
    if not made.create and all(ready(node) for node in fresh):
        made.drain += old
    return made


def _subnet(node: Mapping[str, Any]) -> str:
    return str(node["metadata"]["annotations"].get(SUBNET))


def new_node(group: Group, subnet: Subnet, region: str, taken: set[str]) -> dict[str, Any]:
    """A Node as its kubelet would register it: labels, taints, capacity; no devices, which plugins announce later."""
    address = _address(group, subnet, region, taken)
    name = _name(address, region)
    offered = offer(group.machine, pods=group.pods, disk_gib=group.disk_gib, efa=group.efa > 0)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": labels(group, subnet, name, region),
            "annotations": {SIMULATED: "fake", GENERATION: group.generation, SUBNET: subnet.id, APPLIED: ",".join(sorted(group.labels))},
        },
        "spec": {"providerID": f"aws:///{subnet.zone}/{_instance(group, name)}", "taints": taints(group)},
        "status": {
            "capacity": offered.capacity,
            "allocatable": offered.allocatable,
            "addresses": [{"type": type_, "address": value} for type_, value in (("InternalIP", address), ("InternalDNS", name), ("Hostname", name))],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": KUBELET_PORT}},
            "nodeInfo": _info(group, name),
        },
    }


def labels(group: Group, subnet: Subnet, name: str, region: str) -> dict[str, str]:
    """The group's labels, and those that kubelet, cloud controller and EKS put on each node (Kubernetes, "Well-Known Labels, Annotations and Taints")."""
    found = {
        **group.labels,
        GROUP_LABEL: group.name,
        "eks.amazonaws.com/capacityType": group.capacity_type,
        "eks.amazonaws.com/nodegroup-image": group.release,
        "kubernetes.io/arch": group.machine.architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": group.machine.name,
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": subnet.zone,
        "topology.k8s.aws/zone-id": subnet.zone_id,
    }
    if group.template:
        found |= {"eks.amazonaws.com/sourceLaunchTemplateId": group.template, "eks.amazonaws.com/sourceLaunchTemplateVersion": group.template_version}
    return found


def taints(group: Group, node: Mapping[str, Any] | None = None) -> list[dict[str, str]]:
    """The group's taints, and those that Kubernetes itself put on the node."""
    own = [{"key": key, "value": value, "effect": effect} for key, value, effect in group.taints]
    return own + [taint for taint in ((node or {}).get("spec", {}).get("taints") or []) if taint["key"].startswith(SYSTEM_TAINTS)]


def changes(node: Mapping[str, Any], group: Group) -> dict[str, Any]:
    """The merge patch for labels and taints that changed on the group: EKS puts them on running nodes, too. Empty if none did."""
    metadata = node["metadata"]
    present, applied = metadata.get("labels", {}), metadata["annotations"].get(APPLIED, "")
    wanted: dict[str, str | None] = {key: value for key, value in group.labels.items() if present.get(key) != value}
    wanted |= {key: None for key in filter(None, applied.split(",")) if key not in group.labels and key in present}
    patch: dict[str, Any] = {}
    if wanted:
        patch["metadata"] = {"labels": wanted, "annotations": {APPLIED: ",".join(sorted(group.labels))}}
    tainted = taints(group, node)
    if _unordered(tainted) != _unordered(node["spec"].get("taints") or []):
        patch["spec"] = {"taints": tainted}
    return patch


def _unordered(found: Sequence[Mapping[str, str]]) -> set[tuple[str, str, str]]:
    return {(taint["key"], taint.get("value", ""), taint["effect"]) for taint in found}


def draining(node: Mapping[str, Any]) -> bool:
    """Whether the node is being emptied."""
    return DRAINING in node["metadata"].get("annotations", {})


def ready(node: Mapping[str, Any]) -> bool:
    """Whether the node takes pods."""
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in node.get("status", {}).get("conditions") or [])


def _address(group: Group, subnet: Subnet, region: str, taken: set[str]) -> str:
    """A free address of the subnet: the same group gets the same ones each time."""
    network = IPv4Network(subnet.cidr)
    hosts = network.num_addresses - FIRST_ADDRESS - 1
    start = int.from_bytes(_digest(group.cluster, group.name, group.generation)[:4]) % hosts
    for step in range(hosts):
        address = str(IPv4Address(int(network.network_address) + FIRST_ADDRESS + (start + step) % hosts))
        if _name(address, region) not in taken:
            return address
    raise ValueError(f"subnet {subnet.id} ({subnet.cidr}) has no free address for a node of {group.name}")


def _name(address: str, region: str) -> str:
    """EC2 user guide, "EC2 instance hostnames and domains": the private name by address."""
    suffix = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{address.replace('.', '-')}.{suffix}"


def _instance(group: Group, name: str) -> str:
    return f"i-{_digest(group.cluster, group.name, name).hex()[:17]}"


def _info(group: Group, name: str) -> dict[str, str]:
    """What a kubelet says of its machine."""
    identity = _digest(group.cluster, name).hex()[:32]
    # The release of EKS' own AMIs begins with the kubelet's version: 1.36.0-20260101. An image of one's own says nothing of it.
    release = group.release.partition("-")[0]
    kubelet = f"v{release if release.startswith(group.kubernetes) else group.kubernetes}"
    return {
        "architecture": group.machine.architecture,
        "bootID": identity,
        "containerRuntimeVersion": "containerd://simulated",
        "kernelVersion": "simulated",
        "kubeProxyVersion": kubelet,
        "kubeletVersion": kubelet,
        "machineID": identity,
        "operatingSystem": "linux",
        "osImage": f"Simulated {group.ami_type} {group.release}",
        "systemUUID": identity,
    }


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("/".join(parts).encode()).digest()
