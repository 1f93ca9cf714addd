"""What every cluster has beyond its nodes: the add-ons that run as Deployments, and a storage class for each need."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from commonground.cluster import ClusterLike
from commonground.eksaddons import install
from commonground.settings.environment import AddonsSettings
from commonground.storageclasses import GENERAL, NEEDS, storage_class

STORAGE_DRIVER = "aws-ebs-csi-driver"


class NoKubernetesError(ValueError):
    """A cluster without a Kubernetes provider was given to what makes Kubernetes objects."""

    def __init__(self, component: str) -> None:
        super().__init__(f"{component}: it makes Kubernetes objects: give the cluster its Kubernetes provider (ExistingCluster(..., kubernetes=...))")
        self.component = component


class Addons(pulumi.ComponentResource):
    """The add-ons that need nodes, and storage classes of encrypted gp3 volumes: by default, fast, and retained."""

    addons: dict[str, aws.eks.Addon]
    """By name."""
    storage_classes: dict[str, kubernetes.storage.v1.StorageClass]
    """By their name in Kubernetes: `gp3` (the default), `gp3-fast`, `gp3-retain`. Empty without the EBS driver among the add-ons."""
    storage_class: kubernetes.storage.v1.StorageClass | None
    """The default one. None without the EBS driver among the add-ons."""

    def __init__(
        self,
        name: str,
        settings: AddonsSettings,
        *,
        cluster: ClusterLike,
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`after`: pools that these can run on. Without a node EKS calls such an add-on degraded, and the engine gives up after 20 minutes.

        Raises `NoKubernetesError`, and `UnknownAddonError` for an add-on that the table lacks.
        """
        super().__init__("commonground:addons:Addons", name, None, opts)
        self._label = name
        self.addons = {addon.name: install(f"{name}-{addon.name}", addon, cluster_name=cluster.name, after=after, parent=self) for addon in settings.addons}
        self.storage_classes = self._storage_classes(cluster)
        self.storage_class = self.storage_classes.get(GENERAL.name)
        self.register_outputs({"addons": sorted(self.addons), "storage_class": GENERAL.name if self.storage_class else None})

    def _storage_classes(self, cluster: ClusterLike) -> dict[str, kubernetes.storage.v1.StorageClass]:
        """Their names are known to those who write claims."""
        driver = self.addons.get(STORAGE_DRIVER)
        if driver is None:
            return {}
        if cluster.kubernetes is None:
            raise NoKubernetesError(self._label)
        inside = pulumi.ResourceOptions(parent=self, provider=cluster.kubernetes, depends_on=[driver])
        return {need.name: storage_class(f"{self._label}-{need.name}", need, inside) for need in NEEDS}
