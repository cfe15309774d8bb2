"""Points in time as texts, for keys and messages."""

from datetime import timedelta

from workers.core.clock import EPOCH

DAY_MS = 86_400_000


def iso_seconds(at: int) -> str:
    """Return epoch milliseconds as ISO 8601, UTC, in whole seconds, for windows."""
    return (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="seconds").replace("+00:00", "Z")
