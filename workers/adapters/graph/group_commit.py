"""Writes small batches of several partitions in one transaction."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from workers.config.takes_effect import Now
from workers.core.errors import Refused, TransactionFailed
from workers.core.ports import Claim
from workers.core.record import TopicPartition
from workers.core.statement import Statement

SMALL = 0.2
"""Share of the limit up to which a batch is small. A larger one is written alone, beside others: only so does the
server use several cores."""
LONGEST_WAIT_SECONDS = 0.05
"""After this long a batch no longer waits for the group before it, which may be waiting for a lock."""
FAILED = math.inf
"""A partition whose last batch failed writes alone until one is written."""
ALONE_SECONDS = 1.0
"""And for so long after it: the next failure is often near."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a partition writes: its claim, the offset to advance to, and its statements."""

    claim: Claim
    through: int
    statements: Sequence[Statement]

    @property
    def size(self) -> int:
        """Return how many offsets it advances: at least the number of its records."""
        return self.through - self.claim.offset

    @property
    def cyphers(self) -> tuple[str, ...]:
        """Return the text of its statements: batches with the same texts can share a transaction."""
        return tuple(statement.cypher for statement in self.statements)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A batch, and whether it was written: ``None`` when it must be written alone."""

    batch: Batch
    written: "asyncio.Future[bool | None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class GroupCommit:
    """Writes the batches that become ready while a transaction runs together, in the next one.

    A transaction has a price of its own, and many small ones pay it many times. No batch waits for a timer: the first
    is written at once, and groups grow with the load, as the commits of databases do.

    ``write`` runs batches in one transaction, all or none, and returns whether each watermark let its batch past.
    Where a group fails for what may be the fault of one batch, each is written alone. ``max_records`` limits a group.
    """

    def __init__(self, write: Callable[[Sequence[Batch]], Awaitable[bool]], max_records: Now[int]) -> None:
        self._write = write
        self._max_records = max_records
        self._waiting: list[_Waiting] = []
        self._groups: set[asyncio.Task[None]] = set()
        self._alone_until: dict[TopicPartition, float] = {}
        """Until when a partition writes alone, in the event loop's seconds."""

    async def write(self, batch: Batch) -> bool:
        """Return whether the watermark let the batch past. Raises what ``write`` raises.

        Cancelled, it may leave a transaction under way that writes this batch with others.
        """
        loop, partition = asyncio.get_running_loop(), batch.claim.topic_partition
        alone_until = self._alone_until.get(partition, 0.0)
        self._alone_until[partition] = FAILED  # unless it is written below
        written = None
        if batch.size <= SMALL * self._max_records() and alone_until <= loop.time():
            written = await self._join(batch)
            alone_until = FAILED if written is None else 0.0
        if written is None:
            written = await self._write([batch])
        self._alone_until[partition] = loop.time() + ALONE_SECONDS if alone_until == FAILED else alone_until
        return written

    async def _join(self, batch: Batch) -> bool | None:
        """Write the batch in a group; return ``None`` when it must be written alone."""
        waiting = _Waiting(batch)
        self._waiting.append(waiting)
        if not self._groups:
            self._start()
        else:
            asyncio.get_running_loop().call_later(LONGEST_WAIT_SECONDS, self._start_late, waiting)
        return await waiting.written

    def _start(self) -> None:
        """Write what waits, and what comes in this turn of the event loop."""
        if self._waiting:
            group = asyncio.create_task(self._write_group(), name="group of batches")
            self._groups.add(group)
            group.add_done_callback(self._ended)

    def _start_late(self, waiting: _Waiting) -> None:
        if waiting in self._waiting:
            self._start()

    def _ended(self, group: "asyncio.Task[None]") -> None:
        self._groups.discard(group)
        if not self._groups:
            self._start()

    async def _write_group(self) -> None:
        group = self._next_group()
        if not group:
            return
        _cancel_with(group, asyncio.current_task())
        try:
            written = await self._write([each.batch for each in group])
        except (Refused, TransactionFailed) as error:
            _end(group, error if len(group) == 1 else None)
        except Exception as error:  # noqa: BLE001 - each batch's own task raises it
            _end(group, error)
        else:
            _end(group, written if written or len(group) == 1 else None)

    def _next_group(self) -> list[_Waiting]:
        """Take what fits into one transaction; the rest is written beside it."""
        group: list[_Waiting] = []
        rest: list[_Waiting] = []
        records, limit = 0, self._max_records()
        for each in self._waiting:
            if each.written.done():  # cancelled
                continue
            fits = not group or (each.batch.cyphers == group[0].batch.cyphers and records + each.batch.size <= limit)
            (group if fits else rest).append(each)
            records += each.batch.size if fits else 0
        self._waiting = rest
        self._start()
        return group


def _cancel_with(group: Sequence[_Waiting], task: "asyncio.Task[None] | None") -> None:
    """Cancel the transaction once nobody waits for it."""

    def left(_: object) -> None:
        if task is not None and all(each.written.cancelled() for each in group):
            task.cancel()

    for each in group:
        each.written.add_done_callback(left)


def _end(group: Sequence[_Waiting], outcome: bool | Exception | None) -> None:  # noqa: FBT001 - it is a result
    for each in group:
        if each.written.done():  # cancelled
            continue
        if isinstance(outcome, Exception):
            each.written.set_exception(outcome)
        else:
            each.written.set_result(outcome)
