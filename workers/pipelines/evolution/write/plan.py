"""The plan: the changes of a batch as statements, in the order in which they must run."""

from collections.abc import Sequence

from workers.core.node_key import version_id
from workers.core.statement import Statement
from workers.pipelines.evolution.fold.schema_migrations import Migration, SchemaMigrations
from workers.pipelines.evolution.write import statements as write
from workers.pipelines.evolution.write.statements import MigrationRow, ModelStubRow, VersionChangeRow


def plan(touched: Sequence[SchemaMigrations]) -> Sequence[Statement]:
    """Write changed migrations, then roll back, then execute: a rollback is always of an earlier batch."""
    schemas = [schema for schema in touched if schema.changed]
    if not schemas:
        return []
    executed = [_version_change(schema, *each) for schema in schemas for each in schema.executed.items()]
    rolled_back = [_version_change(schema, *each) for schema in schemas for each in schema.rolled_back.items()]
    named = sorted({model_id for row in executed for model_id in row.model_ids})
    return [
        write.MODEL_STUBS.on(ModelStubRow(model_id) for model_id in named),
        write.MIGRATIONS.on(_row(schema, *each) for schema in schemas for each in schema.changed.items()),
        write.ROLLED_BACK.on(rolled_back),
        write.EXECUTED.on(executed),
    ]


def _row(schema: SchemaMigrations, migration_id: str, migration: Migration) -> MigrationRow:
    facts = {
        **migration._asdict(),
        "state": migration.state.value,
        "change_class": migration.change_class.value,
        "compatible_models": list(migration.compatible_models),
    }
    version = facts.pop("version")
    to_id = version_id(schema.schema_id, version)
    return MigrationRow(
        migration_id=migration_id, schema_id=schema.schema_id, version_id=to_id, to_version=version, **facts
    )


def _version_change(schema: SchemaMigrations, migration_id: str, migration: Migration) -> VersionChangeRow:
    before = migration.from_version
    return VersionChangeRow(
        migration_id=migration_id,
        schema_id=schema.schema_id,
        from_id=None if before is None else version_id(schema.schema_id, before),
        to_id=version_id(schema.schema_id, migration.version),
        model_ids=list(migration.compatible_models),
    )
