"""The effects of jobs: records for topics, requests to the HTTP API, measurements, and log lines."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import structlog

from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import Schema, load_reader_schemas
from workers.adapters.kafka.producer import JAVA_PARTITIONER, KafkaProducer
from workers.adapters.kafka_connect.status import connector_status, is_running
from workers.adapters.registry_api.client import RegistryApi
from workers.adapters.registry_database.replication import log_position
from workers.config.settings import KafkaConnectSettings, RegistryDatabaseSettings, Settings
from workers.core.errors import Misconfigured, NotAllowed, Retryable, Unreachable
from workers.core.job import AskConnector, AskReplication, Call, Effect, Publish, PublishSigned
from workers.core.metric import Measurement
from workers.core.record import Headers, OutgoingRecord
from workers.core.report import LogLine
from workers.engine.jobs.capture_delay import CaptureDelay
from workers.engine.jobs.signing import Signing
from workers.observe.tracing import Tracing

log = structlog.get_logger(__name__)


class Effects:
    """Runs effects, each confirmed by its server. ``None`` stands for a server that is not configured."""

    def __init__(  # noqa: PLR0913, PLR0917 - one parameter for each place of an effect
        self,
        encoder: AvroEncoder,
        producer: KafkaProducer,
        api: RegistryApi | None,
        record: Callable[[Measurement], None],
        tracing: Tracing,
        connect: KafkaConnectSettings | None = None,
        database: RegistryDatabaseSettings | None = None,
        signing: Signing | None = None,
    ) -> None:
        self._signing = signing
        self._encoder = encoder
        self._producer = producer
        self._api = api
        self._record = record
        self._tracing = tracing
        self._connect = connect
        self._database = database
        self._delays: defaultdict[str, CaptureDelay] = defaultdict(CaptureDelay)

    async def run(self, effect: Effect) -> Mapping[str, Any]:
        """Return what is found out, once the effect is confirmed.

        Raises ``Retryable`` and ``RequestRejected``; other errors are bugs.
        """
        if isinstance(effect, PublishSigned):
            return {"signature": await self._publish_signed(effect)}
        await self._run(effect)
        return {}

    async def _run(self, effect: Publish | Call | Measurement | LogLine | AskConnector | AskReplication) -> None:
        if isinstance(effect, Publish):
            await self._publish(effect)
        elif isinstance(effect, Measurement):
            self._record(effect)
        elif isinstance(effect, LogLine):
            getattr(log, effect.level)(effect.event, **effect.fields)
        elif isinstance(effect, AskConnector):
            await self._ask_connector(effect)
        elif isinstance(effect, AskReplication):
            await self._ask_replication(effect)
        else:
            api = self._required_api(f"{effect.method} {effect.path}")
            await api.call(effect.method, effect.path, effect.body, effect.idempotency_key)

    async def fetch(self, path: str) -> Mapping[str, Any]:
        """Return the JSON object at a path of the API. Raises ``Retryable`` and ``RequestRejected``."""
        return await self._required_api(f"GET {path}").get(path)

    async def _publish(self, effect: Publish) -> None:
        value = await self._encoder.encode(effect.topic, effect.record_name, effect.fields)
        headers: Headers = []
        self._tracing.inject(headers, effect.baggage)
        await self._send(OutgoingRecord(effect.topic, effect.key, value, headers=headers))

    async def _publish_signed(self, effect: PublishSigned) -> str:
        if self._signing is None:
            raise RuntimeError(f"{effect.topic} without signing: the effects were made without it")
        headers = await self._signing.headers(effect)
        await self._send(OutgoingRecord(effect.topic, effect.key, effect.value, headers=headers))
        return next((value.decode() for _, value in headers if value), "")

    async def _send(self, record: OutgoingRecord) -> None:
        try:
            await self._producer.send([record])
        except NotAllowed:
            raise
        except Retryable as error:
            fix = "the topic must exist: `memory-graph topology apply --execute`"
            raise Retryable(f"{record.topic}: {error}; {fix}") from error

    async def _ask_connector(self, effect: AskConnector) -> None:
        if self._connect is None or self._connect.url is None:
            return
        try:
            running = is_running(await asyncio.to_thread(connector_status, self._connect, effect.connector))
        except (Misconfigured, Unreachable) as reason:
            log.warning("nobody knows whether the connector runs", connector=effect.connector, reason=str(reason))
            running = False
        self._record(Measurement(effect.gauge, float(running)))

    async def _ask_replication(self, effect: AskReplication) -> None:
        if self._database is None or not self._database.is_set:
            return
        delay = self._delays[effect.slot]
        try:
            position = await asyncio.to_thread(log_position, self._database, effect.slot)
        except (Misconfigured, Unreachable) as reason:
            log.warning("nobody knows how far the connector is", slot=effect.slot, reason=str(reason))
            self._record(Measurement(effect.seconds, delay.age(monotonic())))
            return
        seconds = delay.measured(position.written, position.confirmed, monotonic())
        self._record(Measurement(effect.seconds, seconds))
        self._record(Measurement(effect.bytes, position.behind))

    def _required_api(self, request: str) -> RegistryApi:
        if self._api is None:
            raise RuntimeError(f"{request} without an API: the worker was built with has_api=False")
        return self._api


async def open_effects(  # noqa: PLR0913, PLR0917 - one parameter for each place of an effect
    stack: AsyncExitStack,
    settings: Settings,
    schemas: Path,
    record: Callable[[Measurement], None],
    note: Callable[[str, str], None],
    tracing: Tracing,
) -> Effects:
    """Connect to the servers of effects; ``stack`` closes them. ``schemas`` is the folder of the published records.

    ``note`` gets what to say to who asks whether the process is ready: a name, and a sentence or an empty text.
    """
    registry = SchemaRegistry(settings.schema_registry)
    stack.push_async_callback(registry.aclose)
    producer = KafkaProducer(JAVA_PARTITIONER, settings.kafka)
    stack.push_async_callback(producer.aclose)
    api = None
    if settings.registry_api.url is not None:
        api = await stack.enter_async_context(RegistryApi(settings.registry_api))
    encoder = AvroEncoder(registry, _published(schemas))
    signing = Signing(settings.vault, record, note)
    return Effects(encoder, producer, api, record, tracing, settings.kafka_connect, settings.registry_database, signing)


def _published(schemas: Path) -> Mapping[str, Schema]:
    """Return the schemas of a folder; a worker whose jobs publish nothing needs none."""
    return load_reader_schemas(schemas) if schemas.is_dir() else {}
