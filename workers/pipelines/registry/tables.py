"""The registry's tables: how a row of each is read, and what a deleted row leaves to be known."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from workers.core.checks import quoted, reject
from workers.pipelines.registry.columns import Row, key, millis, names, text
from workers.pipelines.registry.json_schema import json_schema
from workers.pipelines.registry.model import (
    AboutModel,
    AboutSchema,
    CapabilityGone,
    CapabilityRow,
    ModelGone,
    SchemaGone,
    SchemaRow,
    Text,
    VersionGone,
    VersionRow,
)
from workers.pipelines.registry.models_table import digest, models_table
from workers.pipelines.registry.policy import Accept

BETWEEN = "@"
"""Stands between an id and a version in the graph's keys, so that no version may hold it."""


class Table(NamedTuple):
    """A table: what its rows are about, the column that its changes are keyed by, and how they are read."""

    kind: str
    keyed_by: str
    row: Callable[[Row], AboutModel | AboutSchema]
    gone: Callable[[Row], AboutModel | AboutSchema]


def tables(accept: Accept) -> Mapping[str, Table]:
    """Return the tables that the registry is made of, by name."""
    return {
        "models": Table("model", "model_id", models_table(accept), lambda row: ModelGone(key(row, "model_id"))),
        "model_versions": Table("version", "model_id", _version, _version_gone),
        "schemas": Table("schema", "schema_id", _schema, _schema_gone),
        "capabilities": Table("capability", "model_id", lambda row: _capability(row, accept), _capability_gone),
    }


def _version(row: Row) -> VersionRow:
    changelog = text(row, "changelog")
    return VersionRow(
        *_version_gone(row),
        millis(row, "released_at"),
        millis(row, "deprecated_at"),
        Text(changelog, digest(changelog)) if isinstance(changelog, str) else changelog,
    )


def _version_gone(row: Row) -> VersionGone:
    return VersionGone(key(row, "model_id"), _version_name(row))


def _schema(row: Row) -> SchemaRow:
    schema = text(row, "json_schema")
    return SchemaRow(
        *_schema_gone(row),
        json_schema(schema) if isinstance(schema, str) else schema,
        names(row, "compatible_models"),
        millis(row, "published_at"),
    )


def _schema_gone(row: Row) -> SchemaGone:
    return SchemaGone(key(row, "schema_id"), _version_name(row))


def _version_name(row: Row) -> str:
    version = key(row, "version")
    if BETWEEN in version:
        reject("version.pattern", f"version is {quoted(version)}: name versions without {BETWEEN}")
    return version


def _capability(row: Row, accept: Accept) -> CapabilityRow:
    gone = _capability_gone(row)
    if accept.capabilities and gone.capability not in accept.capabilities:
        known = ", ".join(accept.capabilities)
        reject("capability.enum", f"capability is {quoted(gone.capability)}: use one of {known}, or accept it, too")
    return CapabilityRow(*gone, millis(row, "added_at"))


def _capability_gone(row: Row) -> CapabilityGone:
    return CapabilityGone(key(row, "model_id"), key(row, "capability"))
