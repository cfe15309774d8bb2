"""The records of ``memory-graph sample telemetry`` in a real topic."""

from collections import Counter
from pathlib import Path

import pytest

from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.adapters.kafka.reader import TopicReader
from workers.config.settings import Settings
from workers.core.errors import Rejected
from workers.core.record import ConsumedRecord
from workers.dev.sample.calls.source import from_file, imitated
from workers.dev.sample.run import produce_telemetry

ROOT = Path(__file__).parents[4]
START = 1_700_000_000_000.0
ON_THE_WIRE = {
    "not_avro": "avro.bad_magic",
    "unknown_schema_id": "avro.unknown_schema",
    "foreign_record": "avro.unexpected_record",
    "truncated": "avro.truncated",
    "tombstone": "value.tombstone",
    "unknown_status": "avro.enum",
}
"""Kinds of poison that cannot be decoded, with our codec's reasons."""


def records_in(settings: Settings, topic: str) -> list[ConsumedRecord]:
    reader = TopicReader(settings.kafka, topic)
    return list(reader.between({}, reader.end_offsets()))


async def decoded(settings: Settings, records: list[ConsumedRecord]) -> tuple[Counter[str], Counter[str]]:
    """Count the event types of decoded records, and the reasons of the others."""
    registry = SchemaRegistry(settings.schema_registry)
    codec = AvroCodec(registry, load_reader_schemas(ROOT / "schemas/avro/telemetry"))
    types: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    await codec.prepare(records)
    for record in records:
        try:
            types[codec.decode(record).fields["event_type"]] += 1
        except Rejected as reason:
            codes[reason.code] += 1
    await registry.aclose()
    return types, codes


@pytest.fixture
def summary(settings: Settings, topic: str) -> dict[str, object]:
    return produce_telemetry(imitated(400, 3, START), topic, seed=3, rate=0, poison_percent=2)


async def test_all_that_was_counted_is_in_the_topic_and_can_be_read_unless_it_is_poison(
    settings: Settings, topic: str, summary: dict[str, Counter[str]]
) -> None:
    records = records_in(settings, topic)
    types, codes = await decoded(settings, records)
    poison = summary["poison_by_kind"]
    assert len(records) == summary["records"]
    assert codes == {code: poison[kind] for kind, code in ON_THE_WIRE.items()}
    wrong = sum(count for kind, count in poison.items() if kind not in ON_THE_WIRE)
    assert types.total() == sum(summary["records_by_type"].values()) + wrong
    assert types["llm.invocation.start"] == summary["invocations"] == 400


async def test_a_trace_is_in_one_partition_in_the_order_of_event_time(
    settings: Settings, topic: str, summary: dict[str, int]
) -> None:
    partitions: dict[bytes | None, set[int]] = {}
    for record in records_in(settings, topic):
        partitions.setdefault(record.key, set()).add(record.partition)
    assert len(partitions) > 50
    assert all(len(found) == 1 for found in partitions.values())
    assert summary["traces"] <= len(partitions)


async def test_records_carry_the_context_of_their_trace_and_kafkas_own_time(
    settings: Settings, topic: str, summary: dict[str, object]
) -> None:
    assert summary
    record = next(record for record in records_in(settings, topic) if record.headers)
    assert record.key is not None
    ((name, value),) = record.headers
    assert name == "traceparent"
    assert value is not None
    assert value.startswith(b"00-" + record.key + b"-")
    assert record.timestamp > START + 86_400_000


def test_replaying_a_file_twice_gives_the_same_bytes(settings: Settings, topic: str, tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("timestamp,prompt_tokens,completion_tokens\n1700000000000,1,2\n1700000000100,3,4\n")
    for _ in range(2):
        produce_telemetry(from_file(file), topic, seed=1, rate=0, poison_percent=0)
    values = Counter((record.key, record.value) for record in records_in(settings, topic))
    assert set(values.values()) == {2}
