"""Fold one event into what is known of a schema: a state machine, that leaves out what does not fit the state."""

from workers.core.observation import Advanced, Observation
from workers.pipelines.evolution.evolving import Evolving
from workers.pipelines.evolution.left_out import (
    ANOTHER_UNDER_WAY,
    OUT_OF_TURN,
    REDELIVERED,
    STALE_COMPARISON,
    UNKNOWN_MIGRATION,
    left_out,
)
from workers.pipelines.evolution.migration import Migration
from workers.pipelines.evolution.model import Confirmed, Decided, Due, Event, Executed, Published, RolledBack, Verified
from workers.pipelines.evolution.moves import move
from workers.pipelines.evolution.states import FIRST, State

Step = Decided | Due | Executed | Verified | RolledBack | Confirmed


def fold(evolving: Evolving, event: Event) -> None:
    """Change the schema by an event."""
    evolving.schema_id = event.schema_id
    change = event.change
    told = _publish(evolving, event, change) if isinstance(change, Published) else _advance(evolving, event, change)
    evolving.observed.append(told)


def _publish(evolving: Evolving, event: Event, change: Published) -> Observation:
    if event.migration_id in evolving.migrations:
        return left_out(event, REDELIVERED)
    if not all(each.ended for each in evolving.migrations.values()):
        return left_out(event, ANOTHER_UNDER_WAY)
    if evolving.migrations and change.against_version != evolving.current:
        return left_out(event, STALE_COMPARISON)
    # Of a log that begins later than the schema did, this is all that is known.
    evolving.current = change.against_version
    state = FIRST[change.change_class]
    migration = Migration(
        state,
        change.version,
        change.hash,
        change.against_version,
        change.change_class,
        change.why,
        change.compatible_models,
        change.published_at,
        event.at,
        event.at if state is State.SCHEDULED else None,
    )
    evolving.put(event.migration_id, migration)
    return Advanced(change.change_class, state, event.migration_id, change.why)


def _advance(evolving: Evolving, event: Event, change: Step) -> Observation:
    migration = evolving.migrations.get(event.migration_id)
    if migration is None:
        return left_out(event, UNKNOWN_MIGRATION)
    moved = move(change, event.at)
    if migration.state not in moved.before:
        return left_out(event, OUT_OF_TURN)
    migration = migration._replace(state=moved.after, **moved.facts)
    evolving.put(event.migration_id, migration)
    _mark(evolving, event.migration_id, migration)
    return Advanced(migration.change_class, moved.after, event.migration_id, moved.why)


def _mark(evolving: Evolving, migration_id: str, migration: Migration) -> None:
    """Mark what moves in the graph; what is executed and rolled back in one batch does not move at all."""
    if migration.state is State.EXECUTED:
        evolving.current = migration.version
        evolving.executed[migration_id] = migration
    elif migration.state is State.ROLLED_BACK:
        evolving.current = migration.from_version
        if evolving.executed.pop(migration_id, None) is None:
            evolving.rolled_back[migration_id] = migration
