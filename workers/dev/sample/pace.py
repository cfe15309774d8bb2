"""An open loop: the rate of records does not depend on the consumer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

from workers.core.clock import Clock, SystemClock

T = TypeVar("T")

YIELD_EVERY = 100
"""Items after which other tasks in the event loop can run."""


async def paced(
    items: Iterable[T],
    rate: float,
    *,
    clock: Clock | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[T]:
    """Yield the n-th item ``n / rate`` seconds after the first; 0 means no delay.

    A late item does not delay the next ones, so a slow consumer gets a burst, as in production.
    """
    clock = clock or SystemClock()
    started = clock.monotonic()
    for number, item in enumerate(items):
        early = started + number / rate - clock.monotonic() if rate > 0 else 0.0
        if early > 0 or number % YIELD_EVERY == 0:
            await sleep(max(0.0, early))
        yield item
