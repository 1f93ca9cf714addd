"""Settings of GPU software, as tests need them, and a cluster to put it on."""

from typing import Any

import pulumi_kubernetes as kubernetes

from commonground.cluster import ExistingCluster
from commonground.settings.base import Gpus, GpuSoftware, SharingStrategy
from commonground.settings.environment import AcceleratedPoolSettings, AcceleratorsSettings, ImagesSettings, SharingSettings

IMAGES = ImagesSettings(environment="dev", account="123456789012", region="eu-central-1")
L4 = Gpus(count=1, model="L4", memory_mib=22888)
H100 = Gpus(count=8, model="H100", memory_mib=81920)

WHOLE = SharingSettings()
IN_TURNS = SharingSettings(strategy=SharingStrategy.TIME_SLICING, replicas=4)
SIDE_BY_SIDE = SharingSettings(strategy=SharingStrategy.MPS, replicas=4)
CUT = SharingSettings(strategy=SharingStrategy.MIG, profile="1g.10gb")


def accelerated(name: str = "gpu", sharing: SharingSettings = WHOLE, gpus: Gpus = L4, *, efa: bool = False) -> AcceleratedPoolSettings:
    return AcceleratedPoolSettings(name=name, gpus=gpus, sharing=sharing, efa=efa)


def accelerators(*pools: AcceleratedPoolSettings, software: GpuSoftware = GpuSoftware.DEVICE_PLUGIN, version: str = "1.36") -> AcceleratorsSettings:
    return AcceleratorsSettings(software=software, pools=pools or (accelerated(),), kubernetes=version)


def cluster(*, provided: bool = True, **changes: Any) -> ExistingCluster:
    """To be made inside of a program."""
    provider = kubernetes.Provider("shared") if provided else None
    values: dict[str, Any] = {"name": "shared", "arn": "arn", "security_group_id": "sg-1", "subnet_ids": {"euc1-az1": "subnet-1"}, "node_role_arn": "role"}
    return ExistingCluster(**{**values, "kubernetes": provider, **changes})
