"""What every cluster has beyond its nodes: the add-ons that run as Deployments, and the default storage class."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from commonground.cluster import ClusterLike
from commonground.eksaddons import install
from commonground.settings.environment import AddonsSettings

STORAGE_DRIVER = "aws-ebs-csi-driver"
STORAGE_CLASS = "gp3"


class NoKubernetesError(ValueError):
    """A cluster without a Kubernetes provider was given to what makes Kubernetes objects."""

    def __init__(self, component: str) -> None:
        super().__init__(f"{component}: it makes Kubernetes objects: give the cluster its Kubernetes provider (ExistingCluster(..., kubernetes=...))")
        self.component = component


class Addons(pulumi.ComponentResource):
    """The add-ons that need nodes, and a default storage class of encrypted gp3 volumes."""

    addons: dict[str, aws.eks.Addon]
    """By name."""
    storage_class: kubernetes.storage.v1.StorageClass | None
    """None without the EBS driver among the add-ons."""

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
        self.storage_class = self._storage_class(cluster)
        self.register_outputs({"addons": sorted(self.addons), "storage_class": STORAGE_CLASS if self.storage_class else None})

    def _storage_class(self, cluster: ClusterLike) -> kubernetes.storage.v1.StorageClass | None:
        """Bound when a pod is placed, so that the volume is in the pod's zone. Its name is known to those who write claims."""
        driver = self.addons.get(STORAGE_DRIVER)
        if driver is None:
            return None
        if cluster.kubernetes is None:
            raise NoKubernetesError(self._label)
        return kubernetes.storage.v1.StorageClass(
            f"{self._label}-{STORAGE_CLASS}",
            metadata={"name": STORAGE_CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            provisioner="ebs.csi.aws.com",
            parameters={"type": "gp3", "encrypted": "true"},
            volume_binding_mode="WaitForFirstConsumer",
            reclaim_policy="Delete",
            allow_volume_expansion=True,
            opts=pulumi.ResourceOptions(parent=self, provider=cluster.kubernetes, depends_on=[driver]),
        )
