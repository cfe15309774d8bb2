"""An audit event as the graph or the archive has it, beside its place in the chain."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from workers.pipelines.audit.chain.canonical import FIELDS, canonical, canonical_details
from workers.pipelines.audit.chain.link import Head, link

IS_TIME = "e.timestamp IS :: ZONED DATETIME NOT NULL"
EPOCH_MS = f"CASE WHEN {IS_TIME} THEN e.timestamp.epochMillis END"
"""Cypher: the time of the event ``e``; null where somebody has put anything else there, which would fail otherwise."""
WHOLE_EPOCH_MS = (
    f"CASE WHEN {IS_TIME} THEN CASE WHEN e.timestamp = datetime({{epochMillis: e.timestamp.epochMillis}}) "
    "THEN e.timestamp.epochMillis END END"
)
"""The same; null also for a time that was changed within its millisecond."""


class Stored(NamedTuple):
    """``event`` has the fields by their Avro names, details included; hashes are hex, as stored.

    ``event`` is ``None`` where the stored properties cannot be those of an event.
    """

    sequence: int
    audit_id: str
    event: Mapping[str, Any] | None
    prev_hash: str
    hash: str

    def hash_after(self, before: str) -> str | None:
        """Return the hash that the event has after the one with the hash ``before``; ``None`` where it has none."""
        if self.event is None:
            return None
        try:
            return link(Head(0, bytes.fromhex(before)), canonical(self.event)).hash.hex()
        except (KeyError, TypeError, ValueError):
            return None

    @property
    def agrees_with_itself(self) -> bool:
        """Tell whether the hash is that of the content and the previous hash, as both are stored."""
        return self.hash_after(self.prev_hash) == self.hash


def stored(sequence: Any, properties: Mapping[str, Any]) -> Stored:
    """Return a node's properties as an event; a property that is absent was not captured."""
    event = {field: properties.get(field) for field in FIELDS}
    event["details"] = _details(properties.get("details"))
    whole = None if event["details"] is None else event
    return Stored(
        sequence,
        str(properties.get("audit_id")),
        whole,
        str(properties.get("prev_hash")),
        str(properties.get("hash")),
    )


def _details(text: object) -> dict[str, str] | None:
    """Return the details of their canonical text; ``None`` for any other text."""
    try:
        details: dict[str, str] = orjson.loads(str(text))
        return details if canonical_details(details) == text else None
    except (AttributeError, TypeError, ValueError):
        return None
