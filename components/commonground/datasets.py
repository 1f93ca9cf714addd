"""Buckets as file systems: what a team's pods mount a prefix of a bucket by, with Mountpoint for Amazon S3."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

DRIVER = "s3.csi.aws.com"
# Kubernetes asks for it and the driver does not look at it (awslabs/mountpoint-s3-csi-driver, docs/CONFIGURATION.md, "Static Provisioning"); but a team's
# quota counts it, and what is in a bucket takes nothing of that.
SIZE = "1Mi"


class OpenPrefixError(ValueError):
    """A prefix that would match its neighbours too."""

    def __init__(self, prefix: str) -> None:
        super().__init__(f"dataset volume: expected a prefix that ends with '/', found {prefix!r}")
        self.prefix = prefix


@dataclass(frozen=True)
class DatasetVolume:
    """A volume, and the claim that pods name."""

    volume: kubernetes.core.v1.PersistentVolume
    claim: kubernetes.core.v1.PersistentVolumeClaim
    claim_name: str


def dataset_volume(
    name: str,
    *,
    bucket_name: pulumi.Input[str],
    prefix: str,
    namespace: str,
    run_as_user: int,
    writable: bool = False,
    opts: pulumi.ResourceOptions | None = None,
) -> DatasetVolume:
    """Mounts what is under `prefix` of a bucket in the pods of a namespace that name the claim `name`.

    They reach the bucket as themselves, by their own service account's pod identity: the driver has no rights on buckets. So a pod whose identity was
    not granted the prefix (`bucket.grant_read(identity, prefix=...)`) does not start. `run_as_user` owns the files, as the pod sees them. Objects are
    written whole and never changed (Mountpoint for Amazon S3, semantics): for models and datasets, not for databases. Raises `OpenPrefixError`.
    """
    if not prefix.endswith("/"):
        raise OpenPrefixError(prefix)
    volume_name = f"{namespace}-{name}"
    mode = "ReadWriteMany" if writable else "ReadOnlyMany"
    rights = ["allow-delete"] if writable else ["read-only"]
    volume = kubernetes.core.v1.PersistentVolume(
        f"{name}-volume",
        metadata={"name": volume_name},
        spec={
            "capacity": {"storage": SIZE},
            "access_modes": [mode],
            "storage_class_name": "",
            "persistent_volume_reclaim_policy": "Retain",
            # No other claim can take it.
            "claim_ref": {"namespace": namespace, "name": name},
            "mount_options": [f"prefix {prefix}", f"uid={run_as_user}", f"gid={run_as_user}", "allow-other", *rights],
            "csi": {
                "driver": DRIVER,
                "volume_handle": volume_name,
                "volume_attributes": {"bucketName": bucket_name, "authenticationSource": "pod"},
            },
        },
        opts=opts,
    )
    claim = kubernetes.core.v1.PersistentVolumeClaim(
        f"{name}-claim",
        metadata={"name": name, "namespace": namespace},
        spec={"access_modes": [mode], "storage_class_name": "", "volume_name": volume_name, "resources": {"requests": {"storage": SIZE}}},
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[volume])),
    )
    return DatasetVolume(volume, claim, name)
