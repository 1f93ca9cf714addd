"""Waiting for the first of many tasks, as the SDK does for the outputs of a program."""

import asyncio

import pytest

from commonground.engine.sdk import first_completed


def test_what_is_done_comes_back_apart_from_what_is_not() -> None:
    async def run() -> list[str]:
        quick, slow, never = (asyncio.ensure_future(asyncio.sleep(seconds, name)) for seconds, name in ((0, "quick"), (0.05, "slow"), (60, "never")))
        order, waiting = [], {quick, slow, never}
        for _ in range(2):
            done, waiting = await first_completed(waiting, return_when=asyncio.FIRST_COMPLETED)
            order += [task.result() for task in done]
        assert waiting == {never}
        never.cancel()
        return order

    assert asyncio.run(run()) == ["quick", "slow"]


@pytest.mark.parametrize("way", ["fails", "is cancelled"])
def test_a_task_that_ends_badly_is_done(way: str) -> None:
    async def fail() -> None:
        raise ValueError(way)

    async def run() -> None:
        bad = asyncio.ensure_future(fail() if way == "fails" else asyncio.sleep(60))
        if way == "is cancelled":
            bad.cancel()
        other = asyncio.ensure_future(asyncio.sleep(60))
        done, waiting = await first_completed([bad, other], return_when=asyncio.FIRST_COMPLETED)
        assert (done, waiting) == ({bad}, {other})
        other.cancel()
        with pytest.raises((ValueError, asyncio.CancelledError)):
            await bad

    asyncio.run(run())
