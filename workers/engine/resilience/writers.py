"""The limit on transactions at the same time."""

import asyncio

from workers.config.takes_effect import Now


class Writers:
    """A semaphore whose limit may change: a lower one counts when running transactions have ended."""

    def __init__(self, limit: Now[int]) -> None:
        self._limit = limit
        self._running = 0
        self._ended = asyncio.Event()

    async def acquire(self) -> None:
        """Wait until fewer transactions than the limit run, then count one more."""
        while self._running >= self._limit():
            self._ended.clear()
            await self._ended.wait()
        self._running += 1

    def release(self) -> None:
        """Count one transaction less."""
        self._running -= 1
        self._ended.set()
