"""What Pulumi's SDK does in each run that takes long and serves nobody here: left out, or done with less."""

import asyncio
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pulumi
from pulumi.runtime import resource, stack
from pulumi.runtime.proto import source_pb2

SECONDS_BETWEEN_LOOKS = 0.005


def relieve(*, positions: bool) -> None:
    """Changes the SDK of this process. `positions`: whether the state keeps each resource's place in the program.

    Those are paths of this machine with all calls that led there: half of a state's size.
    """
    # Each goes to the engine, which answers it; several a resource, and no report of ours shows one.
    pulumi.log.debug = lambda *_, **__: None
    if not positions:
        resource._get_stack_trace = source_pb2.StackTrace
    seldom = ModuleType(asyncio.__name__)
    seldom.__dict__.update({**vars(asyncio), "wait": first_completed})
    stack.asyncio = seldom  # type: ignore[attr-defined]


async def first_completed(tasks: Iterable["asyncio.Future[Any]"], *, return_when: str) -> tuple[set[Any], set[Any]]:
    """`asyncio.wait` for the first of many tasks: looks at them now and then.

    The SDK waits so for all outputs of a program, thousands, again after each: asyncio's own would every time put a callback on all of them.
    """
    assert return_when == asyncio.FIRST_COMPLETED
    waiting = set(tasks)
    while not (done := {task for task in waiting if task.done()}):
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
    return done, waiting - done
