"""Whether a change has been seen: Debezium delivers again after a restart, and whole tables when it reads them anew."""

from workers.pipelines.registry.model import Position


def seen(known: Position | None, offered: Position) -> bool:
    """Tell whether a row that has come to ``known`` has the change at ``offered`` behind it.

    A row's changes rise in PostgreSQL's log, and their commits in time. A position that is lower in the log but
    later in time is of a database that was restored or moved: its log starts anew. Without a place in the log,
    Kafka's order counts.
    """
    if known is None or known.lsn is None or offered.lsn is None:
        return False
    return offered.lsn <= known.lsn and offered.ts_ms <= known.ts_ms


def advanced(known: Position | None, offered: Position) -> Position:
    """Return the position of a row after a change at ``offered``; a place in the log, once known, stays known."""
    if known is None or offered.lsn is not None:
        return offered
    return Position(known.lsn, max(known.ts_ms, offered.ts_ms))
