import asyncio
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]  # it ships no types
from aiokafka.consumer.fetcher import Fetcher  # type: ignore[import-untyped]  # same reason
from aiokafka.consumer.group_coordinator import GroupCoordinator  # type: ignore[import-untyped]  # same reason
from aiokafka.consumer.subscription_state import SubscriptionState  # type: ignore[import-untyped]  # same reason
from aiokafka.errors import CommitFailedError  # type: ignore[import-untyped]  # same reason
from aiokafka.structs import OffsetAndMetadata, TopicPartition  # type: ignore[import-untyped]  # same reason
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP
from mode.threads import ServiceThread

from workers.engine.consumer import thread as module
from workers.engine.consumer.thread import BUSY, IDLE, ConsumerThread, LeavingThread, remains

HELD_UP = """
import threading
from workers.engine.consumer import thread as module
from workers.engine.consumer.thread import LeavingThread, end_process, remains

class Service:
    def _start_thread(self):
        threading.Event().wait()

module.LEAVE_SECONDS = 0.01
thread = LeavingThread(Service())
thread.start()
thread.stop()
print("drained")
if remains():
    end_process(7)
"""


class Service:
    """Stands for Faust's consumer, which runs in the thread until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def _start_thread(self) -> None:
        self.let_go.wait()


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def thread(service: Service) -> LeavingThread:
    started = LeavingThread(cast("ServiceThread", service))
    started.start()
    return started


def test_a_thread_that_ends_is_waited_for(service: Service, thread: LeavingThread) -> None:
    assert remains()
    service.let_go.set()
    thread.stop()
    assert not remains()


def test_a_thread_that_does_not_end_is_not_waited_for_without_end(
    service: Service, thread: LeavingThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAVE_SECONDS", 0.01)
    thread.stop()
    assert remains()
    service.let_go.set()
    thread.join()


def test_a_process_ends_although_such_a_thread_is_left_and_loses_nothing_it_has_said() -> None:
    ended = subprocess.run([sys.executable, "-c", HELD_UP], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (7, "drained\n")


async def test_a_fetch_returns_what_is_committed_in_some_records_but_waits_for_them_not_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def create(_self: object, _transport: object) -> AIOKafkaConsumer:
        made = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1")
        made._closed = True  # noqa: SLF001 - it was never started
        return made

    theirs: Any = create(None, None)
    assert theirs._isolation_level == "read_uncommitted", "the attribute is still aiokafka's"  # noqa: SLF001 - aiokafka reads it
    assert (theirs._fetch_min_bytes, theirs._fetch_max_wait_ms) == (1, 500), "so are these"  # noqa: SLF001 - as above
    monkeypatch.setattr(AIOKafkaConsumerThread, "_create_worker_consumer", create)
    made = ConsumerThread.__new__(ConsumerThread)._create_worker_consumer(None)  # noqa: SLF001 - Faust calls it
    assert made._isolation_level == "read_committed"  # noqa: SLF001 - as above
    assert (made._fetch_min_bytes, made._fetch_max_wait_ms) == IDLE  # noqa: SLF001 - as above


async def test_records_that_come_are_fetched_some_at_once_and_the_next_one_after_a_pause_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = SimpleNamespace(_loop=asyncio.get_running_loop(), _metadata_max_age_ms=1_000)
    fetcher, found = Fetcher(client, SubscriptionState()), [{"partition": ["record"]}, {}]
    assert (fetcher._fetch_min_bytes, fetcher._fetch_max_wait_ms) == (1, 500), "the attributes are still aiokafka's"  # noqa: SLF001 - as above

    async def getmany(*_: object) -> object:
        return found.pop(0)

    monkeypatch.setattr(AIOKafkaConsumerThread, "getmany", getmany)
    thread: Any = ConsumerThread.__new__(ConsumerThread)
    thread._consumer = SimpleNamespace(_fetcher=fetcher)  # noqa: SLF001 - as above
    for expected in (BUSY, IDLE):
        await thread.getmany(None, 1.0)
        assert (fetcher._fetch_min_bytes, fetcher._fetch_max_wait_ms) == expected  # noqa: SLF001 - as above
    await fetcher.close()


async def test_what_a_rebalance_has_taken_away_is_not_left_out() -> None:
    kept, gone, paused = TP("changelog", 0), TP("changelog", 1), []
    consumer = SimpleNamespace(
        assignment=lambda: {TopicPartition("changelog", 0), TopicPartition("events", 0)},
        pause=lambda *each: paused.extend(each),
    )
    thread: Any = ConsumerThread.__new__(ConsumerThread)
    thread._consumer = consumer  # noqa: SLF001 - as above
    await thread._pause([kept, gone])  # noqa: SLF001 - as above
    assert paused == [TopicPartition("changelog", 0)]


class KafkaClient:
    """Stands for aiokafka's client: it connects with the password that it has."""

    _sasl_plain_password = "first"

    async def _get_conn(self, node: int, *, group: int = 0) -> tuple[int, int, str]:
        return node, group, self._sasl_plain_password


async def test_each_connection_is_opened_with_the_password_that_holds_now() -> None:
    client, passwords = KafkaClient(), iter(["second", "third"])
    module.follow_password(client, lambda: next(passwords))

    assert await client._get_conn(1, group=2) == (1, 2, "second")  # noqa: SLF001 - the method that aiokafka calls
    assert await client._get_conn(1) == (1, 0, "third")  # noqa: SLF001 - same reason as above


class Coordinator(GroupCoordinator):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's coordinator without a broker: it counts the commits that it would send.

    ``rejoins`` are the generations that it has when it knows its broker again, one after the other.
    """

    def __init__(self, *rejoins: int) -> None:
        self.group_id, self.generation, self.member_id, self.coordinator_id = "readers", 7, "member", 0
        self.sent = 0
        self._rejoins = list(rejoins)
        self._commit_lock = asyncio.Lock()

    def __del__(self, _warnings: object = None) -> None:
        """Nothing was opened."""

    async def ensure_coordinator_known(self) -> None:
        self.generation = self._rejoins.pop(0)

    async def _send_req(self, _request: object) -> Any:
        self.sent += 1
        return SimpleNamespace(topics=[("events", [(0, 0)])])


OFFSETS = {TopicPartition("events", 0): OffsetAndMetadata(100, "")}


async def test_a_commit_is_sent_in_the_generation_in_which_it_was_asked_for() -> None:
    coordinator = Coordinator(7)
    module.in_one_generation(coordinator)
    await coordinator.commit_offsets(None, OFFSETS)
    assert coordinator.sent == 1


@pytest.mark.parametrize("generation", [-1, 8])
async def test_no_commit_is_sent_by_a_member_that_has_left_its_generation(generation: int) -> None:
    coordinator = Coordinator(generation)
    module.in_one_generation(coordinator)
    with pytest.raises(CommitFailedError):
        await coordinator.commit_offsets(None, OFFSETS)
    assert not coordinator.sent


async def test_no_commit_is_sent_without_a_generation() -> None:
    coordinator = Coordinator(-1)
    coordinator.generation = -1
    module.in_one_generation(coordinator)
    with pytest.raises(CommitFailedError):
        await coordinator.commit_offsets(None, OFFSETS)
    assert not coordinator.sent
