"""Deliver a batch: dead letters, then the graph in one transaction, then the table. A refused batch is split."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic

import structlog

from workers.core.clock import Clock
from workers.core.dead_letter import DeadLetter
from workers.core.errors import Refused, Rejected
from workers.core.ports import Claim, DeadLetters, GraphWriter
from workers.core.record import Record
from workers.core.stage import Stage
from workers.core.statement import Statement
from workers.core.worker import EventT, StateT, WorkerSpec
from workers.engine.batch.decode import DecodedBatch, RejectedRecord
from workers.engine.batch.fold import FoldedBatch, Folder
from workers.engine.resilience.dead_letter_limit import DeadLetterLimiter
from workers.engine.resilience.retry import Retry, Server
from workers.engine.resilience.throttle import Throttle
from workers.engine.state.table import StateTable
from workers.observe.metrics import Metrics

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sinks:
    """Everything that a delivery writes to, shared by all partitions of a process."""

    writer: GraphWriter
    dead_letters: DeadLetters
    states: StateTable
    retry: Retry
    throttle: Throttle
    dead_letter_limiter: DeadLetterLimiter
    transactions: asyncio.Semaphore
    """The number of transactions at the same time, over all partitions."""
    metrics: Metrics
    clock: Clock


@dataclass(frozen=True, slots=True)
class Delivered:
    """The outcome of a delivered batch, for metrics and logs.

    ``rejected``  offsets of the events that the fold or the database rejected
    The rest is as in ``workers.core.report.BatchReport``, and ``observations`` contains ``Skipped``.
    """

    rejected: frozenset[int] = frozenset()
    observations: tuple[Any, ...] = ()
    dead_letter_codes: tuple[str, ...] = ()
    plan_seconds: float = 0.0
    graph_seconds: float = 0.0

    def __or__(self, other: "Delivered") -> "Delivered":
        return Delivered(
            self.rejected | other.rejected,
            self.observations + other.observations,
            self.dead_letter_codes + other.dead_letter_codes,
            self.plan_seconds + other.plan_seconds,
            self.graph_seconds + other.graph_seconds,
        )


class Delivery(Generic[EventT, StateT]):
    """Delivers the batches of one claimed partition."""

    def __init__(self, spec: WorkerSpec[EventT, StateT], group: str, claim: Claim, sinks: Sinks) -> None:
        self._spec = spec
        self._group = group
        self._claim = claim
        self._sinks = sinks
        self._folder = Folder(spec, sinks.states, claim)

    async def catch_up(self, batch: DecodedBatch[EventT]) -> None:
        """Fold into the table what the graph already has; write nothing to the graph.

        A crash between the commit of the graph and the write of the table leaves exactly this work. Rejected records
        are already dead letters, because these are confirmed before the graph moves past their records. Records that
        the database refused are in the watermark: the table of another owner may be older than the claim.
        """
        accepted = [(record, event) for record, event in batch.events if record.offset not in self._claim.refused]
        await self._store(self._folder.fold(accepted))

    async def deliver(self, batch: DecodedBatch[EventT], through: int) -> Delivered:
        """Write dead letters, then the graph, then the table. After it, ``through`` may be acknowledged.

        Raises ``Fenced``, and ``DeadLetterLimitExceeded`` when too many of all records are rejected.
        """
        clock = self._sinks.clock
        started = clock.monotonic()
        folded = self._folder.fold(batch.events)
        statements = self._spec.plan(folded.touched())
        planned = clock.monotonic()
        rejected = sorted([*batch.rejected, *folded.rejected], key=lambda each: each.record.offset)
        await self._dead_letter(rejected, of=len(batch))
        outcome = Delivered(
            frozenset(each.record.offset for each in folded.rejected),
            dead_letter_codes=tuple(each.reason.code for each in rejected),
        )
        try:
            await self._write(through, statements)
        except Refused as refusal:
            events = [each for each in batch.events if each[0].offset not in outcome.rejected]
            return outcome | await self._split(events, through, refusal)
        written = clock.monotonic()
        observations = self._observations(folded)
        await self._store(folded)
        return replace(
            outcome,
            observations=observations,
            plan_seconds=planned - started,
            graph_seconds=written - started,
        )

    def _observations(self, folded: FoldedBatch[StateT]) -> tuple[Any, ...]:
        observations = self._spec.observations
        if observations is None:
            return ()
        return tuple(each for state in folded.touched() for each in observations(state))

    async def _split(self, events: Sequence[tuple[Record, EventT]], through: int, refusal: Refused) -> Delivered:
        """Halve a refused batch until the refused events are alone; their order is kept."""
        if not events:  # no record can be the reason: one of our statements is wrong
            raise refusal
        if len(events) == 1:
            return await self._reject(events[0][0], through, refusal)
        middle = len(events) // 2
        first = await self.deliver(DecodedBatch(events[:middle], []), events[middle - 1][0].offset)
        return first | await self.deliver(DecodedBatch(events[middle:], []), through)

    async def _reject(self, record: Record, through: int, refusal: Refused) -> Delivered:
        reason = Rejected(Stage.WRITE, refusal.code, refusal.message)
        await self._dead_letter([RejectedRecord(record, reason)], of=1)
        await self._write(through, [], [record.offset])
        return Delivered(frozenset([record.offset]), dead_letter_codes=(reason.code,))

    async def _write(self, through: int, statements: Sequence[Statement], refused: Sequence[int] = ()) -> None:
        await self._sinks.throttle.take(sum(len(statement.rows) for statement in statements))
        async with self._sinks.transactions:
            started = self._sinks.clock.monotonic()
            await self._sinks.retry.until_done(
                Server.NEO4J, lambda: self._sinks.writer.write(self._claim, through, statements, refused)
            )
            seconds = self._sinks.clock.monotonic() - started
        self._sinks.throttle.committed(seconds)
        self._sinks.metrics.graph_write("batch", seconds)

    async def _store(self, folded: FoldedBatch[StateT]) -> None:
        entries = self._folder.entries(folded)
        partition = self._claim.topic_partition.partition
        started = self._sinks.clock.monotonic()
        await self._sinks.retry.until_done(Server.KAFKA, lambda: self._sinks.states.put(partition, entries))
        self._sinks.metrics.table_write(self._spec.name, self._sinks.clock.monotonic() - started)

    async def _dead_letter(self, rejected: Sequence[RejectedRecord], of: int) -> None:
        self._sinks.dead_letter_limiter.admit(of, len(rejected))
        if not rejected:
            return
        letters = [self._letter(each) for each in rejected]
        await self._sinks.retry.until_done(Server.KAFKA, lambda: self._sinks.dead_letters.publish(letters))
        for letter in letters:
            self._sinks.metrics.dead_letters(letter.stage, letter.code)
            _log(letter)

    def _letter(self, rejected: RejectedRecord) -> DeadLetter:
        reason = rejected.reason
        return DeadLetter(
            record=rejected.record,
            group=self._group,
            worker=self._spec.name,
            stage=reason.stage,
            code=reason.code,
            message=reason.message,
            exception_class=f"{type(reason).__module__}.{type(reason).__qualname__}",
            failed_at=self._sinks.clock.now_ms(),
        )


def _log(letter: DeadLetter) -> None:
    record = letter.record
    log.warning(
        "dead letter",
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        stage=str(letter.stage),
        code=letter.code,
        message=letter.message,
    )
