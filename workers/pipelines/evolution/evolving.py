"""The worker's state: the migrations of one schema, and what was marked while events were folded."""

from dataclasses import dataclass, field

import orjson

from workers.core.observation import Observation
from workers.pipelines.evolution.limits import MAX_REMEMBERED
from workers.pipelines.evolution.migration import Migration


@dataclass(slots=True)
class Evolving:
    """A schema. ``current`` is the version that it was last migrated to; the migrations are in the log's order.

    The rest are marks, no part of what is dumped: the migrations to be written, and as they were then those executed,
    and those rolled back that were executed in an earlier batch.
    """

    schema_id: str = ""
    current: str | None = None
    migrations: dict[str, Migration] = field(default_factory=dict)
    changed: dict[str, Migration] = field(default_factory=dict)
    executed: dict[str, Migration] = field(default_factory=dict)
    rolled_back: dict[str, Migration] = field(default_factory=dict)
    observed: list[Observation] = field(default_factory=list)

    def put(self, migration_id: str, migration: Migration) -> None:
        """Remember a migration as it is now, and mark it."""
        self.migrations[migration_id] = self.changed[migration_id] = migration
        if len(self.migrations) > MAX_REMEMBERED:
            del self.migrations[next(name for name, each in self.migrations.items() if each.ended)]

    def dump(self) -> bytes:
        """Return what is to be remembered, as JSON. Of what has ended nothing is moved again: its models are not."""
        migrations = {
            name: list(each._replace(compatible_models=()) if each.ended else each)
            for name, each in self.migrations.items()
        }
        return orjson.dumps([self.schema_id, self.current, migrations])

    @classmethod
    def load(cls, dumped: bytes) -> "Evolving":
        """The inverse of ``dump``."""
        schema_id, current, migrations = orjson.loads(dumped)
        return cls(schema_id, current, {name: Migration.load(each) for name, each in migrations.items()})
