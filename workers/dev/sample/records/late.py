"""Records that come late, as from senders with queues of their own: the trace goes on, or is over, without them.

Some ends and tokens are held back for a while, and a few starts until after the call's end. The order of all other
records stays. A record that came on time has its place by event time.
"""

import heapq
from collections.abc import Iterable, Iterator
from random import Random

from workers.dev.sample.records.sampled import INVOCATION, TOKENS, Sampled

LATE_SHARE = 0.02
"""The share of ends, and of token events, that come late."""
LATE_START_SHARE = 0.01
LEAST_LATE, MOST_LATE = 20, 2_000
"""By how many records one is late; the records of most traces lie within a few hundred."""


def with_late(records: Iterable[Sampled], seed: int) -> Iterator[Sampled]:
    """Yield all records, a few of them later than by event time. A seed makes the same ones late."""
    random = Random(f"late/{seed}")  # noqa: S311 - sample data, reproducible by design
    held: list[tuple[int, int, Sampled]] = []
    for number, record in enumerate(records):
        while held and held[0][0] <= number:
            yield heapq.heappop(held)[2]
        if random.random() < _share(record):
            heapq.heappush(held, (number + _lateness(random), number, record))
        else:
            yield record
    yield from (record for _, _, record in sorted(held))


def _share(record: Sampled) -> float:
    if record.fields["event_type"] == "llm.invocation.start":
        return LATE_START_SHARE
    return LATE_SHARE if record.record_name in {INVOCATION, TOKENS} else 0.0


def _lateness(random: Random) -> int:
    """Draw by how many records one is late: seldom by many."""
    return int(LEAST_LATE * (MOST_LATE / LEAST_LATE) ** random.random())
