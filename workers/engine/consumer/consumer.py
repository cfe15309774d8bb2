"""Faust's consumer with two changes: it reads in chunks, and commits only acknowledged offsets.

The README of the engine lists every override of Faust. Its version is pinned, and end-to-end tests protect upgrades.
Each override says which loss it prevents; all were reproduced with faust-streaming 0.15.3.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from workers.config.takes_effect import Now
from workers.core.record import Record, TopicPartition
from workers.engine.assignment import Assignment
from workers.engine.consumer.acknowledged import Acknowledged
from workers.engine.consumer.buffer import RecordBuffer
from workers.engine.consumer.chunk import Chunk
from workers.engine.consumer.flow_control import NoReadOffsets
from workers.engine.consumer.thread import NOT_ALLOWED, ConsumerThread
from workers.engine.consumer.unreadable import UnreadableBatches
from workers.engine.faust_logger import QUIET

log = structlog.get_logger(__name__)

NOT_ALLOWED_SECONDS = 1.0
WAIT_FOR_ROOM_SECONDS = 1.0


@dataclass(slots=True)
class ConsumerContext:
    """What connects the consumer with the partition tasks; one for each process.

    ``password`` returns the password for SASL as it is now; ``None`` without SASL.
    ``assignment`` is set when the app is composed, because an assignment needs the app's table.
    """

    chunk_records: Now[int]
    buffer: RecordBuffer
    password: Callable[[], str] | None = None
    acknowledged: Acknowledged = field(default_factory=Acknowledged)
    unreadable: UnreadableBatches = field(default_factory=UnreadableBatches)
    assignment: Assignment = field(init=False)


class ChunkConsumer(driver.Consumer):
    """A consumer whose messages are chunks and whose committable offsets are the acknowledged ones."""

    logger = QUIET

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._next_offsets: dict[TP, int] = {}
        self._committed_at_seek: Mapping[TP, int | None] = {}
        self._seeks = 0
        self._position = asyncio.Lock()
        super().__init__(*args, **kwargs)
        self._read_offset = NoReadOffsets()
        self._context: ConsumerContext = cast("Any", self.app).consumer_context

    def _new_consumer_thread(self) -> ConsumerThread:
        """Limit the time that Faust waits for the end of its thread, and let it read around what it cannot read."""
        thread = ConsumerThread(self, loop=self.loop, beacon=self.beacon)
        context: ConsumerContext = cast("Any", self.app).consumer_context
        thread.password, thread.unreadable = context.password, context.unreadable
        return thread

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's signature
        """Yield messages of chunks; records of changelogs stay single, for the recovery of tables."""
        if not self.flow_active:
            await self.can_resume_flow.wait()
        if self._context.assignment.behind:
            await self._go_back()
            return
        active = self._partitions_with_room()
        if not active:
            await self._context.buffer.wait_for_room(WAIT_FOR_ROOM_SECONDS)
            return
        async with self._position:
            seek = self._seeks
            fetched = await self._fetched(active, timeout)
        if not fetched or self.should_stop:
            return
        if not self.flow_active:
            # A rebalance began during the fetch: these records are dropped, so the position must go back.
            await self.perform_seek()
            return
        for tp, records in fetched.items():
            for message in self._messages(tp, records, seek):
                yield tp, message

    async def _fetched(self, active: set[TP], timeout: float) -> Any:  # noqa: ASYNC109 - Faust's name for it
        """Fetch; while Kafka does not let this user read, return nothing: Faust would end the process.

        aiokafka goes on once its error has been raised. The observer says what is missing.
        """
        try:
            return await self._getmany(active_partitions=active, timeout=timeout)
        except NOT_ALLOWED as error:
            log.warning("Kafka does not let this user read", reason=str(error))
            await asyncio.sleep(NOT_ALLOWED_SECONDS)
            return {}

    async def _go_back(self) -> None:
        """Read partitions again from the graph's offset, because Kafka's committed offset is past it."""
        await self._context.assignment.drain()
        await self.commit()
        self._context.acknowledged.forget()
        await self.perform_seek()

    def _stale(self, seek: int) -> bool:
        """Tell whether a seek has moved, or will move, the position back to before the fetched records."""
        return not self.flow_active or seek != self._seeks

    def _partitions_with_room(self) -> set[TP]:
        active = self._get_active_partitions()
        changelogs = {tp for tp in active if self._is_changelog_tp(tp)}
        sources = {TopicPartition(*tp) for tp in active - changelogs} - self._context.unreadable.waiting()
        return changelogs | {TP(*each) for each in self._context.buffer.with_room(sources)}

    def _messages(self, tp: TP, records: list[Any], seek: int) -> Iterator[ConsumerMessage]:
        """Yield the messages of a fetch until a seek makes the rest of it stale.

        A chunk counts as read once it is made. So it is made when the one before it was handed over, and never of
        records from before a seek: the first chunk after the seek would then seem to follow it.
        """
        is_changelog = self._is_changelog_tp(tp)
        size = 1 if is_changelog else self._context.chunk_records()
        for i in range(0, len(records), size):
            if self._stale(seek):
                return
            if not is_changelog and records[i].offset < self._next_offsets.get(tp, 0):
                # Without a seek, this means that the topic was recreated: its offsets begin again.
                self._context.assignment.behind[TopicPartition(*tp)] = 0
                return
            yield self._to_message(tp, records[i]) if is_changelog else self._to_chunk(tp, records[i : i + size])

    def _to_chunk(self, tp: TP, records: list[Any]) -> ConsumerMessage:
        last = records[-1]
        follows, committed = self._next_offsets.get(tp), self._committed_at_seek.get(tp)
        chunk = Chunk(TopicPartition(*tp), cast("list[Record]", records), self._seeks, follows, committed)
        self._next_offsets[tp] = last.offset + 1
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
        """Return acknowledged partitions only: Faust would commit past a record in flight (#606)."""
        offsets = self._context.acknowledged.next_offsets()
        return (TP(*each) for each in offsets if topics is None or TP(*each) in topics or each.topic in topics)

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        offsets = self._context.acknowledged.next_offsets()
        found = {tp: offsets.get(TopicPartition(*tp)) for tp in tps}
        return {tp: offset for tp, offset in found.items() if offset is not None and self._should_commit(tp, offset)}

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:  # noqa: FBT001, FBT002 - Faust's signature
        """Forget offsets that Kafka did not accept: Faust would take them as committed, and not try again."""
        committed = bool(await super()._commit_offsets(offsets, start_new_transaction))
        if not committed:
            for tp in offsets:
                self._committed_offset.pop(tp, None)
        return committed

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Drain and commit (in ``WorkerApp._consumer_wait_empty``), then forget the offsets."""
        await super().on_partitions_revoked(revoked)
        self._context.acknowledged.forget()

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Stop the flow until the recovery has done its seek.

        Otherwise a worker that gets its first partitions accepts chunks before the seek, which then clears them.
        """
        self.stop_flow()
        self.app.flow_control.suspend()
        self.app.flow_control.clear()
        await super().on_partitions_assigned(assigned, generation_id)
        self._context.assignment.rebalanced(TopicPartition(*tp) for tp in assigned)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek as Faust does, but never during a fetch, and to the graph's offset where the graph is behind.

        After a recovery Faust seeks while the flow is on, and records that were fetched before the seek would be
        taken for records after it. Each seek has a number, which makes older chunks stale.
        """
        async with self._position:
            committed = dict(await super().seek_to_committed())
            if unmoved := [tp for tp, offset in committed.items() if not offset and not self._is_changelog_tp(tp)]:
                # aiokafka leaves these where its last fetch ended, and would skip records that were fetched and
                # dropped. Where offset 0 no longer exists, the consumer is reset to the first offset.
                await self._thread.seek_wait(dict.fromkeys(unmoved, 0))
            behind = {TP(*each): offset for each, offset in self._context.assignment.behind.items()}
            if back := {tp: offset for tp, offset in behind.items() if tp in committed}:
                await self._thread.seek_wait(back)
                committed |= back
            thread = cast("ConsumerThread", self._thread)
            await thread.leave_out([*filter(self._is_changelog_tp, committed)])  # nothing is ever written to it
            self._committed_at_seek = committed
            self._seeks += 1
            self._next_offsets.clear()
            sought = {TopicPartition(*tp): offset or 0 for tp, offset in committed.items()}
            self._context.assignment.open(self._seeks, sought)
        return committed


class ChunkTransport(driver.Transport):
    """The aiokafka transport with our consumer."""

    Consumer = ChunkConsumer
