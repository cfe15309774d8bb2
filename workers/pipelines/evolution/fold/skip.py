"""Events that are skipped: they come twice or too late."""

from workers.core.report import Skipped
from workers.pipelines.evolution.events import Event

REDELIVERED = "redelivered"
"""The version's migration is known already."""

ANOTHER_UNDER_WAY = "another_under_way"
"""A schema is migrated to one version after the other: this version comes again after the current migration."""

STALE_COMPARISON = "stale_comparison"
"""It was compared with a version that is not the current one: it is compared again."""

UNKNOWN_MIGRATION = "unknown_migration"
"""No event has announced this migration."""

OUT_OF_TURN = "out_of_turn"
"""The migration is in another state: the event came twice, or the decision came too late."""


def skip(event: Event, reason: str) -> Skipped:
    """Return the observation that an event is skipped."""
    return Skipped(event.event_type, reason, event.migration_id)
