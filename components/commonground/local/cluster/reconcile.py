"""Brings a cluster's nodes in step with its node groups: comes and goes of nodes, their labels, taints and devices."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import slices
from .api import Api, ApiError, NotFoundError
from .devices import DRA_DRIVER, announced, cut, files_of, is_node_software, runs_program, status_patch
from .nodes import DRAINING, GROUP_LABEL, SIMULATED, draining, plan
from .view import Group

# Where device plugins are looked for: the namespace of the GPU software, and the one where vendors' manifests put theirs.
PLUGIN_NAMESPACES = ("accelerators", "kube-system")

# EKS user guide, "Understand each phase of node updates": how long a node is given to get rid of its pods.
DRAIN_SECONDS = 15 * 60
TOO_MANY_REQUESTS = 429
"""How the eviction API says that a disruption budget allows no more now."""

Node = dict[str, Any]


@dataclass
class Leaving:
    """A node that is being emptied, and what is still on it."""

    node: str
    pods: list[str] = field(default_factory=list)
    """`namespace/name`, with the reason why it is still there."""


class Nodes:
    """The simulated nodes of one cluster."""

    def __init__(self, api: Api, region: str, *, now: Callable[[], float] = time.time, drain_seconds: float = DRAIN_SECONDS) -> None:
        self._api, self._region = api, region
        self._now, self._drain_seconds = now, drain_seconds
        self._offered = False

    def step(self, groups: Sequence[Group]) -> list[Leaving]:
        """One step towards what the groups say. Returns the nodes that could not be let go yet. Raises `ApiError`."""
        nodes = [node for node in self._api.list("/api/v1/nodes") if node["metadata"].get("annotations", {}).get(SIMULATED)]
        by_group: dict[str, list[Node]] = {}
        for node in nodes:
            by_group.setdefault(node["metadata"].get("labels", {}).get(GROUP_LABEL, ""), []).append(node)
        for group in groups:
            own = by_group.pop(group.name, [])
            self._follow(group, own, frozenset(node["metadata"]["name"] for node in nodes if node not in own))
        for orphans in by_group.values():  # of groups that are gone
            for node in orphans:
                if not draining(node):
                    self._begin_draining(node)
        self._announce(groups, nodes)
        leaving = [self._drain(node) for node in nodes if draining(node)]
        return [node for node in leaving if node is not None]

    def _follow(self, group: Group, nodes: Sequence[Node], taken: frozenset[str]) -> None:
        wanted = plan(group, nodes, self._region, taken=taken)
        for node in wanted.create:
            self._api.create(node)
        for node, patch in wanted.change:
            self._api.patch(_path(node), patch)
        for node in wanted.drain:
            self._begin_draining(node)

    def _begin_draining(self, node: Node) -> None:
        """Nothing new comes onto it."""
        since = {DRAINING: str(int(self._now()))}
        self._api.patch(_path(node), {"metadata": {"annotations": since}, "spec": {"unschedulable": True}})
        node["metadata"].setdefault("annotations", {}).update(since)

    def _drain(self, node: Node) -> Leaving | None:
        """Evicts what is on it, and takes it away once it is empty or its time is over. None if it is gone."""
        name = node["metadata"]["name"]
        pods = self._api.list("/api/v1/pods", fields=f"spec.nodeName={name}")
        staying = [reason for pod in pods if not _of_daemon_set(pod) for reason in self._evict(pod)]
        overdue = self._now() - float(node["metadata"]["annotations"][DRAINING]) > self._drain_seconds
        if staying and not overdue:
            return Leaving(name, staying)
        self._api.delete(_path(node))
        # With its machine a pod is gone, whatever it was doing: one that a finalizer holds stays to be seen.
        for pod in pods:
            self._api.delete(_pod_path(pod), grace=0)
        return None

    def _evict(self, pod: Mapping[str, Any]) -> Iterator[str]:
        """Asks the pod to go. Gives a line if it is still there."""
        name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            return
        if pod["metadata"].get("deletionTimestamp"):
            held = ", ".join(pod["metadata"].get("finalizers") or [])
            yield f"{name} (terminating{f', held by {held}' if held else ''})"
            return
        about = {"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]}
        try:
            self._api.post(f"{_pod_path(pod)}/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": about})
        except NotFoundError:
            return
        except ApiError as error:
            if error.status != TOO_MANY_REQUESTS:
                raise
            yield f"{name} (its disruption budget allows no more)"
            return
        yield f"{name} (evicted)"

    def _announce(self, groups: Sequence[Group], nodes: Sequence[Node]) -> None:
        """Devices, where the programs run that make them known."""
        by_name = {group.name: group for group in groups if group.machine.gpus or group.efa}
        candidates = [node for node in nodes if node["metadata"]["labels"].get(GROUP_LABEL) in by_name]
        if not candidates:
            return
        pods = [pod for namespace in PLUGIN_NAMESPACES for pod in self._api.list(f"/api/v1/namespaces/{namespace}/pods") if is_node_software(pod)]
        configs = {namespace: self._configs(namespace) for namespace in {pod["metadata"]["namespace"] for pod in pods}}
        claimable: dict[str, Node] = {}
        for node in candidates:
            group = by_name[node["metadata"]["labels"][GROUP_LABEL]]
            own = [pod for pod in pods if pod["spec"].get("nodeName") == node["metadata"]["name"]]
            patch = status_patch(node, announced(group, own, configs))
            if patch:
                self._api.patch(f"{_path(node)}/status", patch)
            for driver in (pod for pod in own if group.machine.gpus and runs_program(pod, DRA_DRIVER)):
                claimable[slices.name(node)] = slices.slice_of(node, group.machine, cut(driver, files_of(driver, configs), group.machine))
        self._offer_claims(claimable)

    def _offer_claims(self, wanted: Mapping[str, Node]) -> None:
        """Slices that are there and should not be go; they never change, since a node's GPUs do not."""
        if not wanted and not self._offered:
            return
        present = {found["metadata"]["name"] for found in self._api.list(slices.COLLECTION, fields=f"spec.driver={slices.DRIVER}")}
        for name in present - wanted.keys():
            self._api.delete(f"{slices.COLLECTION}/{name}")
        for name in wanted.keys() - present:
            self._api.create(wanted[name])
        self._offered = bool(wanted)

    def _configs(self, namespace: str) -> dict[str, Mapping[str, str]]:
        return {config["metadata"]["name"]: config.get("data") or {} for config in self._api.list(f"/api/v1/namespaces/{namespace}/configmaps")}


def _of_daemon_set(pod: Mapping[str, Any]) -> bool:
    """It would come back to the same node at once, and mirrors of static pods likewise."""
    return any(owner["kind"] in ("DaemonSet", "Node") for owner in pod["metadata"].get("ownerReferences") or [])


def _path(node: Mapping[str, Any]) -> str:
    return f"/api/v1/nodes/{node['metadata']['name']}"


def _pod_path(pod: Mapping[str, Any]) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
