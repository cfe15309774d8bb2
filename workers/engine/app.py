"""The Faust app of one worker: group membership, one agent, one table, and nothing else of Faust."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import faust
import structlog
from faust.types.auth import CredentialsT

from workers.config.settings import KafkaSettings
from workers.config.tuning import WorkerTuning
from workers.engine.assignment import Assignment
from workers.engine.consumer.buffer import RecordBuffer
from workers.engine.consumer.consumer import ChunkTransport
from workers.engine.consumer.feed import Feed
from workers.engine.faust_logger import QUIET
from workers.engine.state.store import StateStore

log = structlog.get_logger(__name__)

MEBIBYTE = 1024 * 1024
POLL_INTERVAL_SECONDS = 86_400.0
"""While the database is away the worker holds and stays in its group, for up to a day."""
COMMIT_INTERVAL_SECONDS = 1.0
COMMIT_SECONDS = 5.0
"""How long a revocation waits for its commit: the watermark knows what has been written without it."""
COMPACTION_LAG_HOURS = 30 * 24
"""Of a table whose entries live for ever, which cannot wait for their end."""
DRAIN_MARGIN_SECONDS = 15.0
"""How much longer than for a drain Kafka waits for a member to rejoin, before it goes on without it."""


class PassThrough(faust.Schema[Any, Any]):
    """Hands keys and values on untouched: decoding is ours, because Faust acknowledges what it cannot decode."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> Any:  # noqa: ARG002 - Faust's signature
        return message.key

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:  # noqa: ARG002 - Faust's signature
        return message.value


class StateTopicTable(faust.Table[bytes, bytes]):
    """Faust's table over our store."""

    logger = QUIET

    def _new_store(self) -> Any:
        return StateStore(self.app.conf.store, self.app, self, table_name=self.name)


class WorkerApp(faust.App):
    """A Faust app whose sink acknowledges, not its stream."""

    feed: Feed
    logger = QUIET

    async def _consumer_wait_empty(self, consumer: Any, logger: Any) -> None:  # noqa: ARG002 - Faust's signature
        """Faust waits here, before a rebalance and at the end, for what is in flight.

        Not for ever for the commit: at SIGTERM Faust's consumer thread first ceases to do what it is asked to, and
        then waits for the rebalance that it is in, hence for this. Both gave up after a minute, their group with them.
        """
        await self.feed.assignment.drain()
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await consumer.commit()
        except TimeoutError:
            log.warning("offsets were not committed, their records will be read again", seconds=COMMIT_SECONDS)


def build_app(kafka: KafkaSettings, tuning: WorkerTuning, replication_factor: int, scratch: Path) -> WorkerApp:
    """Compose an app without agent or table yet; see ``attach``.

    ``scratch`` is a folder for Faust's own, which stays empty: the table is in memory and in its changelog.
    """
    brokers = ";".join(f"kafka://{server.strip()}" for server in kafka.bootstrap_servers.split(","))
    app = WorkerApp(
        tuning.group,
        broker=brokers,
        broker_credentials=credentials(kafka),
        topic_disable_leader=True,
        topic_replication_factor=replication_factor,
        web_enabled=False,
        datadir=scratch,
        store="memory://",
        Table=StateTopicTable,
        table_standby_replicas=0,
        stream_wait_empty=True,
        stream_buffer_maxsize=4096,
        broker_commit_interval=COMMIT_INTERVAL_SECONDS,
        broker_session_timeout=float(tuning.session_timeout_seconds),
        broker_heartbeat_interval=max(0.5, tuning.session_timeout_seconds / 6),
        broker_request_timeout=max(20.0, 2.0 * tuning.session_timeout_seconds),
        broker_rebalance_timeout=tuning.drain.grace_seconds + DRAIN_MARGIN_SECONDS,
        broker_max_poll_interval=POLL_INTERVAL_SECONDS,
        broker_max_poll_records=None,
        broker_check_crcs=True,
        producer_linger=0.002,
    )
    app.transport = ChunkTransport(app.conf.broker_consumer, app)
    app.feed = Feed(tuning.intake.chunk_records, RecordBuffer(tuning.intake.buffer_mb * MEBIBYTE))
    return app


def state_table(app: WorkerApp, partitions: int, max_entry_bytes: int, ttl_hours: int) -> Any:
    """Declare the table; its changelog has as many partitions as the source topic, so that keys stay together."""
    return app.Table(
        "state",
        partitions=partitions,
        key_type=bytes,
        value_type=bytes,
        schema=PassThrough(key_serializer="raw", value_serializer="raw"),
        extra_topic_configs={
            "max.message.bytes": max_entry_bytes,
            # What a zombie wrote late must not be all that compaction leaves, while the entry is alive.
            "min.compaction.lag.ms": (ttl_hours or COMPACTION_LAG_HOURS) * 3_600_000,
        },
        help="what each key's events folded into",
    )


def attach(app: WorkerApp, topic: str, assignment: Assignment) -> None:
    """Let the app's agent feed ``assignment`` with the topic's chunks."""
    app.feed.assignment = assignment

    @app.agent(app.topic(topic, schema=PassThrough()), name="intake")
    async def intake(stream: Any) -> None:
        async for chunk in stream:
            # Never raises and never blocks: Faust acknowledges what an agent raises on.
            assignment.accept(chunk)


def credentials(kafka: KafkaSettings) -> CredentialsT | None:
    """The security settings in Faust's form; ``None`` for plaintext."""
    context = None
    if kafka.security_protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=str(kafka.ssl_cafile) if kafka.ssl_cafile else None)
    if kafka.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=kafka.username,
            password=kafka.password.get_secret_value() if kafka.password else None,
            mechanism=kafka.sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None
