"""`control_plane` is a real Kubernetes control plane on loopback, one for the session; `api` asks it as its administrator.

`provisioned` is the shipped foundation on another one, as `commonground up local --cluster` makes it, with the team shop's stack in it.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.controlplane.support import Provisioned, Trial, administrator, eventually, knows_ann, node, only_cluster, wait_for_the_shop
from tests.foundation.checkout import Checkout

from commonground.cli.main import run
from commonground.local.cluster import builds
from commonground.local.cluster.api import Api
from commonground.local.cluster.builds import has_control_plane
from commonground.local.cluster.processes import ControlPlane, start, stop

GPU_POOL = "  gpu: {purpose: gpu, architecture: x86_64, accelerator: nvidia, root_volume_gib: 200, sharing: {strategy: time_slicing, replicas: 4}}\n"
GPU_SIZES = "      gpu: {instance_types: [g6.xlarge], capacity: on_demand, min: 0, desired: 1, max: 2}\n"
LOCKED = "instance_types:\n"
SECOND_GPU_POOL = (
    ("blueprint.yaml", GPU_POOL, "  training: {purpose: gpu, architecture: x86_64, accelerator: nvidia, root_volume_gib: 200}\n"),
    ("Pulumi.local.yaml", GPU_SIZES, "      training: {instance_types: [g6e.xlarge], capacity: on_demand, min: 0, desired: 1, max: 1}\n"),
    (
        "lock.local.yaml",
        LOCKED,
        "  g6e.xlarge: {architecture: x86_64, vcpu: 4, memory_mib: 32768, pods: 58, efa: 0, "
        "gpus: {count: 1, model: L40S, memory_mib: 45776}, zones: [euc1-az1, euc1-az2, euc1-az3]}\n",
    ),
)
"""File of the foundation, a line in it, and what comes after that line: a pool `training` of at most one node, with another kind of GPU, not shared."""


@pytest.fixture(scope="session")
def binaries() -> Path:
    """Built if need be, which takes minutes."""
    if not has_control_plane():
        pytest.skip("the control plane is built from Go modules, and there is no `go` on PATH")
    return builds.control_plane(print)


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory, binaries: Path) -> Iterator[ControlPlane]:
    """Ends with the session, however that ends."""
    folder = tmp_path_factory.mktemp("control-plane")
    with knows_ann() as webhook:
        yield start(folder, print, webhook=webhook, outlives=False, binaries=binaries)
        stop(folder)


@pytest.fixture(scope="session")
def provisioned(tmp_path_factory: pytest.TempPathFactory, binaries: Path) -> Iterator[Provisioned]:
    """Tests read it; one that changes it puts it back. `test_up.py`, which is the last, goes on with it until it is destroyed."""
    checkout = Checkout.copy(tmp_path_factory.mktemp("provisioned") / "checkout")
    for name, line, after in SECOND_GPU_POOL:
        checkout.edit(name, line, line + after)
    checkout.commit()
    try:
        foundation = checkout.run("up", "local", "--cluster")
        assert foundation.code == 0, foundation.err
        shop = checkout.run("up", "local", "--project", "stacks/shop")
        assert shop.code == 0, shop.err
        cluster, api = only_cluster(checkout)
        wait_for_the_shop(api)
        yield Provisioned(checkout, api, cluster, foundation, shop)
    finally:
        checkout.run("local", "stop")


@pytest.fixture(scope="session")
def api(control_plane: ControlPlane) -> Api:
    return administrator(control_plane)


@pytest.fixture
def trial(provisioned: Provisioned) -> Iterator[Trial]:
    """Pods on that cluster, gone after the test."""
    found = Trial(provisioned)
    yield found
    found.end()


@pytest.fixture
def why(provisioned: Provisioned, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """What `commonground why NAMESPACE/POD` prints on stdout, asked with the cluster's kubeconfig at the checkout's root."""
    if not shutil.which("kubectl"):
        pytest.skip("there is no `kubectl` on PATH")

    def ask(pod: str, namespace: str = "shop") -> str:
        told = ["--kubeconfig", str(provisioned.cluster.kubeconfig), "--project", str(provisioned.checkout.root)]
        assert run(["why", pod, "--namespace", namespace, *told]) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return ask


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
