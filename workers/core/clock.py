"""The clock, injected so that tests control the time; and its times as texts."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(at_ms: int) -> str:
    """Return epoch milliseconds as ISO 8601, UTC, always with milliseconds: equal times give equal texts."""
    return (EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Clock(Protocol):
    """A source of time."""

    def now_ms(self) -> int:
        """Return epoch milliseconds, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds of a monotonic clock, for durations."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()
