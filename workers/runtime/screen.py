"""Decode and validate: a batch's records become events, or reasons why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple

from workers.core.clock import Clock
from workers.core.errors import Rejected
from workers.core.ports import Decoder
from workers.core.record import Record
from workers.core.worker import EventT, WorkerSpec


class Turned(NamedTuple):
    """A record turned away, and why."""

    record: Record
    reason: Rejected


@dataclass(frozen=True, slots=True)
class Screened(Generic[EventT]):
    """The events of a batch in offset order with their records, and the records turned away."""

    events: Sequence[tuple[Record, EventT]]
    rejected: Sequence[Turned]


def screen(
    spec: WorkerSpec[EventT, Any], decoder: Decoder, clock: Clock, records: Sequence[Record]
) -> Screened[EventT]:
    """Decode and parse every record; one that fails never touches its neighbours. No I/O."""
    now_ms = clock.now_ms()
    decode, parse = decoder.decode, spec.parse
    events: list[tuple[Record, EventT]] = []
    rejected: list[Turned] = []
    for record in records:
        try:
            events.append((record, parse(decode(record), record, now_ms)))
        except Rejected as reason:
            rejected.append(Turned(record, reason))
    return Screened(events, rejected)
