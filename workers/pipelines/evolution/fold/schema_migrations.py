"""The worker's state: the migrations of one schema, and marks on what a batch changes."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from workers.pipelines.evolution.limits import MAX_MIGRATIONS
from workers.pipelines.evolution.states import ENDED, SETTLED, ChangeClass, State


class Advanced(NamedTuple):
    """A migration that has come to another state, and why. ``subject`` is its id."""

    change_class: str
    state: str
    subject: str
    explanation: str


class Migration(NamedTuple):
    """The migration of a schema to one version. Times are epoch milliseconds; ``from_version`` was current before.

    ``why`` is the reason of its class, ``decided_why`` the reason of the decision, ``rolled_back_why`` the problem that
    was found.
    """

    state: State
    version: str
    hash: str
    from_version: str | None
    change_class: ChangeClass
    why: str
    compatible_models: tuple[str, ...]
    published_at: int | None
    validated_at: int
    scheduled_at: int | None = None
    decided_at: int | None = None
    decided_by: str | None = None
    decided_why: str | None = None
    executed_at: int | None = None
    verified_at: int | None = None
    rolled_back_at: int | None = None
    rolled_back_why: str | None = None
    confirmed_at: int | None = None

    @property
    def ended(self) -> bool:
        """Tell whether the migration has ended."""
        return self.state in ENDED

    @property
    def settled(self) -> bool:
        """Tell whether the next version may begin."""
        return self.state in SETTLED

    @classmethod
    def load(cls, dumped: list[Any]) -> "Migration":
        """Return the migration of dumped values."""
        state, version, hash_, from_version, change_class, why, models, *rest = dumped
        return cls(State(state), version, hash_, from_version, ChangeClass(change_class), why, tuple(models), *rest)


@dataclass(slots=True)
class SchemaMigrations:
    """A schema. ``current`` is the version of its last migration; migrations are in log order.

    The other fields mark changes of this batch, and are not dumped: the migrations to write, those executed, and those
    rolled back that were executed in an earlier batch.
    """

    schema_id: str = ""
    current: str | None = None
    migrations: dict[str, Migration] = field(default_factory=dict)
    changed: dict[str, Migration] = field(default_factory=dict)
    executed: dict[str, Migration] = field(default_factory=dict)
    rolled_back: dict[str, Migration] = field(default_factory=dict)
    observations: list[Any] = field(default_factory=list)

    def put(self, migration_id: str, migration: Migration) -> None:
        """Store a migration, and mark it as changed."""
        self.migrations[migration_id] = self.changed[migration_id] = migration
        if len(self.migrations) > MAX_MIGRATIONS:
            # At most one is not settled. Those that the registry has not confirmed stay longest.
            oldest = min(self.migrations, key=lambda name: (not self.migrations[name].ended, self._blocks(name)))
            del self.migrations[oldest]

    def _blocks(self, name: str) -> bool:
        return not self.migrations[name].settled

    def dump(self) -> bytes:
        """Return the state as JSON, without marks, and without the models of ended migrations."""
        migrations = {
            name: list(each._replace(compatible_models=()) if each.ended else each)
            for name, each in self.migrations.items()
        }
        return orjson.dumps([self.schema_id, self.current, migrations])

    @classmethod
    def load(cls, dumped: bytes) -> "SchemaMigrations":
        """Return the state of dumped bytes."""
        schema_id, current, migrations = orjson.loads(dumped)
        return cls(schema_id, current, {name: Migration.load(each) for name, each in migrations.items()})
