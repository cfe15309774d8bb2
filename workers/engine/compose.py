"""Puts one process together: every part is created once, and closed in the opposite order."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog

from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.graph.driver import check_connection, explained, open_driver
from workers.adapters.graph.migrate import require_migrated
from workers.adapters.graph.reader import Neo4jReader
from workers.adapters.graph.recorder import Neo4jRecorder
from workers.adapters.graph.writer import Neo4jWriter
from workers.adapters.kafka.access.permissions import require_allowed
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.dead_letter_topic import KafkaDeadLetterTopic
from workers.adapters.kafka.dead_letters import KafkaDeadLetters
from workers.adapters.kafka.topic_state import KafkaTopicStates
from workers.core.clock import SystemClock
from workers.core.errors import Misconfigured, Retryable, Unreachable
from workers.core.ports import DeadLetters
from workers.engine.app import WorkerApp, attach, build_app, state_table
from workers.engine.assignment import Assignment
from workers.engine.background import in_background
from workers.engine.dead_letters.gauges import DeadLetterGauges
from workers.engine.dead_letters.offsets import dead_letter_offsets
from workers.engine.deployment import Deployment, decoder_of
from workers.engine.health import PartitionHealth, WorkerHealth
from workers.engine.in_force import InForce
from workers.engine.jobs.effects import open_effects
from workers.engine.jobs.objects import Objects
from workers.engine.jobs.runner import JobContext, running_jobs
from workers.engine.observer import Observer, observed
from workers.engine.partition_task import PartitionContext
from workers.engine.reference_data import kept_up_to_date
from workers.engine.reload import Reload, reloading
from workers.engine.resilience.breaker import Breaker
from workers.engine.resilience.dead_letter_limit import DeadLetterLimiter
from workers.engine.resilience.retry import Retry, Server
from workers.engine.resilience.throttle import Throttle
from workers.engine.resilience.writers import Writers
from workers.engine.sinks import Sinks
from workers.engine.state.known_keys import KnownKeys, keep_reading
from workers.engine.state.table import StateTable
from workers.observe.health import HealthServer
from workers.observe.metrics import Metrics
from workers.observe.targets import listed_as_target

log = structlog.get_logger(__name__)

Failed = Callable[[BaseException], None]
"""Called with an error that ends the process."""


async def compose(stack: AsyncExitStack, deployment: Deployment, failed: Failed) -> WorkerApp:
    """Put a process together; ``stack`` closes it. Raises ``Misconfigured`` and ``Unreachable``."""
    partitions = await asyncio.to_thread(partitions_of, deployment)
    stack.callback(deployment.tracing.shutdown)
    metrics, health = Metrics(deployment.factory.metrics), WorkerHealth(SystemClock())
    reload = _reload(deployment, metrics)
    await _serve_health(stack, deployment, metrics, health, reload)
    await stack.enter_async_context(reloading(reload, failed))
    scratch = Path(stack.enter_context(TemporaryDirectory(prefix="memory-graph-")))
    app, options = _app(deployment, scratch), deployment.options
    table = state_table(app, partitions)
    await asyncio.to_thread(Admin(deployment.settings.kafka).grow, table.changelog_topic_name, partitions)
    driver = await open_graph(stack, deployment, failed)
    writer = Neo4jWriter(
        driver,
        deployment.settings.neo4j.database,
        tracing=deployment.tracing,
        max_records=lambda: deployment.in_force.options.batch.max_rows,
    )
    dead_letters = KafkaDeadLetters({}, deployment.tracing, kafka=deployment.settings.kafka)
    stack.push_async_callback(dead_letters.aclose)
    sinks = sinks_of(deployment, writer, dead_letters, table.data.data, health, metrics)
    if sinks.known is not None:
        reading = keep_reading(sinks.known, lambda: sinks.states.claims)
        await stack.enter_async_context(in_background(reading, "known keys", failed))
    context = _partition_context(stack, deployment, app, sinks, health)
    assignment = Assignment(context, failed)
    attach(app, options.topic, assignment)
    observer = Observer(context, assignment, partitions, app.consumer_context.unreadable.now)
    await stack.enter_async_context(observed(observer, failed))
    letters = KafkaDeadLetterTopic(deployment.settings.kafka, options.topic)
    gauges = DeadLetterGauges(letters, options.topic, assignment.leads, metrics, SystemClock())
    await stack.enter_async_context(in_background(gauges.run(), "dead-letter gauges", failed))
    if deployment.spec.jobs:
        beside = await _job_context(stack, deployment, driver, assignment.leads, metrics, health)
        await stack.enter_async_context(running_jobs(lambda: deployment.in_force.spec.jobs, beside, failed))
    return app


def _reload(deployment: Deployment, metrics: Metrics) -> Reload:
    level = deployment.settings.log.level
    return Reload(deployment.topology, deployment.in_force, deployment.build, level, metrics)


async def _serve_health(
    stack: AsyncExitStack, deployment: Deployment, metrics: Metrics, health: WorkerHealth, reload: Reload
) -> None:
    settings = deployment.settings
    server = HealthServer(
        metrics, alive=health.unhealthy, ready=health.unready, notes=health.notes, topology=reload.shown
    )
    port = await server.start(settings.metrics_port, settings.metrics_host, settings.metrics_fd)
    stack.push_async_callback(server.stop)
    if folder := settings.metrics_targets:
        stack.enter_context(listed_as_target(folder, deployment.factory.name, settings.metrics_host, port))


def _app(deployment: Deployment, scratch: Path) -> WorkerApp:
    replicas = deployment.topology.replication_factor
    return build_app(deployment.settings.kafka, deployment.in_force, replicas, scratch)


async def _job_context(  # noqa: PLR0913, PLR0917 - it joins the parts of a process
    stack: AsyncExitStack,
    deployment: Deployment,
    driver: Any,
    leads: Callable[[], bool],
    metrics: Metrics,
    health: WorkerHealth,
) -> JobContext:
    """Open what jobs use beside the partitions."""
    database = deployment.settings.neo4j.database
    tracing = deployment.tracing
    settings = deployment.settings
    effects = await open_effects(stack, settings, deployment.schemas, metrics.record, health.note, tracing)
    return JobContext(
        worker=deployment.factory.name,
        ask=Neo4jReader(driver, database).ask,
        run=effects.run,
        fetch=effects.fetch,
        dead_letters=partial(dead_letter_offsets, settings.kafka),
        objects=Objects(health.note).queries,
        record=Neo4jRecorder(driver, database, tracing).record,
        leads=leads,
        retry=lambda: deployment.in_force.options.retry,
        clock=SystemClock(),
        metrics=metrics,
        tracing=tracing,
    )


def _partition_context(
    stack: AsyncExitStack, deployment: Deployment, app: WorkerApp, sinks: Sinks, health: WorkerHealth
) -> PartitionContext:
    registry = SchemaRegistry(deployment.settings.schema_registry)
    stack.push_async_callback(registry.aclose)
    return PartitionContext(
        in_force=deployment.in_force,
        decoder=decoder_of(registry, deployment),
        sinks=sinks,
        acknowledged=app.consumer_context.acknowledged,
        buffer=app.consumer_context.buffer,
        health=health,
        read_position=partial(WorkerApp.read_position, app),
        topic_states=KafkaTopicStates(deployment.settings.kafka, deployment.options.topic, deployment.acls),
        tracing=deployment.tracing,
    )


def _known_keys(deployment: Deployment, writer: Neo4jWriter) -> KnownKeys | None:
    """Return an empty filter of known keys, for a worker that has one."""
    state = deployment.spec.state
    source = (state.seen or state.stored) if state is not None else None
    cypher = source.keys if source is not None else None
    return KnownKeys(partial(writer.next_keys, cypher)) if cypher is not None else None


async def open_graph(stack: AsyncExitStack, deployment: Deployment, failed: Failed) -> Any:
    """Connect, and read the reference data that the first batch needs."""
    neo4j, reference = deployment.settings.neo4j, deployment.spec.reference
    driver = await stack.enter_async_context(open_driver(neo4j))
    await check_connection(driver, neo4j)
    with explained(neo4j):
        await require_migrated(driver, neo4j.database)
    if reference is not None:
        reader = Neo4jReader(driver, neo4j.database)
        try:
            await stack.enter_async_context(kept_up_to_date(reference, reader.ask, failed))
        except Retryable as reason:
            raise Unreachable(f"reference data cannot be read, start Neo4j or set NEO4J_URI: {reason}") from reason
    return driver


def sinks_of(  # noqa: PLR0913, PLR0917 - it joins the parts of a process
    deployment: Deployment,
    writer: Neo4jWriter,
    dead_letters: DeadLetters,
    entries: "OrderedDict[bytes, bytes]",
    health: WorkerHealth,
    metrics: Metrics,
) -> Sinks:
    """Return what a worker writes to; ``entries`` is the memory of its cache of states."""
    now, clock = deployment.in_force, SystemClock()
    unassigned = PartitionHealth(clock)
    servers = [*Server, *(preparation.server for preparation in deployment.spec.preparations)]
    breakers = {server: _breaker(server, now, clock, metrics) for server in servers}
    return Sinks(
        writer=writer,
        dead_letters=dead_letters,
        states=StateTable(entries, lambda: now.options.state.max_entries),
        retry=Retry(deployment.factory.name, lambda: now.options.retry, breakers, unassigned, metrics),
        throttle=Throttle(lambda: now.options.throttle, clock),
        dead_letter_limiter=DeadLetterLimiter(lambda: now.options.dead_letter_limit, clock, health),
        transactions=Writers(lambda: now.options.writers),
        health=unassigned,
        metrics=metrics,
        clock=clock,
        known=_known_keys(deployment, writer),
    )


def _breaker(server: str, now: InForce, clock: SystemClock, metrics: Metrics) -> Breaker:
    metrics.breaker_openings(server, 0)
    changed, opened = partial(metrics.breaker, server), partial(metrics.breaker_openings, server)
    return Breaker(lambda: now.options.breaker, clock, changed, opened)


def partitions_of(deployment: Deployment) -> int:
    """Return the source topic's partition count. Raises ``Misconfigured`` when it is less than the topology's.

    The same for a worker that Kafka does not allow what it needs: an invisible topic would look as if there was none.
    More partitions than in the topology are used: somebody has added them, and their records wait.
    """
    topic = deployment.options.topic
    admin = Admin(deployment.settings.kafka)
    found = admin.topics().get(topic)
    require_allowed(admin, deployment.acls)
    wanted = deployment.topology.topics[topic].partitions
    if found is None or found < wanted:
        state = "does not exist" if found is None else f"has {found} partitions"
        raise Misconfigured(
            f"topic {topic} {state}, topology.yaml says {wanted}: run `memory-graph topology apply --execute`"
        )
    if found > wanted:
        log.warning("the topic has more partitions than topology.yaml says", topic=topic, found=found, says=wanted)
    return found
