"""MIG: the hardware cuts a GPU into parts, before anything else sees it."""

import json
from collections.abc import Sequence

from pulumi_kubernetes.core import v1 as core

from commonground.gpus import MEMORY_LABEL, mig_parts
from commonground.nodesoftware import CONFIG_DIR, Privilege, Program, Resources
from commonground.pools import POOL_LABEL
from commonground.settings.base import SharingStrategy
from commonground.settings.environment import AcceleratedPoolSettings

FILE = "mig.yaml"
"""In the configuration directory of whoever cuts, or waits for the cut."""

REASON = "cutting GPUs into MIG parts needs a privileged container, once, before the node offers them"

# The images' own environment asks for the devices by which parts are made.
_ENV = {"NVIDIA_DRIVER_CAPABILITIES": "compute,utility", "NVIDIA_MIG_CONFIG_DEVICES": "all", "NVIDIA_VISIBLE_DEVICES": "all"}
_RESOURCES = Resources(cpu_limit_millicores=500, memory_mib=128)


def cut(pool: AcceleratedPoolSettings) -> bool:
    """Whether the pool's GPUs are cut."""
    return pool.sharing.strategy is SharingStrategy.MIG


def uncut(cut_pools: Sequence[AcceleratedPoolSettings]) -> tuple[core.NodeSelectorRequirementArgsDict, ...]:
    """The nodes with GPUs, except those of these pools."""
    with_gpus: core.NodeSelectorRequirementArgsDict = {"key": MEMORY_LABEL, "operator": "Exists"}
    others: core.NodeSelectorRequirementArgsDict = {"key": POOL_LABEL, "operator": "NotIn", "values": [pool.name for pool in cut_pools]}
    return (with_gpus, others) if cut_pools else (with_gpus,)


def config(pool: AcceleratedPoolSettings) -> str:
    """What every GPU of the pool is to look like, for nvidia-mig-parted: JSON, which is YAML too (NVIDIA/mig-parted, README). For cut pools only."""
    profile = str(pool.sharing.profile)
    wanted = [{"devices": "all", "mig-enabled": True, "mig-devices": {profile: mig_parts(pool.gpus, profile)}}]
    return json.dumps({"version": "v1", "mig-configs": {pool.name: wanted}}, sort_keys=True, indent=2)


def cutting(pool: AcceleratedPoolSettings, image: str) -> Program:
    """Cuts the node's GPUs as configured, and does nothing where they are so. It has to be the first that uses them."""
    return _mig_parted("apply", pool, image, Privilege.PRIVILEGED)


def waiting(pool: AcceleratedPoolSettings, image: str) -> Program:
    """Fails, and is tried again, until the GPUs are cut as configured: who holds a GPU open keeps it from being cut."""
    return _mig_parted("assert", pool, image, Privilege.SYS_ADMIN)


def _mig_parted(verb: str, pool: AcceleratedPoolSettings, image: str, privilege: Privilege) -> Program:
    command = ("nvidia-mig-parted", verb, "--config-file", f"{CONFIG_DIR}/{FILE}", "--selected-config", pool.name)
    return Program(f"mig-{verb}", image, command, env=_ENV, config=True, privilege=privilege, resources=_RESOURCES)
