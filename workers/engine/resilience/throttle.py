"""The token bucket before the database: it slows down when commits do, and speeds up while they are quick."""

import asyncio

from workers.config.tuning import Throttle as ThrottleTuning
from workers.core.clock import Clock

SEARCH = 2.0
RAISE = 1.5
LOWER = 0.7
ADJUST_EVERY_SECONDS = 0.5


class Throttle:
    """Rows a second: quick commits raise the rate, once the bucket has made somebody wait; slow ones lower it again.

    Never below the baseline: a batch keeps its size, so a lower rate would not make commits quicker, only
    rarer (a database that has just started is slow for some seconds, and would be kept waiting for minutes).
    Until the first slow commit, what the database can take is searched for: each quick one doubles the rate.
    From then on it changes at most twice a second, so that a change shows its effect before the next.
    """

    def __init__(self, tuning: ThrottleTuning, clock: Clock) -> None:
        self._tuning = tuning
        self._clock = clock
        self.rows_per_second = self._tokens = float(tuning.baseline_rows_per_second)
        self._filled_at = self._adjusted_at = clock.monotonic()
        self._waited = False
        self._searching = True

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
        settled = self._searching or now - self._adjusted_at >= ADJUST_EVERY_SECONDS
        if not settled or not (slow or self._waited):
            return
        self._searching = self._searching and not slow
        self._adjusted_at, self._waited = now, False
        self._fill()
        rate = self.rows_per_second * (LOWER if slow else SEARCH if self._searching else RAISE)
        tuning = self._tuning
        self.rows_per_second = min(max(rate, tuning.baseline_rows_per_second), tuning.max_rows_per_second)

    def _fill(self) -> None:
        now = self._clock.monotonic()
        self._tokens = min(self.rows_per_second, self._tokens + (now - self._filled_at) * self.rows_per_second)
        self._filled_at = now
