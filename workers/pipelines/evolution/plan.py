"""The plan: what a batch has changed of schemas' migrations, as statements in the order in which they must run."""

from collections.abc import Iterable, Sequence

from workers.core.statement import Statement
from workers.pipelines.evolution import statements as write
from workers.pipelines.evolution.evolving import Evolving
from workers.pipelines.evolution.identity import version_id
from workers.pipelines.evolution.migration import Migration
from workers.pipelines.evolution.rows import MigrationRow, ModelNamedRow, MoveRow


def plan(touched: Iterable[Evolving]) -> Sequence[Statement]:
    """Write what has changed, then move back, then move: a schema moves back only what moved before this batch."""
    schemas = [schema for schema in touched if schema.changed]
    if not schemas:
        return []
    executed = [_move(schema, *each) for schema in schemas for each in schema.executed.items()]
    rolled_back = [_move(schema, *each) for schema in schemas for each in schema.rolled_back.items()]
    named = sorted({model_id for row in executed for model_id in row.model_ids})
    return [
        write.MODELS_NAMED.on(ModelNamedRow(model_id) for model_id in named),
        write.MIGRATIONS.on(_row(schema, *each) for schema in schemas for each in schema.changed.items()),
        write.ROLLED_BACK.on(rolled_back),
        write.EXECUTED.on(executed),
    ]


def _row(schema: Evolving, migration_id: str, migration: Migration) -> MigrationRow:
    facts = {
        **migration._asdict(),
        "state": migration.state.value,
        "change_class": migration.change_class.value,
        "compatible_models": list(migration.compatible_models),
    }
    version = facts.pop("version")
    to_id = version_id(schema.schema_id, version)
    return MigrationRow(migration_id, schema.schema_id, to_id, to_version=version, **facts)


def _move(schema: Evolving, migration_id: str, migration: Migration) -> MoveRow:
    before = migration.from_version
    return MoveRow(
        migration_id,
        schema.schema_id,
        None if before is None else version_id(schema.schema_id, before),
        version_id(schema.schema_id, migration.version),
        list(migration.compatible_models),
    )
