"""Keys of Debezium's change events: Avro records of one text, framed as values are."""

import json
from io import BytesIO

from fastavro import schemaless_reader, schemaless_writer

from workers.adapters.avro.codec import Definitions
from workers.adapters.avro.wire import PREFIX_BYTES, is_framed, schema_named_by

TEXT = "string"


class ChangeKeys:
    """Keys that were seen, by column and text. Of one that was not seen, one is made like the last of its column."""

    def __init__(self, registry: Definitions) -> None:
        self._registry = registry
        self._columns: dict[bytes, str | None] = {}
        self._seen: dict[tuple[str, str], bytes] = {}
        self._last: dict[str, bytes] = {}

    async def see(self, key: bytes) -> None:
        """Note a key, if it is a record of one text. Raises ``Retryable``."""
        prefix = key[:PREFIX_BYTES]
        if not is_framed(prefix):
            return
        if prefix not in self._columns:
            self._columns[prefix] = await self._column(prefix)
        if column := self._columns[prefix]:
            self._seen[column, str(schemaless_reader(BytesIO(key[PREFIX_BYTES:]), TEXT, TEXT))] = key
            self._last[column] = prefix

    def of(self, column: str, text: str) -> bytes | None:
        """Return the key of a text; ``None`` where no key of the column was seen."""
        if column not in self._last:
            return None
        if known := self._seen.get((column, text)):
            return known
        made = BytesIO()
        made.write(self._last[column])
        schemaless_writer(made, TEXT, text)
        return made.getvalue()

    async def _column(self, prefix: bytes) -> str | None:
        definition = await self._registry.definition(schema_named_by(prefix))
        schema = json.loads(definition.texts[-1]) if definition else None
        fields = schema.get("fields", []) if isinstance(schema, dict) else []
        return str(fields[0]["name"]) if [field["type"] for field in fields] == [TEXT] else None
