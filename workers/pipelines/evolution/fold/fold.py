"""Fold one event into the migrations of a schema: a state machine that skips events that do not fit the state."""

from workers.core.report import Skipped
from workers.pipelines.evolution.events import Confirmed, Decided, Due, Event, Executed, Published, RolledBack, Verified
from workers.pipelines.evolution.fold.schema_migrations import Advanced, Migration, SchemaMigrations
from workers.pipelines.evolution.fold.transitions import transition
from workers.pipelines.evolution.states import FIRST, State

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


Step = Decided | Due | Executed | Verified | RolledBack | Confirmed


def fold(schema: SchemaMigrations, event: Event, _offset: int) -> None:
    """Change the schema's migrations by an event."""
    schema.schema_id = event.schema_id
    change = event.change
    if isinstance(change, Published):
        schema.observations.append(_publish(schema, event, change))
    else:
        schema.observations.append(_advance(schema, event, change))


def _publish(schema: SchemaMigrations, event: Event, change: Published) -> Advanced | Skipped:
    if event.migration_id in schema.migrations:
        return skip(event, REDELIVERED)
    if not all(each.settled for each in schema.migrations.values()):
        return skip(event, ANOTHER_UNDER_WAY)
    if schema.migrations and change.against_version != schema.current:
        return skip(event, STALE_COMPARISON)
    # A log that begins after the schema's first version contains nothing earlier.
    schema.current = change.against_version
    state = FIRST[change.change_class]
    migration = Migration(
        state=state,
        version=change.version,
        hash=change.hash,
        from_version=change.against_version,
        change_class=change.change_class,
        why=change.why,
        compatible_models=change.compatible_models,
        published_at=change.published_at,
        validated_at=event.at,
        scheduled_at=event.at if state is State.SCHEDULED else None,
    )
    schema.put(event.migration_id, migration)
    return Advanced(change.change_class, state, event.migration_id, change.why)


def _advance(schema: SchemaMigrations, event: Event, change: Step) -> Advanced | Skipped:
    migration = schema.migrations.get(event.migration_id)
    if migration is None:
        return skip(event, UNKNOWN_MIGRATION)
    step = transition(change, event.at)
    if migration.state not in step.before:
        return skip(event, OUT_OF_TURN)
    migration = migration._replace(state=step.after, **step.facts)
    schema.put(event.migration_id, migration)
    _mark(schema, event.migration_id, migration)
    return Advanced(migration.change_class, step.after, event.migration_id, step.why)


def _mark(schema: SchemaMigrations, migration_id: str, migration: Migration) -> None:
    """Mark what changes in the graph. A migration that is executed and rolled back in one batch changes nothing."""
    if migration.state is State.EXECUTED:
        schema.current = migration.version
        schema.executed[migration_id] = migration
    elif migration.state is State.ROLLED_BACK:
        schema.current = migration.from_version
        if schema.executed.pop(migration_id, None) is None:
            schema.rolled_back[migration_id] = migration
