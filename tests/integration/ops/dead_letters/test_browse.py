"""The terminal interface with a real Kafka: what is selected comes back, and large groups are read page by page."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

import pytest

from tests.integration.ops.dead_letters.conftest import PARTITIONS, SourceTopic
from tests.unit.cli.browse.operator import begun
from tests.unit.pipelines.telemetry.records import fields
from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.cli.browse.app import BrowseApp
from workers.cli.browse.backend import PAGE_LETTERS, KafkaBackend, Offsets, Page
from workers.cli.browse.fixes import FixesScreen
from workers.cli.browse.groups import GroupsScreen
from workers.cli.browse.letter import LetterScreen
from workers.cli.browse.letters import LettersScreen
from workers.cli.browse.plan import ConfirmScreen, PlanScreen
from workers.cli.browse.screen import Stopped, watch
from workers.cli.browse.sending import SendingScreen
from workers.config.settings import Settings
from workers.ops.dead_letters.audit import REPLAY_STARTED, REPLAYED
from workers.ops.dead_letters.replaying.carry_out import Order
from workers.ops.dead_letters.selection import Selection
from workers.pipelines.fleet import load_topology

INVOCATION = "com.llm.observatory.events.LLMInvocationEvent"
MANY = 2 * PAGE_LETTERS + 50


@pytest.fixture
async def registry() -> AsyncIterator[SchemaRegistry]:
    async with aclosing(SchemaRegistry(Settings.from_environment().schema_registry)) as opened:
        yield opened


@pytest.fixture
def backend(source: SourceTopic) -> KafkaBackend:
    """The telemetry worker reads the source topic, as far as its dead letters are concerned."""
    settings = Settings.from_environment()
    topology = load_topology(settings.topology_path)
    telemetry = topology.workers["telemetry"].model_copy(update={"topic": source.name})
    topology = topology.model_copy(update={"workers": {"telemetry": telemetry}})
    return KafkaBackend(
        settings, topology, lambda: [source.dead_letters()], Selection(), {source.name}, 3, Order(), "anna", watch
    )


async def test_selected_letters_come_back_repaired(
    source: SourceTopic,
    backend: KafkaBackend,
    registry: SchemaRegistry,
    audit_events: Callable[[str], Awaitable[list[Mapping[str, Any]]]],
) -> None:
    schemas = load_reader_schemas(backend.topology.schemas_folder / "telemetry")
    encoder, decoder = AvroEncoder(registry, schemas), AvroCodec(registry, schemas)
    key = fields()["trace_id"].encode()
    bad = [fields(event_id=each, token_count=-1) for each in ("e0", "e1", "e2")]
    values = [await encoder.encode(source.name, INVOCATION, each) for each in bad]
    records = [source.record(PARTITIONS * at, key=key, value=value) for at, value in enumerate(values)]
    await source.publish([source.letter(record, "number.negative") for record in records])
    await source.publish(source.letters([1], "avro.bad_magic"))

    async with BrowseApp(backend).run_test(size=(160, 45)) as pilot:
        operator = await begun(pilot)
        await operator.press("enter", screen=LettersScreen)
        assert "fails: number.negative" in operator.text()
        await operator.press("down", "enter", screen=LetterScreen)
        assert '"event_id": "e1"' in operator.text()
        await operator.press("escape", screen=LettersScreen)
        await operator.press("space", "space", "r", screen=FixesScreen)
        await operator.types("token_count=30")
        await operator.press("ctrl+s", screen=PlanScreen)
        assert "token_count: -1 -> 30" in operator.text()
        await operator.types("fixed")
        await operator.press("enter", screen=ConfirmScreen)
        assert await source.records() == []
        await operator.press("y", screen=SendingScreen)
        assert "done" in operator.text("#status")
        sent = await source.records()
        await operator.press("escape", screen=GroupsScreen)
        assert "2 were replayed" in operator.text("#detail")

    events = await audit_events(f"{source.name}.dlq")
    assert [event["event_type"] for event in events] == [REPLAY_STARTED, REPLAYED]
    assert {(event["actor_id"], event["reason"], event["details"]["places"]) for event in events} == {
        ("anna", "fixed", "0-1, 0-2")
    }
    await decoder.prepare(sent)
    before, after = ([decoder.decode(each).fields for each in some] for some in (records[1:], sent))
    assert after == [{**each, "token_count": 30} for each in before]


async def test_pages_have_each_letter_once_and_stay_as_they_were(source: SourceTopic, backend: KafkaBackend) -> None:
    await source.publish(source.letters(range(MANY)))
    await source.publish(source.letters(range(MANY, MANY + 9), "avro.truncated"))
    backend.watch = lambda: None
    (group, _) = backend.groups()
    pages: list[tuple[Offsets, Page]] = []
    begins: Offsets | None = {}
    while begins is not None:
        page = await asyncio.to_thread(backend.page, group, begins, None)
        pages.append((begins, page))
        begins = page.next
    assert [len(page.rows) for _, page in pages] == [PAGE_LETTERS, PAGE_LETTERS, MANY - 2 * PAGE_LETTERS]
    values = Counter(row.letter.record.value for _, page in pages for row in page.rows)
    assert values == Counter(source.record(number).value for number in range(MANY))
    for at, page in pages[:-1]:
        again = await asyncio.to_thread(backend.page, group, at, page.next)
        assert [row.letter.place for row in again.rows] == [row.letter.place for row in page.rows]


async def test_reading_ends_when_nobody_waits_for_it(source: SourceTopic, backend: KafkaBackend) -> None:
    await source.publish(source.letters(range(9)))
    backend.watch = lambda: None
    group = backend.groups()[0]

    def stop() -> None:
        raise Stopped

    backend.watch = stop
    with pytest.raises(Stopped):
        backend.groups()
    backend.topics[group.topic].watch = stop
    with pytest.raises(Stopped):
        backend.page(group, {}, None)
