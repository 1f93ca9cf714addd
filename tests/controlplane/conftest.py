"""`control_plane` is a real Kubernetes control plane on loopback, one for the session; `api` asks it as its administrator."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.controlplane.support import Started, administrator, eventually, knows_ann, node

from commonground.local.cluster import builds
from commonground.local.cluster.api import Api
from commonground.local.cluster.builds import has_control_plane
from commonground.local.cluster.processes import ControlPlane, start, stop


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Built if need be, which takes minutes; ends with the session, however that ends."""
    if not has_control_plane():
        pytest.skip("the control plane is built from Go modules, and there is no `go` on PATH")
    binaries = builds.control_plane(print)
    folder = tmp_path_factory.mktemp("control-plane")
    with knows_ann() as webhook:
        began = time.monotonic()
        plane = start(folder, print, webhook=webhook, outlives=False, binaries=binaries)
        yield Started(plane, time.monotonic() - began, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))
        stop(folder)


@pytest.fixture(scope="session")
def control_plane(started: Started) -> ControlPlane:
    return started.plane


@pytest.fixture(scope="session")
def api(control_plane: ControlPlane) -> Api:
    return administrator(control_plane)


@pytest.fixture
def own_folder(tmp_path: Path, control_plane: ControlPlane) -> Iterator[Path]:
    """For a control plane of the test's own, which ends with the test. The session's one runs already, so the binaries are there."""
    yield tmp_path / "own"
    stop(tmp_path / "own")


@pytest.fixture
def namespace(api: Api, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own, gone after it."""
    name = request.node.name.replace("_", "-").lower()[:60].rstrip("-")
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    # Its controller makes it, and no pod is accepted before.
    eventually(lambda: api.list(f"/api/v1/namespaces/{name}/serviceaccounts"))
    yield name
    api.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def fake_node(api: Api, request: pytest.FixtureRequest) -> Iterator[str]:
    """A simulated node of the test's own with 4 CPUs and 16 GiB, ready; gone after it with the pods on it."""
    name = request.node.name.replace("_", "-").lower()[:60].rstrip("-")
    api.create(node(name))
    # Kubernetes taints a new node until it has seen that it is ready.
    eventually(lambda: not api.get(f"/api/v1/nodes/{name}")["spec"].get("taints"))
    yield name
    api.delete(f"/api/v1/nodes/{name}")
