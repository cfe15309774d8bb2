"""Progress in the graph, measured in the same way for every contestant."""

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

EVERY = 100
"""Records between two checkpoints of a partition, so the precision of a look."""
AHEAD = 20
"""Checkpoints of each partition in one query."""

# By key, and so by index: the query costs the database well below a millisecond.
SEEN = "UNWIND $keys AS key MATCH (i:Invocation {key: key}) WHERE i.status <> 'STARTED' RETURN key"
SEEN_OF_AUDIT = "UNWIND $keys AS key MATCH (e:AuditEvent {id: key}) RETURN key"


class Checkpoint(NamedTuple):
    """A record whose arrival shows in the graph: it ends the Invocation ``key``, or is the audit event ``key``."""

    offset: int
    key: str


class Look(NamedTuple):
    """What was seen at a time, in ``time.monotonic`` seconds, taken after the answer."""

    at: float
    events: int


class Reader(Protocol):
    """Answers queries: the graph."""

    async def rows(self, cypher: str, *, keys: Sequence[str]) -> list[dict[str, str]]: ...


def checkpoints_of(ends: Mapping[int, Sequence[Checkpoint]]) -> dict[int, list[Checkpoint]]:
    """Return one checkpoint in ``EVERY`` records of each partition, and always the last."""
    chosen: dict[int, list[Checkpoint]] = {}
    for partition, each in ends.items():
        taken = chosen[partition] = []
        for checkpoint in each:
            if not taken or checkpoint.offset - taken[-1].offset >= EVERY or checkpoint is each[-1]:
                taken.append(checkpoint)
    return chosen


class Watch:
    """Follows the checkpoints.

    Every contestant writes each partition in order, so the last checkpoint seen is enough.
    """

    def __init__(self, reader: Reader, checkpoints: Mapping[int, Sequence[Checkpoint]], seen: str = SEEN) -> None:
        self._reader = reader
        self._seen = seen
        self._waiting = {partition: list(reversed(each)) for partition, each in checkpoints.items() if each}
        self._events = dict.fromkeys(self._waiting, 0)

    @property
    def done(self) -> bool:
        """Whether the last checkpoint of every partition has been seen."""
        return not any(self._waiting.values())

    async def look(self) -> Look:
        """Query the graph for the next checkpoints."""
        asked = {
            each.key: (partition, each) for partition in self._waiting for each in self._waiting[partition][-AHEAD:]
        }
        rows = await self._reader.rows(self._seen, keys=list(asked)) if asked else []
        at = time.monotonic()
        for row in rows:
            partition, checkpoint = asked[row["key"]]
            self._events[partition] = max(self._events[partition], checkpoint.offset + 1)
        for partition, waiting in self._waiting.items():
            while waiting and waiting[-1].offset < self._events[partition]:
                waiting.pop()
        return Look(at, sum(self._events.values()))
