"""GPUs by claim: NVIDIA's DRA driver, the classes of devices, and what a workload claims them with."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.rbac import v1 as rbac

from commonground import deviceplugin, mig
from commonground.images import ImagesLike
from commonground.nodesoftware import HostPath, NodeSoftware, Privilege, Program, Resources
from commonground.pools import POOL_LABEL
from commonground.settings.base import SharingStrategy
from commonground.settings.environment import AcceleratedPoolSettings, AcceleratorsSettings

IMAGE = "dra-driver"
KIND = "dra-driver"
DRIVER = "gpu.nvidia.com"
GPU_CLASS = "gpu.nvidia.com"
MIG_CLASS = "mig.nvidia.com"

# Kubernetes, "Dynamic Resource Allocation": resource.k8s.io/v1 is served from this minor version.
OLDEST_MINOR = 34

HEALTH_PORT = 51516
REGISTRY = HostPath("plugins-registry", "/var/lib/kubelet/plugins_registry", writable=True)
PLUGINS = HostPath("plugins", "/var/lib/kubelet/plugins", writable=True, propagation="Bidirectional")
CDI = HostPath("cdi", "/var/run/cdi", writable=True, type="DirectoryOrCreate")
DRIVER_ROOT = HostPath("driver-root", "/", mount="/driver-root", writable=True, propagation="HostToContainer")

_PROBE: core.ProbeArgsDict = {
    "grpc": {"port": HEALTH_PORT, "service": "liveness"},
    "initial_delay_seconds": 30,
    "period_seconds": 15,
    "timeout_seconds": 10,
    "failure_threshold": 4,
}
_WHY = "privileged and host paths: it finds the driver on the node, makes device nodes for claims, and registers with the kubelet over its sockets"


class SharingNeedsPluginError(ValueError):
    """Pools that share GPUs by number, where pods claim devices."""

    def __init__(self, pools: Sequence[str]) -> None:
        super().__init__(
            f"pools {', '.join(pools)}: expected sharing `none` or `mig` with the GPU software `dra`, found time slicing or MPS: "
            "leave it out, as several pods may name one claim, or use `device_plugin`"
        )
        self.pools = tuple(pools)


class TooOldForClaimsError(ValueError):
    """A Kubernetes version that does not serve claims."""

    def __init__(self, version: str) -> None:
        super().__init__(f"kubernetes {version}: expected 1.{OLDEST_MINOR} or later with the GPU software `dra`: raise it, or use `device_plugin`")
        self.version = version


@dataclass(frozen=True)
class Account:
    """A service account with rights in the whole cluster."""

    name: str
    rules: tuple[rbac.PolicyRuleArgsDict, ...]


_READ = ["get", "list", "watch"]
# kubernetes-sigs/dra-driver-nvidia-gpu, Helm template rbac-kubeletplugin.yaml, without what compute domains need.
DRIVER_ACCOUNT = Account(
    KIND,
    (
        {"api_groups": ["resource.k8s.io"], "resources": ["resourceclaims"], "verbs": _READ},
        {"api_groups": ["resource.k8s.io"], "resources": ["resourceslices"], "verbs": [*_READ, "create", "update", "delete"]},
        {"api_groups": [""], "resources": ["nodes", "pods"], "verbs": _READ},
        {"api_groups": [""], "resources": ["events"], "verbs": ["create"]},
    ),
)
EXPORTER_ACCOUNT = Account("dcgm-exporter", ({"api_groups": ["resource.k8s.io"], "resources": ["resourceslices"], "verbs": _READ},))

_CLASSES = {GPU_CLASS: "gpu", MIG_CLASS: "mig"}


def refuse_what_claims_lack(settings: AcceleratorsSettings) -> None:
    """Raises `SharingNeedsPluginError` or `TooOldForClaimsError`."""
    by_number = [pool.name for pool in settings.pools if pool.sharing.strategy in (SharingStrategy.TIME_SLICING, SharingStrategy.MPS)]
    if by_number:
        raise SharingNeedsPluginError(by_number)
    if int(settings.kubernetes.split(".")[1]) < OLDEST_MINOR:
        raise TooOldForClaimsError(settings.kubernetes)


def drivers(pools: Sequence[AcceleratedPoolSettings], images: ImagesLike, *, config_map: str) -> Iterator[NodeSoftware]:
    """One for all nodes with GPUs, and one for each pool whose GPUs it cuts first."""
    cut = [pool for pool in pools if mig.cut(pool)]
    if len(cut) < len(pools):
        yield _driver(KIND, images, nodes_with=mig.uncut(cut))
    for pool in cut:
        yield _driver(f"{KIND}-{pool.name}", images, pool=pool, config_map=config_map)


def account(label: str, wanted: Account, *, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """A service account, its cluster role, and what binds them."""
    name = f"accelerators-{wanted.name}"
    role = kubernetes.rbac.v1.ClusterRole(f"{label}-role", metadata={"name": name}, rules=list(wanted.rules), opts=opts)
    made = kubernetes.core.v1.ServiceAccount(f"{label}-account", metadata={"name": wanted.name, "namespace": namespace}, opts=opts)
    bound = kubernetes.rbac.v1.ClusterRoleBinding(
        f"{label}-binding",
        metadata={"name": name},
        role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        subjects=[{"kind": "ServiceAccount", "name": wanted.name, "namespace": namespace}],
        opts=opts,
    )
    return [role, made, bound]


def device_classes(label: str, pools: Sequence[AcceleratedPoolSettings], opts: pulumi.ResourceOptions) -> dict[str, kubernetes.resource.v1.DeviceClass]:
    """By name: whole GPUs and MIG parts, those of which there are any. The names are NVIDIA's, so that what others wrote works here."""
    cut = [mig.cut(pool) for pool in pools]
    names = [name for name, there in ((GPU_CLASS, not all(cut)), (MIG_CLASS, any(cut))) if there]
    return {name: _device_class(f"{label}-class-{_CLASSES[name]}", name, opts) for name in names}


