"""A sliding window that counts attempts and failures."""

from collections import deque

from workers.config.takes_effect import Now
from workers.core.clock import Clock


class Window:
    """The attempts and failures of the last seconds."""

    def __init__(self, seconds: Now[float], clock: Clock) -> None:
        self._seconds = seconds
        self._clock = clock
        self._entries: deque[tuple[float, int, int]] = deque()
        self._attempts = 0
        self.failures = 0

    def add(self, *, attempts: int, failures: int) -> None:
        """Count attempts, of which ``failures`` failed."""
        self._entries.append((self._clock.monotonic(), attempts, failures))
        self._attempts += attempts
        self.failures += failures
        self._forget()

    def exceeds(self, ratio: float, minimum: int) -> bool:
        """Tell whether at least ``minimum`` failed, and more than ``ratio`` of all attempts."""
        self._forget()
        return self.failures >= minimum and self.failures > ratio * self._attempts

    def clear(self) -> None:
        self._entries.clear()
        self._attempts = self.failures = 0

    def _forget(self) -> None:
        oldest = self._clock.monotonic() - self._seconds()
        while self._entries and self._entries[0][0] < oldest:
            _, attempts, failures = self._entries.popleft()
            self._attempts -= attempts
            self.failures -= failures
