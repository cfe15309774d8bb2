"""Events as the log has them, and a worker's table that folds them as the runtime does."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workers.core.observation import Advanced, Observation, Skipped

from workers.core.record import ConsumedRecord, Decoded
from workers.core.statement import Statement
from workers.pipelines.evolution.evolving import Evolving
from workers.pipelines.evolution.identity import migration_id
from workers.pipelines.evolution.migration import Migration
from workers.pipelines.evolution.model import Change, Event, Published
from workers.pipelines.evolution.parse import KINDS, parse
from workers.pipelines.evolution.records import NAMESPACE
from workers.pipelines.evolution.states import ChangeClass
from workers.pipelines.evolution.worker import WORKER

SCHEMA = "tool"
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
    consumed = ConsumedRecord("log", 0, 0, 0, fields["schema_id"].encode() if key is None else key, b"")
    return parse(value, consumed, now_ms)


def names() -> set[str]:
    return {name.rpartition(".")[2] for name in KINDS}


class Table:
    """States as bytes between batches, as the runtime keeps them."""

    def __init__(self) -> None:
        self.states: dict[str, bytes] = {}
        self.observed: list[Observation] = []

    def take(self, events: Iterable[Event]) -> Sequence[Statement]:
        """Fold a batch, and return its plan."""
        touched: dict[str, Evolving] = {}
        for event in events:
            key = event.schema_id
            touched.setdefault(key, self.state(key))
            WORKER.fold(touched[key], event)
        self.states.update({key: WORKER.dump_state(state) for key, state in touched.items()})
        self.observed = [each for state in touched.values() for each in state.observed]
        return WORKER.plan(touched.values())

    def state(self, schema_id: str = SCHEMA) -> Evolving:
        stored = self.states.get(schema_id)
        return WORKER.load_state(stored) if stored else WORKER.new_state()

    def migration(self, version: str, schema_id: str = SCHEMA) -> Migration:
        return self.state(schema_id).migrations[named(version, schema_id)]

    def left_out(self) -> list[str]:
        return [each.reason for each in self.observed if isinstance(each, Skipped)]

    def advanced(self) -> list[str]:
        return [each.state for each in self.observed if isinstance(each, Advanced)]
