"""Debezium's change events, known by their fields: every table, and every change of one, has a schema of its own.

https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events
"""

from typing import Any

from workers.avro.schemas import is_record

ENVELOPE = frozenset({"before", "after", "source", "op"})


def is_change_event(writer: Any) -> bool:
    """Tell whether a parsed schema is that of a change event; ``op`` says what was done to the row."""
    return is_record(writer) and {field["name"] for field in writer["fields"]} >= ENVELOPE
