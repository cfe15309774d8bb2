"""One partition folded by a worker's own code, with a graph, a topic and dead letters that are fakes."""

from collections.abc import Generator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from tests.unit.ops.rebuild.test_sent_letters import read
from workers.adapters.kafka.headers import NAMES, PREFIX
from workers.core.errors import Rejected
from workers.core.ports import Claim
from workers.core.record import Decoded, TopicPartition
from workers.core.stage import Stage
from workers.core.statement import template
from workers.core.worker import WorkerSpec
from workers.ops.rebuild import partition as module
from workers.ops.rebuild.partition import PartitionFold, Shared
from workers.ops.rebuild.sent_letters import KEEP, LeavingOut, NotSent
from workers.testing import FakeGraph, JsonDecoder, WorkerUnderTest, record

PLACE = TopicPartition("calls", 3)


class Row(NamedTuple):
    """What is written of a record."""

    number: int


WRITE = template("Number", Row, "MERGE (:Number {number: row.number})")
ROWS = 4
PARKED = "numbers/calls/3/k"


def spec(rejects: frozenset[int]) -> WorkerSpec[int, Any]:
    def parse(decoded: Decoded, _: int) -> int:
        number: int = decoded.fields["n"]
        if number in rejects:
            raise Rejected(Stage.VALIDATE, "number.unloved", "send another one")
        return number

    return WorkerSpec(
        name="numbers",
        source="test",
        parse=parse,
        plan=lambda numbers: [WRITE.on([Row(each) for each in numbers])],
        event_type=str,
    )


class Message:
    """A fetched record. Its timestamp is its offset; ``first`` is where a replayed record came first."""

    def __init__(self, offset: int, first: int | None) -> None:
        self._of: dict[str, Any] = {"offset": offset, "partition": 3, "key": b"k", "timestamp": (1, offset)}
        self._of["value"] = record("Number", {"n": offset}).value
        self._of["headers"] = [] if first is None else [(PREFIX + NAMES["first_offset"], str(first).encode())]

    def __getattr__(self, name: str) -> Any:
        return lambda: self._of[name]


class World:
    """The topic has the offsets 0 to 9; of ``replays`` each is a replay of another record."""

    def __init__(
        self,
        *letters: int,
        strict: bool = False,
        replays: dict[int, int] | None = None,
        rejects: frozenset[int] = frozenset(),
    ) -> None:
        self.replays = replays or {}
        self.worker = worker = WorkerUnderTest(spec(rejects))
        self.graph, self.folded, self.kept = worker.graph, list[int](), list[str]()
        this: Any = self
        self.not_sent = NotSent(this, "numbers")
        self.options = SimpleNamespace(
            batch=SimpleNamespace(max_rows=ROWS), order="strict" if strict else "relaxed", group="live"
        )
        deployment = SimpleNamespace(spec=worker.spec, options=self.options, settings=SimpleNamespace(kafka=None))
        decoder = LeavingOut(JsonDecoder(), read(*letters))
        parts: Any = (deployment, decoder, replace(worker.sinks, dead_letters=self.not_sent), self)
        self.shared = Shared(*parts)

    def claimed(self) -> PartitionFold:
        claim = Claim("numbers", PLACE, self.graph.token, self.graph.watermark)
        return PartitionFold(claim, self.shared, self.folded.append)

    def batches(self, begin: dict[int, int], end: dict[int, int]) -> Generator[list[Message]]:
        for offset in range(begin[3], end[3]):
            yield [Message(offset, self.replays.get(offset))]

    async def rows(self, cypher: str, id: str, **values: list[Any]) -> list[dict[str, Any]]:  # noqa: A002 - the parameter of the query
        """Stand for the graph: ask for a parked key, leave these offsets to it, or keep what is rejected."""
        if cypher == KEEP:
            self.kept += values["rejected"]
            return []
        if cypher == module.WAITING:
            return [{"offsets": self.graph.parked[id]}] if id in self.graph.parked else []
        self.graph.parked.pop(id)
        if values["left"]:
            self.graph.parked[id] = values["left"]
        return []

    @property
    def numbers(self) -> list[int]:
        return [number for (number,) in self.worker.rows("Number")]


@pytest.fixture(autouse=True)
def _topic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TopicReader", lambda *_: Topic)


class Topic:
    """Where ``TopicReader`` would read."""

    world: World

    @classmethod
    def batches(cls, begin: dict[int, int], end: dict[int, int]) -> Generator[list[Message]]:
        return cls.world.batches(begin, end)


async def folded(world: World, end: int) -> World:
    Topic.world = world
    await world.claimed().fold_before(end)
    return world


async def test_everything_before_the_end_is_folded_once_in_batches() -> None:
    world = await folded(World(), 7)
    assert (world.numbers, world.graph.watermark) == ([0, 1, 2, 3, 4, 5, 6], 6)
    assert world.folded == [4, 3]
    await folded(world, 10)
    assert world.numbers == list(range(10)), "the next one goes on after the watermark"


async def test_dead_letters_are_left_out() -> None:
    world = await folded(World(2, 5), 7)
    assert world.numbers == [0, 1, 3, 4, 6]
    assert (world.not_sent.left_out, world.kept) == (2, [])


async def test_what_only_today_s_rules_reject_is_kept_by_name() -> None:
    world = await folded(World(rejects=frozenset({3})), 7)
    assert (world.numbers, world.kept) == ([0, 1, 2, 4, 5, 6], ["3 number.unloved"])


async def test_a_key_is_parked_as_the_live_fleet_parked_it() -> None:
    world = await folded(World(1, 2, 3, 4, 5, 6, strict=True), 7)
    assert world.numbers == [0]
    assert world.graph.parked == {PARKED: [1, 2, 3, 4, 5, 6]}


@pytest.mark.parametrize("taken", [3, 4, 5, 6])
async def test_a_key_is_released_at_the_record_that_the_live_fleet_took(taken: int) -> None:
    world = await folded(World(*range(1, taken), strict=True), 7)
    assert world.numbers == [0, *range(taken, 7)]
    assert world.graph.parked == {}
    assert world.kept == []


async def test_a_replay_that_was_taken_keeps_those_that_wait_behind_it() -> None:
    """The first one, at 1, was given up; the replay of 2 comes at 5; the others still wait."""
    world = await folded(World(1, 2, 3, 4, 6, strict=True, replays={5: 2}), 7)
    assert world.numbers == [0, 5]
    assert world.graph.parked == {PARKED: [3, 4, 6]}


def test_the_fakes_are_those_of_the_engine() -> None:
    assert isinstance(World().graph, FakeGraph)
    assert JsonDecoder().decode(record("r", {})) == Decoded("r", {})
