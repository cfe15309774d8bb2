"""What procedures do to the outside: records to topics, requests to the registry's API, numbers for the metrics."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.adapters.kafka.client import librdkafka_config
from workers.adapters.kafka.producer import BY_KEY, ConfirmedProducer
from workers.adapters.registry_api.client import RegistryApi
from workers.config.settings import Settings
from workers.core.errors import Retryable
from workers.core.job import Awaiting, Call, Effect, Publish
from workers.observe.sync_metrics import SyncMetrics

AS_JAVA_SPREADS = {"partitioner": "murmur2_random"}
"""Keys go to the partitions that other clients' producers send them to."""


class Effects:
    """Does effects, each confirmed by whom it concerns. ``api`` is ``None`` where none is configured."""

    def __init__(
        self, encoder: AvroEncoder, producer: ConfirmedProducer, api: RegistryApi | None, metrics: SyncMetrics
    ) -> None:
        self._encoder = encoder
        self._producer = producer
        self._api = api
        self._metrics = metrics

    async def do(self, effect: Effect) -> None:
        """Return once it is confirmed. Raises ``Retryable`` and ``RequestRejected``; anything else is a bug."""
        if isinstance(effect, Publish):
            await self._publish(effect)
        elif isinstance(effect, Awaiting):
            self._metrics.awaiting(effect.migrations)
        else:
            await self._call(effect)

    async def fetch_schema(self, schema_id: str, version: str) -> Mapping[str, Any]:
        """Return what the registry's API has. Raises ``Retryable`` and ``RequestRejected``; anything else is a bug."""
        return await self._there(f"schema {schema_id}").latest_schema(schema_id, version)

    async def _publish(self, effect: Publish) -> None:
        value = await self._encoder.encode(effect.topic, effect.record_name, effect.fields)
        try:
            await self._producer.send(effect.topic, BY_KEY, [(effect.key, value)])
        except Retryable as error:
            fix = "it must exist: `memory-graph topology apply --execute`"
            raise Retryable(f"{effect.topic}: {error}; {fix}") from error

    async def _call(self, effect: Call) -> None:
        api = self._there(f"{effect.method} {effect.path}")
        await api.call(effect.method, effect.path, effect.body, effect.idempotency_key)

    def _there(self, request: str) -> RegistryApi:
        if self._api is None:
            raise RuntimeError(f"{request} without an API: a procedure was told that there is none")
        return self._api


async def open_effects(stack: AsyncExitStack, settings: Settings, schemas: Path, metrics: SyncMetrics) -> Effects:
    """Connect to what effects concern; ``stack`` closes it. ``schemas`` is the folder of what is published."""
    registry = SchemaRegistry(settings.schema_registry_url)
    stack.push_async_callback(registry.aclose)
    producer = ConfirmedProducer(librdkafka_config(settings.kafka) | AS_JAVA_SPREADS)
    stack.push_async_callback(producer.aclose)
    api = None
    if settings.registry_api.url is not None:
        api = await stack.enter_async_context(RegistryApi(settings.registry_api))
    return Effects(AvroEncoder(registry, load_reader_schemas(schemas)), producer, api, metrics)
