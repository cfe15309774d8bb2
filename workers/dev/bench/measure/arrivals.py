"""When records became visible: sent records wait here until a watermark passes them."""

import time
from collections import deque
from collections.abc import Mapping

from workers.adapters.kafka.keyed_producer import Sent


class Arrivals:
    """Compares sent records with watermarks, and stores how long each record took.

    The watermark moves in the transaction that writes the records, so queries see all records up to it.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, deque[Sent]] = {}
        self.seconds: list[tuple[float, float]] = []
        """For each record seen: time of ``produce()``, and seconds until seen."""
        self.seen = 0
        self.confirmed = 0
        self.keep_from = float("inf")
        """Records produced before this time (``time.monotonic`` seconds) are counted, but not stored."""

    def sent(self, sent: Sent) -> None:
        """Add a confirmed record, in the order of offsets of its partition."""
        self.confirmed += 1
        self._waiting.setdefault(sent.partition, deque()).append(sent)

    def see(self, watermarks: Mapping[int, int], now: float | None = None) -> None:
        """Apply watermarks read before ``now``.

        A record counts as visible once the answer has arrived.
        """
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
        """Records confirmed and not yet seen: the graph's lag behind the log."""
        return self.confirmed - self.seen
