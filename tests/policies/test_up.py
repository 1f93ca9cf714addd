"""`up` of the real foundation in the local cloud, with the pack: in its preview, where much is not known yet, and while it provisions, where all is."""

import pytest
from tests.policies.conftest import TODAY, WithPack, findings, seed

pytestmark = [pytest.mark.engine, pytest.mark.cloud]


def test_what_ships_goes_up_and_what_violates_policies_changes_nothing(with_pack: WithPack) -> None:
    with with_pack("up") as checkout:
        seed(checkout)
        stopped = checkout.run("up", "local", variables=TODAY)
        assert stopped.code == 3, stopped.err
        assert "Traceback" not in stopped.err
        assert "up violates policies, nothing was changed" in stopped.err
        assert "no-public-endpoints" in findings(stopped.err)
        assert checkout.calls() == []
        checkout.git("checkout", "stacks")
        done = checkout.run("up", "local", variables=TODAY)
        assert done.code == 0, done.err
        assert "policy advisory" not in done.err
        assert checkout.calls() != []
