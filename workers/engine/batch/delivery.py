"""The one place that writes: a batch goes to the graph as one transaction, or is taken apart until it does."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

import structlog

from workers.core.clock import Clock
from workers.core.dead_letter import DeadLetter
from workers.core.errors import Refused, Rejected
from workers.core.observation import Observation
from workers.core.ports import Claim, DeadLetters, GraphWriter
from workers.core.record import Record
from workers.core.stage import Stage
from workers.core.statement import Statement
from workers.core.worker import EventT, StateT, WorkerSpec
from workers.engine.batch.decode import DecodedBatch, RejectedRecord
from workers.engine.batch.delivered import Delivered, left_out_of
from workers.engine.batch.fold import Folded, Folder
from workers.engine.batch.report import report
from workers.engine.resilience.dead_letter_limit import DeadLetterLimiter
from workers.engine.resilience.retry import Retry, Server
from workers.engine.resilience.throttle import Throttle
from workers.engine.state.table import StateTable
from workers.observe.metrics import Metrics

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sinks:
    """What a delivery writes to, shared by all partitions of a process."""

    writer: GraphWriter
    dead_letters: DeadLetters
    states: StateTable
    retry: Retry
    throttle: Throttle
    flood: DeadLetterLimiter
    transactions: asyncio.Semaphore
    """How many transactions may be under way at once, over all partitions."""
    metrics: Metrics
    clock: Clock


class Delivery(Generic[EventT, StateT]):
    """Delivers the batches of one claimed partition."""

    def __init__(self, spec: WorkerSpec[EventT, StateT], group: str, claim: Claim, sinks: Sinks) -> None:
        self._spec = spec
        self._group = group
        self._claim = claim
        self._sinks = sinks
        self._folder = Folder(spec, sinks.states, claim)

    async def catch_up(self, decoded: DecodedBatch[EventT]) -> None:
        """Fold what the graph already reflects where the table is behind; write nothing to the graph.

        A crash between the graph's commit and the table's leaves exactly this to do. What was turned away
        is in the dead letters already: they are confirmed before the graph moves past them. Of a refusal by the
        database only the watermark can tell: another owner's table may be older than the claim.
        """
        taken = [(record, event) for record, event in decoded.events if record.offset not in self._claim.refused]
        await self._store(self._folder.fold(taken))

    async def deliver(self, decoded: DecodedBatch[EventT], through: int) -> Delivered:
        """Dead letters, then the graph, then the table; when this returns, ``through`` may be acknowledged.

        Returns what was turned away here, by enrichment or by the database, and what the fold left out.
        Raises ``Fenced``, and ``DeadLetterLimitExceeded`` when too much of all is turned away.
        """
        started = self._sinks.clock.monotonic()
        folded = self._folder.fold(decoded.events)
        statements = self._spec.plan(folded.states())
        planned = self._sinks.clock.monotonic()
        rejected = sorted([*decoded.rejected, *folded.rejected], key=lambda turned: turned.record.offset)
        await self._dead_letter(rejected, of=len(decoded))
        turned_away = frozenset(turned.record.offset for turned in folded.rejected)
        try:
            await self._write(through, statements)
        except Refused as refusal:
            events = [each for each in decoded.events if each[0].offset not in turned_away]
            return Delivered(turned_away) | await self._isolate(events, through, refusal)
        observed: list[Observation] = []
        if self._spec.observed is not None:
            observed = [each for state in folded.states() for each in self._spec.observed(state)]
            self._report(observed, started, planned)
        await self._store(folded)
        return Delivered(turned_away, left_out_of(observed))

    def _report(self, observed: Sequence[Observation], started: float, planned: float) -> None:
        clock, metrics = self._sinks.clock, self._sinks.metrics
        if self._spec.change_events:
            metrics.sync.enriched(planned - started)
        report(observed, metrics, clock.monotonic() - started, clock.now_ms())

    async def _isolate(self, events: Sequence[tuple[Record, EventT]], through: int, refusal: Refused) -> Delivered:
        """Halve what the database refuses until only the culprits are left; order is kept."""
        if not events:  # not for what a record holds: a statement of ours is wrong
            raise refusal
        if len(events) == 1:
            reason = Rejected(Stage.WRITE, refusal.code, refusal.message)
            await self._dead_letter([RejectedRecord(events[0][0], reason)], of=1)
            refused = events[0][0].offset
            await self._write(through, [], [refused])
            return Delivered(frozenset([refused]))
        middle = len(events) // 2
        first = await self.deliver(DecodedBatch(events[:middle], []), events[middle - 1][0].offset)
        return first | await self.deliver(DecodedBatch(events[middle:], []), through)

    async def _write(self, through: int, statements: Sequence[Statement], refused: Sequence[int] = ()) -> None:
        await self._sinks.throttle.take(sum(len(statement.rows) for statement in statements))
        async with self._sinks.transactions:
            started = self._sinks.clock.monotonic()
            await self._sinks.retry.through(
                Server.NEO4J, lambda: self._sinks.writer.write(self._claim, through, statements, refused)
            )
            seconds = self._sinks.clock.monotonic() - started
        self._sinks.throttle.committed(seconds)
        self._sinks.metrics.graph_write("batch", seconds)

    async def _store(self, folded: Folded[StateT]) -> None:
        entries = self._folder.entries(folded)
        partition = self._claim.topic_partition.partition
        started = self._sinks.clock.monotonic()
        await self._sinks.retry.through(Server.KAFKA, lambda: self._sinks.states.put(partition, entries))
        self._sinks.metrics.table_write(self._spec.name, self._sinks.clock.monotonic() - started)

    async def _dead_letter(self, rejected: Sequence[RejectedRecord], of: int) -> None:
        self._sinks.flood.admit(of, len(rejected))
        if not rejected:
            return
        letters = [self._letter(turned) for turned in rejected]
        await self._sinks.retry.through(Server.KAFKA, lambda: self._sinks.dead_letters.publish(letters))
        for letter in letters:
            self._sinks.metrics.dead_letters(letter.stage, letter.code)
            if self._spec.change_events:
                self._sinks.metrics.sync.failed(letter.code)
            self._log(letter)

    def _log(self, letter: DeadLetter) -> None:
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

    def _letter(self, turned: RejectedRecord) -> DeadLetter:
        reason = turned.reason
        return DeadLetter(
            record=turned.record,
            group=self._group,
            worker=self._spec.name,
            stage=reason.stage,
            code=reason.code,
            message=reason.message,
            exception_class=f"{type(reason).__module__}.{type(reason).__qualname__}",
            failed_at=self._sinks.clock.now_ms(),
        )
