"""Deliver a batch: dead letters, then the graph in one transaction. A refused batch is split."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Generic

import structlog

from workers.core.dead_letter import DeadLetter
from workers.core.errors import Refused, Rejected, Retryable, TransactionFailed
from workers.core.ports import Claim
from workers.core.stage import Stage
from workers.core.statement import Statement
from workers.core.worker import EventT, StateT, WorkerSpec
from workers.engine.batch.decode import DecodedBatch, RejectedRecord
from workers.engine.batch.fold import FoldedBatch, Folder
from workers.engine.batch.key_order import PARKED_BEHIND, KeyOrder
from workers.engine.batch.parked_keys import ParkedKeys
from workers.engine.health import FOR_A_TRANSACTION
from workers.engine.resilience.retry import Server
from workers.engine.sinks import Sinks
from workers.engine.state.states import PartitionStates
from workers.observe.tracing import ids_of

log = structlog.get_logger(__name__)

SUSPECT_AFTER = 3
"""How often a transaction may fail before its content is suspected. The server's own failures pass, or hit others."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The outcome of a delivered batch, for metrics and logs.

    ``rejected``  offsets of the events that the fold or the database rejected
    The other fields are as in ``workers.core.report.BatchReport``, but ``observations`` contains ``Skipped`` too.
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
    """Delivers the batches of one claimed partition; with ``strict``, no record of a key overtakes a dead letter."""

    def __init__(
        self, spec: WorkerSpec[EventT, StateT], group: str, claim: Claim, sinks: Sinks, *, strict: bool = False
    ) -> None:
        self._spec = spec
        self._group = group
        self._claim = claim
        self._sinks = sinks
        self._folder = Folder(spec, self._states())
        self._parked = ParkedKeys(sinks) if strict else None

    def _states(self) -> PartitionStates[EventT, StateT] | None:
        state = self._spec.state
        if state is not None and state.for_partition is not None:
            state = state.for_partition(self._claim.topic_partition)
        return PartitionStates(self._spec.name, state, self._sinks) if state is not None else None

    @property
    def claim(self) -> Claim:
        """Return the claim with the last offset that the graph has."""
        return self._claim

    async def deliver(self, batch: DecodedBatch[EventT], through: int) -> Delivered:
        """Write dead letters, then the graph. After it, ``through`` may be acknowledged.

        The batch begins after the claim's offset. Raises ``Fenced``, and ``DeadLetterLimitExceeded`` when too many of
        all records are rejected.
        """
        self._sinks.dead_letter_limiter.received(len(batch))
        return await self._deliver(batch, through)

    async def _deliver(self, batch: DecodedBatch[EventT], through: int, *, certain: bool = False) -> Delivered:
        clock = self._sinks.clock
        started = clock.monotonic()
        order = await self._order(batch)
        try:
            folded = await self._folder.fold(batch.events, order, certain=certain)
        except Refused as refusal:  # the states of all these keys do not fit into one answer, or a key into a query
            await self._dead_letter(batch.rejected)
            outcome = Delivered(dead_letter_codes=tuple(each.reason.code for each in batch.rejected))
            return outcome | await self._split(batch.after_sending(batch.rejected), through, refusal)
        statements = [*self._folder.plan(folded), *self._parking(order)]
        planned = clock.monotonic()
        self._sinks.metrics.stepped("fold", planned - started)
        rejected = sorted([*batch.rejected, *folded.rejected], key=lambda each: each.record.offset)
        await self._dead_letter(rejected)
        outcome = Delivered(
            frozenset(each.record.offset for each in folded.rejected),
            dead_letter_codes=tuple(each.reason.code for each in rejected),
        )
        try:
            await self._write(through, statements)
        except Refused as refusal:
            rest = batch.after_sending(rejected)
            if folded.ids and not certain:  # another process may have written one of them since the filter was read
                return outcome | await self._deliver(rest, through, certain=True)
            return outcome | await self._split(rest, through, refusal)
        if len(batch.events) > len(folded.rejected):
            self._sinks.dead_letter_limiter.accepted()
        written = clock.monotonic()
        self._folder.keep(folded)
        return replace(
            outcome,
            observations=self._observations(folded),
            plan_seconds=planned - started,
            graph_seconds=written - started,
        )

    def _observations(self, folded: FoldedBatch[StateT]) -> tuple[Any, ...]:
        observations = self._spec.observations
        if observations is None:
            return ()
        return tuple(each for state in folded.touched() for each in observations(state))

    async def _order(self, batch: DecodedBatch[EventT]) -> KeyOrder | None:
        return await self._parked.order(self._claim, batch) if self._parked else None

    def _parking(self, order: KeyOrder | None) -> Sequence[Statement]:
        """Return what stores which keys are parked, after the whole batch."""
        if self._parked is None or order is None:
            return []
        order.end()
        return self._parked.statements(self._claim, order)

    async def _split(self, batch: DecodedBatch[EventT], through: int, refusal: Refused) -> Delivered:
        """Halve a refused batch until the refused events are alone; their order is kept."""
        events = batch.events
        if not events:  # no record can be the reason: one of our statements is wrong
            raise refusal
        if len(events) == 1:
            return await self._reject(batch, through, refusal)
        middle = events[len(events) // 2 - 1][0].offset
        first = await self._deliver(batch.until(middle), middle)
        return first | await self._deliver(batch.after(middle), through)

    async def _reject(self, batch: DecodedBatch[EventT], through: int, refusal: Refused) -> Delivered:
        """Reject the only event of a batch."""
        rejected = [
            RejectedRecord(record, Rejected(Stage.WRITE, refusal.code, refusal.message)) for record, _ in batch.events
        ]
        await self._dead_letter(rejected)
        await self._write(through, self._parking(await self._order(batch.after_sending(rejected))))
        offsets = frozenset(each.record.offset for each in rejected)
        return Delivered(offsets, dead_letter_codes=(refusal.code,))

    async def _write(self, through: int, statements: Sequence[Statement]) -> None:
        """Write until the server has answered. Raises ``Fenced``, and ``Refused`` also for a suspect transaction."""
        while True:
            try:
                return await self._attempt(through, statements)
            except TransactionFailed as failure:
                if await self._server_can_write():
                    message = "its transaction fails each time, although the server writes others"
                    raise Refused("neo4j.transaction", message) from failure

    async def _attempt(self, through: int, statements: Sequence[Statement]) -> None:
        sinks = self._sinks
        with sinks.health.waiting("throttle"), self._step("throttle"):
            await sinks.throttle.take(sum(len(statement.rows) for statement in statements))
        with sinks.health.waiting(FOR_A_TRANSACTION), self._step("writers"):
            await sinks.transactions.acquire()
        started = sinks.clock.monotonic()
        try:
            with self._step("graph"):
                self._claim = await sinks.retry.until_done(
                    Server.NEO4J, lambda: self._transaction(through, statements), transactions=SUSPECT_AFTER
                )
        finally:
            sinks.transactions.release()
        sinks.throttle.committed(sinks.clock.monotonic() - started)

    def _step(self, step: str) -> AbstractContextManager[None]:
        return self._sinks.metrics.step(step, self._sinks.clock)

    async def _transaction(self, through: int, statements: Sequence[Statement]) -> Claim:
        sinks = self._sinks
        operation = "batch" if any(statement.rows for statement in statements) else "watermark"
        with sinks.metrics.graph_write(operation, sinks.clock):
            return await sinks.writer.write(self._claim, through, statements)

    async def _server_can_write(self) -> bool:
        try:
            await self._sinks.writer.check(self._claim)
        except Retryable:
            return False
        return True

    async def _dead_letter(self, rejected: Sequence[RejectedRecord]) -> None:
        self._sinks.dead_letter_limiter.admit(sum(each.reason.code != PARKED_BEHIND for each in rejected))
        if not rejected:
            return
        letters = [self._letter(each) for each in rejected]
        with self._step("dead_letters"):
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
        **ids_of(record.headers),  # without any, the line has those of the batch's span
    )
