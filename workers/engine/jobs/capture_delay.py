"""How long a log has had something that its reader has not confirmed."""

from collections import deque

MOST_SAMPLES = 1_000
"""Above it, samples between the oldest and the latest are forgotten: only the oldest is ever shown."""


class CaptureDelay:
    """Remembers when the end of the log was where; positions are bytes, times seconds of a monotonic clock.

    Bytes say nothing about time: a busy server writes gigabytes, an idle one nothing. So the age is that of the oldest
    end of the log that is not confirmed. It begins at 0 in each process.
    """

    def __init__(self) -> None:
        self._unconfirmed: deque[tuple[float, int]] = deque()

    def measured(self, written: int, confirmed: int | None, now: float) -> float:
        """Take a measurement, and return the age in seconds; 0 where everything known is confirmed."""
        while self._unconfirmed and self._unconfirmed[0][1] <= (confirmed or 0):
            self._unconfirmed.popleft()
        latest = self._unconfirmed[-1][1] if self._unconfirmed else confirmed or 0
        if written > latest:
            self._unconfirmed.append((now, written))
        if len(self._unconfirmed) > MOST_SAMPLES:
            del self._unconfirmed[1]
        return self.age(now)

    def age(self, now: float) -> float:
        """Return the age in seconds, as far as it is known."""
        return now - self._unconfirmed[0][0] if self._unconfirmed else 0.0
