"""What a team's members may make and may not make so: pods on nodes with GPUs that they did not ask for, others' traffic, tokens for ever."""

from typing import Any

import pytest
from tests.controlplane.support import Trial, placed, pod

from commonground.local.cluster.api import InvalidError

GPU = "nvidia.com/gpu"
EVERYTHING = [{"operator": "Exists"}]
TOLERATION = [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}]
VISIBLE = [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]


def odd(env: list[dict[str, str]] | None = None, gpus: str = "", **spec: Any) -> dict[str, Any]:
    made = pod("odd", "payments", **({GPU: gpus} if gpus else {}))
    made["spec"] |= spec
    made["spec"]["containers"][0] |= {"env": env} if env else {}
    return made


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (odd(tolerations=TOLERATION), "nodes with GPUs are for pods that ask for one"),
        (odd(tolerations=EVERYTHING), "nodes with GPUs are for pods that ask for one"),
        (odd(tolerations=EVERYTHING, gpus="0"), "nodes with GPUs are for pods that ask for one"),
        (odd(nodeName="some-node"), "a pod is placed by the scheduler"),
        (odd(env=VISIBLE), "`NVIDIA_VISIBLE_DEVICES` is the node's to set"),
    ],
    ids=["tolerates the taint", "tolerates everything", "asks for none", "chooses its node", "shows itself GPUs"],
)
def test_a_pod_that_goes_by_the_taint_or_the_quota_of_gpus_is_refused(trial: Trial, made: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidError, match=said):
        trial.make(made, "payments", "ml_engineer")


def test_a_pod_that_asks_for_a_gpu_tolerates_the_taint(trial: Trial) -> None:
    asks = pod("asks", "shop", **{GPU: "1"})
    asks["spec"]["tolerations"] = TOLERATION
    trial.make(asks, "shop", "ml_engineer")
    assert placed(trial.settled("asks", 1)[0])


def test_a_service_takes_no_others_addresses(trial: Trial) -> None:
    spec = {"selector": {"app": "web"}, "externalIPs": ["10.0.0.10"], "ports": [{"port": 443}]}
    with pytest.raises(InvalidError, match="`externalIPs` take others' traffic"):
        trial.make({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "odd", "namespace": "shop"}, "spec": spec}, "shop", "developer")


def test_no_secret_is_a_service_accounts_token_for_ever(trial: Trial) -> None:
    metadata = {"name": "odd", "namespace": "shop", "annotations": {"kubernetes.io/service-account.name": "shop"}}
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token", "metadata": metadata}
    with pytest.raises(InvalidError, match="tokens of service accounts are given to pods"):
        trial.make(secret, "shop", "ci")
    trial.make({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "password", "namespace": "shop"}}, "shop", "ci")
