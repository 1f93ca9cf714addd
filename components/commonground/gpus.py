"""What pods see of a node's GPUs: how many, of which kind, with how much memory each, by the pool's facts and sharing."""

import re

from commonground.settings import mig
from commonground.settings.base import Gpus, SharingStrategy
from commonground.settings.environment import PoolSettings, SharingSettings

GPU = "nvidia.com/gpu"
"""Resource, and key of the taint."""
EFA = "vpc.amazonaws.com/efa"
"""Resource of the EFA device plugin."""

PRODUCT_LABEL = "commonground.dev/gpu-product"
MEMORY_LABEL = "commonground.dev/gpu-memory-mib"
SHARED_LABEL = "commonground.dev/gpu-shared"
"""Where pods take turns on a GPU or use it side by side: one pod gets one share there, and the node refuses it a second one."""
SHARED = (SharingStrategy.TIME_SLICING, SharingStrategy.MPS)
EFA_LABEL = "commonground.dev/efa"


class NoSuchProfileError(ValueError):
    """A MIG profile that the GPU does not have."""

    def __init__(self, gpus: Gpus, profile: str) -> None:
        known = tuple(mig.profiles(gpus))
        expected = f"one of its MIG profiles: {', '.join(known)}" if known else "another way of sharing, since it has no MIG"
        super().__init__(f"GPU {gpus.model}: expected {expected}; found {profile}")
        self.model = gpus.model
        self.profile = profile
        self.known = known


def shares(gpus: Gpus, sharing: SharingSettings) -> int:
    """How many `nvidia.com/gpu` a node with these GPUs offers: shares with time slicing and MPS, parts with MIG, else GPUs."""
    if sharing.strategy is SharingStrategy.MIG and sharing.profile is not None:
        return gpus.count * mig_parts(gpus, sharing.profile)
    return gpus.count * sharing.replicas


def share_memory_mib(gpus: Gpus, sharing: SharingSettings) -> int:
    """Memory that one `nvidia.com/gpu` has, in MiB: with MIG the part's; with MPS, which limits it, an equal share; else the whole GPU's."""
    if sharing.strategy is SharingStrategy.MIG and sharing.profile is not None:
        return _gib(sharing.profile) * 1024
    if sharing.strategy is SharingStrategy.MPS:
        return gpus.memory_mib // sharing.replicas
    return gpus.memory_mib


def mig_parts(gpus: Gpus, profile: str) -> int:
    """How many parts of a MIG profile one GPU is cut into: `1g.10gb` of an H100 makes 7. Raises `NoSuchProfileError`."""
    known = mig.profiles(gpus)
    if profile not in known:
        raise NoSuchProfileError(gpus, profile)
    return known[profile]


def gpu_labels(settings: PoolSettings) -> dict[str, str]:
    """Labels by which workloads ask for a kind of GPU, empty without GPUs.

    The product stands where all instance types have the same one; of memory, the least that one `nvidia.com/gpu` has; and whether it is a share.
    """
    found = _gpus(settings)
    if not found:
        return {}
    products = {product(gpus.model) for gpus in found}
    labels = {PRODUCT_LABEL: products.pop()} if len(products) == 1 else {}
    labels |= {SHARED_LABEL: "true"} if settings.sharing.strategy in SHARED else {}
    return {**labels, MEMORY_LABEL: str(min(share_memory_mib(gpus, settings.sharing) for gpus in found))}


def offered(settings: PoolSettings) -> dict[str, int]:
    """Device resources that every node of a pool offers, whichever of its instance types it is: resource name -> amount, where there is any."""
    gpus = [shares(facts.gpus, settings.sharing) if facts.gpus else 0 for facts in settings.instance_types]
    resources = {GPU: min(gpus), EFA: adapters(settings)}
    return {name: amount for name, amount in resources.items() if amount}


def adapters(settings: PoolSettings) -> int:
    """Elastic Fabric Adapters of a node: as many as every instance type of the pool has; 0 without `efa`."""
    return min(facts.efa for facts in settings.instance_types) if settings.efa else 0


def product(model: str) -> str:
    """A GPU's model as a label's value: `L4` -> `l4`, `RTX PRO Server 6000` -> `rtx-pro-server-6000`."""
    return re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")


def _gpus(settings: PoolSettings) -> list[Gpus]:
    return [facts.gpus for facts in settings.instance_types if facts.gpus]


def _gib(profile: str) -> int:
    """Memory in a profile's name: `1g.10gb` -> 10."""
    return int(profile.partition(".")[2].removesuffix("gb"))
