"""Points in time as texts, for keys and messages."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS = 86_400_000


def iso(at: int) -> str:
    """Return epoch milliseconds as ISO 8601, UTC, always with milliseconds: equal times give equal texts."""
    return (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_seconds(at: int) -> str:
    """Return epoch milliseconds as ISO 8601, UTC, in whole seconds, for windows."""
    return (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="seconds").replace("+00:00", "Z")
