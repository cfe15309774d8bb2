"""Keys and ids. They are made of their subject, so that a repeated event has the same id."""

from typing import NamedTuple

from workers.core.node_key import version_id

HASH_CHARACTERS = 12


class Subject(NamedTuple):
    """A migration and its version."""

    migration_id: str
    schema_id: str
    version: str


def migration_id(schema_id: str, version: str, hash_: str) -> str:
    """Return the id of the migration to a version with these contents. Other contents are another migration."""
    return f"{version_id(schema_id, version)}#{hash_[:HASH_CHARACTERS]}"


def event_id(migration: str, what: str) -> str:
    """Return the id of an event of a migration, which happens once."""
    return f"{migration}/{what}"
