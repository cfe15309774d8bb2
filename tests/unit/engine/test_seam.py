"""What we override of Faust: with Faust's real classes, each test fails without its override."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import ConsumerRecord  # type: ignore[import-untyped]  # it ships no types
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from tests.unit.engine.toy import TOY
from workers.config.settings import KafkaSettings
from workers.config.worker_options import WorkerOptions
from workers.core.record import TopicPartition
from workers.engine.app import CacheTable, PassThrough, WorkerApp, attach, build_app, state_table
from workers.engine.consumer.chunk import Chunk
from workers.engine.consumer.consumer import ChunkConsumer, ChunkTransport
from workers.engine.consumer.thread import LEAVE_SECONDS, ConsumerThread, LeavingThread
from workers.engine.in_force import InForce
from workers.engine.state.recovery import CacheManager, PatientRecovery
from workers.engine.state.store import CacheStore

OURS = (
    *(WorkerApp, PassThrough, CacheTable, CacheStore, CacheManager, PatientRecovery),
    *(ChunkConsumer, ChunkTransport, ConsumerThread, LeavingThread),
)
README = Path(__file__).parents[3] / "workers" / "engine" / "README.md"
ZERO, ONE = TP("events", 0), TP("events", 1)


class Assignment:
    """An assignment that notes what the consumer tells it."""

    def __init__(self) -> None:
        self.behind: dict[TopicPartition, int] = {}
        self.journal: list[str] = []

    def rebalanced(self, assigned: Iterator[TopicPartition]) -> None:
        self.journal.append(f"rebalanced {sorted(each.partition for each in assigned)}")

    async def drain(self) -> None:
        self.journal.append("drained")

    def accept(self, chunk: object) -> None:
        self.journal.append(f"accepted {chunk}")


@pytest.fixture
def app(tmp_path: Path) -> WorkerApp:
    app = build_app(KafkaSettings(), InForce(WorkerOptions(topic="events", group="readers"), TOY), 1, tmp_path)
    assignment: Any = Assignment()
    state_table(app, 2)
    attach(app, "events", assignment)
    app.finalize()
    return app


@pytest.fixture
async def consumer(app: WorkerApp) -> AsyncIterator[Any]:
    """Faust's consumer as the app makes it; nothing connects."""
    made: Any = app.consumer

    async def nothing(*_: Any, **__: Any) -> None:
        """Do what the app does for its agents and tables: here it has none running."""

    async def seek() -> None:
        made._context.assignment.journal.append("sought")  # noqa: SLF001 - the test's own

    made._on_partitions_assigned = made._on_partitions_revoked = nothing  # noqa: SLF001 - Faust's callbacks
    made.perform_seek = seek
    made._set_active_tps({ZERO, ONE})  # noqa: SLF001 - as after an assignment
    yield made
    made._thread.thread_loop.close()  # noqa: SLF001 - made for a thread that is never started


def record(offset: int) -> Any:
    return ConsumerRecord("events", 0, offset, 1_000, 0, None, b"value", None, 0, 5, ())


def chunk_message(offset: int) -> ConsumerMessage:
    value: Any = f"chunk {offset}"
    return ConsumerMessage("events", 0, offset, 1.0, 0, [], None, value, None, 0, 0, ZERO, generation_id=0)


def fetches(consumer: Any, *offsets: int, rebalance: bool = False) -> None:
    async def fetch(**_: Any) -> dict[TP, list[Any]]:
        if rebalance:
            consumer.stop_flow()
        return {ZERO: [record(offset) for offset in offsets]}

    consumer._getmany = fetch  # noqa: SLF001 - what the thread would return


async def messages(consumer: Any) -> list[Any]:
    return [message async for _, message in consumer.getmany(timeout=1.0)]


def overridden(ours: type) -> set[str]:
    inherited = {name for base in ours.__mro__[1:-1] for name in vars(base)}
    return {name for name in vars(ours) if name in inherited and not name.startswith("__") and name != "logger"}


def test_the_documentation_names_every_override() -> None:
    section = README.read_text().split("## Overrides of Faust")[1].split("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", section))
    assert set().union(*map(overridden, OURS)) - named - {"_abc_impl"} == set()


def test_faust_builds_our_parts(app: WorkerApp, consumer: Any) -> None:
    assert isinstance(consumer, ChunkConsumer)
    thread = consumer._thread  # noqa: SLF001 - Faust's
    assert isinstance(thread, ConsumerThread)
    assert (thread.Worker, thread.shutdown_timeout) == (LeavingThread, LEAVE_SECONDS)
    tables: Any = app.tables
    assert isinstance(tables.recovery, PatientRecovery)
    (table,) = tables.values()
    assert isinstance(table.data, CacheStore)


def test_keys_and_values_stay_bytes_whatever_they_are() -> None:
    message = SimpleNamespace(key=b"\xff", value=b"not json")
    assert PassThrough().loads_key(None, message) == b"\xff"
    assert PassThrough().loads_value(None, message) == b"not json"


async def test_records_of_one_fetch_come_as_one_message(consumer: Any) -> None:
    fetches(consumer, 3, 4)
    (message,) = await messages(consumer)
    assert isinstance(message.value, Chunk)
    assert [each.offset for each in message.value.records] == [3, 4]


async def test_records_that_a_rebalance_interrupts_are_dropped_and_read_again(consumer: Any) -> None:
    fetches(consumer, 3, rebalance=True)
    assert await messages(consumer) == []
    assert consumer._context.assignment.journal == ["sought"]  # noqa: SLF001 - the test's own


