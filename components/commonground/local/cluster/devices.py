"""Devices of simulated nodes: announced only where a device plugin's pod runs on the node, as its own configuration says."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from .capacity import EFA, Machine, gpu_devices, mig_parts
from .view import Group

# Last parts of the repositories of the programs' images.
NVIDIA_PLUGIN = "k8s-device-plugin"
EFA_PLUGIN = "aws-efa-k8s-device-plugin"
DRA_DRIVER = "dra-driver-nvidia-gpu"
NODE_SOFTWARE = (NVIDIA_PLUGIN, EFA_PLUGIN, DRA_DRIVER)

MPS_DAEMON = "mps-control-daemon"
"""Command in the plugin's image: the daemon without which the plugin announces nothing that is shared by MPS."""
CUTTER = "nvidia-mig-parted"
DEVICE_DOMAINS = ("nvidia.com/", "vpc.amazonaws.com/")

Pod = Mapping[str, Any]
Configs = Mapping[str, Mapping[str, str]]
"""ConfigMaps of a namespace: name -> data."""


@dataclass(frozen=True)
class Program:
    """A container of a pod."""

    image: str
    """Last part of its repository."""
    words: tuple[str, ...]
    """Command and arguments."""
    environment: Mapping[str, str]

    def option(self, name: str) -> str:
        """Value of `--name VALUE` or `--name=VALUE`; empty where it is not given."""
        joined = [word.partition("=")[2] for word in self.words if word.startswith(f"--{name}=")]
        return next(iter([*joined, *(after for before, after in pairwise(self.words) if before == f"--{name}")]), "")


def announced(group: Group, pods: Sequence[Pod], configs: Mapping[str, Configs]) -> dict[str, int]:
    """Devices by resource name. `pods` are on the node; `configs` are the ConfigMaps by namespace."""
    running = [(pod, program) for pod in pods if _runs(pod) for program in programs(pod)]
    daemon = any(MPS_DAEMON in program.words for _, program in running)
    found: dict[str, int] = {}
    for pod, program in running:
        if program.image == EFA_PLUGIN and group.efa:
            found[EFA] = group.efa
        if program.image != NVIDIA_PLUGIN or MPS_DAEMON in program.words:
            continue
        files = files_of(pod, configs)
        config = plugin_config(program, files)
        if (config.get("sharing") or {}).get("mps") and not daemon:
            continue
        found |= gpu_devices(group.machine, config, cut(pod, files, group.machine))
    return found


def _runs(pod: Pod) -> bool:
    return not pod["metadata"].get("deletionTimestamp") and pod.get("status", {}).get("phase") == "Running"


def runs_program(pod: Pod, image: str) -> bool:
    """Whether the pod runs, with a container of an image whose repository ends so."""
    return _runs(pod) and any(program.image == image for program in programs(pod))


def is_node_software(pod: Pod) -> bool:
    """Whether it is one of the programs that make devices known."""
    return any(program.image in NODE_SOFTWARE for program in programs(pod))


def programs(pod: Pod, *, part: str = "containers") -> list[Program]:
    """The pod's containers, or its `initContainers`."""
    return [
        Program(
            image=container["image"].partition("@")[0].rpartition("/")[2].partition(":")[0],
            words=(*(container.get("command") or ()), *(container.get("args") or ())),
            environment={variable["name"]: variable.get("value", "") for variable in container.get("env") or []},
        )
        for container in pod["spec"].get(part) or []
    ]


def files_of(pod: Pod, configs: Mapping[str, Configs]) -> dict[str, str]:
    """Text of the files that a pod gets out of ConfigMaps, by their last names."""
    known = configs.get(pod["metadata"].get("namespace", ""), {})
    return {name: text for source in _sources(pod) for name, text in _files(source, known).items()}


def _sources(pod: Pod) -> Iterator[Mapping[str, Any]]:
    for volume in pod["spec"].get("volumes") or []:
        parts = [volume, *((volume.get("projected") or {}).get("sources") or [])]
        yield from (part["configMap"] for part in parts if part.get("configMap"))


def _files(source: Mapping[str, Any], known: Configs) -> dict[str, str]:
    data = known.get(source["name"], {})
    items = source.get("items")
    return {item["path"].rpartition("/")[2]: data[item["key"]] for item in items if item["key"] in data} if items else dict(data)


def plugin_config(program: Program, files: Mapping[str, str]) -> Mapping[str, Any]:
    """The NVIDIA plugin's configuration: its file, with its environment over it; empty where it has none."""
    path = program.option("config-file") or program.environment.get("CONFIG_FILE", "")
    config = _yaml(files.get(path.rpartition("/")[2], ""))
    strategy = program.option("mig-strategy") or program.environment.get("MIG_STRATEGY")
    return {**config, "flags": {**(config.get("flags") or {}), "migStrategy": strategy}} if strategy else config


def cut(pod: Pod, files: Mapping[str, str], machine: Machine) -> dict[str, int]:
    """What the pod cuts each GPU into before it begins: MIG profile -> parts; empty if it does not, or wants more than the hardware gives."""
    for program in programs(pod, part="initContainers"):
        if CUTTER not in program.words:
            continue
        config = _yaml(files.get(program.option("config-file").rpartition("/")[2], ""))
        chosen = (config.get("mig-configs") or {}).get(program.option("selected-config")) or []
        wanted = {profile: int(count) for rule in chosen if rule.get("mig-enabled") for profile, count in (rule.get("mig-devices") or {}).items()}
        if all(count <= mig_parts(profile, machine.gpu_memory_mib) for profile, count in wanted.items()):
            return wanted
    return {}


def _yaml(text: str) -> Mapping[str, Any]:
    """JSON is YAML too, and read much faster."""
    try:
        found = json.loads(text) if text.startswith("{") else YAML(typ="safe", pure=True).load(text)
    except (ValueError, YAMLError):  # the program itself would not start
        return {}
    return found if isinstance(found, dict) else {}


def status_patch(node: Mapping[str, Any], devices: Mapping[str, int]) -> dict[str, Any]:
    """The merge patch for a node's status that announces exactly these devices; empty if it does already.

    What was announced and is no more counts 0, as a kubelet leaves it (Kubernetes, "Device Plugins").
    """
    status = node.get("status", {})
    patch: dict[str, dict[str, str]] = {}
    for part in ("capacity", "allocatable"):
        present = {name: value for name, value in (status.get(part) or {}).items() if name.startswith(DEVICE_DOMAINS)}
        wanted = {**dict.fromkeys(present, "0"), **{name: str(count) for name, count in devices.items()}}
        if wanted != present:
            patch[part] = wanted
    return {"status": patch} if patch else {}
