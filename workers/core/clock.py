"""The clock, injected so that tests control the time."""

import time
from typing import Protocol


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
