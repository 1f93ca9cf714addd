"""Software of the nodes: DaemonSets that are part of a node, all made in one way."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.core import v1 as core

from commonground.gpus import GPU

REASON = "commonground.dev/reason"
"""Annotation: why something may what others may not."""
CONFIG_DIGEST = "commonground.dev/config"
"""Annotation: changes with the configuration that a pod has read at its start, so that it starts anew."""
NAME_LABEL = "app.kubernetes.io/name"
INSTANCE_LABEL = "app.kubernetes.io/instance"
PART_OF_LABEL = "app.kubernetes.io/part-of"
PART_OF = "commonground"

CONFIG = "config"
CONFIG_DIR = "/config"

# Kubernetes' own, "Pod Priority and Preemption": nothing pushes these out, so a node that has them stays whole.
PRIORITY = "system-node-critical"


class Privilege(StrEnum):
    """What a container may do beyond what any may."""

    NONE = "none"
    SYS_ADMIN = "SYS_ADMIN"
    """One capability, which NVIDIA's runtime asks for before it shows MIG devices and profiling counters."""
    PRIVILEGED = "privileged"


@dataclass(frozen=True)
class HostPath:
    """A part of the node's file system."""

    name: str
    path: str
    mount: str = ""
    """Where the container sees it; empty: at the same path."""
    writable: bool = False
    propagation: str | None = None
    """None, `HostToContainer` or `Bidirectional`."""
    type: str = "Directory"
    """Kubernetes API reference, HostPathVolumeSource."""


@dataclass(frozen=True)
class Resources:
    """Requests, and limits: memory is never lent, CPU is."""

    cpu_millicores: int = 10
    cpu_limit_millicores: int = 200
    memory_mib: int = 64


@dataclass(frozen=True)
class Program:
    """One container."""

    name: str
    image: str
    command: tuple[str, ...] = ()
    """Empty: the image's own."""
    env: Mapping[str, str] = field(default_factory=dict)
    from_pod: Mapping[str, str] = field(default_factory=dict)
    """Environment variable -> field of the pod. Example: `spec.nodeName`."""
    host_paths: tuple[HostPath, ...] = ()
    config: bool = False
    """Whether it sees the configuration files, in `CONFIG_DIR`."""
    privilege: Privilege = Privilege.NONE
    resources: Resources = Resources()
    probe: core.ProbeArgsDict | None = None
    """Tells whether it lives and is ready; None where the software cannot tell, and then the reason has to say so."""
    port: int | None = None
    """Of its metrics."""


