"""Changes that are skipped: already known, older than the state, or excluded by an option."""

from workers.core.report import Skipped
from workers.pipelines.registry.events import Event, Position

REDELIVERED = "redelivered"
"""Known already, or older than the state: Debezium reads again from an earlier position."""

STALE_CLOCK = "stale_clock"
"""Older by its vector clock: another writer has seen it and has written since."""

INSERT_ONLY = "insert_only"
"""A later row of a known model, with the option ``insert_only``."""

UNKNOWN_ROW = "unknown_row"
"""The deletion of a row that was never received."""


def skip(event: Event, reason: str) -> list[Skipped]:
    """Return the observation that an event is skipped."""
    return [Skipped(event.event_type, reason, event.change[0])]


def seen(known: Position | None, offered: Position) -> bool:
    """Tell whether the state of a row at ``known`` already has the change at ``offered``.

    The changes of a row rise in PostgreSQL's log, and their commits in time. A position that is lower in the log but
    later in time comes from a restored or moved database, whose log starts again. Without a log position, Kafka's order
    counts.
    """
    if known is None or known.lsn is None or offered.lsn is None:
        return False
    return offered.lsn <= known.lsn and offered.ts_ms <= known.ts_ms


def latest_position(known: Position | None, offered: Position) -> Position:
    """Return the position of a row after a change at ``offered``; a known log position is kept."""
    if known is None or offered.lsn is not None:
        return offered
    return Position(known.lsn, max(known.ts_ms, offered.ts_ms))
