"""Plan a replay, and carry it out: each dead letter is sent once, whatever happens on the way."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from workers.adapters.kafka.headers import NAMES, PREFIX
from workers.adapters.kafka.transactions import Transactions
from workers.core.errors import Rejected
from workers.core.record import BY_KEY, OutgoingRecord
from workers.ops.dead_letters.dry_run import DryRun
from workers.ops.dead_letters.journal import Journal, Who
from workers.ops.dead_letters.letter import Letter
from workers.ops.dead_letters.replaying.overtaken import LatestOfKeys
from workers.ops.dead_letters.replaying.repair import Repair, Repaired
from workers.ops.dead_letters.replaying.replay_tally import Judged, Tally
from workers.ops.dead_letters.replaying.verdict import Rules, Verdict, verdict
from workers.ops.dead_letters.scan import DeadLetters
from workers.ops.dead_letters.selection import Selection

FIRST_FAILED_AT, REPLAY_ID, REPLAY_COUNT, FIRST_OFFSET = (
    PREFIX + NAMES[field] for field in ("first_failed_at", "replay_id", "replay_count", "first_offset")
)
KEEP_TIMESTAMP_MS = 30 * 60_000
"""A record keeps its timestamp while it is younger: half of the shortest retention that topology.yaml takes."""
BATCH_LETTERS = 2_000
BATCH_BYTES = 16 * 1024 * 1024
"""A batch is closed by the letter that reaches this size, and is held in memory several times over."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay of the selected dead letters of one topic. ``dry_run`` is ``None`` to send what would fail again, too.

    ``repair``  changes values on the way
    ``limit``   the largest number of letters to send
    ``opening`` what the first transaction carries beside its letters: an event that says who began
    ``strict``  the worker of the topic keeps the order: later records of a key wait for its letters
    """

    dead_letters: DeadLetters
    selection: Selection
    rules: Rules
    dry_run: DryRun | None = None
    repair: Repair | None = None
    limit: int | None = None
    opening: Sequence[OutgoingRecord] = ()
    strict: bool = False

    @property
    def letters(self) -> int:
        """Return the number of dead letters in the topic, about: offsets may have holes."""
        begins = self.dead_letters.begins
        return sum(end - begins[number] for number, end in self.dead_letters.ends.items())

    async def plan(self) -> Tally:
        """Return what ``execute`` would do. Changes nothing. Raises ``Misconfigured``, ``Unreachable``."""
        tally, keys = Tally(), LatestOfKeys(self.dead_letters.kafka)
        async for judged in self._judged(self._journal()):
            tally.add(judged)
            keys.add(each.letter for each in judged if each.verdict is Verdict.SEND)
        tally.overtaken = 0 if self.rules.target or self.strict else keys.overtaken()
        return tally

    async def execute(self, who: Who, rate: float | None, progress: Callable[[Tally], None]) -> Tally:
        """Send the letters in the order of their partitions; ``rate`` is a limit in records a second.

        A batch is one Kafka transaction with its entries in the journal: if the process is killed, or if another one
        continues, no letter is sent twice. Run again, it sends what is left. Raises ``ProblemsFound`` where another
        process has continued, ``Misconfigured``, ``Unreachable``.
        """
        transactions = Transactions(self.dead_letters.kafka, f"memory-graph-dlq.{self.dead_letters.topic}")
        journal = self._journal()  # after the transactions of other processes have ended
        journal.create()
        tally, began, sent, opening = Tally(), time.monotonic(), 0, self.opening
        batch = min(BATCH_LETTERS, max(1, int(rate or BATCH_LETTERS)))
        async for judged in self._judged(journal, batch):
            letters = [each.letter for each in judged if each.verdict is Verdict.SEND]
            if letters:
                records = [self._outgoing(letter, who) for letter in letters]
                transactions.send([*opening, *records, *journal.entries(letters, who)])
                opening = ()
            tally.add(judged)
            progress(tally)
            sent += len(letters)
            if rate is not None:
                await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
        return tally

    def _journal(self) -> Journal:
        return Journal(self.dead_letters, self.rules.target)

    async def _judged(self, journal: Journal, batch: int = BATCH_LETTERS) -> AsyncIterator[Sequence[Judged]]:
        """Judge the selected letters, in batches; each letter to send is noted in ``journal``."""
        left = self.limit
        for letters in _batches(self.dead_letters.selected(self.selection), batch):
            judged = await self._decide(letters, journal, left)
            if left is not None:
                left -= sum(each.verdict is Verdict.SEND for each in judged)
            yield judged
            if left == 0:
                return

    async def _decide(self, letters: Sequence[Letter], journal: Journal, limit: int | None) -> list[Judged]:
        verdicts = [verdict(letter, journal, self.rules) for letter in letters]
        trials = await self._trials(
            [letter for letter, first in zip(letters, verdicts, strict=True) if first is Verdict.SEND]
        )
        judged: list[Judged] = []
        for letter, first in zip(letters, verdicts, strict=True):
            # Since then, an earlier letter of the batch may have been of the same record.
            is_copy = first is Verdict.SEND and journal.has_copy_of(letter)
            is_done = Verdict.COPY if is_copy else first
            if is_done is not Verdict.SEND:
                judged.append(Judged(letter, is_done))
                continue
            repaired, fault = trials[letter.place]
            if fault is not None:
                judged.append(Judged(letter, Verdict.FAILS, f"{fault.code}: {fault.message}"))
                continue
            journal.add(letter)
            judged.append(Judged(repaired.letter, is_done, changes=repaired.changes))
            limit = None if limit is None else limit - 1
            if limit == 0:
                break
        return judged

    async def _trials(self, letters: Sequence[Letter]) -> dict[tuple[int, int], tuple[Repaired, Rejected | None]]:
        """Return by place each letter repaired, and why it is not sent: no repair fits, or it would fail again."""
        repaired = await self.repair.repaired(letters) if self.repair else list(map(Repaired, letters))
        trial = await self.dry_run.faults([each.letter for each in repaired]) if self.dry_run else ()
        faults = [each.fault or fault for each, fault in zip_longest(repaired, trial)]
        return {each.letter.place: (each, fault) for each, fault in zip(repaired, faults, strict=True)}

    def _outgoing(self, letter: Letter, who: Who) -> OutgoingRecord:
        """Return the record as it was, with headers that count its replays. Raises ``ValueError`` without an origin."""
        errors, record = letter.errors, letter.record
        if errors is None:
            raise ValueError(f"{record.topic}[{record.partition}] {record.offset} has no origin")
        own = [
            (FIRST_FAILED_AT, b"%d" % errors.first_failed_at),
            (REPLAY_ID, who.replay_id.encode()),
            (REPLAY_COUNT, b"%d" % (errors.replay_count + 1)),
        ]
        if not self.rules.target:  # in another topic it would be no offset
            own.append((FIRST_OFFSET, b"%d" % errors.first_offset))
        return OutgoingRecord(
            topic=self.rules.target or errors.topic,
            key=record.key,
            value=record.value,
            partition=BY_KEY if self.rules.target else errors.partition,
            headers=[*letter.headers, *own],
            timestamp=_timestamp(errors.timestamp),
        )


def _timestamp(original: int) -> int:
    """Return the timestamp of a record that is sent again, epoch milliseconds; ``original`` may be -1.

    Brokers delete by a record's own timestamp: one as old as the retention could be gone before a worker reads it.
    """
    now = time.time_ns() // 1_000_000
    return original if original > now - KEEP_TIMESTAMP_MS else now


def _batches(letters: Iterator[Letter], most: int) -> Iterator[list[Letter]]:
    """Return the letters in lists of at most so many, which are closed early where their records are large."""
    batch: list[Letter] = []
    size = 0
    for letter in letters:
        batch.append(letter)
        size += len(letter.record.key or b"") + len(letter.record.value or b"")
        if len(batch) == most or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
