"""Hold back the later records of a key of which a dead letter waits, in one batch. Pure: nothing is read or written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workers.adapters.kafka.headers import replayed_from
from workers.core.errors import Rejected
from workers.core.node_key import printable
from workers.core.record import Record
from workers.core.stage import Stage
from workers.core.worker import DeadLetterCode
from workers.engine.batch.decode import DecodedBatch

PARKED_BEHIND = "parked.behind"
DEAD_LETTER_CODES = (
    DeadLetterCode(Stage.ENRICH, PARKED_BEHIND, "waits behind a dead letter of its key: nothing is wrong with it"),
)

Fold = Callable[[Any, Any, int], None]


@dataclass(slots=True)
class Waiting:
    """What waits of one key, and what a batch changes about it: offsets in their order, the first one failed.

    An offset is the one at which a record first came: it stays the same however often the record is replayed.
    """

    offsets: list[int] = field(default_factory=list)
    was_parked: bool = False
    left: list[int] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)

    def join(self, offset: int) -> None:
        self.offsets.append(offset)
        self.joined.append(offset)

    def leave(self, offset: int) -> None:
        self.offsets.remove(offset)
        if offset in self.joined:
            self.joined.remove(offset)
        else:
            self.left.append(offset)


class KeyOrder:
    """Decides for each record of a batch, in the order of the log, whether its turn has come.

    ``parked``  the offsets that wait, of those keys of the batch that the graph has parked

    A record of a free key is processed; if it is rejected, its key is parked. Of a parked key only the replay of the
    first record that waits is processed, and leaves once it succeeds; every other record waits. A record that a policy
    drops has no effect, so it never waits. Neither does a record without a key.
    """

    def __init__(self, parked: Mapping[bytes, Sequence[int]], batch: DecodedBatch[Any]) -> None:
        self.waiting = {key: Waiting(list(offsets), was_parked=True) for key, offsets in parked.items()}
        self._records = {record.offset: record for record, _ in batch.events}
        waits = [(each.record, self._wait) for each in (*batch.rejected, *batch.sent)]
        leaves = [(each.record, self._leave) for each in batch.dropped]
        self._others = sorted([*waits, *leaves], key=lambda each: each[0].offset, reverse=True)

    def in_turn(self, fold: Fold) -> Fold:
        """Return a fold for the events of this batch that raises ``Rejected`` also where an event must wait."""

        def fold_in_turn(state: Any, event: Any, offset: int) -> None:
            record = self._records[offset]
            self._pass_others(offset)
            self._require_turn(record)
            try:
                fold(state, event, offset)
            except Rejected:
                self._wait(record)
                raise
            self._leave(record)

        return fold_in_turn

    def end(self) -> None:
        """Note the records after the last event."""
        while self._others:
            self._pass_next()

    def _pass_others(self, before: int) -> None:
        """Note the records before an offset that are no events: rejected or dropped."""
        while self._others and self._others[-1][0].offset < before:
            self._pass_next()

    def _pass_next(self) -> None:
        record, note = self._others.pop()
        note(record)

    def _require_turn(self, record: Record) -> None:
        waiting = self._waiting_of(record)
        if waiting is None or not waiting.offsets or waiting.offsets[0] == replayed_from(record.headers):
            return
        first = waiting.offsets[0]
        self._wait(record)
        topic, key = record.topic, printable(record.key or b"")
        raise Rejected(
            Stage.ENRICH,
            PARKED_BEHIND,
            f"offset {first} of its key waits in the dead letters: repair that one, or give it up "
            f"(memory-graph dlq release '{key}' --first --topic {topic}); "
            f"then replay all that waits (memory-graph dlq replay --topic {topic})",
        )

    def _waiting_of(self, record: Record) -> Waiting | None:
        return None if record.key is None else self.waiting.get(record.key)

    def _wait(self, record: Record) -> None:
        if record.key is None:
            return
        waiting = self.waiting.setdefault(record.key, Waiting())
        first_offset = replayed_from(record.headers)
        if first_offset is None:
            waiting.join(record.offset)
        elif first_offset not in waiting.offsets:
            waiting.join(first_offset)

    def _leave(self, record: Record) -> None:
        waiting = self._waiting_of(record)
        if waiting is None:
            return
        first_offset = replayed_from(record.headers)
        if first_offset is not None and first_offset in waiting.offsets:
            waiting.leave(first_offset)
