"""The process that gives each cluster of the local cloud a control plane, and each node group its nodes.

`python -m commonground.local.cluster.keeper DIRECTORY INSTANCE ACCOUNT REGION`, with a local cloud running in the directory. It ends when it is told to or
when the local cloud ends, and all control planes with it.
"""

import base64
import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Any

from commonground.local import cloud
from commonground.local.background import write

from .access import Bindings
from .api import Api, ApiError, Credentials
from .errors import ControlPlaneError
from .files import Files
from .hanging import Watch
from .processes import ControlPlane, start, stop
from .reconcile import Leaving, Nodes
from .tokens import Authenticator
from .view import Group, View
from .webhook import Webhook

STEP_SECONDS = 0.4
# Changes are seen by the local cloud's log of calls; this is for what it would miss.
LOOK_SECONDS = 15.0
SERVICES = ("autoscaling", "eks")


@dataclass
class Plane:
    """A control plane: spare, or a cluster's."""

    name: str
    control: ControlPlane
    api: Api
    cluster: str | None = None
    groups: list[Group] = field(default_factory=list)
    nodes: Nodes | None = None
    bindings: Bindings | None = None
    leaving: list[Leaving] = field(default_factory=list)
    hanging: Watch | None = None


class Keeper:
    """Keeps control planes and nodes in step with one account and region of the local cloud."""

    def __init__(self, directory: Path, instance: str, view: View, running: cloud.Cloud) -> None:
        self._files, self._instance = Files(directory), instance
        self._view, self._cloud = view, running
        self._planes: dict[str, Plane] = {}
        self._lock = Lock()
        self._starting: Future[Plane] | None = None
        self._starter = ThreadPoolExecutor(1)
        self._number = 0
        self._seen = 0
        self._looked = 0.0
        self._clusters: dict[str, list[Group]] = {}
        self._spare_wanted = True
        self._problem = ""
        self.webhook = Webhook(self._files.last_port(), self.review, self.status)
        self.ended = Event()

    def run(self) -> None:
        """Until it is told to end, or the local cloud is gone."""
        self._tell()
        self.webhook.serve()
        write(self._files.keeper, {"cloud": self._cloud.instance, "instance": self._instance, "pid": os.getpid(), "port": self.webhook.port})
        try:
            while not self.ended.is_set():
                try:
                    self._step()
                    self._problem = ""
                except cloud.LocalCloudError:
                    return
                except Exception as error:  # noqa: BLE001 - whatever a step meets, the next one may get over it; until then the status says so
                    self._note(error)
                self.ended.wait(STEP_SECONDS)
        finally:
            self._end()

    def _note(self, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}"
        if text != self._problem:
            traceback.print_exc()
            sys.stderr.flush()
        self._problem = text

    def _step(self) -> None:
        if self._look():
            self._clusters = {name: self._view.groups(name) for name in self._view.clusters()}
            self._looked = time.monotonic()
        self._match()
        for plane in self._assigned():
            plane.leaving = self._follow(plane)

    def _follow(self, plane: Plane) -> list[Leaving]:
        assert plane.nodes
        assert plane.hanging
        try:
            plane.hanging.step()
            return plane.nodes.step(self._clusters.get(plane.cluster or "", []))
        except ApiError as error:
            self._note(error)
            return plane.leaving

    def _look(self) -> bool:
        """Whether something may have changed in the local cloud. Raises `LocalCloudError` if it is gone."""
        calls = self._cloud.calls(self._seen)
        self._seen += len(calls)
        return any(call.service in SERVICES for call in calls) or time.monotonic() - self._looked > LOOK_SECONDS

    def _match(self) -> None:
        """Gives each cluster a control plane, and ends those of clusters that are gone."""
        if self._starting is not None and self._starting.done():
            starting, self._starting = self._starting, None
            plane = starting.result()
            with self._lock:
                self._planes[plane.name] = plane
        changed = False
        for plane in self._assigned():
            if plane.cluster not in self._clusters:
                self._drop(plane)
                changed = True
        waiting = [name for name in self._clusters if all(plane.cluster != name for plane in self._planes.values())]
        for name in waiting:
            spare = next((plane for plane in self._planes.values() if plane.cluster is None), None)
            if spare is None:
                break
            self._assign(spare, name)
            changed = True
        lacking = any(name not in {plane.cluster for plane in self._planes.values()} for name in self._clusters)
        if self._starting is None and (lacking or (self._spare_wanted and not self._planes)):
            self._starting = self._starter.submit(self._start)
        if changed:
            self._tell()

    def _start(self) -> Plane:
        self._number += 1
        name = f"{self._instance}-{self._number}"
        control = start(self._files.planes / name, webhook=self.webhook.url(name), outlives=False)
        admin = Credentials(certificate=control.admin_certificate, key=control.admin_key)
        return Plane(name, control, Api(control.endpoint, control.ca, admin))

    def _assign(self, plane: Plane, cluster: str) -> None:
        plane.nodes, plane.bindings, plane.hanging = Nodes(plane.api, self._view.region), Bindings(plane.api), Watch(plane.api)
        plane.cluster = cluster

    def _drop(self, plane: Plane) -> None:
        """With its cluster everything in it is gone, and no new one is made before somebody asks for it."""
        with self._lock:
            del self._planes[plane.name]
        self._spare_wanted = False
        self._starter.submit(stop, plane.control.folder)

    def _tell(self) -> None:
        """Writes down what the local cloud says of its clusters."""
        write(
            self._files.endpoints,
            {
                f"{self._view.account}/{self._view.region}/{plane.cluster}": {
                    "endpoint": plane.control.endpoint,
                    "certificate": base64.b64encode(plane.control.ca_pem.encode()).decode(),
                }
                for plane in self._assigned()
            },
        )

    def _assigned(self) -> list[Plane]:
        with self._lock:
            return sorted((plane for plane in self._planes.values() if plane.cluster), key=lambda plane: str(plane.cluster))

    def review(self, name: str, review: Mapping[str, Any]) -> dict[str, Any] | None:
        """Answers the TokenReview of a control plane's API server."""
        with self._lock:
            plane = self._planes.get(name)
        if plane is None or plane.cluster is None or plane.bindings is None:
            return None
        cluster = plane.cluster
        answer = Authenticator(self._view.identify, lambda caller: self._view.entry(cluster, caller), plane.bindings.allow).review(review)
        if error := answer["status"].get("error"):
            print(f"{cluster}: {error}", file=sys.stderr, flush=True)
        return answer

    def status(self, want: bool) -> dict[str, Any]:
        """What it says of itself. `want`: a control plane is to be there before there is a cluster."""
        self._spare_wanted = self._spare_wanted or want
        with self._lock:
            planes = list(self._planes.values())
        clusters = [
            {
                "name": plane.cluster,
                "endpoint": plane.control.endpoint,
                "version": plane.control.version,
                "kubeconfig": str(plane.control.admin_kubeconfig),
                "leaving": [{"node": leaving.node, "pods": leaving.pods} for leaving in plane.leaving],
                "hanging": [asdict(pod) for pod in plane.hanging.pods] if plane.hanging else [],
            }
            for plane in sorted(planes, key=lambda plane: plane.cluster or "")
            if plane.cluster
        ]
        return {"clusters": clusters, "instance": self._instance, "pid": os.getpid(), "problem": self._problem, "ready": bool(planes)}

    def _end(self) -> None:
        self._files.endpoints.unlink(missing_ok=True)
        self._starter.shutdown(wait=True)
        if self._starting is not None and self._starting.exception() is None:
            plane = self._starting.result()
            self._planes[plane.name] = plane
        for plane in self._planes.values():
            stop(plane.control.folder)
        self.webhook.close()


def main() -> None:
    """Keeps the directory's clusters, as its arguments say."""
    directory, instance, account, region = Path(sys.argv[1]), *sys.argv[2:5]
    running = cloud.running(directory)
    if running is None:
        raise SystemExit("no local cloud runs here")
    keeper = Keeper(directory, instance, View(running.endpoint, account, region), running)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: keeper.ended.set())
    try:
        keeper.run()
    except ControlPlaneError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
