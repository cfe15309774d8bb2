"""Counts over the last so many seconds."""

from collections import deque

from workers.core.clock import Clock


class Window:
    """Two counts, of all things and of the bad ones, that forget what is older than the window."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._seconds = seconds
        self._clock = clock
        self._entries: deque[tuple[float, int, int]] = deque()
        self._all = 0
        self.bad = 0

    def add(self, *, all_of: int, bad: int) -> None:
        """Count ``all_of`` things, ``bad`` of them bad ones."""
        self._entries.append((self._clock.monotonic(), all_of, bad))
        self._all += all_of
        self.bad += bad
        self._forget()

    def exceeds(self, ratio: float, minimum: int) -> bool:
        """Tell whether there are at least ``minimum`` bad ones, and more than ``ratio`` of all."""
        self._forget()
        return self.bad >= minimum and self.bad > ratio * self._all

    def clear(self) -> None:
        self._entries.clear()
        self._all = self.bad = 0

    def _forget(self) -> None:
        oldest = self._clock.monotonic() - self._seconds
        while self._entries and self._entries[0][0] < oldest:
            _, all_of, bad = self._entries.popleft()
            self._all -= all_of
            self.bad -= bad
