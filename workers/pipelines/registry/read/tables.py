"""The tables of the registry: how a row, or a deleted row, of each is read."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from workers.core.checks import quoted, reject
from workers.pipelines.registry.events import (
    CapabilityDeleted,
    CapabilityRow,
    Deletion,
    ModelChange,
    ModelDeleted,
    SchemaChange,
    SchemaDeleted,
    SchemaRow,
    Text,
    VersionDeleted,
    VersionRow,
)
from workers.pipelines.registry.options import Accept
from workers.pipelines.registry.read.columns import Row, json_schema, key, millis, names, text
from workers.pipelines.registry.read.models_table import digest, models_table


class Table(NamedTuple):
    """A table: the kind of its rows, and the readers of a row and of a deleted row."""

    kind: str
    row: Callable[[Row], ModelChange | SchemaChange]
    deleted: Callable[[Row], Deletion]


def tables(accept: Accept) -> Mapping[str, Table]:
    """Return the tables of the registry, by name."""
    return {
        "models": Table("model", models_table(accept), lambda row: ModelDeleted(key(row, "model_id"))),
        "model_versions": Table("version", _version, _deleted_version),
        "schemas": Table("schema", _schema, _deleted_schema_version),
        "capabilities": Table("capability", lambda row: _capability(row, accept), _deleted_capability),
    }


def _version(row: Row) -> VersionRow:
    changelog = text(row, "changelog")
    return VersionRow(
        *_deleted_version(row),
        millis(row, "released_at"),
        millis(row, "deprecated_at"),
        Text(changelog, digest(changelog)) if isinstance(changelog, str) else changelog,
    )


def _deleted_version(row: Row) -> VersionDeleted:
    return VersionDeleted(key(row, "model_id"), key(row, "version"))


def _schema(row: Row) -> SchemaRow:
    schema = text(row, "json_schema")
    return SchemaRow(
        *_deleted_schema_version(row),
        json_schema(schema) if isinstance(schema, str) else schema,
        names(row, "compatible_models"),
        millis(row, "published_at"),
    )


def _deleted_schema_version(row: Row) -> SchemaDeleted:
    return SchemaDeleted(key(row, "schema_id"), key(row, "version"))


def _capability(row: Row, accept: Accept) -> CapabilityRow:
    gone = _deleted_capability(row)
    if accept.capabilities and gone.capability not in accept.capabilities:
        known = ", ".join(accept.capabilities)
        reject(
            "capability.enum",
            f"capability is {quoted(gone.capability)}: use one of {known}, or add it to accept.capabilities",
        )
    return CapabilityRow(*gone, millis(row, "added_at"))


def _deleted_capability(row: Row) -> CapabilityDeleted:
    return CapabilityDeleted(key(row, "model_id"), key(row, "capability"))
