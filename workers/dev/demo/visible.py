"""When records became visible: sent records wait here until a watermark passes them."""

import threading
from collections import deque
from collections.abc import Mapping

from workers.adapters.kafka.keyed_producer import Sent


class Visible:
    """Compares sent records with watermarks, and stores how long each record took."""

    def __init__(self) -> None:
        self._waiting: dict[int, deque[Sent]] = {}
        self._lock = threading.Lock()  # reports come from the producer's thread, too
        self.seconds: list[float] = []
        """Time from ``produce()`` until seen, for each record seen so far."""

    def sent(self, sent: Sent) -> None:
        """Add a confirmed record, in the order of offsets of its partition."""
        with self._lock:
            self._waiting.setdefault(sent.partition, deque()).append(sent)

    def see(self, watermarks: Mapping[int, int], now: float) -> None:
        """Apply watermarks that were read before ``now`` (``time.monotonic`` seconds).

        A record counts as visible when the query that saw it has answered: rather too late than too early.
        """
        with self._lock:
            for partition, waiting in self._waiting.items():
                offset = watermarks.get(partition, -1)
                while waiting and waiting[0].offset <= offset:
                    self.seconds.append(now - waiting.popleft().at)

    @property
    def pending(self) -> int:
        """Records sent and not yet seen."""
        with self._lock:
            return sum(len(waiting) for waiting in self._waiting.values())


def percentile(ordered: list[float], share: float) -> float:
    """Return the smallest value that ``share`` of ``ordered``, sorted and not empty, do not exceed."""
    return ordered[max(0, -(-len(ordered) * round(share * 1000) // 1000) - 1)]
