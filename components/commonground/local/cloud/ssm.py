"""SSM: the public parameters of EKS' AMIs, which moto lacks and which nobody can put (names below `/aws` are reserved)."""

import hashlib
from collections.abc import Iterator
from typing import Any

from moto.core.utils import utcnow
from moto.ssm.models import Parameter, ParameterDict

from .versions import versions

PREFIX = "/aws/service/eks/optimized-ami"

# EKS user guide, "Retrieve recommended Amazon Linux AMI IDs": the two parts of a path that stand for an AMI type.
PATHS = {
    "AL2023_ARM_64_NVIDIA": "arm64/nvidia",
    "AL2023_ARM_64_STANDARD": "arm64/standard",
    "AL2023_x86_64_NVIDIA": "x86_64/nvidia",
    "AL2023_x86_64_STANDARD": "x86_64/standard",
}


def image_id(kubernetes: str, ami_type: str, release: str, region: str) -> str:
    """An invented image id, the same each time."""
    return f"ami-{hashlib.sha256(f'{region}/{kubernetes}/{ami_type}/{release}'.encode()).hexdigest()[:17]}"


def parameters(region: str) -> Iterator[tuple[str, str]]:
    """Name and value of every parameter: the recommended release, and each release by the name of its image."""
    for kubernetes, version in versions().kubernetes.items():
        for ami_type, releases in version.ami_releases.items():
            base = f"{PREFIX}/{kubernetes}/amazon-linux-2023/{PATHS[ami_type]}"
            for folder, release in [("recommended", releases[0]), *((_image_name(kubernetes, ami_type, one), one) for one in releases)]:
                yield f"{base}/{folder}/image_id", image_id(kubernetes, ami_type, release, region)
                yield f"{base}/{folder}/image_name", _image_name(kubernetes, ami_type, release)
                yield f"{base}/{folder}/release_version", release


def _image_name(kubernetes: str, ami_type: str, release: str) -> str:
    return f"amazon-eks-node-al2023-{PATHS[ami_type].replace('/', '-')}-{kubernetes}-v{release.rsplit('-', 1)[1]}"


def _load(table: Any) -> None:
    for name, value in parameters(table.region_name):
        dict.setdefault(table, name, []).append(
            Parameter(
                account_id=table.account_id,
                name=name,
                value=value,
                parameter_type="String",
                description=None,
                allowed_pattern=None,
                keyid=None,
                last_modified_date=utcnow(),
                version=1,
                data_type="text",
            )
        )


def install() -> None:
    """Adds the parameters to those that moto loads when they are first asked for."""
    moto_loads = ParameterDict._check_loading_status

    def load(self: Any, key: str) -> None:
        if str(key or "").startswith(PREFIX) and not vars(self).get("eks_images_loaded"):
            self.eks_images_loaded = True
            _load(self)
        moto_loads(self, key)

    ParameterDict._check_loading_status = load
