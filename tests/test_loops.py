"""Tests that deploy under Pulumi's mocks take no notice of those that ran before."""

import asyncio

from tests.components.stage import stage


def test_a_program_is_staged_after_somebody_ran_a_loop_and_closed_it() -> None:
    asyncio.run(asyncio.sleep(0))
    ran: list[str] = []
    stage(lambda: ran.append("it"))
    assert ran == ["it"]
