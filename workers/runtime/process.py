"""One worker in one process: composed, started, run until SIGTERM, drained."""

import asyncio
import signal
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from faust.types import TP

from workers.avro.codec import AvroCodec
from workers.avro.registry import SchemaRegistry
from workers.avro.schemas import load_reader_schemas
from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.config.tuning import WorkerTuning
from workers.core.clock import Clock, SystemClock
from workers.core.errors import Misconfigured
from workers.core.record import TopicPartition
from workers.core.worker import WorkerSpec
from workers.graph.driver import check_connection, open_driver
from workers.graph.migrate import require_migrated
from workers.graph.writer import Neo4jWriter
from workers.kafka.admin import Admin
from workers.kafka.client import librdkafka_config
from workers.kafka.dead_letters import KafkaDeadLetters
from workers.kafka.producer import ConfirmedProducer
from workers.kafka.topic_identity import KafkaTopicIdentity
from workers.observe.health import HealthServer
from workers.observe.metrics import Metrics
from workers.observe.tracing import configure_tracing
from workers.runtime.app import WorkerApp, attach, build_app, state_table
from workers.runtime.assignment import Assignment
from workers.runtime.breaker import Breaker
from workers.runtime.condition import Condition
from workers.runtime.delivery import Sinks
from workers.runtime.flood import Flood
from workers.runtime.partition_task import Process
from workers.runtime.retry import Retry, Server
from workers.runtime.state_table import StateTable
from workers.runtime.throttle import Throttle

log = structlog.get_logger(__name__)


async def run_worker(spec: WorkerSpec[Any, Any], settings: Settings, topology: Topology) -> None:
    """Run until SIGTERM or SIGINT, then drain. Raises what ends the worker before: a bug, or a lost chunk.

    Raises ``Misconfigured`` and ``Unreachable`` at the start, when the topology does not fit the topic or a
    server is not there; later outages are waited out.
    """
    tuning = topology.workers[spec.name]
    partitions = await asyncio.to_thread(partitions_of, settings, topology, tuning)
    async with AsyncExitStack() as stack:
        clock, metrics = SystemClock(), Metrics()
        condition = Condition(clock)
        stopping: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        stop_on_signals(stopping)
        health = HealthServer(metrics, alive=condition.unhealthy, ready=condition.unready)
        await health.start(settings.metrics_port, settings.metrics_host)
        stack.push_async_callback(health.stop)
        scratch = Path(stack.enter_context(TemporaryDirectory(prefix="memory-graph-")))
        app = build_app(settings.kafka, tuning, topology.replication_factor, scratch)
        table = state_table(app, partitions, topology.topics[tuning.topic].max_message_bytes, tuning.state.ttl_hours)
        sinks = await _open_sinks(stack, spec, settings, tuning, table, condition, metrics, clock)
        registry = SchemaRegistry(settings.schema_registry_url)
        stack.push_async_callback(registry.aclose)
        tracing = configure_tracing(settings.otel)
        stack.callback(tracing.shutdown)
        process = Process(
            spec=spec,
            tuning=tuning,
            decoder=AvroCodec(registry, load_reader_schemas(topology.schemas_folder / spec.name)),
            sinks=sinks,
            acknowledged=app.feed.acknowledged,
            backlog=app.feed.backlog,
            condition=condition,
            topic_identity=KafkaTopicIdentity(settings.kafka),
            end_offset=lambda topic_partition: _end_offset(app, topic_partition),
            tracing=tracing,
        )
        attach(app, tuning.topic, Assignment(process, lambda error: _fail(stopping, error)))
        await _serve(app, spec.name, stopping)


async def _open_sinks(  # noqa: PLR0913, PLR0917 - the composition of one process, in one place
    stack: AsyncExitStack,
    spec: WorkerSpec[Any, Any],
    settings: Settings,
    tuning: WorkerTuning,
    table: Any,
    condition: Condition,
    metrics: Metrics,
    clock: SystemClock,
) -> Sinks:
    config = librdkafka_config(settings.kafka)
    driver = await stack.enter_async_context(open_driver(settings.neo4j))
    await check_connection(driver, settings.neo4j)
    await require_migrated(driver, settings.neo4j.database)
    dead_letters = KafkaDeadLetters(config)
    stack.push_async_callback(dead_letters.aclose)
    changelog = ConfirmedProducer(config)
    stack.push_async_callback(changelog.aclose)
    return Sinks(
        writer=Neo4jWriter(driver, settings.neo4j.database),
        dead_letters=dead_letters,
        states=StateTable(table, changelog),
        retry=Retry(spec.name, tuning.retry, breakers_for(tuning, clock, metrics), condition, metrics),
        throttle=Throttle(tuning.throttle, clock),
        flood=Flood(tuning.dead_letter_limit, clock, condition),
        transactions=asyncio.Semaphore(tuning.writers),
        metrics=metrics,
        clock=clock,
    )


def breakers_for(tuning: WorkerTuning, clock: Clock, metrics: Metrics) -> dict[Server, Breaker]:
    """One breaker a server; its state is the metric ``circuit_breaker_state``."""
    return {server: Breaker(tuning.breaker, clock, partial(metrics.breaker, server)) for server in Server}


def partitions_of(settings: Settings, topology: Topology, tuning: WorkerTuning) -> int:
    """Return the source topic's partition count. Raises ``Misconfigured`` when it is not the topology's."""
    found = Admin(settings.kafka).topics().get(tuning.topic)
    wanted = topology.topics[tuning.topic].partitions
    if found != wanted:
        state = "does not exist" if found is None else f"has {found} partitions"
        raise Misconfigured(
            f"topic {tuning.topic} {state}, topology.yaml says {wanted}: run `memory-graph topology apply --execute`"
        )
    return wanted


async def _serve(app: WorkerApp, name: str, stopping: "asyncio.Future[None]") -> None:
    app.finalize()
    await app.start()
    log.info("worker started", worker=name)
    crashed: asyncio.Future[Any] = asyncio.ensure_future(app._crashed.wait())  # noqa: SLF001 - mode names no public way to await a crash
    try:
        await asyncio.wait({stopping, crashed}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        crashed.cancel()
        log.info("worker draining", worker=name)
        await app.stop()
    if not stopping.done():
        raise RuntimeError(f"Faust crashed: {app.crash_reason!r}") from app.crash_reason
    stopping.result()
    log.info("worker stopped", worker=name)


def stop_on_signals(stopping: "asyncio.Future[None]") -> None:
    """Resolve ``stopping`` at SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if not stopping.done():
            stopping.set_result(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


def _fail(stopping: "asyncio.Future[None]", error: BaseException) -> None:
    log.error("worker failed", exc_info=error)
    if not stopping.done():
        stopping.set_exception(error)


def _end_offset(app: WorkerApp, topic_partition: TopicPartition) -> int | None:
    return app.monitor.tp_end_offsets.get(TP(*topic_partition))
