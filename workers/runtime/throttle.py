"""The token bucket before the database: it slows down when commits do, and speeds up while they are quick."""

import asyncio

from workers.config.tuning import Throttle as ThrottleTuning
from workers.core.clock import Clock

RAISE = 1.5
LOWER = 0.7
ADJUST_EVERY_SECONDS = 0.5
LOWEST_SHARE = 0.1
"""However slow the database, the rate keeps this share of the configured one: a batch keeps its size, so going
lower would not make it quicker, only rarer."""
HIGHEST_SHARE = 100.0


class Throttle:
    """Rows a second: a slow commit lowers the rate; quick ones raise it, once the bucket has made somebody wait.

    Either at most twice a second, so that a change shows its effect before the next.
    """

    def __init__(self, tuning: ThrottleTuning, clock: Clock) -> None:
        self._tuning = tuning
        self._clock = clock
        self._baseline = float(tuning.rows_per_second)
        self.rows_per_second = self._baseline
        self._tokens = self._baseline
        self._filled_at = self._adjusted_at = clock.monotonic()
        self._waited = False

    async def take(self, rows: int) -> None:
        """Wait until ``rows`` may be written. A batch larger than a second's worth goes into debt, alone."""
        self._fill()
        self._tokens -= rows
        if self._tokens < 0:
            self._waited = True
            await asyncio.sleep(-self._tokens / self.rows_per_second)

    def committed(self, seconds: float) -> None:
        """Learn how long a commit took."""
        slow = seconds * 1000 > self._tuning.target_commit_ms
        now = self._clock.monotonic()
        if now - self._adjusted_at < ADJUST_EVERY_SECONDS or not (slow or self._waited):
            return
        self._adjusted_at, self._waited = now, False
        self._fill()
        rate = self.rows_per_second * (LOWER if slow else RAISE)
        self.rows_per_second = min(max(rate, self._baseline * LOWEST_SHARE), self._baseline * HIGHEST_SHARE)

    def _fill(self) -> None:
        now = self._clock.monotonic()
        self._tokens = min(self.rows_per_second, self._tokens + (now - self._filled_at) * self.rows_per_second)
        self._filled_at = now
