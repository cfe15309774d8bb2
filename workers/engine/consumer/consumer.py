"""Faust's consumer, taught two things: to read in chunks, and to commit only what is acknowledged.

Private methods of faust-streaming are overridden here and nowhere else; the version is pinned, and the
end-to-end tests guard every upgrade. Each override says which loss it prevents (all were reproduced against
faust-streaming 0.15.3).
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, cast

from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from workers.core.record import Record, TopicPartition
from workers.engine.consumer.chunk import Chunk
from workers.engine.consumer.feed import Feed
from workers.engine.consumer.thread import ConsumerThread
from workers.engine.faust_logger import QUIET

WAIT_FOR_ROOM_SECONDS = 1.0
GATHER_SECONDS = 0.02
"""Between fetches that bring little: where records trickle in, each fetch would else bring a handful, at the price of
a whole one here and at the broker (measured at 5,000 events/s in four partitions: more than half of all the CPU)."""


class ChunkConsumer(driver.Consumer):
    """A consumer whose messages are chunks and whose committable offsets are the acknowledged ones."""

    logger = QUIET

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._handed_on: dict[TP, int] = {}
        self._sought: Mapping[TP, int | None] = {}
        self._seeks = 0
        self._trickle = False
        self._position = asyncio.Lock()
        super().__init__(*args, **kwargs)
        self._feed: Feed = cast("Any", self.app).feed

    def _new_consumer_thread(self) -> ConsumerThread:
        """Let Faust wait for its thread's end, but not without end."""
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's signature
        """Yield one message per partition fetched; changelog records stay single, for table recovery."""
        if self._trickle:
            await asyncio.sleep(GATHER_SECONDS)
        if not self.flow_active:
            await self.can_resume_flow.wait()
        if self._feed.assignment.behind:
            await self._go_back()
            return
        active = self._partitions_with_room()
        if not active:
            await self._feed.backlog.wait_for_room(WAIT_FOR_ROOM_SECONDS)
            return
        async with self._position:
            seek = self._seeks
            fetched = await self._getmany(active_partitions=active, timeout=timeout)
        self._trickle = 0 < sum(map(len, fetched.values())) < self._feed.chunk_records
        if not fetched or self.should_stop:
            return
        if not self.flow_active:
            # A rebalance began during the fetch: the records are dropped here, so the position must go back.
            await self.perform_seek()
            return
        for tp, records in fetched.items():
            for message in self._messages(tp, records):
                if self._stale(seek):
                    return
                yield tp, message

    async def _go_back(self) -> None:
        """Read partitions again from where the graph is: what is committed in Kafka is past that."""
        await self._feed.assignment.drain()
        await self.commit()
        self._feed.acknowledged.forget()
        await self.perform_seek()

    def _stale(self, seek: int) -> bool:
        """A seek has put, or will put, the position back to before what was fetched."""
        return not self.flow_active or seek != self._seeks

    def _partitions_with_room(self) -> set[TP]:
        active = self._get_active_partitions()
        changelogs = {tp for tp in active if self._is_changelog_tp(tp)}
        sources = {TopicPartition(*tp) for tp in active - changelogs}
        return changelogs | {TP(*each) for each in self._feed.backlog.with_room(sources)}

    def _messages(self, tp: TP, records: list[Any]) -> Iterable[ConsumerMessage]:
        self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
        if self._is_changelog_tp(tp):
            return [self._to_message(tp, record) for record in records]
        if records[0].offset < self._handed_on.get(tp, 0):
            # Nobody has sought: the topic was made anew under our feet, and its offsets begin again.
            self._feed.assignment.behind[TopicPartition(*tp)] = 0
            return []
        size = self._feed.chunk_records
        # Lazily: a chunk counts as handed on only once the one before it has been taken.
        return (self._to_chunk(tp, records[i : i + size]) for i in range(0, len(records), size))

    def _to_chunk(self, tp: TP, records: list[Any]) -> ConsumerMessage:
        last = records[-1]
        follows, sought = self._handed_on.get(tp), self._sought.get(tp)
        chunk = Chunk(TopicPartition(*tp), cast("list[Record]", records), self._seeks, follows, sought)
        self._handed_on[tp] = last.offset + 1
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            [],
            None,
            cast("bytes", chunk),
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Any:
        """Prevent Faust from committing past a record in flight (#606): only acknowledged partitions count."""
        offsets = self._feed.acknowledged.next_offsets()
        return (TP(*each) for each in offsets if topics is None or TP(*each) in topics or each.topic in topics)

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        offsets = self._feed.acknowledged.next_offsets()
        found = {tp: offsets.get(TopicPartition(*tp)) for tp in tps}
        return {tp: offset for tp, offset in found.items() if offset is not None and self._should_commit(tp, offset)}

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:  # noqa: FBT001, FBT002 - Faust's signature
        """Commit again what Kafka did not take: Faust notes it as committed, and waits until there is more."""
        committed = bool(await super()._commit_offsets(offsets, start_new_transaction))
        if not committed:
            for tp in offsets:
                self._committed_offset.pop(tp, None)
        return committed

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Drain and commit (in ``WorkerApp._consumer_wait_empty``), then forget: the next owner goes on."""
        await super().on_partitions_revoked(revoked)
        self._feed.acknowledged.forget()

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Hold the flow until recovery has sought.

        A worker that gains its first partitions would else let chunks in before the seek, which then clears
        them away.
        """
        self.stop_flow()
        self.app.flow_control.suspend()
        self.app.flow_control.clear()
        await super().on_partitions_assigned(assigned, generation_id)
        self._feed.assignment.rebalanced(TopicPartition(*tp) for tp in assigned)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek as Faust does; what was fetched before is stale, what comes after follows nothing.

        Never beside a fetch: after a recovery Faust seeks with the flow on, and records fetched in between
        would be taken for those after the seek. Where the graph is behind, it says where to.
        """
        async with self._position:
            committed = dict(await super().seek_to_committed())
            if unmoved := [tp for tp, offset in committed.items() if not offset and not self._is_changelog_tp(tp)]:
                # aiokafka leaves these where its last fetch ended: what was fetched and dropped would be passed over.
                # Before the log's start, 0 is out of range, and so leads to the start.
                await self._thread.seek_wait(dict.fromkeys(unmoved, 0))
            behind = {TP(*each): offset for each, offset in self._feed.assignment.behind.items()}
            if back := {tp: offset for tp, offset in behind.items() if tp in committed}:
                await self._thread.seek_wait(back)
                committed |= back
            self._sought = committed
            self._seeks += 1
            self._handed_on.clear()
            self._feed.assignment.open(self._seeks)
        return committed

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Faust's bookkeeping of gaps serves its own acknowledgement; with chunks it would only grow."""


class ChunkTransport(driver.Transport):
    """The aiokafka transport with our consumer."""

    Consumer = ChunkConsumer
