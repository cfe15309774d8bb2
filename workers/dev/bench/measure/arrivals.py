"""When records became visible: sent ones wait here until a watermark in the graph has passed them."""

import time
from collections import deque
from collections.abc import Mapping

from workers.adapters.kafka.keyed_producer import Sent


class Arrivals:
    """Matches what was sent against watermarks, and keeps the time that each record took.

    The watermark moves in the transaction that writes the records: what it has passed, queries see.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, deque[Sent]] = {}
        self.seconds: list[tuple[float, float]] = []
        """Of each record seen: when it was handed to the producer, and how long until it was seen."""
        self.seen = 0
        self.confirmed = 0
        self.keep_from = float("inf")
        """Records handed over before this time (``time.monotonic`` seconds) are counted, and not kept."""

    def sent(self, sent: Sent) -> None:
        """Note a record that the broker has confirmed; of one partition, in the order of offsets."""
        self.confirmed += 1
        self._waiting.setdefault(sent.partition, deque()).append(sent)

    def see(self, watermarks: Mapping[int, int], now: float | None = None) -> None:
        """Take watermarks that were read before ``now``: a record counts as visible when the answer is here."""
        now = time.monotonic() if now is None else now
        for partition, waiting in self._waiting.items():
            offset = watermarks.get(partition, -1)
            while waiting and waiting[0].offset <= offset:
                at = waiting.popleft().at
                self.seen += 1
                if at >= self.keep_from:
                    self.seconds.append((at, now - at))

    @property
    def pending(self) -> int:
        """Records confirmed and not seen: the lag of the graph behind the log."""
        return self.confirmed - self.seen
