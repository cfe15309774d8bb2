"""Lines of libraries that come again and again in an outage: one of them every few seconds, with their number."""

import logging
import re
import time
from collections.abc import Callable

EVERY_SECONDS = 30.0
"""How long a line of a library is not shown again. Without a limit a worker wrote 80 lines a second while Kafka was
away, nearly all of them the same four."""
MOST_LINES = 1_000
"""Different lines that are remembered; all are forgotten when there are more."""

NUMBERS = re.compile(r"\d+")


class RepeatsLimit(logging.Filter):
    """Passes a line of the named loggers once in ``EVERY_SECONDS``, with ``repeated``: how many were left out before.

    Two lines are the same if only their numbers differ, such as a duration, a port or an attempt.
    """

    def __init__(self, loggers: tuple[str, ...], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._loggers = loggers
        self._clock = clock
        self._shown: dict[tuple[str, int, str], tuple[float, int]] = {}
        """When each line was shown last, in seconds of the clock, and how many were left out since."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to show the record."""
        if record.name.partition(".")[0] not in self._loggers:
            return True
        line = (record.name, record.levelno, NUMBERS.sub("#", record.getMessage()))
        now = self._clock()
        shown_at, left_out = self._shown.get(line, (-EVERY_SECONDS, 0))
        if now - shown_at < EVERY_SECONDS:
            self._shown[line] = (shown_at, left_out + 1)
            return False
        if len(self._shown) >= MOST_LINES:
            self._shown.clear()
        self._shown[line] = (now, 0)
        if left_out:
            record.repeated = left_out
        return True
