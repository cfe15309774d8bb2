"""The one place where a process is put together: every part made once, and closed in the opposite order."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from faust.types import TP

from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.adapters.graph.driver import check_connection, open_driver
from workers.adapters.graph.migrate import require_migrated
from workers.adapters.graph.reader import Neo4jReader
from workers.adapters.graph.recorder import Neo4jRecorder
from workers.adapters.graph.writer import Neo4jWriter
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.client import librdkafka_config
from workers.adapters.kafka.dead_letters import KafkaDeadLetters
from workers.adapters.kafka.producer import ConfirmedProducer
from workers.adapters.kafka.topic_identity import KafkaTopicIdentity
from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.config.tuning import WorkerTuning
from workers.core.clock import SystemClock
from workers.core.errors import Misconfigured, Retryable, Unreachable
from workers.core.record import TopicPartition
from workers.core.worker import WorkerSpec
from workers.engine.app import WorkerApp, attach, build_app, state_table
from workers.engine.assignment import Assignment
from workers.engine.batch.delivery import Sinks
from workers.engine.health import WorkerHealth
from workers.engine.jobs.effects import open_effects
from workers.engine.jobs.refresh import kept_fresh
from workers.engine.jobs.runner import JobContext, kept_running
from workers.engine.partition_task import PartitionContext
from workers.engine.resilience.breaker import Breaker
from workers.engine.resilience.dead_letter_limit import DeadLetterLimiter
from workers.engine.resilience.retry import Retry, Server
from workers.engine.resilience.throttle import Throttle
from workers.engine.state.table import StateTable
from workers.observe.health import HealthServer
from workers.observe.metrics import Metrics
from workers.observe.tracing import configure_tracing


@dataclass(frozen=True, slots=True)
class Plan:
    """What a process is made of and from."""

    spec: WorkerSpec[Any, Any]
    settings: Settings
    topology: Topology

    @classmethod
    def of(cls, spec: WorkerSpec[Any, Any], settings: Settings, topology: Topology) -> "Plan":
        """Make the worker as the topology has it, where it can be configured."""
        if spec.configure is not None:
            spec = spec.configure(topology.workers[spec.name].options)
        return cls(spec, settings, topology)

    @property
    def tuning(self) -> WorkerTuning:
        return self.topology.workers[self.spec.name]


async def compose(stack: AsyncExitStack, plan: Plan, failed: Callable[[BaseException], None]) -> WorkerApp:
    """Put a process together; ``stack`` closes it. Raises ``Misconfigured`` and ``Unreachable``."""
    partitions = await asyncio.to_thread(partitions_of, plan)
    settings, tuning = plan.settings, plan.tuning
    metrics, condition = Metrics(), WorkerHealth(SystemClock())
    health = HealthServer(metrics, alive=condition.unhealthy, ready=condition.unready)
    await health.start(settings.metrics_port, settings.metrics_host)
    stack.push_async_callback(health.stop)
    scratch = Path(stack.enter_context(TemporaryDirectory(prefix="memory-graph-")))
    app = build_app(settings.kafka, tuning, plan.topology.replication_factor, scratch)
    largest = plan.topology.topics[tuning.topic].max_message_bytes
    table = state_table(app, partitions, largest, tuning.state.ttl_hours)
    driver = await _open_graph(stack, plan, failed)
    sinks = _open_sinks(stack, plan, Neo4jWriter(driver, settings.neo4j.database), table, condition, metrics)
    assignment = Assignment(_context(stack, plan, app, sinks, condition), failed)
    attach(app, tuning.topic, assignment)
    if procedures := plan.spec.procedures(settings.registry_api.url is not None):
        means = await _means(stack, plan, driver, assignment.leads, metrics)
        await stack.enter_async_context(kept_running(procedures, means, failed))
    return app


async def _means(
    stack: AsyncExitStack, plan: Plan, driver: Any, leads: Callable[[], bool], metrics: Metrics
) -> JobContext:
    """Open what procedures use beside the partitions' own."""
    database = plan.settings.neo4j.database
    schemas = plan.topology.schemas_folder / plan.spec.name
    effects = await open_effects(stack, plan.settings, schemas, metrics.sync)
    return JobContext(
        ask=Neo4jReader(driver, database).ask,
        do=effects.do,
        fetch_schema=effects.fetch_schema,
        record=Neo4jRecorder(driver, database).record,
        leads=leads,
        policy=plan.tuning.retry,
        clock=SystemClock(),
        metrics=metrics,
    )


