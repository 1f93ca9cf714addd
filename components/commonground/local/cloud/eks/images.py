"""AMI types and releases of node groups, and the instance types that run them."""

import re

from moto.ec2.models.instance_types import INSTANCE_TYPES

from ..versions import versions
from .errors import InvalidParameter

CUSTOM = "CUSTOM"
DEFAULT_AMI_TYPE = "AL2023_x86_64_STANDARD"
DEFAULT_INSTANCE_TYPES = {"x86_64": "t3.medium", "arm64": "t4g.medium"}


def architecture(ami_type: str) -> str:
    """The architecture that an AMI type is built for, as EC2 spells it."""
    return "arm64" if "ARM_64" in ami_type else "x86_64"


def check_instance_types(instance_types: list[str], ami_type: str) -> None:
    """Refuses instance types that are not there, and those of another architecture than the AMI type's."""
    unknown = [name for name in instance_types if name not in INSTANCE_TYPES]
    if unknown:
        raise InvalidParameter(f"The following supplied instance types do not exist: [{', '.join(unknown)}]")
    if ami_type == CUSTOM:
        return
    wrong = [name for name in instance_types if architecture(ami_type) not in INSTANCE_TYPES[name]["ProcessorInfo"]["SupportedArchitectures"]]
    if wrong:
        raise InvalidParameter(f"[{', '.join(wrong)}] is not a valid instance type for requested amiType {ami_type}")


def release(version: str, ami_type: str, wanted: str | None) -> str:
    """The AMI release: the one wanted, if the local cloud knows it for that Kubernetes version, else the newest."""
    known = versions().kubernetes[version].ami_releases
    if ami_type not in known:
        raise InvalidParameter(f"amiType {ami_type}: the local cloud knows releases of {', '.join(sorted(known))} only")
    if wanted and wanted not in known[ami_type]:
        raise InvalidParameter(f"Requested Nodegroup release version {wanted} is invalid. Allowed release versions are {', '.join(known[ami_type])}")
    return wanted or known[ami_type][0]


def minor(version: str) -> tuple[int, ...]:
    """A Kubernetes version as numbers that compare."""
    return tuple(int(part) for part in version.split("."))


def age(release_version: str) -> tuple[int, ...]:
    """A release of an AMI or an add-on (`1.36.0-20260101`, `v1.20.0-eksbuild.1`) as numbers that compare."""
    return tuple(int(part) for part in re.findall(r"\d+", release_version))
