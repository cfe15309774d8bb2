"""The Faust app of one worker: group membership, one agent, one table. Nothing else of Faust is used."""

import asyncio
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import faust
import structlog
from faust.types import TP
from faust.types.auth import CredentialsT

from workers.adapters.kafka.access.acls import TABLE
from workers.adapters.kafka.client import current_password, kafka_context
from workers.config.settings import KafkaSettings
from workers.core.record import TopicPartition
from workers.engine.assignment import Assignment
from workers.engine.consumer.buffer import RecordBuffer
from workers.engine.consumer.consumer import ChunkTransport, ConsumerContext
from workers.engine.consumer.flow_control import FlowControl
from workers.engine.consumer.thread import NOT_ALLOWED
from workers.engine.faust_logger import QUIET
from workers.engine.in_force import InForce
from workers.engine.state.recovery import CacheManager
from workers.engine.state.store import CacheStore

log = structlog.get_logger(__name__)

MEBIBYTE = 1024 * 1024
POLL_INTERVAL_SECONDS = 86_400.0
"""While the database is away the worker waits and stays in its group, for up to a day."""
METADATA_SECONDS = 10.0
"""The age at which the consumer asks for the topic's partitions again. Its default is five minutes, and so long a group
that was rebalanced while its topic was deleted would have no partition after the topic was created again."""
COMMIT_INTERVAL_SECONDS = 1.0
COMMIT_SECONDS = 5.0
"""How long a revocation waits for its commit. It may fail: the watermark has the written offset anyway."""
DRAIN_MARGIN_SECONDS = 15.0
"""How much longer than the drain Kafka waits for a member to rejoin."""


class PassThrough(faust.Schema[Any, Any]):
    """Leaves keys and values as they are. Faust acknowledges what it cannot decode, so the engine decodes."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> Any:  # noqa: ARG002 - Faust's signature
        return message.key

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:  # noqa: ARG002 - Faust's signature
        return message.value


class CacheTable(faust.Table[bytes, bytes]):
    """Faust's table with our store."""

    logger = QUIET

    def _new_store(self) -> Any:
        return CacheStore(self.app.conf.store, self.app, self, table_name=self.name)


class WorkerApp(faust.App):
    """A Faust app that commits what the delivery has acknowledged, not what its stream has."""

    consumer_context: ConsumerContext
    logger = QUIET

    @cached_property
    def flow_control(self) -> FlowControl:
        """Return the flow control of Faust's streams."""
        return FlowControl()

    async def read_position(self, partition: TopicPartition) -> int | None:
        """Return the offset that the consumer reads next; ``None`` while Kafka does not let it read."""
        try:
            position: int | None = await self.consumer.position(TP(*partition))
        except NOT_ALLOWED:
            return None
        return position

    async def _consumer_wait_empty(self, consumer: Any, logger: Any) -> None:  # noqa: ARG002 - Faust's signature
        """Drain the partitions and commit. Faust calls this before a rebalance and at the end.

        The commit has a time limit: at SIGTERM Faust's consumer thread first stops accepting requests, and then waits
        for the current rebalance, hence for this commit. Without the limit both gave up after a minute.
        """
        await self.consumer_context.assignment.drain()
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await consumer.commit()
        except TimeoutError:
            log.warning("offsets were not committed in time, their records will be read again", seconds=COMMIT_SECONDS)


def build_app(kafka: KafkaSettings, in_force: InForce, replication_factor: int, scratch: Path) -> WorkerApp:
    """Create an app without agent and table; see ``attach`` and ``state_table``.

    ``scratch`` is Faust's data folder. It stays empty, because the table is in memory.
    """
    options = in_force.options
    brokers = ";".join(f"kafka://{server.strip()}" for server in kafka.bootstrap_servers.split(","))
    app = WorkerApp(
        options.group,
        broker=brokers,
        broker_credentials=credentials(kafka),
        topic_disable_leader=True,
        topic_replication_factor=replication_factor,
        web_enabled=False,
        datadir=scratch,
        store="memory://",
        Table=CacheTable,
        TableManager=CacheManager,
        table_standby_replicas=0,
        stream_wait_empty=True,
        stream_buffer_maxsize=4096,
        broker_commit_interval=COMMIT_INTERVAL_SECONDS,
        broker_session_timeout=float(options.session_timeout_seconds),
        broker_heartbeat_interval=max(0.5, options.session_timeout_seconds / 6),
        broker_request_timeout=max(20.0, 2.0 * options.session_timeout_seconds),
        broker_rebalance_timeout=options.drain.grace_seconds + DRAIN_MARGIN_SECONDS,
        broker_max_poll_interval=POLL_INTERVAL_SECONDS,
        broker_max_poll_records=None,
        broker_check_crcs=True,
        consumer_metadata_max_age_ms=int(METADATA_SECONDS * 1000),
        producer_linger=0.002,
    )
    app.transport = ChunkTransport(app.conf.broker_consumer, app)
    app.consumer_context = ConsumerContext(
        lambda: in_force.options.consumer.chunk_records,
        RecordBuffer(lambda: in_force.options.consumer.buffer_mb * MEBIBYTE),
        partial(current_password, kafka) if kafka.uses_sasl else None,
    )
    return app


def state_table(app: WorkerApp, partitions: int) -> Any:
    """Declare the table. Faust wants a changelog with the source topic's partition count; nothing is written to it."""
    return app.Table(
        TABLE,
        partitions=partitions,
        key_type=bytes,
        value_type=bytes,
        schema=PassThrough(key_serializer="raw", value_serializer="raw"),
        help="the states in memory, by key",
    )


def attach(app: WorkerApp, topic: str, assignment: Assignment) -> None:
    """Declare the agent that passes the topic's chunks to ``assignment``.

    ``acks=False``: Faust's list of processed messages decides about no commit here, and would only grow.
    """
    app.consumer_context.assignment = assignment

    @app.agent(app.topic(topic, schema=PassThrough(), acks=False), name="chunks")
    async def pass_chunks(stream: Any) -> None:
        async for chunk in stream:
            # It never raises and never blocks: Faust acknowledges what an agent raises on.
            assignment.accept(chunk)


def credentials(kafka: KafkaSettings) -> CredentialsT | None:
    """Return the security settings in Faust's form; ``None`` for plaintext."""
    context = kafka_context(kafka) if kafka.uses_tls else None
    if kafka.uses_sasl:
        return faust.SASLCredentials(
            username=kafka.username,
            password=current_password(kafka),
            mechanism=kafka.sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None
