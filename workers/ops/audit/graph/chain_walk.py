"""Follow one chain, record after record, up to the first that does not fit."""

from collections.abc import Sequence
from typing import NamedTuple

from workers.ops.audit.finding import Finding, Kind
from workers.pipelines.audit.chain.stored import Stored
from workers.pipelines.audit.checkpoints.checkpoint import Checkpoint


class Break(NamedTuple):
    """The place where a chain does not go on: ``before`` fits still, ``record`` does not, ``after`` follows it."""

    before: Stored | None
    record: Stored
    after: Stored | None


class ChainWalk:
    """Holds the last record that fits, and the next one: the memory does not grow with the chain.

    ``sequence`` and ``hash`` are where the chain begins: its genesis, or the record before the first. ``checkpoints``
    are those of this chain, by ascending sequence.
    """

    def __init__(self, sequence: int, begin: str, checkpoints: Sequence[Checkpoint] = ()) -> None:
        self.sequence = sequence
        self.hash = begin
        self.records = 0
        self.agreed: list[Checkpoint] = []
        self.broken: Break | None = None
        self.rewritten: Finding | None = None
        self._last: Stored | None = None
        self._next: Stored | None = None
        self._checkpoints = [each for each in reversed(checkpoints) if each.sequence > sequence]

    @property
    def going(self) -> bool:
        """Tell whether every record so far fits."""
        return self.broken is None and self.rewritten is None

    def add(self, records: Sequence[Stored]) -> None:
        """Follow more records, in their order. A record is judged when the one after it is there."""
        for record in records:
            if self._next is not None:
                self._judge(self._next, record)
            if not self.going:
                return
            self._next = record

    def end(self) -> None:
        """Judge the last record."""
        if self._next is not None and self.going:
            self._judge(self._next, None)
            self._next = None

    def _judge(self, record: Stored, after: Stored | None) -> None:
        fits = record.sequence == self.sequence + 1 and record.prev_hash == self.hash
        if not fits or record.hash_after(self.hash) != record.hash:
            self.broken = Break(self._last, record, after)
            return
        self.sequence, self.hash, self._last = record.sequence, record.hash, record
        self.records += 1
        if self._checkpoints and self._checkpoints[-1].sequence == record.sequence:
            self._compare(self._checkpoints.pop())

    def _compare(self, checkpoint: Checkpoint) -> None:
        if checkpoint.hash == self.hash:
            self.agreed.append(checkpoint)
            return
        since = self.agreed[-1].sequence + 1 if self.agreed else 1
        self.rewritten = Finding(
            Kind.CHANGED,
            f"a record of {since:,} to {checkpoint.sequence:,} was changed and every hash after it computed again: the "
            f"hash of {checkpoint.sequence:,} is {self.hash[:12]}…, its checkpoint of {checkpoint.created_at} says "
            f"{checkpoint.hash[:12]}…; `memory-graph audit verify --source topic` names it while the topic has it",
            checkpoint.sequence,
            self._last.audit_id if self._last else None,
        )
