"""Commonground: one AWS foundation for applications and models, as Pulumi components."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commonground.addons import Addons
    from commonground.cluster import Cluster, ClusterLike, ExistingCluster
    from commonground.contract import Contract, Platform
    from commonground.delivery import Delivery
    from commonground.foundation import Foundation
    from commonground.iam import ExistingRole, Identity
    from commonground.keys import Key
    from commonground.metrics.grafana import Grafana
    from commonground.metrics.stack import Metrics
    from commonground.metrics.workspace import ExistingWorkspace
    from commonground.network import ExistingNetwork, Network, NetworkLike
    from commonground.pools import Pool
    from commonground.registries import ExistingRepository, Registries, Repository
    from commonground.storage import Bucket, ExistingBucket, Storage

# Where each public name lives. A module is imported when one of its names is used: the whole of pulumi_aws takes seconds.
_HOMES = {
    "Addons": "addons",
    "Bucket": "storage",
    "Cluster": "cluster",
    "ClusterLike": "cluster",
    "Contract": "contract",
    "Delivery": "delivery",
    "ExistingBucket": "storage",
    "ExistingCluster": "cluster",
    "ExistingNetwork": "network",
    "ExistingRepository": "registries",
    "ExistingRole": "iam",
    "ExistingWorkspace": "metrics.workspace",
    "Foundation": "foundation",
    "Grafana": "metrics.grafana",
    "Identity": "iam",
    "Key": "keys",
    "Metrics": "metrics.stack",
    "Network": "network",
    "NetworkLike": "network",
    "Platform": "contract",
    "Pool": "pools",
    "Registries": "registries",
    "Repository": "registries",
    "Storage": "storage",
}

__all__ = [
    "Addons",
    "Bucket",
    "Cluster",
    "ClusterLike",
    "Contract",
    "Delivery",
    "ExistingBucket",
    "ExistingCluster",
    "ExistingNetwork",
    "ExistingRepository",
    "ExistingRole",
    "ExistingWorkspace",
    "Foundation",
    "Grafana",
    "Identity",
    "Key",
    "Metrics",
    "Network",
    "NetworkLike",
    "Platform",
    "Pool",
    "Registries",
    "Repository",
    "Storage",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
