"""The lock: what the cloud said when it was last asked. One committed file an environment, written by `commonground lock ENVIRONMENT`."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from commonground.settings.ami import AmiType
from commonground.settings.base import Architecture, Gpus, InstanceType, Settings, Zone
from commonground.settings.document import Keys
from commonground.settings.mistakes import listed
from commonground.settings.words import AccountId, Incarnation, InstanceTypeName, KubernetesVersion, Region, ZoneId

HEADER = (
    "# Written by `commonground lock`: what the cloud said when it was last asked. Promoted from environment to environment like code; not edited by hand.\n"
)

KEPT = ("incarnation", "kubernetes")
"""What the next lock takes from the one before it: `commonground lock` refuses a file in which one of these cannot be read."""


def way_out(environment: str, keys: Keys) -> str:
    """Return what to do about a key of an environment's lock that cannot be read."""
    if not keys or keys[0] in KEPT:
        return f"restore the file from git: `commonground lock {environment}` keeps {listed(KEPT)} as they are there"
    return f"run `commonground lock {environment}`, or restore the file from git"


class Asked(Settings):
    """Which cloud was asked."""

    account: AccountId
    """AWS account that answered; the bindings' account. Example: `"123456789012"`."""
    region: Region
    """AWS region that answered; the bindings' region. Example: `eu-central-1`."""


class LockedZone(Settings):
    """A zone, as the asked account names it."""

    name: str
    """Its name in this account. Example: `eu-central-1a`."""


class LockedInstanceType(Settings):
    """Facts of an instance type (EC2's DescribeInstanceTypes and DescribeInstanceTypeOfferings)."""

    architecture: Architecture
    """CPU architecture. Example: `x86_64`."""
    vcpu: int = Field(ge=1)
    """Virtual CPUs. Example: `4`."""
    memory_mib: int = Field(ge=1)
    """Memory, in MiB. Example: `16384`."""
    pods: int = Field(ge=1)
    """Pods by its first card's network interfaces, without prefix delegation: interfaces x (addresses - 1) + 2. Example: `58`."""
    efa: int = Field(ge=0)
    """Elastic Fabric Adapters at most. Example: `0`."""
    gpus: Gpus | None = None
    """Its GPUs; none where it has none."""
    zones: tuple[ZoneId, ...]
    """Ids of the zones where it is offered. Example: `[euc1-az1, euc1-az2]`."""


class LockFile(Settings):
    """One environment's lock."""

    version: Literal[1] = Field(examples=[1])
    """Version of this file's form. Example: `1`."""
    example: bool = False
    """Whether no cloud was ever asked: a real `up` refuses such a lock, offline takes it. Default: false."""
    asked: Asked = Field(examples=[{"account": "123456789012", "region": "eu-central-1"}])
    """Which account and region answered."""
    kubernetes: KubernetesVersion
    """Kubernetes version of the cluster, one of those that the blueprint supports. One minor up at a time: EKS refuses two. Example: `"1.36"`."""
    incarnation: Incarnation
    """Part of the cluster's name, drawn once, so that a new cluster never meets an old one's log group. Changing it replaces the cluster. Example: `k7q2`."""
    zones: dict[ZoneId, LockedZone] = Field(examples=[{"euc1-az1": {"name": "eu-central-1a"}}])
    """All that the region offers, by id."""
    addons: dict[str, str] = Field(examples=[{"coredns": "v1.0.0-eksbuild.1"}])
    """Release of each EKS add-on for this Kubernetes version. Example: `coredns: v1.0.0-eksbuild.1`."""
    ami_releases: dict[AmiType, str] = Field(examples=[{"AL2023_x86_64_STANDARD": "1.36.0-20260101"}])
    """Release of each AMI type for this Kubernetes version. Example: `AL2023_x86_64_STANDARD: 1.36.0-20260101`."""
    instance_types: dict[InstanceTypeName, LockedInstanceType] = Field(
        examples=[{"m7i.large": {"architecture": "x86_64", "vcpu": 2, "memory_mib": 8192, "pods": 29, "efa": 0, "zones": ["euc1-az1"]}}]
    )
    """Facts of every instance type that a pool of this environment names."""

    def ordered_zones(self) -> tuple[Zone, ...]:
        """All zones by number."""
        return tuple(sorted((Zone(id=id_, name=zone.name) for id_, zone in self.zones.items()), key=lambda zone: zone.number))

    def instance_type(self, name: str) -> InstanceType:
        """Facts of one instance type. Raises KeyError if the lock does not know it."""
        facts = self.instance_types[name]
        return InstanceType(name=name, **{field: getattr(facts, field) for field in LockedInstanceType.model_fields})


def dump(lock: LockFile) -> str:
    """Return the file's text: sorted, one line an add-on, AMI type, zone and instance type, the same bytes for the same lock."""
    data = lock.model_dump(mode="json", exclude_none=True)
    if not data["example"]:
        del data["example"]
    return HEADER + "".join(_blocks(data))


_BLOCKS = frozenset({"zones", "addons", "ami_releases", "instance_types"})


def _blocks(data: Mapping[str, object]) -> Iterator[str]:
    for key, value in data.items():
        if key not in _BLOCKS or not isinstance(value, dict):
            yield f"{key}: {_flow(value)}\n"
        elif not value:
            yield f"{key}: {{}}\n"
        else:
            yield f"{key}:\n"
            yield from (f"  {name}: {_flow(value[name])}\n" for name in sorted(value, key=_natural))


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


# Words that YAML 1.1 or 1.2 reads as something else than text.
_NOT_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def _text(text: str) -> str:
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9._/-]*", text) is not None and text.lower() not in _NOT_TEXT
    return text if plain else json.dumps(text)


def _natural(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sort numbers inside names by size: `m7i.2xlarge` before `m7i.12xlarge`."""
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"([0-9]+)", name) if part)
