"""How far the graph is, seen from outside: the same way for every contestant, whatever it is made of."""

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

EVERY = 100
"""Records between two checkpoints of one partition: what a look may be behind by, a partition."""
AHEAD = 20
"""Checkpoints of each partition that one look asks for."""

# By key, and so by index: a look costs the database well below a millisecond.
SEEN = "UNWIND $keys AS key MATCH (i:Invocation {key: key}) WHERE i.status <> 'STARTED' RETURN key"


class Checkpoint(NamedTuple):
    """A record of one partition whose arrival the graph can be asked for: ``key`` is an Invocation that it ends."""

    offset: int
    key: str


class Look(NamedTuple):
    """What was seen at a time (``time.monotonic`` seconds, after the answer): late rather than early."""

    at: float
    events: int


class Reader(Protocol):
    """What answers: the graph."""

    async def rows(self, cypher: str, *, keys: Sequence[str]) -> list[dict[str, str]]: ...


def checkpoints_of(ends: Mapping[int, Sequence[Checkpoint]]) -> dict[int, list[Checkpoint]]:
    """Choose from the records of each partition that can be asked for: one in ``EVERY``, and always the last."""
    chosen: dict[int, list[Checkpoint]] = {}
    for partition, each in ends.items():
        taken = chosen[partition] = []
        for checkpoint in each:
            if not taken or checkpoint.offset - taken[-1].offset >= EVERY or checkpoint is each[-1]:
                taken.append(checkpoint)
    return chosen


class Watch:
    """Follows the checkpoints. Every contestant writes each partition in its order, so the last one seen tells all."""

    def __init__(self, reader: Reader, checkpoints: Mapping[int, Sequence[Checkpoint]]) -> None:
        self._reader = reader
        self._waiting = {partition: list(reversed(each)) for partition, each in checkpoints.items() if each}
        self._events = dict.fromkeys(self._waiting, 0)

    @property
    def done(self) -> bool:
        """Whether the last record of every partition that can be asked for has been seen."""
        return not any(self._waiting.values())

    async def look(self) -> Look:
        """Ask how far the graph is."""
        asked = {
            each.key: (partition, each) for partition in self._waiting for each in self._waiting[partition][-AHEAD:]
        }
        rows = await self._reader.rows(SEEN, keys=list(asked)) if asked else []
        at = time.monotonic()
        for row in rows:
            partition, checkpoint = asked[row["key"]]
            self._events[partition] = max(self._events[partition], checkpoint.offset + 1)
        for partition, waiting in self._waiting.items():
            while waiting and waiting[-1].offset < self._events[partition]:
                waiting.pop()
        return Look(at, sum(self._events.values()))