async def test_a_graph_that_is_behind_is_caught_up_before_anything_else(consumer: Any) -> None:
    committed: list[bool] = []

    async def commit() -> None:
        committed.append(True)

    consumer.commit = commit
    consumer._context.assignment.behind = {TopicPartition(*ZERO): 0}  # noqa: SLF001 - the test's own
    consumer._context.acknowledged.acknowledge(TopicPartition(*ZERO), 7)  # noqa: SLF001 - as above
    assert await messages(consumer) == []
    assert consumer._context.assignment.journal == ["drained", "sought"]  # noqa: SLF001 - as above
    assert committed == [True]
    assert not consumer._context.acknowledged.next_offsets()  # noqa: SLF001 - as above


def test_only_acknowledged_offsets_are_committed(consumer: Any) -> None:
    consumer._context.acknowledged.acknowledge(TopicPartition(*ZERO), 41)  # noqa: SLF001 - as the delivery does
    assert list(consumer._filter_tps_with_pending_acks()) == [ZERO]  # noqa: SLF001 - Faust calls it
    assert consumer._filter_committable_offsets({ZERO, ONE}) == {ZERO: 42}  # noqa: SLF001 - Faust calls it


async def test_offsets_of_revoked_partitions_are_forgotten(consumer: Any) -> None:
    consumer._context.acknowledged.acknowledge(TopicPartition(*ZERO), 41)  # noqa: SLF001 - as the delivery does
    await consumer.on_partitions_revoked({ZERO})
    assert not consumer._context.acknowledged.next_offsets()  # noqa: SLF001 - the test's own


async def test_nothing_is_fetched_between_an_assignment_and_the_seek(consumer: Any) -> None:
    consumer.resume_flow()
    await consumer.on_partitions_assigned({ZERO, ONE}, 1)
    assert not consumer.flow_active
    assert consumer._context.assignment.journal == ["rebalanced [0, 1]"]  # noqa: SLF001 - the test's own


async def test_faust_keeps_no_list_of_what_its_stream_has_processed(app: WorkerApp, consumer: Any) -> None:
    """Through Faust's agent, its conductor and its compiled stream, which does not call the consumer's ``ack``."""
    (agent,) = app.agents.values()
    topics: Any = app.topics
    await agent.start()
    await asyncio.sleep(0)  # its stream subscribes
    await topics._update_indices()  # noqa: SLF001 - Faust does it when it subscribes
    await topics.on_partitions_assigned({ZERO})
    app.flow_control.resume()
    messages = [chunk_message(offset) for offset in (3, 7)]
    for message in messages:
        await topics.on_message(message)
    async with asyncio.timeout(10):
        while not all(message.acked for message in messages):
            await asyncio.sleep(0)
    await agent.stop()
    assert consumer._context.assignment.journal == ["accepted chunk 3", "accepted chunk 7"]  # noqa: SLF001 - the test's
    assert (dict(consumer._acked), dict(consumer._acked_index), dict(consumer._gap)) == ({}, {}, {})  # noqa: SLF001 - Faust's
    assert not app.topics.acks_enabled_for("events"), "nor of the gaps between them"


async def test_a_chunk_from_after_the_seek_waits_for_its_agent_when_the_flow_goes_on(
    app: WorkerApp, consumer: Any
) -> None:
    """A recovery seeks while the flow is on, and resumes it afterwards: the agent may not have run in between."""
    topics: Any = app.topics
    (agent,) = app.agents.values()
    await agent.start()
    await asyncio.sleep(0)  # its stream subscribes
    await topics._update_indices()  # noqa: SLF001 - Faust does it when it subscribes
    await topics.on_partitions_assigned({ZERO})
    app.flow_control.resume()
    await topics.on_message(chunk_message(7))
    app.flow_control.resume()
    async with asyncio.timeout(10):
        while not consumer._context.assignment.journal:  # noqa: SLF001 - the test's own
            await asyncio.sleep(0)
    await agent.stop()


async def test_a_chunk_from_after_the_seek_is_passed_on_when_one_from_before_it_ends_late(consumer: Any) -> None:
    """A message from before the seek can be noted as read after it, and with a larger offset."""
    passed: list[int] = []

    async def end_late(message: Any) -> None:
        passed.append(message.offset)
        if message.offset == 900:
            await ChunkConsumer.perform_seek(consumer)
            fetches(consumer, 407)
        else:
            consumer._stopped.set()  # noqa: SLF001 - ends Faust's loop

    async def seek() -> dict[TP, int]:
        consumer._next_offsets.clear()  # noqa: SLF001 - as a real seek does
        return {ZERO: 0}

    consumer.callback, consumer.seek_to_committed = end_late, seek
    fetches(consumer, 900)
    async with asyncio.timeout(10):
        await consumer._drain_messages(SimpleNamespace(_stopped=asyncio.Event()))  # noqa: SLF001 - Faust's loop
    assert passed == [900, 407]


async def test_a_slow_step_of_the_recovery_does_not_end_it(app: WorkerApp) -> None:
    tables: Any = app.tables
    done: list[bool] = []

    async def step() -> None:
        await asyncio.sleep(0.05)
        done.append(True)

    await tables.recovery._wait(step(), timeout=0.01)  # noqa: SLF001 - Faust calls it
    assert done == [True]
