"""Changes that are left out by name: nothing is wrong with them, and nothing of them is in the graph."""

from workers.core.observation import Skipped
from workers.pipelines.registry.model import Event

REDELIVERED = "redelivered"
"""Seen before, or older than what is known: Debezium has begun again at an earlier place."""

STALE_CLOCK = "stale_clock"
"""By its vector clock older than what is known: another writer has seen it, and has written since."""

INSERT_ONLY = "insert_only"
"""A change of a known model, where topology.yaml says that none counts."""

UNKNOWN_ROW = "unknown_row"
"""The deletion of a row that nothing has told of."""


def left_out(event: Event, reason: str) -> list[Skipped]:
    """Leave the event out."""
    return [Skipped(event.event_type, reason, event.change[0])]
