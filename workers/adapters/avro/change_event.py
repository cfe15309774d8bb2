"""Debezium's records. Change events are known by their fields: each table, and each change of one, has its own schema.

https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events
"""

from typing import Any

from workers.adapters.avro.schemas import is_record

ENVELOPE = frozenset({"before", "after", "source", "op"})
ABOUT_ITSELF = "io.debezium.connector."
"""How the names of records begin that tell of the connector: heartbeats, transactions, changes of schemas."""


def is_debeziums(writer: Any) -> bool:
    """Tell whether a parsed schema is that of a change event or of what the connector tells of itself."""
    if not is_record(writer):
        return False
    fields = {field["name"] for field in writer["fields"]}
    return fields >= ENVELOPE or writer["name"].startswith(ABOUT_ITSELF)
