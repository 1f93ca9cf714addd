"""`up --cluster`, where it has to be refused. What it does stands in `tests/controlplane/test_up.py`."""

import pytest
from tests.engine.conftest import Checkout

from commonground.engine import clusters
from commonground.engine.standins import Process

pytestmark = pytest.mark.engine


def test_what_was_provisioned_without_a_cluster_gets_none_afterwards(provisioned: Checkout) -> None:
    refused = provisioned.run("up", "local", "--cluster")
    assert refused.code == 1
    assert "local was provisioned without --cluster" in refused.err
    assert "`commonground destroy local`" in refused.err
    assert not clusters.there(provisioned.root / ".commonground" / "local")


def test_an_environment_in_aws_has_its_own(checkout: Checkout) -> None:
    refused = checkout.run("up", "dev", "--cluster")
    assert refused.code == 64
    assert "--cluster is for the local cloud, and dev is bound to AWS" in refused.err


def test_only_the_stand_ins_that_are_wanted_are_attached(monkeypatch: pytest.MonkeyPatch) -> None:
    class Said:
        def readline(self) -> str:
            return '{"aws": 1, "kubernetes": 2}'

    stand_ins = Process.__new__(Process)
    monkeypatch.setattr(stand_ins, "_process", type("Running", (), {"stdout": Said()})(), raising=False)
    assert stand_ins.attach() == "aws:1,kubernetes:2"
    assert stand_ins.attach(without=("kubernetes",)) == "aws:1"
