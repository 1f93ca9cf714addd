"""The same on a real control plane: its own scheduler, quota and events, asked as a user asks."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from commonground.cli.main import run
from commonground.local.cluster.api import Api
from commonground.local.cluster.processes import ControlPlane
from tests.controlplane.support import eventually
from tests.why.conftest import NAMESPACE, Asked, gpu_pod

Waits = Callable[..., None]


def test_a_running_pod_runs_somewhere(asked: Asked) -> None:
    out, _ = asked("serve-0")
    assert out.startswith("shop/serve-0: ")
    assert "on node gpu-1 of pool gpu" in out


def test_batch_waits_behind_serving_where_the_pool_is_at_its_maximum(asked: Asked, waits: Waits) -> None:
    waits("train", priorityClassName="batch")
    out, hint = asked("train")
    assert out == (
        "shop/train: pool gpu is at its maximum of 1 node, and 4 of 4 nvidia.com/gpu is taken by pods of higher priority than its own (batch): "
        "shop/serve-0 (serving), shop/serve-1 (serving) and 2 more\n"
    )
    assert hint == "fix: wait for them, or raise pools.gpu.max in Pulumi.local.yaml\n"


def test_a_gpu_that_no_pool_has(asked: Asked, waits: Waits) -> None:
    waits("h100", nodeSelector={"commonground.dev/gpu-product": "h100"})
    assert asked("h100")[0] == "shop/h100: no pool has the GPU that it asks for (commonground.dev/gpu-product=h100): there are l4 (gpu)\n"


def test_a_pod_that_fits_only_on_a_pool_without_nodes_waits_for_the_autoscaler(asked: Asked, waits: Waits) -> None:
    waits("large", gpus=0, requests={"cpu": "6"})
    assert "it waits for the autoscaler: pool general has 1 of at most 3 nodes" in asked("large")[0]


def test_pods_over_quota_are_told_by_the_deployment_and_by_the_names_that_they_would_have(asked: Asked, api: Api) -> None:
    template = gpu_pod("many", gpus=6)
    labels = {"app": "many"}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": template["spec"]}}
    api.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "many", "namespace": NAMESPACE}, "spec": spec})
    sets = f"/apis/apps/v1/namespaces/{NAMESPACE}/replicasets"
    (made,) = eventually(lambda: [found for found in api.list(sets) if found["status"].get("conditions")])
    said = "quota shop-quota of namespace shop refuses it: it asks for 6 nvidia.com/gpu, "
    for name in ("deployment/many", "many", f"{made['metadata']['name']}-x7"):
        out, hint = asked(name)
        assert out.startswith(f"shop/deployment/many, 0 of 1 pods made: {said}")
        assert "of 8 are used" in out
        assert "raise teams.shop.gpus in Pulumi.local.yaml" in hint


def test_an_unknown_pod_is_one_message_with_a_guess(plane: ControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["why", "server-0", "-n", NAMESPACE, "--kubeconfig", str(plane.admin_kubeconfig)]) == 1
    assert capsys.readouterr().err == 'error: no pod in namespace shop is named server-0, or begins so. Fix: did you mean "serve-0"?\n'


def test_a_pod_of_another_namespace_is_found_there(plane: ControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["why", "serve-0", "--kubeconfig", str(plane.admin_kubeconfig)]) == 1
    assert "it is in namespace shop: add `-n shop`" in capsys.readouterr().err
    assert run(["why", f"{NAMESPACE}/serve-0", "--kubeconfig", str(plane.admin_kubeconfig)]) == 0


def test_a_member_of_a_team_who_may_not_list_nodes_is_told_what_can_be_known(
    asked: Asked, waits: Waits, api: Api, plane: ControlPlane, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subject = {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "commonground:shop:viewer"}
    role = {"kind": "ClusterRole", "apiGroup": "rbac.authorization.k8s.io", "name": "view"}
    metadata = {"name": "viewers", "namespace": NAMESPACE}
    api.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata, "roleRef": role, "subjects": [subject]})
    config = json.loads(plane.admin_kubeconfig.read_text("utf-8"))
    config["users"][0]["user"] |= {"as": "somebody", "as-groups": [subject["name"]]}
    as_member = tmp_path / "member.kubeconfig"
    as_member.write_text(json.dumps(config))
    waits("waiting")
    out, hint = asked("waiting", "--kubeconfig", str(as_member))
    assert re.match(r"shop/waiting: pending; the scheduler says: 0/2 nodes are available: .*Insufficient nvidia\.com/gpu", out)
    assert hint == "fix: somebody who may list nodes is told more\n"
    waits("a100", nodeSelector={"commonground.dev/gpu-product": "a100"})
    assert "no pool has the GPU that it asks for" in asked("a100", "--kubeconfig", str(as_member))[0]


def test_a_cluster_that_does_not_answer_is_one_message(tmp_path: Path, plane: ControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    config = json.loads(plane.admin_kubeconfig.read_text("utf-8"))
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    nowhere = tmp_path / "nowhere.kubeconfig"
    nowhere.write_text(json.dumps(config))
    assert run(["why", "x", "--kubeconfig", str(nowhere)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: the cluster did not answer: ")
    assert "127.0.0.1:1" in error
    assert error.count("\n") == 1


def test_without_kubectl_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(["why", "x"]) == 1
    assert capsys.readouterr().err.startswith("error: kubectl is needed to ask the cluster and is not on PATH. Fix: install it")
