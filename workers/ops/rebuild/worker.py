"""One worker as a rebuild runs it: its own code and its own options, with everything cut that leaves the new graph."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.graph.connection import GraphConnection
from workers.adapters.graph.writer import Neo4jWriter
from workers.adapters.kafka.reader import TopicReader
from workers.config.topics import dead_letter_topic
from workers.config.worker_options import DeadLetterLimit
from workers.core.clock import SystemClock
from workers.core.ports import Claim
from workers.core.record import TopicPartition
from workers.engine.background import in_background
from workers.engine.compose import open_graph, sinks_of
from workers.engine.deployment import Deployment, decoder_of
from workers.engine.health import WorkerHealth
from workers.engine.resilience.dead_letter_limit import DeadLetterLimiter
from workers.engine.resilience.retry import Server
from workers.engine.sinks import Sinks
from workers.engine.state.known_keys import keep_reading
from workers.observe.metrics import Metrics
from workers.ops.graph_check.watermarks import PartitionMark
from workers.ops.rebuild.partition import PartitionFold, Shared
from workers.ops.rebuild.sent_letters import LeavingOut, NotSent, SentLetters
from workers.ops.rebuild.target import rebuild_token

ALL_LETTERS = DeadLetterLimit(minimum=10_000_000)
"""The live fleet has had its limit: many dead letters in a row are no bad deploy here."""


@dataclass
class WorkerFold:
    """Folds what the live group has committed. ``health`` says what it waits for.

    ``failures``  what ended in the background, which ends the next round
    """

    shared: Shared
    writer: Neo4jWriter
    letters: SentLetters
    not_sent: NotSent
    health: WorkerHealth
    progress: Callable[[int], None]
    failures: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._partitions: dict[int, PartitionFold] = {}

    async def fold(self, marks: Sequence[PartitionMark]) -> None:
        """Fold each partition up to what is committed. Raises ``Fenced``, ``Unreachable``, ``Misconfigured``.

        The letters are read after the commits: a record's letter comes before its commit.
        """
        await asyncio.to_thread(self.letters.read)
        try:
            async with asyncio.TaskGroup() as tasks:
                for mark in marks:
                    if mark.again:
                        tasks.create_task(self._fold(mark))
        except ExceptionGroup as errors:
            self._partitions.clear()  # a write that was cancelled may have reached the graph: they are claimed again
            raise errors.exceptions[0] from None
        if self.failures:
            raise self.failures[0]

    async def _fold(self, mark: PartitionMark) -> None:
        number = mark.partition
        if number not in self._partitions:
            self._partitions[number] = PartitionFold(await self._claim(mark), self.shared, self.progress)
        end = mark.log.end if mark.log else 0  # a commit may be that of a topic of this name before
        await self._partitions[number].fold_before(min(mark.committed or 0, end))

    async def _claim(self, mark: PartitionMark) -> Claim:
        place = TopicPartition(mark.topic, mark.partition)
        topic_id = mark.log.topic_id if mark.log else ""
        retry = self.shared.sinks.retry
        return await retry.until_done(Server.NEO4J, lambda: self.writer.claim(mark.worker, place, topic_id))


@asynccontextmanager
async def opened(
    deployment: Deployment, graph: GraphConnection, progress: Callable[[int], None]
) -> AsyncIterator[WorkerFold]:
    """Compose a worker over the new graph, which ``deployment.settings`` name. Raises as a worker's start does."""
    settings, health = deployment.settings, WorkerHealth(SystemClock())
    not_sent = NotSent(graph, deployment.factory.name)
    failures: list[BaseException] = []
    async with AsyncExitStack() as stack:
        driver = await open_graph(stack, deployment, failures.append)
        writer = Neo4jWriter(driver, settings.neo4j.database, token=rebuild_token)
        sinks = _sinks(deployment, writer, not_sent, health)
        if sinks.known is not None:
            reading = keep_reading(sinks.known, lambda: sinks.states.claims)
            await stack.enter_async_context(in_background(reading, "known keys", failures.append))
        registry = SchemaRegistry(settings.schema_registry)
        stack.push_async_callback(registry.aclose)
        topic = deployment.options.topic
        letters = SentLetters(TopicReader(settings.kafka, dead_letter_topic(topic)), topic)
        shared = Shared(deployment, LeavingOut(decoder_of(registry, deployment), letters), sinks, graph)
        yield WorkerFold(shared, writer, letters, not_sent, health, progress, failures)


def _sinks(deployment: Deployment, writer: Neo4jWriter, not_sent: NotSent, health: WorkerHealth) -> Sinks:
    limiter = DeadLetterLimiter(lambda: ALL_LETTERS, SystemClock(), health)
    sinks = sinks_of(deployment, writer, not_sent, OrderedDict(), health, Metrics(deployment.factory.metrics))
    return replace(sinks, dead_letter_limiter=limiter)
