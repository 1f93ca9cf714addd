"""Runs whose Kubernetes is real: the local cloud's clusters with control planes, reached by the official Kubernetes provider."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from commonground.engine.errors import EngineError
from commonground.engine.request import RealKubernetes

if TYPE_CHECKING:
    from commonground.local.cloud import Cloud
    from commonground.local.cluster.lifecycle import Kept


class ProvisionedWithoutError(EngineError):
    """A real cluster is asked for where the stand-in has objects already: none of them is in any API server."""

    def __init__(self, environment: str) -> None:
        super().__init__(
            f"{environment} was provisioned without --cluster: its Kubernetes objects are in no API server. Take it away first (`commonground destroy "
            f"{environment}`), or the whole local cloud (`commonground local stop`)"
        )
        self.environment = environment


@dataclass(frozen=True)
class Place:
    """Where a run's clusters are."""

    directory: Path
    """Of the local cloud."""
    cloud: "Cloud"
    account: str
    region: str


def there(directory: Path) -> bool:
    """Whether the local cloud of a directory ever had real clusters: a look that imports nothing, for all who have none."""
    return (directory / "cluster").is_dir()


def used(directory: Path, cloud: "Cloud") -> bool:
    """Whether this local cloud's clusters are real ones."""
    if not there(directory):
        return False
    from commonground.local.cluster import lifecycle

    return lifecycle.used(directory, cloud)


def kept(directory: Path) -> "Kept | None":
    """What keeps the real clusters of a local cloud, if it runs."""
    if not there(directory):
        return None
    from commonground.local.cluster import lifecycle

    return lifecycle.running(directory)


def started(place: Place, report: Callable[[str], None]) -> RealKubernetes:
    """What a run needs to reach real clusters, which are started, and built, where there are none. Raises the errors of `commonground.local.cluster`."""
    from commonground.local.cluster import builds, lifecycle

    provider = builds.kubernetes_provider(report)
    if provider:
        report(f"Kubernetes objects go by the official provider {builds.PROVIDER}, which is older than the program's SDK")
    kept = lifecycle.start(place.directory, place.cloud, place.account, place.region, report)
    programs = [str(kept.programs), *([str(provider.parent)] if provider else [])]
    # The provider asks `aws` for a token; that one answers from the local cloud.
    path = os.pathsep.join([*programs, os.environ.get("PATH", os.defpath)])
    return RealKubernetes({**place.cloud.environment(place.region), "PATH": path}, downloads=provider is None)
