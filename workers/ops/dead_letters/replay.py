"""Plan a replay, and carry it out: each dead letter is sent once, whatever happens on the way."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Any, NamedTuple

from workers.adapters.kafka.headers import PREFIX, foreign
from workers.adapters.kafka.transactions import Transactions
from workers.core.errors import Rejected
from workers.core.record import BY_KEY, OutgoingRecord
from workers.ops.dead_letters.dry_run import DryRun
from workers.ops.dead_letters.journal import Journal, Who
from workers.ops.dead_letters.letter import Letter
from workers.ops.dead_letters.overtaken import LatestOfKeys
from workers.ops.dead_letters.repair import Repair, Repaired
from workers.ops.dead_letters.scan import DeadLetters
from workers.ops.dead_letters.selection import Selection
from workers.ops.dead_letters.verdict import Rules, Verdict, verdict

BATCH_LETTERS = 500
SHOWN_REPAIRS = 3
Changes = Mapping[str, tuple[Any, Any]]
"""Old and new values by field."""


class Judged(NamedTuple):
    """A letter, what is done with it, why the worker would reject it again, and what was repaired."""

    letter: Letter
    verdict: Verdict
    fault: str = ""
    changes: Changes | None = None


@dataclass(slots=True)
class Tally:
    """What a replay does, or did.

    ``verdicts``  letters by verdict and code; ``faults`` by the reason why they would fail again
    ``repairs``  what was changed in the first letters that are sent
    ``overtaken``  keys with later records in the source topic, which a replayed record comes after; only planned
    """

    verdicts: Counter[tuple[Verdict, str]] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    repairs: list[Changes] = field(default_factory=list)
    overtaken: int = 0

    def add(self, judged: Iterable[Judged]) -> None:
        """Count judged letters."""
        for letter, is_done, fault, changes in judged:
            self.verdicts[is_done, letter.code] += 1
            if changes and len(self.repairs) < SHOWN_REPAIRS:
                self.repairs.append(changes)
            if fault:
                self.faults[fault] += 1

    @property
    def letters(self) -> int:
        """Return the number of letters."""
        return self.verdicts.total()

    def count(self, is_done: Verdict) -> int:
        """Return the number of letters with a verdict."""
        return sum(count for (each, _), count in self.verdicts.items() if each is is_done)


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay of the selected dead letters of one topic. ``dry_run`` is ``None`` to send what would fail again, too.

    ``repair``  changes values on the way
    ``target``  another topic to send to, for a trial; empty for the source topic
    ``limit``   the largest number of letters to send
    """

    dead_letters: DeadLetters
    selection: Selection
    rules: Rules
    dry_run: DryRun | None = None
    repair: Repair | None = None
    target: str = ""
    limit: int | None = None

    @property
    def letters(self) -> int:
        """Return the number of dead letters in the topic, about: offsets may have holes."""
        begins = self.dead_letters.begins
        return sum(end - begins[number] for number, end in self.dead_letters.ends.items())

    async def plan(self) -> Tally:
        """Return what ``execute`` would do. Changes nothing. Raises ``Misconfigured``, ``Unreachable``."""
        tally, keys = Tally(), LatestOfKeys(self.dead_letters.kafka, self.dead_letters.source)
        async for judged in self._judged(Journal(self.dead_letters, self.target)):
            tally.add(judged)
            keys.add(each.letter for each in judged if each.verdict is Verdict.SEND)
        tally.overtaken = 0 if self.target else keys.overtaken()
        return tally

    async def execute(self, who: Who, rate: float | None, progress: Callable[[Tally], None]) -> Tally:
        """Send the letters in the order of their partitions; ``rate`` is a limit in records a second.

        A batch is one Kafka transaction with its entries in the journal: if the process is killed, or if another one
        continues, no letter is sent twice. Run again, it sends what is left. Raises ``ProblemsFound`` where another
        process has continued, ``Misconfigured``, ``Unreachable``.
        """
        transactions = Transactions(self.dead_letters.kafka, f"memory-graph-dlq.{self.dead_letters.topic}")
        journal = Journal(self.dead_letters, self.target)  # after the transactions of other processes have ended
        journal.create()
        tally, began, sent = Tally(), time.monotonic(), 0
        batch = min(BATCH_LETTERS, max(1, int(rate or BATCH_LETTERS)))
        async for judged in self._judged(journal, batch):
            letters = [each.letter for each in judged if each.verdict is Verdict.SEND]
            if letters:
                records = [self._outgoing(letter, who) for letter in letters]
                transactions.send([*records, *journal.entries(letters, who)])
            tally.add(judged)
            progress(tally)
            sent += len(letters)
            if rate is not None:
                await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
        return tally

    async def _judged(self, journal: Journal, batch: int = BATCH_LETTERS) -> AsyncIterator[Sequence[Judged]]:
        """Judge the selected letters, in batches; each letter to send is noted in ``journal``."""
        letters, left = self.dead_letters.selected(self.selection), self.limit
        while some := list(islice(letters, batch)):
            judged = await self._decide(some, journal, left)
            if left is not None:
                left -= sum(each.verdict is Verdict.SEND for each in judged)
            yield judged
            if left == 0:
                return

    async def _decide(self, letters: Sequence[Letter], journal: Journal, limit: int | None) -> list[Judged]:
        repaired = await self.repair.repaired(letters) if self.repair else list(map(Repaired, letters))
        faults = await self._faults(repaired)
        judged: list[Judged] = []
        for (letter, _, changes), fault in zip(repaired, faults, strict=True):
            is_done = verdict(letter, journal, self.rules)
            if is_done is Verdict.SEND and fault is not None:
                judged.append(Judged(letter, Verdict.FAILS, f"{fault.code}: {fault.message}"))
                continue
            if is_done is Verdict.SEND:
                journal.add(letter)
                limit = None if limit is None else limit - 1
            judged.append(Judged(letter, is_done, changes=changes))
            if limit == 0:
                break
        return judged

    async def _faults(self, repaired: Sequence[Repaired]) -> list[Rejected | None]:
        """Return why each letter is not sent: it cannot be repaired, or the worker would reject it again."""
        trial = await self.dry_run.faults([each.letter for each in repaired]) if self.dry_run else ()
        return [each.fault or fault for each, fault in zip_longest(repaired, trial)]

    def _outgoing(self, letter: Letter, who: Who) -> OutgoingRecord:
        """Return the record as it was, with headers that count its replays. Raises ``ValueError`` without an origin."""
        errors, record = letter.errors, letter.record
        if errors is None:
            raise ValueError(f"{record.topic}[{record.partition}] {record.offset} has no origin")
        counted = {
            "first.failed.at": errors.first_failed_at,
            "replay.id": who.replay_id,
            "replay.count": errors.replay_count + 1,
        }
        own = [(PREFIX + name, str(value).encode()) for name, value in counted.items()]
        return OutgoingRecord(
            topic=self.target or errors.topic,
            key=record.key,
            value=record.value,
            partition=BY_KEY if self.target else errors.partition,
            headers=[*foreign(record.headers), *own],
            timestamp=max(errors.timestamp, 0),  # a record without a timestamp has -1, which no producer takes
        )
