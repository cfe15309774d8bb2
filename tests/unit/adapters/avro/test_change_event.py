"""Debezium's envelopes are read as their writer has them, whatever columns a table has today."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.adapters.avro.in_memory_registry import InMemoryRegistry, record_of, rejection, written
from workers.adapters.avro.codec import TOMBSTONE, AvroCodec
from workers.adapters.avro.schemas import Schema
from workers.adapters.avro.wire import prefix_of
from workers.core.errors import Dropped

ROW: dict[str, Any] = {
    "type": "record",
    "name": "Value",
    "fields": [
        {"name": "model_id", "type": "string"},
        {"name": "training_cutoff", "type": ["null", {"type": "int", "connect.name": "io.debezium.time.Date"}]},
        {"name": "metadata", "type": ["null", {"type": "string", "connect.name": "io.debezium.data.Json"}]},
        {"name": "compatible_models", "type": ["null", {"type": "array", "items": ["null", "string"]}]},
    ],
}
SOURCE: dict[str, Any] = {
    "type": "record",
    "name": "Source",
    "namespace": "io.debezium.connector.postgresql",
    "fields": [{"name": "table", "type": "string"}, {"name": "lsn", "type": ["null", "long"]}],
}
ENVELOPE: dict[str, Any] = {
    "type": "record",
    "name": "Envelope",
    "namespace": "registry_changes",
    "fields": [
        {"name": "before", "type": ["null", ROW], "default": None},
        {"name": "after", "type": ["null", "Value"], "default": None},
        {"name": "source", "type": SOURCE},
        {"name": "op", "type": "string"},
        {"name": "ts_ms", "type": ["null", "long"], "default": None},
    ],
}
AFTER = {"model_id": "m1", "training_cutoff": 19_724, "metadata": "{}", "compatible_models": ["m1", "m2"]}
EVENT = {"before": None, "after": AFTER, "source": {"table": "models", "lsn": 7}, "op": "c", "ts_ms": 1_795_489_708_792}


@pytest.fixture
def codec(registry: InMemoryRegistry) -> AvroCodec:
    return AvroCodec(registry, {}, change_events=True)


async def test_an_envelope_decodes_to_the_fields_of_its_writer(codec: AvroCodec, registry: InMemoryRegistry) -> None:
    record = record_of(written(registry, ENVELOPE, EVENT))
    await codec.prepare([record])
    assert codec.decode(record) == ("registry_changes.Envelope", EVENT)


async def test_a_column_that_is_added_is_there_in_the_records_written_since(
    codec: AvroCodec, registry: InMemoryRegistry
) -> None:
    wider = copy.deepcopy(ENVELOPE)
    wider["fields"][0]["type"][1]["fields"].append({"name": "licence", "type": ["null", "string"]})
    before = record_of(written(registry, ENVELOPE, EVENT))
    after = record_of(written(registry, wider, {**EVENT, "after": {**AFTER, "licence": "MIT"}}))
    await codec.prepare([before, after])
    assert "licence" not in codec.decode(before).fields["after"]
    assert codec.decode(after).fields["after"]["licence"] == "MIT"


async def test_a_tombstone_of_a_change_topic_is_dropped_by_name(codec: AvroCodec) -> None:
    await codec.prepare([record_of(None)])
    with pytest.raises(Dropped) as dropped:
        codec.decode(record_of(None))
    assert dropped.value.reason == TOMBSTONE


@pytest.mark.parametrize(
    "name", ["common.Heartbeat", "common.TransactionMetadataValue", "postgresql.SchemaChangeValue"]
)
async def test_what_the_connector_tells_of_itself_is_decoded_for_the_worker_to_leave_out_by_name(
    codec: AvroCodec, registry: InMemoryRegistry, name: str
) -> None:
    own = {"type": "record", "name": f"io.debezium.connector.{name}", "fields": [{"name": "ts_ms", "type": "long"}]}
    record = record_of(written(registry, own, {"ts_ms": 1}))
    await codec.prepare([record])
    assert codec.decode(record) == (f"io.debezium.connector.{name}", {"ts_ms": 1})


async def test_a_record_that_is_no_change_event_is_rejected_by_its_name(
    codec: AvroCodec, registry: InMemoryRegistry
) -> None:
    row = {"type": "record", "name": "Row", "namespace": "shop", "fields": [{"name": "after", "type": "string"}]}
    rejected = await rejection(codec, written(registry, row, {"after": "x"}))
    assert rejected.code == "avro.unexpected_record"
    assert "shop.Row" in rejected.message
    assert "Debezium change events" in rejected.message


async def test_a_change_event_is_rejected_where_the_topic_has_records_of_ours(
    registry: InMemoryRegistry, schemas: Mapping[str, Schema]
) -> None:
    rejected = await rejection(AvroCodec(registry, schemas), written(registry, ENVELOPE, EVENT))
    assert rejected.code == "avro.unexpected_record"
    assert "Debezium" not in rejected.message


@pytest.mark.parametrize(("cut", "code"), [(-3, "avro.truncated"), (6, "avro.truncated")])
async def test_a_change_event_cut_short_is_rejected_with_its_field(
    codec: AvroCodec, registry: InMemoryRegistry, cut: int, code: str
) -> None:
    rejected = await rejection(codec, written(registry, ENVELOPE, EVENT)[:cut])
    assert rejected.code == code
    assert "registry_changes.Envelope" in rejected.message


async def test_a_change_event_with_bytes_left_over_is_rejected(codec: AvroCodec, registry: InMemoryRegistry) -> None:
    assert (await rejection(codec, written(registry, ENVELOPE, EVENT) + b"x")).code == "avro.trailing_bytes"


async def test_an_id_that_nobody_knows_is_rejected_on_a_change_topic_too(codec: AvroCodec) -> None:
    assert (await rejection(codec, prefix_of(4711) + b"x")).code == "avro.unknown_schema"
