"""Storage classes, one a need: how a volume that a pod claims is made, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as kubernetes

DRIVER = "ebs.csi.aws.com"
DEFAULT = "storageclass.kubernetes.io/is-default-class"


@dataclass(frozen=True)
class Need:
    """What a class of volumes is for."""

    name: str
    """In Kubernetes, as claims name it."""
    default: bool = False
    """Whether a claim that names no class gets it."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Beside type and encryption (kubernetes-sigs/aws-ebs-csi-driver, docs/parameters.md)."""
    retain: bool = False
    """Whether a volume stays when its claim is deleted."""


GENERAL = Need("gp3", default=True)
# Ten times and eight times what a gp3 volume has for nothing; billed by what is provisioned (EBS user guide, "General Purpose SSD volumes").
FAST = Need("gp3-fast", parameters={"iops": "10000", "throughput": "500", "allowAutoIOPSPerGBIncrease": "false"})
RETAINED = Need("gp3-retain", retain=True)

NEEDS = (GENERAL, FAST, RETAINED)
"""For most; for databases and scratch space of training; for what has to outlive a claim that somebody deletes."""


def storage_class(label: str, need: Need, opts: pulumi.ResourceOptions) -> kubernetes.storage.v1.StorageClass:
    """Encrypted gp3 volumes, bound when a pod is placed, so that the volume is in the pod's zone; they can grow."""
    metadata: kubernetes.meta.v1.ObjectMetaArgsDict = {"name": need.name}
    if need.default:
        metadata["annotations"] = {DEFAULT: "true"}
    return kubernetes.storage.v1.StorageClass(
        label,
        metadata=metadata,
        provisioner=DRIVER,
        parameters={"type": "gp3", "encrypted": "true", **need.parameters},
        volume_binding_mode="WaitForFirstConsumer",
        reclaim_policy="Retain" if need.retain else "Delete",
        allow_volume_expansion=True,
        opts=opts,
    )
