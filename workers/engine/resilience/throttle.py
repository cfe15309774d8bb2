"""The token bucket before the database: its rate follows the latency of commits."""

import asyncio

from workers.config.takes_effect import Now
from workers.config.worker_options import Throttle as ThrottleOptions
from workers.core.clock import Clock

SEARCH = 2.0
RAISE = 1.5
LOWER = 0.7
ADJUST_EVERY_SECONDS = 0.5
LONGEST_SLEEP_SECONDS = 1.0


class Throttle:
    """Rows per second: quick commits raise the rate, once a batch had to wait; slow commits lower it.

    The rate never falls below the baseline: a batch keeps its size, so a lower rate would only make commits rarer,
    not quicker (a database that has just started is slow for some seconds, and would get too few rows for minutes).
    Until the first slow commit each quick one doubles the rate. After it the rate changes at most twice a second, so
    that each change shows its effect before the next.
    """

    def __init__(self, options: Now[ThrottleOptions], clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._rate = self._tokens = float(options().baseline_rows_per_second)
        self._filled_at = self._adjusted_at = clock.monotonic()
        self._waited = False
        self._searching = True

    @property
    def rows_per_second(self) -> float:
        """Return the rate, which is always within the options."""
        options = self._options()
        return min(max(self._rate, options.baseline_rows_per_second), options.max_rows_per_second)

    async def take(self, rows: int) -> None:
        """Wait until ``rows`` may be written. A batch larger than the rate of one second makes the bucket negative."""
        self._fill()
        self._tokens -= rows
        if self._tokens < 0:
            self._waited = True
            await self._pay(-self._tokens)

    async def _pay(self, rows: float) -> None:
        """Wait as long as the rate takes for ``rows``; a rate that changes meanwhile counts within a second."""
        while rows > 0:
            rate = self.rows_per_second
            seconds = min(rows / rate, LONGEST_SLEEP_SECONDS)
            await asyncio.sleep(seconds)
            rows -= seconds * rate

    def committed(self, seconds: float) -> None:
        """Adjust the rate to the time that a commit took."""
        slow = seconds * 1000 > self._options().target_commit_ms
        now = self._clock.monotonic()
        settled = self._searching or now - self._adjusted_at >= ADJUST_EVERY_SECONDS
        if not settled or not (slow or self._waited):
            return
        self._searching = self._searching and not slow
        self._adjusted_at, self._waited = now, False
        self._fill()
        self._rate = self.rows_per_second * (LOWER if slow else SEARCH if self._searching else RAISE)
        self._rate = self.rows_per_second

    def _fill(self) -> None:
        now, rate = self._clock.monotonic(), self.rows_per_second
        self._tokens = min(rate, self._tokens + (now - self._filled_at) * rate)
        self._filled_at = now
