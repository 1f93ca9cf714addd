"""Which pods hang, and what is said of them."""

from pathlib import Path

import pytest

from commonground.local.cluster.hanging import MISSES, HangingPod, hanging, tell
from commonground.local.cluster.lifecycle import Kept, KeptCluster

NOON = "2026-11-25T12:00:00Z"
AT_NOON = 1795608000.0
HELD = HangingPod("shop/web", ("example.com/hold",))


def pod(name: str, *, until: str | None, finalizers: list[str] | None = None) -> dict[str, object]:
    metadata = {"namespace": "shop", "name": name, "deletionTimestamp": until, "finalizers": finalizers}
    return {"metadata": {key: value for key, value in metadata.items() if value is not None}}


def test_a_pod_hangs_once_its_time_to_end_is_over() -> None:
    pods = [pod("web", until=NOON, finalizers=["example.com/hold"]), pod("churn", until=NOON), pod("other", until=None)]
    assert hanging(pods, AT_NOON + 1) == []
    assert hanging(pods, AT_NOON + 10) == [HangingPod("shop/churn", ()), HELD]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (HELD, "pod shop/web does not end: whoever set its finalizer example.com/hold has to take that off"),
        (HangingPod("shop/web", ()), "pod shop/web does not end: its node has not said that it stopped"),
    ],
)
def test_it_says_what_has_to_happen(found: HangingPod, said: str) -> None:
    assert str(found) == said


def test_each_is_told_once_and_again_if_it_hangs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commonground.local.cluster.hanging.LOOK_SECONDS", 0.0)
    cluster = KeptCluster("local", "https://127.0.0.1", "1.36.3", Path("kubeconfig"), hanging=(HELD,))
    kept = Kept("a", 1, "b", ready=True, clusters=(cluster,))
    none = Kept("a", 1, "b", ready=True)
    # A keeper that is too busy to answer once is not gone.
    answers = iter([none, kept, kept, None, kept, none, kept, *[None] * MISSES])
    told: list[str] = []
    thread = tell(lambda: next(answers), told.append)
    thread.join(5)
    assert not thread.is_alive()
    assert told == [str(HELD)] * 2
