"""One partition: the records after the watermark of the new graph, folded by the worker's own code."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

from workers.adapters.graph.connection import GraphConnection
from workers.adapters.kafka.headers import replayed_from
from workers.adapters.kafka.reader import Fetched, TopicReader, consumed
from workers.core.node_key import parked_key_id, printable
from workers.core.ports import Claim, Decoder
from workers.core.record import ConsumedRecord, Record
from workers.engine.batch.decode import DecodedBatch, decode_batch
from workers.engine.batch.delivery import Delivery
from workers.engine.batch.partition_queue import LARGEST_BATCH_BYTES
from workers.engine.deployment import Deployment
from workers.engine.sinks import Sinks
from workers.ops.rebuild.sent_letters import Released

WAITING = "MATCH (p:ParkedKey {id: $id}) RETURN p.offsets AS offsets"
RELEASE = """
MATCH (p:ParkedKey {id: $id})
SET p.offsets = $left
WITH p WHERE size(p.offsets) = 0
DELETE p
"""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all partitions of a worker fold with."""

    deployment: Deployment
    decoder: Decoder
    sinks: Sinks
    graph: GraphConnection


class PartitionFold:
    """Folds under one claim. ``progress`` gets the number of records of each batch."""

    def __init__(self, claim: Claim, shared: Shared, progress: Callable[[int], None]) -> None:
        deployment, self._claimed = shared.deployment, claim
        self._shared = shared
        self._progress = progress
        self._rows = deployment.options.batch.max_rows
        strict = deployment.options.order == "strict"
        self._delivery = Delivery[Any, Any](
            deployment.spec, deployment.options.group, claim, shared.sinks, strict=strict
        )

    async def fold_before(self, end: int) -> None:
        """Fold every record before an offset that the graph does not have. Raises ``Fenced``, ``Unreachable``."""
        topic, number = self._claimed.topic_partition
        reader = TopicReader(self._shared.deployment.settings.kafka, topic)
        fetched = reader.batches({number: self._delivery.claim.offset + 1}, {number: end})
        async with aclosing(_read_ahead(fetched, partial(_batch, topic, self._rows))) as batches:
            async for records in batches:
                await self._fold(records)
                self._progress(len(records))

    async def _fold(self, records: Sequence[Record]) -> None:
        spec, sinks, decoder = self._shared.deployment.spec, self._shared.sinks, self._shared.decoder
        for each in (decoder, *spec.preparations):
            await sinks.retry.until_done(each.server, partial(each.prepare, records))
        await self._deliver(decode_batch(spec, decoder, sinks.clock, records), records[-1].offset)

    async def _deliver(self, batch: DecodedBatch[Any], through: int) -> None:
        """Deliver as a worker does; where the live fleet had released a key, release it here at the same record."""
        while self._delivery.claim.offset < through:
            rest = batch.after(self._delivery.claim.offset)
            try:
                await self._delivery.deliver(rest, through)
            except Released as taken:
                before = taken.record.offset - 1
                await self._deliver(rest.until(before), before)
                await self._release(taken.record)

    async def _release(self, record: Record) -> None:
        """Forget what waits before a record; all, unless it is the replay of one that waits."""
        claim = self._claimed
        id_ = parked_key_id(claim.worker, claim.topic_partition, printable(record.key or b""))
        waiting = [offset for row in await self._shared.graph.rows(WAITING, id=id_) for offset in row["offsets"]]
        first = replayed_from(record.headers)
        left = waiting[waiting.index(first) :] if first in waiting else []
        await self._shared.graph.rows(RELEASE, id=id_, left=left)


async def _read_ahead(
    fetched: Generator[list[Fetched]], take: Callable[[Iterator[list[Fetched]]], list[ConsumedRecord]]
) -> AsyncGenerator[list[ConsumedRecord]]:
    """Yield batches; the next one is read in a thread while one is folded."""
    upcoming = asyncio.create_task(asyncio.to_thread(take, fetched))
    try:
        while records := await upcoming:
            upcoming = asyncio.create_task(asyncio.to_thread(take, fetched))
            yield records
    finally:
        await asyncio.wait({upcoming})
        await asyncio.to_thread(fetched.close)


def _batch(topic: str, rows: int, fetched: Iterator[list[Fetched]]) -> list[ConsumedRecord]:
    """Return the next records, at most ``rows`` and some; none at the end. Blocks."""
    records: list[ConsumedRecord] = []
    size = 0
    for messages in fetched:
        for each in messages:
            records.append(consumed(topic, each))
            size += len(each.value() or b"")
        if len(records) >= rows or size >= LARGEST_BATCH_BYTES:
            break
    return records
