"""Pods that were told to end and do not: what a deletion waits for, which the Kubernetes provider never says."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # whoever is told needs no client
    from .api import Api, Object
    from .lifecycle import Kept

PATIENCE_SECONDS = 5.0
"""How much longer than its grace period a pod may take."""
LOOK_SECONDS = 2.0
MISSES = 5
"""How often in a row the keeper may not answer before it is taken for gone."""


@dataclass(frozen=True)
class HangingPod:
    """A pod whose time to end is over."""

    name: str
    """`namespace/name`."""
    finalizers: tuple[str, ...]
    """What holds it; empty where its node does not report that it ended."""

    def __str__(self) -> str:
        if not self.finalizers:
            return f"pod {self.name} does not end: its node has not said that it stopped"
        return f"pod {self.name} does not end: whoever set its finalizer {' and '.join(self.finalizers)} has to take that off"


def hanging(pods: "Sequence[Object]", now: float) -> list[HangingPod]:
    """Those of a cluster's pods that hang. `now` is in seconds since 1970."""
    found = [pod["metadata"] for pod in pods if _is_overdue(pod["metadata"].get("deletionTimestamp"), now)]
    return sorted((HangingPod(f"{pod['namespace']}/{pod['name']}", tuple(pod.get("finalizers") or ())) for pod in found), key=lambda pod: pod.name)


def _is_overdue(until: str | None, now: float) -> bool:
    """The API server writes down until when a pod has to end, its grace period included."""
    return until is not None and now - datetime.fromisoformat(until).timestamp() > PATIENCE_SECONDS


class Watch:
    """One cluster's hanging pods, looked for now and then."""

    def __init__(self, api: "Api", now: Callable[[], float] = time.time) -> None:
        self._api, self._now = api, now
        self._looked = 0.0
        self.pods: list[HangingPod] = []

    def step(self) -> None:
        """Looks again, if the last look is long enough ago. Raises `ApiError`."""
        if self._now() - self._looked >= LOOK_SECONDS:
            self._looked = self._now()
            self.pods = hanging(self._api.list("/api/v1/pods"), self._now())


def tell(kept: "Callable[[], Kept | None]", report: Callable[[str], None]) -> Thread:
    """Says each pod that begins to hang, once, from a thread that ends with the process or when nothing keeps the clusters any more."""

    def follow() -> None:
        told: set[HangingPod] = set()
        missed = 0
        while missed < MISSES:
            found = kept()
            missed = 0 if found else missed + 1
            now = {pod for cluster in found.clusters for pod in cluster.hanging} if found else told
            for pod in sorted(now - told, key=str):
                report(str(pod))
            told = now
            time.sleep(LOOK_SECONDS)

    thread = Thread(target=follow, name="hanging-pods", daemon=True)
    thread.start()
    return thread
