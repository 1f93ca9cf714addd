"""The GPU software of a cluster: what offers GPUs to pods, what measures them, and what joins nodes by EFA."""

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as kubernetes

from commonground import dcgm, deviceplugin, dra, mig
from commonground.addons import NoKubernetesError
from commonground.cluster import ClusterLike
from commonground.gpus import EFA_LABEL
from commonground.images import ImagesLike
from commonground.nodesoftware import REASON, HostPath, NodeSoftware, Program, daemon_set
from commonground.settings.base import GpuSoftware, SharingStrategy
from commonground.settings.environment import AcceleratorsSettings

NAMESPACE = "accelerators"
CONFIG_MAP = "accelerators"

EFA_IMAGE = "efa-device-plugin"
_INFINIBAND = HostPath("infiniband", "/dev/infiniband")
_WHY_NAMESPACE = "software of the nodes: it registers devices with the kubelet over host paths and sets GPUs up, which `baseline` and `restricted` refuse"
_WHY_EFA = (
    "root, the host's network and host paths: it finds the adapters among the node's devices and registers them with the kubelet; "
    "no probe: AWS' image has no endpoint for one, and its process ends with the kubelet's socket"
)


class Accelerators(pulumi.ComponentResource):
    """The namespace `accelerators` with DaemonSets that run on GPU nodes only, so that none runs while there are none."""

    namespace: kubernetes.core.v1.Namespace
    config: kubernetes.core.v1.ConfigMap
    """Every program's configuration: pool's name -> the device plugin's, `POOL.mig.yaml` -> how GPUs are cut, `dcgm-counters.csv`."""
    software: dict[str, kubernetes.apps.v1.DaemonSet]
    """By name in the cluster: `device-plugin-POOL`, `mps-POOL`, `dra-driver`, `dcgm-exporter`, `efa-device-plugin`."""
    device_classes: dict[str, kubernetes.resource.v1.DeviceClass]
    """By name; empty with the device plugin."""

    def __init__(
        self,
        name: str,
        settings: AcceleratorsSettings,
        *,
        cluster: ClusterLike,
        images: ImagesLike,
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`after`: what the first Kubernetes object waits for, and the pools that the software runs on: it goes before their nodes do.

        Raises `NoKubernetesError`, `NoSuchProfileError`; with DRA also `SharingNeedsPluginError` and `TooOldForClaimsError`.
        """
        super().__init__("commonground:accelerators:Accelerators", name, None, opts)
        if cluster.kubernetes is None:
            raise NoKubernetesError(name)
        self._label = name
        self._inside = pulumi.ResourceOptions(parent=self, provider=cluster.kubernetes, depends_on=[*after])

        self.namespace = self._namespace()
        self.config = self._config(settings)
        self.device_classes = self._device_classes(settings)
        accounts = self._accounts(settings)
        self.software = {one.name: self._daemon_set(one, accounts) for one in software(settings, images)}
        self.register_outputs({"namespace": NAMESPACE, "software": sorted(self.software)})

    def _namespace(self) -> kubernetes.core.v1.Namespace:
        return kubernetes.core.v1.Namespace(
            f"{self._label}-namespace",
            metadata={
                "name": NAMESPACE,
                "labels": {"pod-security.kubernetes.io/enforce": "privileged"},
                "annotations": {REASON: _WHY_NAMESPACE},
            },
            opts=self._inside,
        )

    def _config(self, settings: AcceleratorsSettings) -> kubernetes.core.v1.ConfigMap:
        return kubernetes.core.v1.ConfigMap(
            f"{self._label}-config",
            metadata={"name": CONFIG_MAP, "namespace": NAMESPACE},
            data=configuration(settings),
            opts=self._after(self.namespace),
        )

    def _device_classes(self, settings: AcceleratorsSettings) -> dict[str, kubernetes.resource.v1.DeviceClass]:
        if settings.software is not GpuSoftware.DRA:
            return {}
        dra.refuse_what_claims_lack(settings)
        return dra.device_classes(self._label, settings.pools, self._inside)

    def _accounts(self, settings: AcceleratorsSettings) -> list[pulumi.Resource]:
        """Only claims are known to the API server alone: all else asks the kubelet."""
        if settings.software is not GpuSoftware.DRA:
            return []
        inside = self._after(self.namespace)
        wanted = (dra.DRIVER_ACCOUNT, dra.EXPORTER_ACCOUNT)
        return [made for one in wanted for made in dra.account(f"{self._label}-{one.name}", one, namespace=NAMESPACE, opts=inside)]

    def _daemon_set(self, one: NodeSoftware, accounts: Sequence[pulumi.Resource]) -> kubernetes.apps.v1.DaemonSet:
        needed = accounts if one.service_account else ()
        return daemon_set(f"{self._label}-{one.name}", one, namespace=NAMESPACE, opts=self._after(self.config, *needed))

    def _after(self, *more: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(self._inside, pulumi.ResourceOptions(depends_on=[*more]))


def configuration(settings: AcceleratorsSettings) -> dict[str, str]:
    """Data of the ConfigMap."""
    data = {dcgm.COUNTERS_KEY: dcgm.counters()}
    for pool in settings.pools:
        if settings.software is GpuSoftware.DEVICE_PLUGIN:
            data[deviceplugin.key(pool)] = deviceplugin.config(pool)
        if mig.cut(pool):
            data[deviceplugin.mig_key(pool)] = mig.config(pool)
    return data


def software(settings: AcceleratorsSettings, images: ImagesLike) -> list[NodeSoftware]:
    """All DaemonSets of these settings."""
    return [
        *(_claims(settings, images) if settings.software is GpuSoftware.DRA else _counts(settings, images)),
        *dcgm.exporters(
            settings.pools,
            images,
            config_map=CONFIG_MAP,
            dra_account=dra.EXPORTER_ACCOUNT.name if settings.software is GpuSoftware.DRA else None,
        ),
        *([_efa(images)] if any(pool.efa for pool in settings.pools) else []),
    ]


def images_used(settings: AcceleratorsSettings | None) -> tuple[str, ...]:
    """Names of the images that these settings run, for `Images(used=...)`. None: no pool has GPUs."""
    if settings is None:
        return ()
    wanted = {
        deviceplugin.IMAGE: settings.software is GpuSoftware.DEVICE_PLUGIN,
        dcgm.IMAGE: True,
        "mig-manager": any(mig.cut(pool) for pool in settings.pools),
        dra.IMAGE: settings.software is GpuSoftware.DRA,
        EFA_IMAGE: any(pool.efa for pool in settings.pools),
    }
    return tuple(name for name, needed in wanted.items() if needed)


def _counts(settings: AcceleratorsSettings, images: ImagesLike) -> list[NodeSoftware]:
    """Pods ask for a number of `nvidia.com/gpu`."""
    side_by_side = [pool for pool in settings.pools if pool.sharing.strategy is SharingStrategy.MPS]
    return [
        *(deviceplugin.device_plugin(pool, images, config_map=CONFIG_MAP) for pool in settings.pools),
        *(deviceplugin.mps_daemon(pool, images, config_map=CONFIG_MAP) for pool in side_by_side),
    ]


def _claims(settings: AcceleratorsSettings, images: ImagesLike) -> list[NodeSoftware]:
    """Pods claim devices."""
    return list(dra.drivers(settings.pools, images, config_map=CONFIG_MAP))


def _efa(images: ImagesLike) -> NodeSoftware:
    """AWS' device plugin for EFA (aws/eks-charts, aws-efa-k8s-device-plugin)."""
    program = Program(
        "efa-device-plugin",
        images.url(EFA_IMAGE),
        host_paths=(deviceplugin.SOCKETS, _INFINIBAND),
    )
    return NodeSoftware(name="efa-device-plugin", kind="efa-device-plugin", reason=_WHY_EFA, program=program, nodes={EFA_LABEL: "true"}, host_network=True)
