"""Keys and ids, all made of what they name, so that whoever tells of a thing twice tells it under the same id."""

from typing import NamedTuple

HASH_CHARACTERS = 12


class Subject(NamedTuple):
    """Which migration of which version."""

    migration_id: str
    schema_id: str
    version: str


def version_id(schema_id: str, version: str) -> str:
    """Name a SchemaVersion."""
    return f"{schema_id}@{version}"


def migration_id(schema_id: str, version: str, hash_: str) -> str:
    """Name the migration to a version with these contents: other contents are another migration."""
    return f"{version_id(schema_id, version)}#{hash_[:HASH_CHARACTERS]}"


def event_id(migration: str, what: str) -> str:
    """Name what has happened to a migration, which happens once."""
    return f"{migration}/{what}"
