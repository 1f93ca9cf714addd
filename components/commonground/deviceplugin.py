"""NVIDIA's device plugin: one DaemonSet a pool, since a pool is what GPUs are shared by."""

import json

from commonground import mig
from commonground.gpus import GPU
from commonground.images import ImagesLike
from commonground.nodesoftware import CONFIG_DIR, HostPath, NodeSoftware, Privilege, Program, Resources
from commonground.pools import POOL_LABEL
from commonground.settings.base import SharingStrategy
from commonground.settings.environment import AcceleratedPoolSettings

IMAGE = "device-plugin"
KIND = "device-plugin"
FILE = "config.yaml"

SOCKETS = HostPath("device-plugins", "/var/lib/kubelet/device-plugins", writable=True)
# Where the plugin and the MPS daemon meet (NVIDIA/k8s-device-plugin, Helm values, mps.root).
MPS_ROOT = "/run/nvidia/mps"
MPS = HostPath("mps-root", MPS_ROOT, mount="/mps", writable=True, type="DirectoryOrCreate")
MPS_SHARED = HostPath("mps-root", MPS_ROOT, mount="/mps", writable=True, propagation="Bidirectional", type="DirectoryOrCreate")
MPS_MEMORY = HostPath("mps-shm", f"{MPS_ROOT}/shm", mount="/dev/shm", writable=True, type="DirectoryOrCreate")  # noqa: S108  # the containers' own

_DEVICES = {"NVIDIA_DRIVER_CAPABILITIES": "compute,utility", "NVIDIA_VISIBLE_DEVICES": "all"}
_NO_PROBE = "NVIDIA's image has no endpoint for probes: the process ends when it loses the GPUs or the kubelet"
_WHY = f"root and a host path: it registers devices with the kubelet over its socket; no probe: {_NO_PROBE}"
_WHY_MPS = f"privileged and host paths: the MPS daemon owns the node's GPUs and their shared memory; no probe: {_NO_PROBE}"

# How the plugin's configuration calls the ways of sharing (NVIDIA/k8s-device-plugin, README, "Shared Access to GPUs").
_SECTIONS = {SharingStrategy.TIME_SLICING: "timeSlicing", SharingStrategy.MPS: "mps"}


def config(pool: AcceleratedPoolSettings) -> str:
    """The plugin's configuration for a pool, version v1: JSON, which is YAML too.

    MIG's strategy is `single`: all parts are alike, and each is an `nvidia.com/gpu`, as quotas count them. Two shares of a GPU in one pod would be no
    more than one, so a request for two is refused; MPS refuses it by itself.
    """
    sharing = pool.sharing
    text: dict[str, object] = {"version": "v1", "flags": {"migStrategy": "single" if mig.cut(pool) else "none"}}
    if sharing.strategy in _SECTIONS:
        section: dict[str, object] = {"resources": [{"name": GPU, "replicas": sharing.replicas}]}
        if sharing.strategy is SharingStrategy.TIME_SLICING:
            section |= {"renameByDefault": False, "failRequestsGreaterThanOne": True}
        text["sharing"] = {_SECTIONS[sharing.strategy]: section}
    return json.dumps(text, sort_keys=True, indent=2)


def device_plugin(pool: AcceleratedPoolSettings, images: ImagesLike, *, config_map: str) -> NodeSoftware:
    """Tells the kubelet of a pool's GPUs; cuts them first where the hardware shares them."""
    cut = mig.cut(pool)
    mps = pool.sharing.strategy is SharingStrategy.MPS
    env = {**_DEVICES, "CONFIG_FILE": f"{CONFIG_DIR}/{FILE}"}
    if cut:
        env["NVIDIA_MIG_MONITOR_DEVICES"] = "all"
    if mps:
        env["MPS_ROOT"] = MPS_ROOT
    program = Program(
        "device-plugin",
        images.url(IMAGE),
        ("nvidia-device-plugin",),
        env=env,
        host_paths=(SOCKETS, *((MPS, MPS_MEMORY) if mps else ())),
        config=True,
        privilege=Privilege.SYS_ADMIN if cut else Privilege.NONE,
        resources=Resources(memory_mib=128),
    )
    files = {key(pool): FILE, **({mig_key(pool): mig.FILE} if cut else {})}
    return NodeSoftware(
        name=f"{KIND}-{pool.name}",
        kind=KIND,
        reason=f"{_WHY}; {mig.REASON}" if cut else _WHY,
        program=program,
        prepared_by=(mig.cutting(pool, images.url("mig-manager")),) if cut else (),
        nodes={POOL_LABEL: pool.name},
        config_map=config_map,
        files=files,
        config=config(pool) + (mig.config(pool) if cut else ""),
    )


def mps_daemon(pool: AcceleratedPoolSettings, images: ImagesLike, *, config_map: str) -> NodeSoftware:
    """The process by which pods use one GPU side by side; for pools that share by MPS."""
    image = images.url(IMAGE)
    memory = Program("mount-shm", image, ("mps-control-daemon", "mount-shm"), host_paths=(MPS_SHARED,), privilege=Privilege.PRIVILEGED)
    program = Program(
        "mps-control-daemon",
        image,
        ("mps-control-daemon",),
        env={**_DEVICES, "CONFIG_FILE": f"{CONFIG_DIR}/{FILE}"},
        from_pod={"NODE_NAME": "spec.nodeName"},
        host_paths=(MPS, MPS_MEMORY),
        config=True,
        privilege=Privilege.PRIVILEGED,
        resources=Resources(cpu_limit_millicores=1000, memory_mib=512),
    )
    return NodeSoftware(
        name=f"mps-{pool.name}",
        kind="mps-control-daemon",
        reason=_WHY_MPS,
        program=program,
        prepared_by=(memory,),
        nodes={POOL_LABEL: pool.name},
        config_map=config_map,
        files={key(pool): FILE},
        config=config(pool),
    )


def key(pool: AcceleratedPoolSettings) -> str:
    """Of the plugin's configuration in the ConfigMap: the pool's name."""
    return pool.name


def mig_key(pool: AcceleratedPoolSettings) -> str:
    """Of the MIG configuration in the ConfigMap."""
    return f"{pool.name}.{mig.FILE}"
