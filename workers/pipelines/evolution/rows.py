"""The rows of the statements, typed. Points in time are epoch milliseconds."""

from typing import NamedTuple


class ModelNamedRow(NamedTuple):
    """A model that a version names, and that it is migrated with."""

    model_id: str


class MigrationRow(NamedTuple):
    """A migration, all of it, between its schema and its version."""

    migration_id: str
    schema_id: str
    version_id: str
    state: str
    to_version: str
    hash: str
    from_version: str | None
    change_class: str
    why: str
    compatible_models: list[str]
    published_at: int | None
    validated_at: int
    scheduled_at: int | None
    decided_at: int | None
    decided_by: str | None
    decided_why: str | None
    executed_at: int | None
    verified_at: int | None
    rolled_back_at: int | None
    rolled_back_why: str | None
    confirmed_at: int | None


class MoveRow(NamedTuple):
    """A schema and its models go from one SchemaVersion (``None``: from nowhere) to another, or back."""

    migration_id: str
    schema_id: str
    from_id: str | None
    to_id: str
    model_ids: list[str]
