"""The rows of a schema that has changed."""

from workers.pipelines.registry.model_rows import told_text, version_id
from workers.pipelines.registry.rows import SchemaVersionRow
from workers.pipelines.registry.schema_state import SchemaState


def schema_version_rows(schema: SchemaState) -> list[SchemaVersionRow]:
    """Return the versions that have changed."""
    rows = []
    for version, json_schema in schema.told.items():
        known = schema.versions[version]
        rows.append(
            SchemaVersionRow(
                version_id(schema.schema_id, version),
                schema.schema_id,
                version,
                known.hash,
                known.published_at,
                known.deleted_at,
                list(known.history),
                *told_text(json_schema),
            )
        )
    return rows
