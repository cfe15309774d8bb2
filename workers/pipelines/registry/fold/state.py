"""The worker's state: one model or one schema, and what a batch observed about it."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from workers.pipelines.registry.events import Event, NotSent, Position, SchemaDeleted, SchemaRow, Text
from workers.pipelines.registry.fold.model_state import ModelState
from workers.pipelines.registry.limits import MAX_HISTORY

MODEL_KEY_PREFIX = "model/"
SCHEMA_KEY_PREFIX = "schema/"


class Synced(NamedTuple):
    """A change that the graph now has.

    ``sync_type``   the kind of the changed row, such as ``model``
    ``changed_at``  when the database committed the change, epoch milliseconds
    """

    sync_type: str
    changed_at: int


class Conflict(NamedTuple):
    """Changes that contradict each other, the rule that decided, and an explanation of what was lost."""

    conflict_type: str
    resolution: str
    subject: str
    explanation: str


class SchemaVersionState(NamedTuple):
    """A row of ``schemas``; times in epoch milliseconds. ``hash`` is the hash of its JSON Schema."""

    position: Position
    hash: str | None = None
    compatible_models: tuple[str, ...] = ()
    published_at: int | None = None
    deleted_at: int | None = None
    history: tuple[str, ...] = ()

    def with_history(self, lost: str) -> "SchemaVersionState":
        """Return it with one more entry of what lost a conflict."""
        return self._replace(history=(*self.history, lost)[-MAX_HISTORY:])


@dataclass(slots=True)
class SchemaState:
    """A schema. The last two fields mark changes of this batch.

    ``changed_versions``  each changed version, with its JSON Schema where that was sent
    ``models_named``      the models that any row of this batch names: the graph must not depend on where batches end
    """

    schema_id: str
    versions: dict[str, SchemaVersionState] = field(default_factory=dict)
    changed_versions: dict[str, Text | NotSent | None] = field(default_factory=dict)
    models_named: set[str] = field(default_factory=set)

    def dump(self) -> list[Any]:
        """Return plain values for JSON, without marks."""
        return [self.schema_id, {name: [[*known.position], *known[1:]] for name, known in self.versions.items()}]

    @classmethod
    def load(cls, dumped: list[Any]) -> "SchemaState":
        """Return the state of dumped values."""
        schema_id, versions = dumped
        return cls(schema_id, {name: _load_version(*known) for name, known in versions.items()})


def _load_version(
    position: list[Any], hash_: str | None, models: list[str], published_at: Any, *rest: Any
) -> SchemaVersionState:
    deleted_at, history = rest
    return SchemaVersionState(Position(*position), hash_, tuple(models), published_at, deleted_at, tuple(history))


@dataclass(slots=True)
class RegistryState:
    """One model or one schema, which the first event creates. ``observations`` are those of this batch."""

    subject: ModelState | SchemaState | None = None
    observations: list[Any] = field(default_factory=list)

    def dump(self) -> bytes:
        """Return the state as JSON, without marks and observations."""
        kind = "schema" if isinstance(self.subject, SchemaState) else "model"
        return orjson.dumps([kind, self.subject.dump() if self.subject else None])

    @classmethod
    def load(cls, dumped: bytes) -> "RegistryState":
        """Return the state of dumped bytes."""
        kind, subject = orjson.loads(dumped)
        if subject is None:
            return cls()
        return cls(SchemaState.load(subject) if kind == "schema" else ModelState.load(subject))


def state_key(event: Event) -> str:
    """Return the key of an event's state: ``model/<model_id>`` or ``schema/<schema_id>``."""
    is_schema = isinstance(event.change, SchemaRow | SchemaDeleted)
    return f"{SCHEMA_KEY_PREFIX if is_schema else MODEL_KEY_PREFIX}{event.change[0]}"
