"""Events of the log, and a table that folds them as the engine does."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workers.core.record import Decoded
from workers.core.report import Skipped
from workers.core.statement import Statement
from workers.pipelines.evolution.events import Change, Event, Published
from workers.pipelines.evolution.fold.schema_migrations import Advanced, Migration, SchemaMigrations
from workers.pipelines.evolution.identity import migration_id
from workers.pipelines.evolution.options import EvolutionOptions
from workers.pipelines.evolution.read.parse import KINDS, check_key, parse
from workers.pipelines.evolution.records import NAMESPACE
from workers.pipelines.evolution.states import ChangeClass
from workers.pipelines.evolution.worker import build

SCHEMA = "tool"
WORKER = build(EvolutionOptions(topic="schema-migrations", group="evolution"), has_api=False)
assert WORKER.state is not None
KEYED = WORKER.state
TYPES = {
    "SchemaPublished": "schema.published",
    "Decided": "migration.decided",
    "Due": "migration.due",
    "Executed": "migration.executed",
    "Verified": "migration.verified",
    "RolledBack": "migration.rolled_back",
    "Confirmed": "migration.confirmed",
}


def named(version: str, schema_id: str = SCHEMA) -> str:
    return migration_id(schema_id, version, hash_of(version))


def hash_of(version: str) -> str:
    return f"{version}-{'f' * 60}"


def published(  # noqa: PLR0913, PLR0917 - a record's own fields
    version: str,
    against: str | None = None,
    change_class: ChangeClass = ChangeClass.BACKWARD,
    models: Sequence[str] = (),
    at: int = 1,
    schema_id: str = SCHEMA,
) -> Event:
    change = Published(version, hash_of(version), against, change_class, "because", tuple(models), 0)
    return Event("schema.published", named(version, schema_id), schema_id, at, change)


def then(version: str, change: Change, at: int = 2, schema_id: str = SCHEMA) -> Event:
    return Event(TYPES[type(change).__name__], named(version, schema_id), schema_id, at, change)


def parsed(record: str, fields: Mapping[str, Any], *, key: bytes | None = None, now_ms: int = 0) -> Event:
    """Parse a record of the log; it is keyed by its schema_id unless ``key`` is something else."""
    value = Decoded(f"{NAMESPACE}.{record}" if record in names() else record, fields)
    event = parse(value, now_ms)
    check_key(event, fields["schema_id"].encode() if key is None else key)
    return event


def names() -> set[str]:
    return {name.rpartition(".")[2] for name in KINDS}


class Table:
    """States as bytes between batches, as the engine keeps them."""

    def __init__(self) -> None:
        self.states: dict[str, bytes] = {}
        self.observations: list[Any] = []

    def take(self, events: Iterable[Event]) -> Sequence[Statement]:
        """Fold a batch, and return its plan."""
        touched: dict[str, SchemaMigrations] = {}
        for event in events:
            key = event.schema_id
            touched.setdefault(key, self.state(key))
            KEYED.fold(touched[key], event, 0)
        self.states.update({key: KEYED.dump(state) for key, state in touched.items()})
        self.observations = [each for state in touched.values() for each in state.observations]
        return WORKER.plan(list(touched.values()))

    def state(self, schema_id: str = SCHEMA) -> SchemaMigrations:
        stored = self.states.get(schema_id)
        return KEYED.load(stored) if stored else KEYED.new()

    def migration(self, version: str, schema_id: str = SCHEMA) -> Migration:
        return self.state(schema_id).migrations[named(version, schema_id)]

    def skipped(self) -> list[str]:
        return [each.reason for each in self.observations if isinstance(each, Skipped)]

    def advanced(self) -> list[str]:
        return [each.state for each in self.observations if isinstance(each, Advanced)]
