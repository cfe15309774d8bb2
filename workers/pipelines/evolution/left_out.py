"""Events that are left out by name: they were told twice, or too late, and nothing is wrong with them."""

from workers.core.observation import Skipped
from workers.pipelines.evolution.model import Event

REDELIVERED = "redelivered"
"""The version's migration is known."""

ANOTHER_UNDER_WAY = "another_under_way"
"""A schema is migrated to one version after the other: it is told again when that one has ended."""

STALE_COMPARISON = "stale_comparison"
"""It was compared with a version that is no longer, or not yet, the current one: it is compared again."""

UNKNOWN_MIGRATION = "unknown_migration"
"""Nothing has told of the migration."""

OUT_OF_TURN = "out_of_turn"
"""The migration is in another state: told twice, or decided when it was too late."""


def left_out(event: Event, reason: str) -> Skipped:
    """Leave the event out."""
    return Skipped(event.event_type, reason, event.migration_id)
