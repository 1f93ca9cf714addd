"""`asked` is what `commonground why` says of a real control plane with the pools of the environment `local`: a full GPU node and a general one."""

import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from commonground.cli.main import run
from commonground.local.cluster.api import Api
from commonground.local.cluster.builds import has_control_plane
from commonground.local.cluster.processes import ControlPlane, start, stop
from tests.controlplane.support import administrator, eventually, node
from tests.controlplane.support import pod as small_pod

ROOT = Path(__file__).parents[2]
NAMESPACE = "shop"
GPU = "nvidia.com/gpu"
TOLERATION = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}
QUOTA = {"requests.nvidia.com/gpu": "8"}
PRIORITIES = {"serving": 100_000, "batch": 1_000}

Asked = Callable[..., tuple[str, str]]
"""What it prints on stdout and stderr."""


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    if not has_control_plane() or not shutil.which("kubectl"):
        pytest.skip("needs `go` on PATH, which builds the control plane, and kubectl")
    folder = tmp_path_factory.mktemp("why")
    found = start(folder, print, outlives=False)
    _furnish(administrator(found))
    yield found
    stop(folder)


@pytest.fixture(scope="session")
def api(plane: ControlPlane) -> Api:
    return administrator(plane)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped project, whose pool `gpu` may have one node."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "stacks" / "foundation", folder / "stacks" / "foundation")
    scale = folder / "stacks" / "foundation" / "Pulumi.local.yaml"
    text, count = re.subn(r"(gpu: .*max: )[0-9]+", r"\g<1>1", scale.read_text("utf-8"))
    assert count == 1
    scale.write_text(text, "utf-8")
    return folder


@pytest.fixture
def asked(plane: ControlPlane, project: Path, capsys: pytest.CaptureFixture[str]) -> Asked:
    def ask(pod: str, *options: str) -> tuple[str, str]:
        told = ["--env", "local", "--kubeconfig", str(plane.admin_kubeconfig), "--project", str(project)]
        assert run(["why", pod, "-n", NAMESPACE, *told, *options]) == 0, capsys.readouterr().err
        said = capsys.readouterr()
        return said.out, said.err

    return ask


@pytest.fixture(scope="session")
def waits(api: Api) -> Callable[..., None]:
    """Makes a pod, and waits until the scheduler has looked at it."""

    def make(name: str, **changes: Any) -> None:
        api.create(gpu_pod(name, **changes))
        eventually(lambda: api.get(f"/api/v1/namespaces/{NAMESPACE}/pods/{name}")["status"].get("conditions"))

    return make


def gpu_pod(name: str, gpus: int = 1, **spec: Any) -> dict[str, Any]:
    """A pod that asks for a GPU."""
    found = small_pod(name, NAMESPACE, **{GPU: str(gpus), **spec.pop("requests", {})})
    found["spec"] |= {"tolerations": [TOLERATION], **spec}
    return found


def _ready(api: Api, path: str) -> bool:
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in api.get(path)["status"].get("conditions", []))


def _furnish(api: Api) -> None:
    """A namespace with a quota, two priority classes, a general node and a GPU node that four serving pods fill."""
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    for name, value in PRIORITIES.items():
        api.apply({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value})
    general, gpu = node("general-1"), node("gpu-1", **{GPU: "4"})
    general["metadata"]["labels"]["commonground.dev/pool"] = "general"
    gpu["metadata"]["labels"] |= {"commonground.dev/pool": "gpu", "commonground.dev/gpu-product": "l4"}
    gpu["spec"] = {"taints": [{"key": GPU, "value": "true", "effect": "NoSchedule"}]}
    for each in (general, gpu):
        api.create(each)
        path = f"/api/v1/nodes/{each['metadata']['name']}"
        eventually(partial(_ready, api, path))
    eventually(lambda: api.list(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"))
    for number in range(4):
        api.create(gpu_pod(f"serve-{number}", priorityClassName="serving"))
    pods = f"/api/v1/namespaces/{NAMESPACE}/pods"
    eventually(lambda: len([pod for pod in api.list(pods) if pod["spec"].get("nodeName") == "gpu-1"]) == 4)
    api.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "shop-quota", "namespace": NAMESPACE}, "spec": {"hard": QUOTA}})
    eventually(lambda: api.get(f"/api/v1/namespaces/{NAMESPACE}/resourcequotas/shop-quota")["status"].get("used"))
