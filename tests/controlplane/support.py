"""What tests of the real control plane share: who asks, what to wait for, and small objects."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeVar

from tests.foundation.checkout import Checkout, Result

from commonground.local.cluster.api import Api, Credentials
from commonground.local.cluster.lifecycle import KeptCluster
from commonground.local.cluster.processes import ControlPlane

T = TypeVar("T")


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


def administrator(plane: ControlPlane) -> Api:
    """A client in the group `system:masters`."""
    return Api(plane.endpoint, plane.ca, Credentials(certificate=plane.admin_certificate, key=plane.admin_key))


def eventually(look: Callable[[], T], seconds: float = 15.0) -> T:
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


def pod(name: str, namespace: str, annotations: dict[str, str] | None = None, **requests: str) -> dict[str, Any]:
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
