"""All records of a trace's calls, in the order of event time."""

import heapq
from collections.abc import Iterable, Iterator
from itertools import islice
from random import Random

from workers.dev.sample.calls.call import Call
from workers.dev.sample.grouping import Grouping
from workers.dev.sample.records.aggregates import with_aggregates
from workers.dev.sample.records.records import records_of
from workers.dev.sample.records.sampled import Sampled

BLOCK = 5_000
"""Number of calls grouped into traces at once; limits memory."""


def telemetry(calls: Iterable[Call], *, source: str, seed: int) -> Iterator[Sampled]:
    """Yield the records of ``calls``; each call becomes one span.

    ``calls`` are in the order of time. The same calls, ``source`` (any text) and ``seed`` give the same records;
    another source or seed gives other ids. Records of one trace are close together, as its calls are.
    """
    random = Random(f"telemetry/{source}/{seed}")  # noqa: S311 - sample data, reproducible by design
    return with_aggregates(random, _ordered(random, calls))


def _ordered(random: Random, calls: Iterable[Call]) -> Iterator[Sampled]:
    grouping = Grouping(random)
    pending: list[tuple[int, int, Sampled]] = []
    number = 0
    remaining = iter(calls)
    while block := list(islice(remaining, BLOCK)):
        yield from _until(pending, int(block[0].timestamp))
        for trace in grouping.traces_of(block):
            for span in trace.spans:
                for record in records_of(random, trace, span):
                    heapq.heappush(pending, (record.fields["timestamp"], number, record))
                    number += 1
    yield from _until(pending, None)


def _until(pending: list[tuple[int, int, Sampled]], timestamp: int | None) -> Iterator[Sampled]:
    while pending and (timestamp is None or pending[0][0] < timestamp):
        yield heapq.heappop(pending)[2]
