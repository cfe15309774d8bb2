"""Decode and validate a batch: each record becomes an event, a rejected record or a dropped record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple

from workers.core.clock import Clock
from workers.core.errors import Dropped, Rejected
from workers.core.ports import Decoder
from workers.core.record import Record
from workers.core.worker import EventT, WorkerSpec


class RejectedRecord(NamedTuple):
    """A record that goes to the dead letters, and why."""

    record: Record
    reason: Rejected


class DroppedRecord(NamedTuple):
    """A record that a named policy leaves out of the graph."""

    record: Record
    policy: Dropped


@dataclass(frozen=True, slots=True)
class DecodedBatch(Generic[EventT]):
    """The events of a batch in offset order with their records, and the rejected and the dropped records.

    ``sent``  rejected records that are dead letters already, because their batch was refused and is split
    """

    events: Sequence[tuple[Record, EventT]]
    rejected: Sequence[RejectedRecord]
    dropped: Sequence[DroppedRecord] = ()
    sent: Sequence[RejectedRecord] = ()

    def __len__(self) -> int:
        return len(self.events) + len(self.rejected) + len(self.dropped)

    def until(self, offset: int) -> "DecodedBatch[EventT]":
        """Return the part up to and with ``offset``."""
        return self._part(lambda record: record.offset <= offset)

    def after(self, offset: int) -> "DecodedBatch[EventT]":
        """Return the part after ``offset``."""
        return self._part(lambda record: record.offset > offset)

    def _part(self, belongs: Any) -> "DecodedBatch[EventT]":
        return DecodedBatch(
            [each for each in self.events if belongs(each[0])],
            [each for each in self.rejected if belongs(each.record)],
            [each for each in self.dropped if belongs(each.record)],
            [each for each in self.sent if belongs(each.record)],
        )

    def after_sending(self, rejected: Sequence[RejectedRecord]) -> "DecodedBatch[EventT]":
        """Return the batch once all that is rejected of it are dead letters."""
        offsets = {each.record.offset for each in rejected}
        events = [each for each in self.events if each[0].offset not in offsets]
        return DecodedBatch(events, [], self.dropped, [*self.sent, *rejected])


def decode_batch(
    spec: WorkerSpec[EventT, Any], decoder: Decoder, clock: Clock, records: Sequence[Record]
) -> DecodedBatch[EventT]:
    """Decode and parse every record, without I/O. One that fails does not affect its neighbours."""
    now_ms = clock.now_ms()
    decode, parse, check_key = decoder.decode, spec.parse, spec.check_key
    events: list[tuple[Record, EventT]] = []
    rejected: list[RejectedRecord] = []
    dropped: list[DroppedRecord] = []
    for record in records:
        try:
            event = parse(decode(record), now_ms)
            if check_key is not None:
                check_key(event, record.key)
        except Rejected as reason:
            rejected.append(RejectedRecord(record, reason))
        except Dropped as policy:
            dropped.append(DroppedRecord(record, policy))
        else:
            events.append((record, event))
    return DecodedBatch(events, rejected, dropped)
