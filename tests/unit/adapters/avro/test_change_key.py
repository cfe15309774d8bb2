"""Keys of change events: those that were seen, and those that are made like them."""

import json

import pytest

from workers.adapters.avro.change_key import ChangeKeys
from workers.adapters.avro.schema_registry import WriterDefinition
from workers.adapters.avro.wire import SchemaName, prefix_of

MODEL, NEWER, SCHEMA, OTHER, GONE = range(1, 6)


class Registry:
    """Knows the keys of models, in two versions, and of schemas; and a key of two columns."""

    async def definition(self, schema: SchemaName) -> WriterDefinition | None:
        columns = {MODEL: ["model_id"], NEWER: ["model_id"], SCHEMA: ["schema_id"], OTHER: ["model_id", "version"]}
        if schema not in columns:
            return None
        fields = [{"name": name, "type": "string"} for name in columns[int(str(schema))]]
        return WriterDefinition("AVRO", [json.dumps({"type": "record", "name": "Key", "fields": fields})])


def framed(schema: int, text: str) -> bytes:
    return prefix_of(schema) + bytes([2 * len(text)]) + text.encode()


@pytest.fixture
async def keys() -> ChangeKeys:
    keys = ChangeKeys(Registry())
    seen = (
        framed(MODEL, "a"),
        framed(SCHEMA, "a"),
        framed(OTHER, "c"),
        framed(GONE, "c"),
        b"plain",
        framed(NEWER, "b"),
    )
    for key in seen:
        await keys.see(key)
    return keys


def test_a_key_that_was_seen_is_the_same_bytes(keys: ChangeKeys) -> None:
    assert keys.of("model_id", "a") == framed(MODEL, "a")
    assert keys.of("schema_id", "a") == framed(SCHEMA, "a")


def test_another_is_made_like_the_last_of_its_column(keys: ChangeKeys) -> None:
    assert keys.of("model_id", "c") == framed(NEWER, "c")


def test_without_any_of_the_column_there_is_none() -> None:
    assert ChangeKeys(Registry()).of("model_id", "a") is None