def _context(
    stack: AsyncExitStack, plan: Plan, app: WorkerApp, sinks: Sinks, condition: WorkerHealth
) -> PartitionContext:
    registry = SchemaRegistry(plan.settings.schema_registry_url)
    stack.push_async_callback(registry.aclose)
    tracing = configure_tracing(plan.settings.otel)
    stack.callback(tracing.shutdown)
    return PartitionContext(
        spec=plan.spec,
        tuning=plan.tuning,
        decoder=_codec(registry, plan),
        sinks=sinks,
        acknowledged=app.feed.acknowledged,
        backlog=app.feed.backlog,
        condition=condition,
        topic_identity=KafkaTopicIdentity(plan.settings.kafka),
        end_offset=partial(_end_offset, app),
        tracing=tracing,
    )


def _codec(registry: SchemaRegistry, plan: Plan) -> AvroCodec:
    """Make the codec: change events come in their writers' shape, everything else in that of our schemas."""
    if plan.spec.change_events:
        return AvroCodec(registry, {}, change_events=True)
    return AvroCodec(registry, load_reader_schemas(plan.topology.schemas_folder / plan.spec.name))


async def _open_graph(stack: AsyncExitStack, plan: Plan, failed: Callable[[BaseException], None]) -> Any:
    """Connect, and learn what the worker must know before its first batch."""
    neo4j = plan.settings.neo4j
    driver = await stack.enter_async_context(open_driver(neo4j))
    await check_connection(driver, neo4j)
    await require_migrated(driver, neo4j.database)
    if plan.spec.reference is not None:
        reader = Neo4jReader(driver, neo4j.database)
        try:
            await stack.enter_async_context(kept_fresh(plan.spec.reference, reader.ask, failed))
        except Retryable as reason:
            raise Unreachable(f"reference data cannot be read, start Neo4j or set NEO4J_URI: {reason}") from reason
    return driver


def _open_sinks(  # noqa: PLR0913, PLR0917 - the parts of a process are what this is about
    stack: AsyncExitStack, plan: Plan, writer: Neo4jWriter, table: Any, condition: WorkerHealth, metrics: Metrics
) -> Sinks:
    tuning, clock = plan.tuning, SystemClock()
    config = librdkafka_config(plan.settings.kafka)
    dead_letters = KafkaDeadLetters(config)
    stack.push_async_callback(dead_letters.aclose)
    changelog = ConfirmedProducer(config)
    stack.push_async_callback(changelog.aclose)
    breakers = {server: Breaker(tuning.breaker, clock, partial(metrics.breaker, server)) for server in Server}
    return Sinks(
        writer=writer,
        dead_letters=dead_letters,
        states=StateTable(table, changelog),
        retry=Retry(plan.spec.name, tuning.retry, breakers, condition, metrics),
        throttle=Throttle(tuning.throttle, clock),
        flood=DeadLetterLimiter(tuning.dead_letter_limit, clock, condition),
        transactions=asyncio.Semaphore(tuning.writers),
        metrics=metrics,
        clock=clock,
    )


def partitions_of(plan: Plan) -> int:
    """Return the source topic's partition count. Raises ``Misconfigured`` when it is not the topology's."""
    topic = plan.tuning.topic
    found = Admin(plan.settings.kafka).topics().get(topic)
    wanted = plan.topology.topics[topic].partitions
    if found != wanted:
        state = "does not exist" if found is None else f"has {found} partitions"
        raise Misconfigured(
            f"topic {topic} {state}, topology.yaml says {wanted}: run `memory-graph topology apply --execute`"
        )
    return wanted


def _end_offset(app: WorkerApp, topic_partition: TopicPartition) -> int | None:
    return app.monitor.tp_end_offsets.get(TP(*topic_partition))
