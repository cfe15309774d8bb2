"""Rows that a state has as present, and the change event for one that its table no longer has.

Debezium sends it, unless the log with the deletion is lost: a replica took over, or the slot was dropped.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from workers.pipelines.registry.events import (
    CapabilityDeleted,
    Deletion,
    ModelDeleted,
    Position,
    SchemaDeleted,
    VersionDeleted,
)
from workers.pipelines.registry.fold.state import RegistryState, SchemaState

RECORD = "com.llm.registry.changes.RowDeleted"
TABLES: Mapping[str, type[Deletion]] = MappingProxyType(
    {
        "models": ModelDeleted,
        "model_versions": VersionDeleted,
        "capabilities": CapabilityDeleted,
        "schemas": SchemaDeleted,
    }
)
"""The key of a row of each table; its fields have the names of the columns."""
NAMES = {key: table for table, key in TABLES.items()}


def rows_present(state: RegistryState) -> Iterator[Deletion]:
    """Return the keys of the rows that have come and were not deleted."""
    subject = state.subject
    if isinstance(subject, SchemaState):
        versions = subject.versions.items()
        yield from (SchemaDeleted(subject.schema_id, name) for name, row in versions if row.deleted_at is None)
    elif subject is not None:
        model_id = subject.model_id
        if subject.details is not None and subject.deleted_at is None:
            yield ModelDeleted(model_id)
        released, rows = subject.versions.items(), subject.capabilities.rows.items()
        yield from (VersionDeleted(model_id, name) for name, row in released if row.deleted_at is None)
        yield from (CapabilityDeleted(model_id, name) for name, row in rows if row.exists)


def table_of(row: Deletion) -> str:
    """Return the table of a row."""
    return NAMES[type(row)]


def deletion_of(row: Deletion, position: Position, about: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of the change event, at a position of the log; ``about`` says who sends it, and why."""
    source = {"table": table_of(row), **position._asdict(), **about}
    return {"before": row._asdict(), "after": None, "source": source, "op": "d", "ts_ms": position.ts_ms}
