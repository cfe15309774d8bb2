"""Points in time as they are written into keys and texts."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS = 86_400_000


def iso(at: int) -> str:
    """Write epoch milliseconds in ISO 8601, UTC, always to the millisecond: equal times are equal texts."""
    return (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_seconds(at: int) -> str:
    """Write epoch milliseconds in ISO 8601, UTC, to the second: of windows, which are whole minutes."""
    return (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="seconds").replace("+00:00", "Z")