@dataclass(frozen=True)
class NodeSoftware:
    """A DaemonSet's contents."""

    name: str
    """Its name in the cluster."""
    kind: str
    """What it is an instance of: value of `app.kubernetes.io/name`."""
    reason: str
    """Why its pods may what the pod security level `restricted` refuses, and why they have no probe, where they have none."""
    program: Program
    prepared_by: tuple[Program, ...] = ()
    """What runs to its end beforehand, each time a pod starts."""
    nodes: Mapping[str, str] = field(default_factory=dict)
    """Labels of the nodes that it runs on."""
    nodes_with: tuple[core.NodeSelectorRequirementArgsDict, ...] = ()
    """Further requirements of the nodes."""
    config_map: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    """Key in the ConfigMap -> name of the file in `CONFIG_DIR`."""
    config: str = ""
    """Text of these files: a change starts the pods anew."""
    service_account: str | None = None
    """None: the namespace's default one, without a token."""
    host_network: bool = False
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Of the pods."""


def daemon_set(label: str, software: NodeSoftware, *, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions) -> kubernetes.apps.v1.DaemonSet:
    """The DaemonSet of this logical name. The engine does not wait for its pods: nodes come and go, and one that is sick must hold up nothing else."""
    labels = {NAME_LABEL: software.kind, INSTANCE_LABEL: software.name, PART_OF_LABEL: PART_OF}
    return kubernetes.apps.v1.DaemonSet(
        label,
        metadata={"name": software.name, "namespace": namespace, "labels": labels, "annotations": {"pulumi.com/skipAwait": "true"}},
        spec={
            "selector": {"match_labels": {INSTANCE_LABEL: software.name}},
            "update_strategy": {"type": "RollingUpdate", "rolling_update": {"max_unavailable": "25%"}},
            "template": {"metadata": {"labels": labels, "annotations": _annotations(software)}, "spec": _pod(software)},
        },
        opts=opts,
    )


def _annotations(software: NodeSoftware) -> dict[str, str]:
    found = {**software.annotations, REASON: software.reason}
    if software.config:
        found[CONFIG_DIGEST] = hashlib.sha256(software.config.encode()).hexdigest()[:12]
    return found


def _pod(software: NodeSoftware) -> core.PodSpecArgsDict:
    programs = (*software.prepared_by, software.program)
    spec: core.PodSpecArgsDict = {
        "priority_class_name": PRIORITY,
        "automount_service_account_token": software.service_account is not None,
        "enable_service_links": False,
        "security_context": {"run_as_user": 0, "run_as_group": 0, "seccomp_profile": {"type": "RuntimeDefault"}},
        "tolerations": [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}],
        "containers": [_container(software.program)],
        "volumes": [*_host_volumes(programs), *_config_volume(software), {"name": "tmp", "empty_dir": {"medium": "Memory", "size_limit": "16Mi"}}],
    }
    if software.prepared_by:
        spec["init_containers"] = [_container(program) for program in software.prepared_by]
    if software.nodes:
        spec["node_selector"] = dict(software.nodes)
    if software.nodes_with:
        terms: list[core.NodeSelectorTermArgsDict] = [{"match_expressions": list(software.nodes_with)}]
        spec["affinity"] = {"node_affinity": {"required_during_scheduling_ignored_during_execution": {"node_selector_terms": terms}}}
    if software.service_account is not None:
        spec["service_account_name"] = software.service_account
    if software.host_network:
        spec["host_network"] = True
    return spec


def _container(program: Program) -> core.ContainerArgsDict:
    container: core.ContainerArgsDict = {
        "name": program.name,
        "image": program.image,
        "image_pull_policy": "IfNotPresent",
        "resources": _resources(program.resources),
        "security_context": _security(program.privilege),
        "volume_mounts": list(_mounts(program)),
    }
    if env := list(_env(program)):
        container["env"] = env
    if program.command:
        container["command"] = list(program.command)
    if program.probe is not None:
        container["liveness_probe"] = program.probe
        container["readiness_probe"] = program.probe
    if program.port is not None:
        container["ports"] = [{"name": "metrics", "container_port": program.port, "protocol": "TCP"}]
    return container


def _env(program: Program) -> Iterator[core.EnvVarArgsDict]:
    for name, value in sorted(program.env.items()):
        yield {"name": name, "value": value}
    for name, path in sorted(program.from_pod.items()):
        yield {"name": name, "value_from": {"field_ref": {"field_path": path}}}


def _resources(resources: Resources) -> core.ResourceRequirementsArgsDict:
    memory = f"{resources.memory_mib}Mi"
    return {
        "requests": {"cpu": f"{resources.cpu_millicores}m", "memory": memory},
        "limits": {"cpu": f"{resources.cpu_limit_millicores}m", "memory": memory},
    }


def _security(privilege: Privilege) -> core.SecurityContextArgsDict:
    """A privileged container cannot be kept from gaining privileges: the API refuses to be told both."""
    if privilege is Privilege.PRIVILEGED:
        return {"privileged": True, "read_only_root_filesystem": True}
    capabilities: core.CapabilitiesArgsDict = {"drop": ["ALL"]}
    if privilege is Privilege.SYS_ADMIN:
        capabilities["add"] = [privilege.value]
    return {"allow_privilege_escalation": False, "read_only_root_filesystem": True, "capabilities": capabilities}


def _mounts(program: Program) -> Iterator[core.VolumeMountArgsDict]:
    for path in program.host_paths:
        mount: core.VolumeMountArgsDict = {"name": path.name, "mount_path": path.mount or path.path}
        if not path.writable:
            mount["read_only"] = True
        if path.propagation is not None:
            mount["mount_propagation"] = path.propagation
        yield mount
    if program.config:
        yield {"name": CONFIG, "mount_path": CONFIG_DIR, "read_only": True}
    yield {"name": "tmp", "mount_path": "/tmp"}  # noqa: S108  # the container's own


def _host_volumes(programs: tuple[Program, ...]) -> Iterator[core.VolumeArgsDict]:
    """Each once, in the order in which they are first mounted."""
    paths = {path.name: path for program in programs for path in program.host_paths}
    for path in paths.values():
        yield {"name": path.name, "host_path": {"path": path.path, "type": path.type}}


def _config_volume(software: NodeSoftware) -> Iterator[core.VolumeArgsDict]:
    if software.config_map is not None:
        items: list[core.KeyToPathArgsDict] = [{"key": key, "path": path} for key, path in software.files.items()]
        yield {"name": CONFIG, "config_map": {"name": software.config_map, "items": items}}
