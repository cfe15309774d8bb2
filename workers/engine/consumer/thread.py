"""The thread of Faust's consumer, with a limited time to stop."""

import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from functools import partial
from typing import Any, NoReturn, cast

import structlog
from aiokafka.consumer import fetcher  # type: ignore[import-untyped]  # it ships no types
from aiokafka.errors import (  # type: ignore[import-untyped]  # it ships no types
    CommitFailedError,
    GroupAuthorizationFailedError,
    IllegalGenerationError,
    TopicAuthorizationFailedError,
)
from aiokafka.structs import TopicPartition as KafkaPartition  # type: ignore[import-untyped]  # it ships no types
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.threads import WorkerThread

from workers.engine.consumer.unreadable import ReadableRecords, UnreadableBatches

log = structlog.get_logger(__name__)

NO_GENERATION = -1
NOT_ALLOWED = (TopicAuthorizationFailedError, GroupAuthorizationFailedError)
BUSY, IDLE = (65_536, 25), (1, 500)
"""Kafka answers a fetch once it has so many bytes, or after so many milliseconds.

While records come, a fetch without a minimum returns a handful of them for the price of many. And the wait is short,
because aiokafka has one fetch in flight, and asks only for partitions of which nothing waits here. With Faust's
1,500 ms busy partitions waited so long for an idle one, and then got their records in bursts that made them wait again
(measured at 4,000 events/s: 1.3 s to visible, now 0.1). While none come, the next one comes at once, for few fetches.
"""
LEAVE_SECONDS = 10.0
"""Time for the consumer to leave its group after the drain, and again for its thread to end."""


class LeavingThread(WorkerThread):
    """A thread that stops waiting for its end after a time.

    When the broker died while a stopping worker was in a rebalance, aiokafka sent heartbeats for ever and never closed
    (found by a chaos test), and Faust blocked the event loop while it waited.
    """

    def stop(self) -> None:
        """Wait for the end of the thread, for at most ``LEAVE_SECONDS``."""
        if self.is_stopped.wait(LEAVE_SECONDS):
            self.join()


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, with a limited time to stop."""

    Worker = LeavingThread
    shutdown_timeout = LEAVE_SECONDS
    password: Callable[[], str] | None = None
    """Returns the password for SASL as it is now; ``None`` without SASL."""
    unreadable = UnreadableBatches()

    async def on_start(self) -> None:
        """Start the consumer. A damaged batch ends no process, and a commit counts only for the generation it is of."""
        fetcher.PartitionRecords = partial(ReadableRecords, self.unreadable.add)  # it has no other place for it
        await super().on_start()
        in_one_generation(cast("Any", self._consumer)._coordinator)  # noqa: SLF001 - made by the start

    def _create_worker_consumer(self, transport: Any) -> Any:
        """Read only what was committed, which Faust does not, and some records at once, but not for long."""
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_min_bytes, consumer._fetch_max_wait_ms = IDLE  # noqa: SLF001 - Faust has no setting for them
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - Faust passes its own; aiokafka reads it at the start
        consumer.commit = tolerated(consumer.commit)
        if self.password is not None:
            follow_password(consumer._client, self.password)  # noqa: SLF001 - aiokafka has no setting for it
        return consumer

    async def getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109 - Faust's signature
        """Return what was fetched; the next fetches are those of a ``BUSY`` consumer if there was something."""
        fetched = await super().getmany(active_partitions, timeout)
        self._follow_flow(busy=bool(fetched))
        return fetched

    def _follow_flow(self, *, busy: bool) -> None:
        fetches = cast("Any", self._consumer)._fetcher  # noqa: SLF001 - it reads both for each fetch
        fetches._fetch_min_bytes, fetches._fetch_max_wait_ms = BUSY if busy else IDLE  # noqa: SLF001 - as above

    async def leave_out(self, partitions: Iterable[TP]) -> None:
        """Fetch nothing from these partitions until the next assignment: none of them would ever have a record."""
        await self.call_thread(self._pause, partitions)

    async def _pause(self, partitions: Iterable[TP]) -> None:
        consumer = cast("Any", self._consumer)
        # A rebalance may have taken some away since the caller looked, and aiokafka raises for those.
        consumer.pause(*consumer.assignment() & {KafkaPartition(*each) for each in partitions})


def in_one_generation(coordinator: Any) -> None:
    """Fail a commit whose consumer has left the generation of its group since the commit was asked for.

    aiokafka takes the generation when it sends. After an expired session it has none until it has joined again, and
    Kafka takes such a commit for that of a tool if the group has no member just then: an older offset would replace
    that of the partition's next owner (found by a chaos test).
    """
    commit, send = coordinator.commit_offsets, coordinator._do_commit_offsets  # noqa: SLF001 - the one that sends
    asked_in: ContextVar[int] = ContextVar("asked_in")

    async def commit_offsets(*args: Any) -> None:
        asked_in.set(coordinator.generation)
        await commit(*args)

    async def send_commit(*args: Any) -> None:
        if coordinator.generation == NO_GENERATION or coordinator.generation != asked_in.get():
            raise IllegalGenerationError("the consumer has left the generation that this commit was asked for in")
        await send(*args)

    coordinator.commit_offsets, coordinator._do_commit_offsets = commit_offsets, send_commit  # noqa: SLF001 - as above


def tolerated(commit: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Let Faust commit again later where Kafka does not let this user: it would end the process."""

    async def commit_later(*args: Any, **keywords: Any) -> None:
        try:
            await commit(*args, **keywords)
        except NOT_ALLOWED as error:
            log.warning("Kafka does not let this user commit", reason=str(error))
            raise CommitFailedError("already rebalanced, in the words that Faust goes on after") from error

    return commit_later


def follow_password(client: Any, current: Callable[[], str]) -> None:
    """Let aiokafka's client use the password as it is now, whenever it opens a connection."""
    connect = client._get_conn  # noqa: SLF001 - the one place in which it connects to a broker that it knows

    async def connect_with_current_password(*args: Any, **keywords: Any) -> Any:
        client._sasl_plain_password = current()  # noqa: SLF001 - read when it connects
        return await connect(*args, **keywords)

    client._get_conn = connect_with_current_password  # noqa: SLF001 - same reason as above


def remains() -> bool:
    """Tell whether a consumer thread still runs: Python would wait for it at the end of the process."""
    return any(isinstance(each, LeavingThread) for each in threading.enumerate())


def end_process(code: int) -> NoReturn:
    """End the process at once, with all its threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
