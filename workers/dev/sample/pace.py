"""An open loop: records leave at their rate, however long the answers take."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

from workers.core.clock import Clock, SystemClock

T = TypeVar("T")

YIELD_EVERY = 100
"""Items after which others in the event loop have their turn."""


async def paced(
    items: Iterable[T],
    rate: float,
    *,
    clock: Clock | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[T]:
    """Return each item when it is due: the n-th ``n / rate`` seconds after the first; 0 means as fast as possible.

    An item that is late does not delay those after it, so a slow consumer meets a burst, as in real life.
    """
    clock = clock or SystemClock()
    started = clock.monotonic()
    for number, item in enumerate(items):
        early = started + number / rate - clock.monotonic() if rate > 0 else 0.0
        if early > 0 or number % YIELD_EVERY == 0:
            await sleep(max(0.0, early))
        yield item
