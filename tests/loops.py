"""Pulumi's mocks want an event loop in the thread, and `asyncio.run` leaves none behind."""

import asyncio


def ensure() -> None:
    """Makes a loop where there is none."""
    try:
        asyncio.get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())
