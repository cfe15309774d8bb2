"""When records became visible: sent ones wait here until a watermark has passed them."""

import threading
from collections import deque
from collections.abc import Mapping

from workers.adapters.kafka.keyed_producer import Sent


class Visible:
    """Matches what was sent against watermarks, and keeps the time that each record took."""

    def __init__(self) -> None:
        self._waiting: dict[int, deque[Sent]] = {}
        self._lock = threading.Lock()  # reports come from the producer's thread, too
        self.seconds: list[float] = []
        """From ``produce()`` until seen, of each record seen so far."""

    def sent(self, sent: Sent) -> None:
        """Note a record that the broker has confirmed; of one partition, in the order of offsets."""
        with self._lock:
            self._waiting.setdefault(sent.partition, deque()).append(sent)

    def see(self, watermarks: Mapping[int, int], now: float) -> None:
        """Take watermarks that were read before ``now`` (``time.monotonic`` seconds).

        A record counts as visible when the query that saw it has answered, which is late rather than early.
        """
        with self._lock:
            for partition, waiting in self._waiting.items():
                offset = watermarks.get(partition, -1)
                while waiting and waiting[0].offset <= offset:
                    self.seconds.append(now - waiting.popleft().at)

    @property
    def pending(self) -> int:
        """Records sent and not seen."""
        with self._lock:
            return sum(len(waiting) for waiting in self._waiting.values())


def percentile(ordered: list[float], share: float) -> float:
    """Return the smallest value that ``share`` of the values do not exceed; ``ordered`` is sorted and not empty."""
    return ordered[max(0, -(-len(ordered) * round(share * 1000) // 1000) - 1)]
