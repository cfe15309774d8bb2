"""Filters, counts and decoded values of dead letters in a real Kafka."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.integration.ops.dead_letters.conftest import PARTITIONS, SourceTopic
from tests.unit.pipelines.telemetry.records import fields
from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.config.settings import Settings
from workers.ops.dead_letters.dry_run import DryRun
from workers.ops.dead_letters.journal import Who
from workers.ops.dead_letters.replaying.repair import Repair, fix
from workers.ops.dead_letters.replaying.replay import Replay
from workers.ops.dead_letters.replaying.verdict import Rules, Verdict
from workers.ops.dead_letters.selection import Selection
from workers.ops.dead_letters.show import shown
from workers.ops.dead_letters.tally import tally
from workers.pipelines.fleet import load_topology
from workers.pipelines.telemetry.options import TelemetryOptions
from workers.pipelines.telemetry.worker import build

INVOCATION = "com.llm.observatory.events.LLMInvocationEvent"


@pytest.fixture
async def registry() -> AsyncIterator[SchemaRegistry]:
    opened = SchemaRegistry(Settings.from_environment().schema_registry)
    yield opened
    await opened.aclose()


@pytest.mark.parametrize(
    ("selection", "numbers"),
    [
        (Selection(), {0, 1, 2, 3, 4, 5}),
        (Selection(codes={"avro"}), {0, 1, 2}),
        (Selection(codes={"avro.truncated"}), {0, 1, 2}),
        (Selection(codes={"av"}), set()),
        (Selection(partition=1), {1, 4}),
        (Selection(partition=1, offsets=(1, 9)), {4}),
        (Selection(keys={b"key 5"}), {5}),
        (Selection(stages={"DECODE"}), set()),
        (Selection(workers={"telemetry"}, stages={"VALIDATE"}), {0, 1, 2, 3, 4, 5}),
    ],
)
async def test_filters_are_exact(source: SourceTopic, selection: Selection, numbers: set[int]) -> None:
    await source.publish([*source.letters(range(3), "avro.truncated"), *source.letters(range(3, 6))])
    found = source.dead_letters().selected(selection)
    assert {each.record.value for each in found} == {b"value %d" % number for number in numbers}


async def test_since_and_until_are_times_of_the_records(source: SourceTopic) -> None:
    await source.publish(source.letters(range(6)))
    at = source.record(0).timestamp
    found = source.dead_letters().selected(Selection(since=at + 2, until=at + 5))
    assert {each.record.value for each in found} == {b"value 2", b"value 3", b"value 4"}


async def test_kinds_are_counted_the_largest_first(source: SourceTopic) -> None:
    await source.publish([*source.letters(range(3), "avro.truncated"), *source.letters([3])])
    groups = tally([source.dead_letters()], Selection())
    assert [(group.code, group.letters, group.message) for group in groups] == [
        ("avro.truncated", 3, "avro.truncated: send it"),
        ("field.missing", 1, "field.missing: send it"),
    ]


async def test_a_letter_is_shown_decoded_and_judged_by_the_worker(
    source: SourceTopic, registry: SchemaRegistry
) -> None:
    schemas = load_reader_schemas(load_topology(Settings.from_environment().topology_path).schemas_folder / "telemetry")
    encoder = AvroEncoder(registry, schemas)
    encoded = [await encoder.encode(source.name, INVOCATION, fields(event_id=each)) for each in ("e1", "")]
    key = fields()["trace_id"].encode()
    values = [*encoded, b"no avro"]
    records = [source.record(3 * number, key=key, value=value) for number, value in enumerate(values)]
    await source.publish([source.letter(record) for record in records])
    trial = DryRun(build(TelemetryOptions(topic=source.name, group="g"), has_api=False), AvroCodec(registry, schemas))

    letters = list(source.dead_letters().selected(Selection()))
    faults = await trial.faults(letters)
    views = [shown(letter, trial.decoded(letter), fault) for letter, fault in zip(letters, faults, strict=True)]
    assert [view["today"] and view["today"].partition(":")[0] for view in views] == [
        None,
        "field.missing",
        "avro.bad_magic",
    ]
    assert views[0]["value"]["event_id"] == "e1"
    assert views[0]["error"]["from"] == {"topic": source.name, "partition": 0, "offset": 0}
    assert (views[2]["format"], views[2]["value"]) == ("text", "no avro")

    replay = Replay(source.dead_letters(), Selection(), Rules({source.name: PARTITIONS}), dry_run=trial)
    done = await replay.execute(Who("r", "anna", "why", 1), None, lambda _: None)
    assert (done.count(Verdict.SEND), done.count(Verdict.FAILS)) == (1, 2)
    assert [each.value for each in await source.records()] == [values[0]]


async def test_a_repaired_value_is_sent_in_place_of_the_bad_one(source: SourceTopic, registry: SchemaRegistry) -> None:
    schemas = load_reader_schemas(load_topology(Settings.from_environment().topology_path).schemas_folder / "telemetry")
    encoder, decoder = AvroEncoder(registry, schemas), AvroCodec(registry, schemas)
    bad = await encoder.encode(source.name, INVOCATION, fields(event_id="e1", token_count=-1))
    key = fields()["trace_id"].encode()
    records = [source.record(3 * number, key=key, value=value) for number, value in enumerate([bad, b"no avro"])]
    await source.publish([source.letter(record) for record in records])
    trial = DryRun(build(TelemetryOptions(topic=source.name, group="g"), has_api=False), decoder, encoder)

    def replay(*fixes: str) -> Replay:
        repair = Repair([fix(text) for text in fixes], decoder, encoder)
        return Replay(
            source.dead_letters(), Selection(), Rules({source.name: PARTITIONS}), dry_run=trial, repair=repair
        )

    plan = await replay("token_count=-2").plan()
    assert plan.count(Verdict.FAILS) == 2, "the repair does not help"
    plan = await replay("latency_ms=long").plan()
    assert [fault.partition(":")[0] for fault in plan.faults] == ["repair.does_not_fit", "avro.bad_magic"]
    done = await replay("token_count=30").execute(Who("r", "anna", "why", 1), None, lambda _: None)
    assert (done.count(Verdict.SEND), done.count(Verdict.FAILS)) == (1, 1)
    assert done.repairs == [{"token_count": (-1, 30)}]
    (record,) = await source.records()
    assert record.key == key
    await decoder.prepare([record])
    before, after = decoder.decode(records[0]).fields, decoder.decode(record).fields
    assert after == {**before, "token_count": 30}


async def test_an_enum_symbol_of_a_newer_schema_is_repaired(source: SourceTopic, registry: SchemaRegistry) -> None:
    schemas = load_reader_schemas(load_topology(Settings.from_environment().topology_path).schemas_folder / "telemetry")
    newer = json.loads(json.dumps(schemas[INVOCATION]).replace('"TIMEOUT"]', '"TIMEOUT", "FAILED"]'))
    newer["fields"].append({"name": "region", "type": "string", "default": ""})
    bad = await AvroEncoder(registry, {INVOCATION: newer}).encode(
        f"{source.name}-newer", INVOCATION, fields(status="FAILED", region="eu")
    )
    await source.publish([source.letter(source.record(0, key=fields()["trace_id"].encode(), value=bad), "avro.enum")])
    encoder, decoder = AvroEncoder(registry, schemas), AvroCodec(registry, schemas)
    trial = DryRun(build(TelemetryOptions(topic=source.name, group="g"), has_api=False), decoder, encoder)

    def replay(*fixes: str) -> Replay:
        repair = Repair([fix(text) for text in fixes], decoder, encoder)
        return Replay(
            source.dead_letters(), Selection(), Rules({source.name: PARTITIONS}), dry_run=trial, repair=repair
        )

    assert (await replay("model_id=other").plan()).count(Verdict.FAILS) == 1, "the symbol is still the newer one"
    done = await replay("status=ERROR").execute(Who("r", "anna", "why", 1), None, lambda _: None)
    assert done.repairs == [{"status": ("FAILED", "ERROR")}]
    (record,) = await source.records()
    await decoder.prepare([record])
    assert decoder.decode(record).fields["status"] == "ERROR"
