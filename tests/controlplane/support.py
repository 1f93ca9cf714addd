"""What tests of the real control plane share: who asks, what to wait for, and small objects."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeVar

import pulumi
from tests.components.stage import stage
from tests.foundation.checkout import Checkout, Result

from commonground.local.cluster.api import Api, Credentials
from commonground.local.cluster.lifecycle import KeptCluster, running
from commonground.local.cluster.processes import ControlPlane

T = TypeVar("T")

TEAM_NAMESPACES = ("shop", "shop-jobs", "payments")
WEB_PODS = 2
SECONDS_TO_SCALE = 90


@dataclass(frozen=True)
class Provisioned:
    """A checkout whose foundation is up on a real control plane, with the shop's stack on it."""

    checkout: Checkout
    api: Api
    """Asks the cluster as its administrator."""
    cluster: KeptCluster
    foundation: Result
    """What `up local --cluster` said."""
    shop: Result
    """What `up local --project stacks/shop` said."""


class Trial:
    """What a test puts on that cluster, and what became of it."""

    def __init__(self, provisioned: Provisioned) -> None:
        self.api = provisioned.api
        self._made: list[str] = []
        self._before = {_key(pod) for pod in self.pods()}

    def make(self, object_: dict[str, Any], team: str = "", role: str = "") -> str:
        """Creates an object, as a member of a team where one is named, and gives its path."""
        self._made.append(self.api.path(object_))
        api = self.api.acting_as("somebody", f"commonground:{team}:{role}") if team else self.api
        api.create(object_)
        return self._made[-1]

    def workload(self, made: Callable[[], pulumi.Resource]) -> str:
        """Creates the deployment of one of `commonground.workloads`, as the team's CI does, and gives its path."""
        (deployment,) = stage(made).all("kubernetes:apps/v1:Deployment").values()
        return self.make(whole(deployment.inputs), "shop", "ci")

    def pods(self, of: str = "") -> list[dict[str, Any]]:
        """Pods in the teams' namespaces whose names begin so, that are not being deleted."""
        found = [pod for namespace in TEAM_NAMESPACES for pod in self.api.list(f"/api/v1/namespaces/{namespace}/pods")]
        return [pod for pod in found if pod["metadata"]["name"].startswith(of) and "deletionTimestamp" not in pod["metadata"]]

    def settled(self, of: str, count: int) -> list[dict[str, Any]]:
        """The same, once there are so many, and the scheduler has decided on each."""
        return eventually(lambda: found if len(found := self.pods(of)) == count and all(placed(pod) or unschedulable(pod) for pod in found) else None)

    def pool(self, pod: dict[str, Any]) -> str:
        """Of the node that a pod is on; empty for one that waits."""
        return self.pools().get(pod["spec"].get("nodeName", ""), "")

    def pools(self) -> dict[str, str]:
        """Name of each node and its pool's."""
        return {node["metadata"]["name"]: node["metadata"]["labels"]["commonground.dev/pool"] for node in self.api.list("/api/v1/nodes")}

    def end(self) -> None:
        """Deletes all that it made, and waits until the pods have gone."""
        for path in self._made:
            self.api.delete(path, grace=0)
        eventually(lambda: {_key(pod) for pod in self.pods()} == self._before)


def placed(pod: dict[str, Any]) -> bool:
    """Whether it has a node."""
    return bool(pod["spec"].get("nodeName"))


def unschedulable(pod: dict[str, Any]) -> bool:
    """Whether the scheduler found no node for it."""
    return any(condition["type"] == "PodScheduled" and condition["reason"] == "Unschedulable" for condition in pod["status"].get("conditions", []))


def whole(value: Any) -> Any:
    """With numbers as JSON needs them for Kubernetes: the engine knows no integers."""
    if isinstance(value, dict):
        return {key: whole(each) for key, each in value.items()}
    if isinstance(value, list):
        return [whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _key(pod: dict[str, Any]) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["metadata"]["name"]


def administrator(plane: ControlPlane) -> Api:
    """A client in the group `system:masters`."""
    return Api(plane.endpoint, plane.ca, Credentials(certificate=plane.admin_certificate, key=plane.admin_key))


def only_cluster(checkout: Checkout) -> tuple[KeptCluster, Api]:
    """The one real cluster of a checkout's local cloud, and a client of its administrator."""
    kept = running(checkout.local)
    assert kept
    (cluster,) = kept.clusters
    folder = cluster.kubeconfig.parent
    return cluster, Api(cluster.endpoint, folder / "ca.crt", Credentials(certificate=folder / "admin.crt", key=folder / "admin.key"))


def wait_for_the_shop(api: Api) -> None:
    """The autoscaler brings its second pod, and maybe a node for that, at its next look after `up`: no test is to meet them on their way."""
    eventually(lambda: api.get("/apis/apps/v1/namespaces/shop/deployments/web")["status"].get("readyReplicas") == WEB_PODS, SECONDS_TO_SCALE)


def eventually(look: Callable[[], T | None], seconds: float = 15.0) -> T:
    """What `look` gives once that is true; fails with its last answer."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"still {found!r} after {seconds:.0f} seconds"
        time.sleep(0.05)
    return found


def node(name: str, **capacity: str) -> dict[str, Any]:
    """A simulated node."""
    amounts = {"cpu": "4", "memory": "16Gi", "pods": "58"} | capacity
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "annotations": {"kwok.x-k8s.io/node": "fake"}, "labels": {"kubernetes.io/hostname": name}},
        "status": {"capacity": amounts, "allocatable": amounts, "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]},
    }


def pod(name: str, namespace: str, annotations: dict[str, str] | None = None, /, **requests: str) -> dict[str, Any]:
    """A pod that pod security's level `restricted` takes."""
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    requests = {"cpu": "100m", "memory": "64Mi"} | requests
    container = {"name": "main", "image": "example/main:1", "resources": {"requests": requests, "limits": requests}, "securityContext": security}
    metadata = {"name": name, "namespace": namespace, "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


@contextmanager
def knows_ann() -> Iterator[str]:
    """URL of a webhook that knows one token, `ann`: a user in the group `commonground:shop:viewer`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/authenticate"
        server.shutdown()


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = review["spec"]["token"] == "ann"
        status = {"authenticated": known, "user": {"username": "ann", "groups": ["commonground:shop:viewer"]} if known else {}}
        body = json.dumps({"apiVersion": review["apiVersion"], "kind": "TokenReview", "status": status}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass
