"""Parked keys in a real Neo4j: what a strict worker stores of them, and how an operator releases them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from tests.integration.adapters.graph.scratch import Scratch
from tests.unit.engine.batch.test_key_order import keyed
from tests.unit.engine.toy import TOY, Sum
from workers.adapters.graph.connection import GraphConnection
from workers.adapters.graph.writer import Neo4jWriter
from workers.config.settings import Neo4jSettings, Settings
from workers.core.errors import Fenced
from workers.core.record import ConsumedRecord
from workers.core.statement import Statement
from workers.engine.batch.decode import decode_batch
from workers.engine.batch.delivery import Delivery
from workers.engine.batch.parked_keys import count_parked
from workers.ops.dead_letters.audit import AuditTrail
from workers.ops.dead_letters.journal import Who
from workers.ops.dead_letters.release import ParkedKey, parked_keys, release
from workers.testing import JsonDecoder, WorkerUnderTest

WHO = Who("", "anna", "its row was corrected", 1)


class Strict:
    """A strict worker of one partition of the real graph, and an operator. Dead letters are kept in memory."""

    def __init__(self, writer: Neo4jWriter, graph: GraphConnection, scratch: Scratch) -> None:
        self.writer, self.graph, self.scratch = writer, graph, scratch
        self.trail = AuditTrail(Settings.from_environment().kafka, None)

        def plan(states: Sequence[Sum]) -> Sequence[Statement]:
            return [scratch.create(*(f"{state.key} {state.total}" for state in states))]

        self.worker = WorkerUnderTest(replace(TOY, name=scratch.worker, plan=plan), strict=True)
        self.sinks = replace(self.worker.sinks, writer=writer)

    async def claim(self, topic_id: str = "topic-1") -> None:
        claim = await self.writer.claim(self.scratch.worker, self.scratch.partition, topic_id)
        self.delivery = Delivery(self.worker.spec, "group", claim, self.sinks, strict=True)

    async def run(self, *records: ConsumedRecord) -> None:
        batch = decode_batch(self.worker.spec, JsonDecoder(), self.worker.clock, records)
        await self.delivery.deliver(batch, records[-1].offset)

    async def keys(self, key: str | None = None) -> list[ParkedKey]:
        return await parked_keys(self.graph, self.scratch.partition.topic, key)

    async def waiting(self) -> dict[str, list[int]]:
        return {each.key: each.offsets for each in await self.keys()}

    async def release(self, key: str, *, only_first: bool = False) -> None:
        await release(self.graph, await self.keys(key), self.trail, WHO, only_first=only_first)

    def letters(self) -> list[int]:
        return [letter.record.offset for letter in self.worker.dead_letters.letters]


@pytest.fixture
async def strict(writer: Neo4jWriter, settings: Neo4jSettings, scratch: Scratch) -> AsyncIterator[Strict]:
    async with GraphConnection(settings) as graph:
        strict = Strict(writer, graph, scratch)
        await strict.claim()
        yield strict
    await scratch.query("MATCH (s:WorkerState) WHERE s.id STARTS WITH $name DELETE s", name=f"{scratch.worker}/")


async def test_a_key_is_parked_and_freed_by_replays_in_order(strict: Strict) -> None:
    await strict.run(keyed(0, "a", -1), keyed(1, "b", 1), keyed(2, "a", 2))
    await strict.run(keyed(3, "a", 4))
    assert await strict.waiting() == {"a": [0, 2, 3]}

    await strict.run(keyed(4, "a", 2, 2), keyed(5, "a", 1, 0))
    assert await strict.waiting() == {"a": [2, 3]}

    await strict.run(keyed(6, "a", 2, 2), keyed(7, "a", 4, 3), keyed(8, "a", 8))
    assert await strict.waiting() == {}
    assert await strict.scratch.values() == ["a 1", "a 15", "b 1"]
    assert strict.letters() == [0, 2, 3, 4]


async def test_a_key_that_is_freed_and_fails_again_in_one_batch_is_parked_again(strict: Strict) -> None:
    await strict.run(keyed(0, "a", -1))
    parked = (await strict.keys())[0].since
    strict.worker.clock.now = 50.0
    await strict.run(keyed(1, "a", 1, 0), keyed(2, "a", -1), keyed(3, "a", 1))
    assert await strict.waiting() == {"a": [2, 3]}
    assert (await strict.keys())[0].since > parked


async def test_any_key_can_be_parked_and_found_by_its_name(strict: Strict) -> None:
    keys = [b"", b"\x00\xff/%", "modèle".encode(), b"k" * 100_000]
    await strict.run(*(keyed(offset, "a", -1)._replace(key=key) for offset, key in enumerate(keys)))
    await strict.run(*(keyed(offset, "a", 1)._replace(key=key) for offset, key in enumerate(keys, start=4)))
    found = await strict.waiting()
    assert list(found.values()) == [[0, 4], [1, 5], [2, 6], [3, 7]]
    for name in found:
        await strict.release(name)
    assert await strict.waiting() == {}


async def test_what_was_parked_is_there_for_the_next_owner_and_a_zombie_parks_nothing(strict: Strict) -> None:
    await strict.run(keyed(0, "a", -1))
    zombie = strict.delivery
    await strict.claim()
    await strict.run(keyed(1, "a", 1))
    owner, strict.delivery = strict.delivery, zombie
    with pytest.raises(Fenced):
        await strict.run(keyed(1, "b", -1))
    strict.delivery = owner
    assert await strict.waiting() == {"a": [0, 1]}


async def test_a_recreated_topic_begins_without_parked_keys(strict: Strict) -> None:
    await strict.run(keyed(0, "a", -1), keyed(1, "b", -1))
    await strict.claim("topic-2")
    await strict.run(keyed(0, "a", 1), keyed(1, "b", -1))
    assert await strict.waiting() == {"b": [1]}
    assert await strict.scratch.values() == ["a 1"]


async def test_a_released_key_is_processed_again(strict: Strict) -> None:
    await strict.run(keyed(0, "a", -1), keyed(1, "a", 1), keyed(2, "b", -1))
    await strict.release("a")
    assert await strict.waiting() == {"b": [2]}
    await strict.run(keyed(3, "a", 4), keyed(4, "a", 1, 1))
    assert await strict.scratch.values() == ["a 5"]


async def test_giving_up_the_first_keeps_the_others_in_their_order(strict: Strict) -> None:
    await strict.run(keyed(0, "a", -1), keyed(1, "a", 1), keyed(2, "a", 2))
    await strict.release("a", only_first=True)
    assert await strict.waiting() == {"a": [1, 2]}
    await strict.run(keyed(3, "a", 2, 2), keyed(4, "a", 1, 1))
    assert await strict.waiting() == {"a": [2]}


@pytest.mark.parametrize(("only_first", "left"), [(False, {}), (True, {"a": [1]})])
async def test_a_release_during_a_batch_is_not_lost(
    strict: Strict,
    only_first: bool,  # noqa: FBT001 - a parameter of the test
    left: dict[str, list[int]],
) -> None:
    scratch, hold = strict.scratch, "MATCH (w:Watermark) WHERE w.id STARTS WITH $prefix SET w.held = true"
    await strict.run(keyed(0, "a", -1))
    keys = await strict.keys("a")
    async with (
        scratch.driver.session(database=scratch.database) as session,
        await session.begin_transaction() as holder,
    ):
        await (await holder.run(hold, prefix=f"{scratch.worker}/")).consume()
        releasing = asyncio.create_task(release(strict.graph, keys, strict.trail, WHO, only_first=only_first))
        await scratch.until_blocked()
        batch = asyncio.create_task(strict.run(keyed(1, "a", 1)))  # it has read that the key is parked
        await scratch.until_blocked(2)
        await holder.commit()
    await asyncio.gather(releasing, batch)
    assert await strict.waiting() == left
    assert strict.letters() == [0, 1]


async def test_keys_are_counted_by_partition(strict: Strict) -> None:
    strict.worker.clock.now = 7.0
    await strict.run(keyed(0, "a", -1))
    strict.worker.clock.now = 9.0
    await strict.run(keyed(1, "b", -1))
    mine, other = strict.scratch.partition, strict.scratch.partition._replace(partition=33)
    assert await count_parked(strict.writer, strict.scratch.worker, [mine, other]) == (2, 1_007_000)
    assert await count_parked(strict.writer, strict.scratch.worker, [other]) == (0, None)
