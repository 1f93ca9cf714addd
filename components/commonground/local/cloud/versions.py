"""The Kubernetes versions, add-on releases and AMI releases that the local cloud knows: `versions.yaml`, typed."""

from datetime import date
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

Releases = tuple[str, ...]
"""Releases of one thing: the default first."""


class KubernetesVersion(BaseModel):
    """What EKS offers for one Kubernetes version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Literal["standard", "extended"]
    released: date
    standard_support_ends: date
    extended_support_ends: date
    addons: dict[str, Releases] = Field(min_length=1)
    """Releases by add-on name."""
    ami_releases: dict[str, Releases] = Field(min_length=1)
    """Releases by AMI type (EKS API's `AMITypes`)."""

    def addon_default(self, name: str) -> str:
        """Default release of an add-on. KeyError if there is no such add-on."""
        return self.addons[name][0]

    def ami_default(self, ami_type: str) -> str:
        """Newest release of an AMI type. KeyError if there is no such type."""
        return self.ami_releases[ami_type][0]


class Versions(BaseModel):
    """All Kubernetes versions, and the one that a cluster gets which names none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: str
    kubernetes: dict[str, KubernetesVersion] = Field(min_length=1)

    def newest_first(self) -> tuple[str, ...]:
        """Version numbers such as `1.36`, newest first."""
        return tuple(sorted(self.kubernetes, key=lambda number: tuple(int(part) for part in number.split(".")), reverse=True))


@cache
def versions() -> Versions:
    """The content of `versions.yaml` beside this module."""
    text = resources.files(__package__).joinpath("versions.yaml").read_text("utf-8")
    return Versions.model_validate(YAML(typ="safe", pure=True).load(text))
