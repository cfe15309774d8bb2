"""Verify one chain from the topic: compute it again from the log, and compare it with the graph and its checkpoints."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from workers.adapters.graph.connection import GraphConnection
from workers.adapters.kafka.headers import NAMES, PREFIX
from workers.adapters.kafka.reader import TopicReader
from workers.core.record import Decoded
from workers.ops.audit.checkpoint_log import Log
from workers.ops.audit.finding import Chain, Finding, Kind, Progress, Result
from workers.ops.audit.graph.events import OF_IDS, GraphPlaces
from workers.ops.audit.topic.anchor import anchor
from workers.ops.audit.topic.compare import Comparison
from workers.ops.audit.topic.recompute import NONE, Computed, Identity, Logged, Recomputing, Seen
from workers.ops.audit.topic.watermark import written_to
from workers.pipelines.audit.chain.link import Head, genesis

WINDOW_RECORDS = 5_000
ANCHOR_RECORDS = 1_000
MOST_PASSES = 10
OFFSET_HEADER = PREFIX + NAMES["offset"]


class Decoding(NamedTuple):
    """How records of the topic are read.

    ``prepare``  fetches the schemas of some records
    ``accept``   raises ``Rejected`` or ``Dropped`` for what the worker does not take, by its fields and its key
    """

    prepare: Callable[[Sequence[Any]], Any]
    decode: Callable[[Any], Decoded]
    accept: Callable[[Decoded, bytes | None], object]


class Part(NamedTuple):
    """Offsets of one partition: from ``begin`` to before ``end``.

    ``whole``  the part goes on to the last record that the worker has written
    ``from_genesis``  the topic has the chain's first record
    """

    begin: int
    end: int
    whole: bool = True
    from_genesis: bool = True


@dataclass(slots=True)
class TopicChain:
    """One chain, its topic, and the graph to compare it with."""

    chain: Chain
    reader: TopicReader
    dead_letters: TopicReader
    graph: GraphConnection
    decoding: Decoding
    log: Log
    part: Part
    progress: Progress
    expired: int = 0
    _dead: frozenset[int] = field(default=frozenset(), init=False)
    _accept: Callable[[Decoded, bytes | None], object] | None = field(default=None, init=False)

    async def verify(self) -> Result:
        """Verify, again with what a finding has taught: which records are duplicates, and which the worker rejects.

        The rules of the worker take as long as all else. Where its dead letters are all there still, they say the same.
        """
        self._dead = frozenset(self._dead_offsets() | self.log.dead)
        exact = older = NONE
        result, seen, window = await self._pass(exact, older)
        for _ in range(MOST_PASSES):
            if not result.findings:
                break
            self._accept = self.decoding.accept
            exact, older = exact | seen.suspects, older | await self._older(window)
            again, seen, window = await self._pass(exact, older)
            if again.findings and (again.findings[0].sequence or 0) <= (result.findings[0].sequence or 0):
                break
            result = again
        return result

    async def _pass(
        self, exact: frozenset[Identity], older: frozenset[Identity]
    ) -> tuple[Result, Seen, list[Computed]]:
        part, result = self.part, Result(self.chain)
        seen = Seen(part.end - part.begin, exact, older)
        found = await self._head()
        if found is None:
            message = f"the topic begins at offset {part.begin:,}, and the graph has none of its first records"
            result.findings.append(Finding(Kind.NOT_VERIFIED, message))
            return result, seen, []
        begin, head = found
        comparison = Comparison(GraphPlaces(self.graph, self.chain), self.log.checkpoints, self.expired)
        computing = Recomputing(head, seen, self.decoding.decode, self._accept, self._dead)
        window: list[Computed] = []
        async for window in self._windows(computing, begin):
            await comparison.add(window)
            result.records += len(window)
            if comparison.finding is not None:
                break
        else:
            if part.whole:
                await self._end(comparison, computing.head.sequence)
        result.head, result.hash = computing.head.sequence, computing.head.hash.hex()
        result.checkpoints = len(comparison.agreed)
        result.findings += [comparison.finding] if comparison.finding else []
        return result, seen, window

    async def _end(self, comparison: Comparison, head: int) -> None:
        """Find what the graph has after the topic's last event; but not what the worker has written meanwhile."""
        if comparison.finding is None:
            await comparison.end(head)
            if (await written_to(self.graph, self.chain))[0] >= self.part.end:
                comparison.finding = None

    async def _windows(self, computing: Recomputing, begin: int) -> AsyncIterator[list[Computed]]:
        window: list[Computed] = []
        async for records in self._batches(begin):
            window += computing.events(records)
            if len(window) >= WINDOW_RECORDS:
                yield window
                window = []
        if window:
            yield window

    async def _batches(self, begin: int) -> AsyncIterator[list[Logged]]:
        number = self.chain.partition
        for messages in self.reader.batches({number: begin}, {number: self.part.end}):
            records = [Logged.of(message) for message in messages]
            await self.decoding.prepare(records)
            self.progress(len(records))
            yield records

    async def _head(self) -> tuple[int, Head] | None:
        """Return the offset to begin at, and the head of the chain before it."""
        if self.part.from_genesis:
            return 0, genesis(*self.chain)
        computing = Recomputing(Head(0, b""), Seen(ANCHOR_RECORDS), *self.decoding[1:], self._dead)
        events: list[Computed] = []
        async for records in self._batches(self.part.begin):
            events += computing.events(records)
            if len(events) >= ANCHOR_RECORDS:
                break
        if not events:
            return self.part.end, Head(0, b"")
        found = await anchor(self.graph, self.chain, [(each.audit_id, each.event_type) for each in events])
        return None if found is None else (events[found[0]].offset, found[1])

    def _dead_offsets(self) -> set[int]:
        """Return the offsets whose records wait in the dead letters."""
        number = self.chain.partition
        ends = {number: self.dead_letters.end_offsets().get(number, 0)}
        values = (dict(record.headers).get(OFFSET_HEADER) for record in self.dead_letters.between({}, ends))
        return {int(value) for value in values if value}

    async def _older(self, window: Sequence[Computed]) -> frozenset[Identity]:
        """Return which events of a window repeat one of another chain, or one from before the part that is read."""
        if not window:
            return NONE
        begin = (await self._head() or (0, Head(0, b"")))[1].sequence
        here = (self.chain.partition, self.chain.chain_id)
        rows = await self.graph.rows(OF_IDS, ids=[each.audit_id for each in window])
        return frozenset(
            (row["audit_id"], row["event_type"])
            for row in rows
            if (row["partition"], row["chain_id"]) != here or row["sequence"] <= begin
        )
