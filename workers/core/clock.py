"""The clock, injected, so that tests own time."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where anything that needs the time gets it from."""

    def now_ms(self) -> int:
        """Wall-clock milliseconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for durations."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()
