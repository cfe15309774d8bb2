"""Which keys are read from the graph: all that it may know, and nearly no others."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.toy import TOY, add, totals
from workers.core.errors import Retryable
from workers.engine.background import in_background
from workers.engine.state import known_keys as module
from workers.engine.state.known_keys import KnownKeys, keep_reading
from workers.testing import WorkerUnderTest


async def pages(keys: Sequence[str], after: str) -> Sequence[str]:
    return [key for key in keys if key > after][:2]


async def test_a_claim_is_covered_once_all_keys_have_been_read_since() -> None:
    known = KnownKeys(partial(pages, ["a", "b", "c", "d", "e"]), 1_000)
    assert known.possible(1, ["a", "new"]) == ["a", "new"]
    await known.read(claims=1)
    assert known.possible(1, ["a", "e", "new"]) == ["a", "e"]
    assert known.possible(2, ["a", "new"]) == ["a", "new"], "another owner may have written since"


async def test_keys_that_this_process_has_written_are_known() -> None:
    known = KnownKeys(partial(pages, []), 1_000)
    await known.read(claims=1)
    known.add(["mine"])
    assert known.possible(1, ["mine", "new"]) == ["mine"]


async def test_too_many_keys_cover_nothing() -> None:
    known = KnownKeys(partial(pages, ["a", "b", "c", "d", "e"]), 4)
    await known.read(claims=1)
    assert not known.covers(1)


async def test_the_keys_are_read_again_after_each_claim_and_after_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_SECONDS", 0.001)
    claims, bugs = [1], list[BaseException]()
    outages = [Retryable("away")]

    async def next_keys(after: str) -> Sequence[str]:
        if outages:
            raise outages.pop()
        return await pages(["a"], after)

    known = KnownKeys(next_keys, 1_000)
    reading = keep_reading(known, lambda: claims[-1])
    async with asyncio.timeout(10), in_background(reading, "known keys", bugs.append):
        for number in (1, 2):
            claims.append(number)
            while not known.covers(number):
                await asyncio.sleep(0.001)
    assert not bugs


async def test_an_unexpected_error_is_reported() -> None:
    async def next_keys(_: str) -> Sequence[str]:
        raise ValueError("a bug")

    reported = asyncio.get_running_loop().create_future()
    reading = keep_reading(KnownKeys(next_keys, 1_000), lambda: 1)
    async with asyncio.timeout(10), in_background(reading, "known keys", reported.set_result):
        assert "a bug" in str(await reported)


class Reading(WorkerUnderTest[object, object]):
    """A worker with a filter of known keys, which counts what it reads."""

    asked: list[str]

    def claim(self, epoch: int = 0) -> None:
        if self.sinks.known is None:
            self.asked = []
            self.sinks = replace(self.sinks, known=KnownKeys(partial(self.graph.next_keys, ""), 1_000))
            stored = self.graph.stored

            async def asking(cypher: str, worker: str, keys: Sequence[str]) -> object:
                self.asked += keys
                return await stored(cypher, worker, keys)

            self.graph.stored = asking  # type: ignore[method-assign,assignment]  # it counts
        super().claim(epoch)

    async def read_keys(self) -> None:
        assert self.sinks.known is not None
        await self.sinks.known.read(self.sinks.states.claims)


async def test_a_new_key_is_not_read_and_a_forgotten_one_is() -> None:
    worker = Reading(TOY)  # type: ignore[arg-type]  # any worker
    await worker.read_keys()
    await worker.run_batch([add(0, "a", 1)])
    assert worker.asked == []
    worker.table.clear()
    await worker.run_batch([add(1, "a", 2), add(2, "b", 5)])
    assert worker.asked == ["a"]
    assert totals(worker.graph) == {"a": 3, "b": 5}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32).map(Random))
async def test_random_evictions_claims_and_other_owners_change_nothing(random: Random) -> None:
    """Another owner writes with a worker of its own; both share the graph."""
    first, second = Reading(TOY), Reading(TOY)  # type: ignore[arg-type]  # any worker
    second.graph = first.graph
    second.sinks = replace(second.sinks, writer=first.graph, known=KnownKeys(partial(first.graph.next_keys, ""), 1_000))
    expected: dict[str, int] = {}
    owner = first
    owner.claim()
    for offset in range(40):
        if random.random() < 0.2:
            owner = random.choice([first, second])
            owner.claim()
        if random.random() < 0.3:
            await owner.read_keys()
        if random.random() < 0.3:
            owner.table.clear()
        key = random.choice("abcdefghij")
        expected[key] = expected.get(key, 0) + 1
        await owner.run_batch([add(offset, key, 1)])
    assert totals(first.graph) == expected
