"""Decode and validate: a batch's records become events, or reasons why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple

from workers.core.clock import Clock
from workers.core.errors import Dropped, Rejected
from workers.core.ports import Decoder
from workers.core.record import Record
from workers.core.worker import EventT, WorkerSpec


class RejectedRecord(NamedTuple):
    """A record turned away, and why."""

    record: Record
    reason: Rejected


class DroppedRecord(NamedTuple):
    """A record that a named policy leaves out of the graph."""

    record: Record
    policy: Dropped


@dataclass(frozen=True, slots=True)
class DecodedBatch(Generic[EventT]):
    """The events of a batch in offset order with their records, the records turned away, and those left out."""

    events: Sequence[tuple[Record, EventT]]
    rejected: Sequence[RejectedRecord]
    dropped: Sequence[DroppedRecord] = ()

    def __len__(self) -> int:
        return len(self.events) + len(self.rejected) + len(self.dropped)


def decode_batch(
    spec: WorkerSpec[EventT, Any], decoder: Decoder, clock: Clock, records: Sequence[Record]
) -> DecodedBatch[EventT]:
    """Decode and parse every record; one that fails never touches its neighbours. No I/O."""
    now_ms = clock.now_ms()
    decode, parse = decoder.decode, spec.parse
    events: list[tuple[Record, EventT]] = []
    rejected: list[RejectedRecord] = []
    dropped: list[DroppedRecord] = []
    for record in records:
        try:
            events.append((record, parse(decode(record), record, now_ms)))
        except Rejected as reason:
            rejected.append(RejectedRecord(record, reason))
        except Dropped as policy:
            dropped.append(DroppedRecord(record, policy))
    return DecodedBatch(events, rejected, dropped)
