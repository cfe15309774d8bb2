import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP
from mode.utils.logging import CompositeLogger

from workers.engine.consumer.buffer import RecordBuffer
from workers.engine.consumer.consumer import ChunkConsumer, ConsumerContext
from workers.engine.faust_logger import QUIET

NEVER, AT_ZERO, ON_ITS_WAY = TP("events", 0), TP("events", 1), TP("events", 2)
CHANGELOG = TP("group-state-changelog", 0)


class AiokafkaThread:
    """Seeks as aiokafka 0.14 does: ``seek_to_committed`` leaves alone what has no committed offset, or 0."""

    def __init__(self, committed: Mapping[TP, int | None]) -> None:
        self.committed = committed
        self.positions = dict.fromkeys(committed, 14)
        """Where the last fetch ended."""
        self.left_out: list[TP] = []

    async def seek_to_committed(self) -> Mapping[TP, int | None]:
        await self.seek_wait({tp: offset for tp, offset in self.committed.items() if offset})
        return self.committed

    async def seek_wait(self, offsets: Mapping[TP, int]) -> None:
        self.positions |= offsets

    async def leave_out(self, partitions: Iterable[TP]) -> None:
        self.left_out = list(partitions)


class Assignment:
    """An assignment that notes the number of the consumer's seek."""

    def __init__(self, behind: Mapping[TP, int]) -> None:
        self.behind = behind
        self.opened_for: int | None = None

    def open(self, seek: int, _committed: Mapping[Any, int]) -> None:
        self.opened_for = seek


def consumer(thread: AiokafkaThread, assignment: Assignment) -> ChunkConsumer:
    context: Any = ConsumerContext(chunk_records=lambda: 10, buffer=RecordBuffer(lambda: 1_000))
    context.assignment = assignment
    made: Any = ChunkConsumer.__new__(ChunkConsumer)  # the constructor needs a running app
    made._thread, made._context, made._position = thread, context, asyncio.Lock()  # noqa: SLF001 - as above
    made._next_offsets, made._committed_at_seek, made._seeks = {NEVER: 14}, {}, 0  # noqa: SLF001 - as above
    made.app = SimpleNamespace(tables=SimpleNamespace(changelog_topics={CHANGELOG.topic}))
    return made  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("tp", "committed", "expected"), [(NEVER, None, 0), (AT_ZERO, 0, 0), (ON_ITS_WAY, 7, 7), (CHANGELOG, None, 14)]
)
async def test_a_seek_without_a_committed_offset_goes_to_the_beginning(
    tp: TP, committed: int | None, expected: int
) -> None:
    thread, assignment = AiokafkaThread({tp: committed}), Assignment({})
    await consumer(thread, assignment).seek_to_committed()
    assert thread.positions == {tp: expected}
    assert assignment.opened_for == 1


async def test_nothing_is_fetched_from_the_empty_changelog_after_a_seek() -> None:
    thread = AiokafkaThread({ON_ITS_WAY: 7, CHANGELOG: None})
    await consumer(thread, Assignment({})).seek_to_committed()
    assert thread.left_out == [CHANGELOG]


async def test_a_seek_goes_to_the_graphs_offset_where_the_graph_is_behind() -> None:
    thread = AiokafkaThread({NEVER: None, ON_ITS_WAY: 7})
    sought = await consumer(thread, Assignment({ON_ITS_WAY: 3})).seek_to_committed()
    assert thread.positions == {NEVER: 0, ON_ITS_WAY: 3}
    assert sought == {NEVER: None, ON_ITS_WAY: 3}


@pytest.mark.parametrize("taken", [True, False])
async def test_offsets_that_kafka_did_not_accept_are_committed_again(*, taken: bool) -> None:
    async def flush() -> None:
        """Nothing is under way."""

    async def commit(_: Mapping[TP, int]) -> bool:
        return taken

    made: Any = consumer(AiokafkaThread({}), Assignment({}))
    made.log, made.assignment, made._commit = CompositeLogger(QUIET), lambda: {ON_ITS_WAY}, commit  # noqa: SLF001 - as above
    made.in_transaction, made._committed_offset = False, defaultdict(lambda: None)  # noqa: SLF001 - as above
    silent = SimpleNamespace(on_commit=lambda _: None, on_tp_commit=lambda _: None)
    made.app = SimpleNamespace(producer=SimpleNamespace(flush=flush), tables=silent, monitor=silent)
    assert await made._commit_offsets({ON_ITS_WAY: 56}) is taken  # noqa: SLF001 - as above
    assert made._should_commit(ON_ITS_WAY, 56) is not taken  # noqa: SLF001 - as above


async def test_records_from_before_a_seek_do_not_count_as_read_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The seek comes while the first of two partitions is handed over; then both are fetched again."""
    made: Any = consumer(AiokafkaThread({NEVER: None, ON_ITS_WAY: 7}), Assignment({}))
    fetched = {NEVER: [fetched_record(0)], ON_ITS_WAY: [fetched_record(7)]}

    async def getmany(**_: Any) -> Any:
        return fetched

    monkeypatch.setattr(ChunkConsumer, "should_stop", False)
    made._getmany, made._get_active_partitions = getmany, lambda: set(fetched)  # noqa: SLF001 - aiokafka's part
    made.flow_active, made.app.consumer_generation_id = True, 1
    made._next_offsets.clear()  # noqa: SLF001 - as above

    before = made.getmany(0)
    await anext(before)
    await made.seek_to_committed()
    assert [each async for each in before] == []

    assert [message.value.follows async for _, message in made.getmany(0)] == [None, None]


def fetched_record(offset: int) -> Any:
    return SimpleNamespace(offset=offset, timestamp=0, timestamp_type=0, key=b"k", value=b"v", headers=())