def claim_template(
    label: str,
    *,
    namespace: pulumi.Input[str],
    count: int = 1,
    product: str | None = None,
    min_memory_mib: int | None = None,
    profile: str | None = None,
    opts: pulumi.ResourceOptions | None = None,
) -> kubernetes.resource.v1.ResourceClaimTemplate:
    """What a pod names in `resourceClaims`: every pod gets devices of its own. Its name in the cluster is the logical one.

    `product` as the node label `commonground.dev/gpu-product` has it (`l4`); `profile` for MIG parts in place of whole GPUs (`1g.10gb`).
    """
    conditions = list(_conditions(product, min_memory_mib, profile))
    exactly: kubernetes.resource.v1.ExactDeviceRequestArgsDict = {"device_class_name": MIG_CLASS if profile else GPU_CLASS, "count": count}
    if conditions:
        exactly["selectors"] = [{"cel": {"expression": condition}} for condition in conditions]
    return kubernetes.resource.v1.ResourceClaimTemplate(
        label,
        metadata={"name": label, "namespace": namespace},
        spec={"spec": {"devices": {"requests": [{"name": "gpu", "exactly": exactly}]}}},
        opts=opts,
    )


def _conditions(product: str | None, min_memory_mib: int | None, profile: str | None) -> Iterator[str]:
    """CEL, over what the driver says of a device (kubernetes-sigs/dra-driver-nvidia-gpu: attributes productName and profile, capacity memory)."""
    if product is not None:
        words = re.sub(r"[^a-z0-9]+", "[^a-z0-9]+", product.lower())
        yield f"device.attributes['{DRIVER}'].productName.lowerAscii().matches('(^|[^a-z0-9]){words}($|[^a-z0-9])')"
    if min_memory_mib is not None:
        yield f"device.capacity['{DRIVER}'].memory.compareTo(quantity('{min_memory_mib}Mi')) >= 0"
    if profile is not None:
        yield f"device.attributes['{DRIVER}'].profile == '{profile}'"


def _device_class(label: str, name: str, opts: pulumi.ResourceOptions) -> kubernetes.resource.v1.DeviceClass:
    expression = f"device.driver == '{DRIVER}' && device.attributes['{DRIVER}'].type == '{_CLASSES[name]}'"
    return kubernetes.resource.v1.DeviceClass(label, metadata={"name": name}, spec={"selectors": [{"cel": {"expression": expression}}]}, opts=opts)


def _driver(
    name: str,
    images: ImagesLike,
    *,
    nodes_with: tuple[core.NodeSelectorRequirementArgsDict, ...] = (),
    pool: AcceleratedPoolSettings | None = None,
    config_map: str | None = None,
) -> NodeSoftware:
    image = images.url(IMAGE)
    program = Program(
        "gpus",
        image,
        ("gpu-kubelet-plugin", "-v", "2"),
        env=_env(image),
        from_pod={"NAMESPACE": "metadata.namespace", "NODE_NAME": "spec.nodeName", "SERVICE_ACCOUNT_NAME": "spec.serviceAccountName"},
        host_paths=(REGISTRY, PLUGINS, CDI, DRIVER_ROOT),
        privilege=Privilege.PRIVILEGED,
        resources=Resources(cpu_millicores=20, cpu_limit_millicores=500, memory_mib=256),
        probe=_PROBE,
    )
    return NodeSoftware(
        name=name,
        kind=KIND,
        reason=_WHY if pool is None else f"{_WHY}; {mig.REASON}",
        program=program,
        prepared_by=() if pool is None else (mig.cutting(pool, images.url("mig-manager")),),
        nodes={} if pool is None else {POOL_LABEL: pool.name},
        nodes_with=nodes_with,
        config_map=config_map,
        files={} if pool is None else {deviceplugin.mig_key(pool): mig.FILE},
        config="" if pool is None else mig.config(pool),
        service_account=DRIVER_ACCOUNT.name,
    )


def _env(image: str) -> Mapping[str, str]:
    """The driver finds the GPUs by the node's own file system, so it asks the container runtime for none."""
    return {
        "CDI_ROOT": CDI.path,
        "HEALTHCHECK_PORT": str(HEALTH_PORT),
        "IMAGE_NAME": image,
        "KUBELET_PLUGINS_DIRECTORY_PATH": PLUGINS.path,
        "KUBELET_REGISTRAR_DIRECTORY_PATH": REGISTRY.path,
        "NVIDIA_DRIVER_ROOT": DRIVER_ROOT.path,
        "NVIDIA_MIG_CONFIG_DEVICES": "all",
        "NVIDIA_VISIBLE_DEVICES": "void",
    }
