"""Debezium's new records in a topic, decoded as for the registry worker."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.wire import PREFIX_BYTES, is_framed
from workers.adapters.kafka.reader import TopicReader
from workers.config.settings import KafkaSettings, SchemaRegistrySettings
from workers.core.errors import Dropped
from workers.core.record import ConsumedRecord
from workers.dev.stack.running import RunningStack

WITHIN_SECONDS = 90.0
POLL_SECONDS = 0.2
STRING_LENGTH_BYTES = 1
"""The byte with an Avro string's length: keys here are shorter than 64 characters."""


class Seen(NamedTuple):
    """A record; ``fields`` is ``None`` for a tombstone."""

    record: ConsumedRecord
    fields: Mapping[str, Any] | None

    @property
    def name(self) -> str:
        """The id in the key."""
        key = self.record.key
        assert key is not None
        assert is_framed(key)
        return key[PREFIX_BYTES + STRING_LENGTH_BYTES :].decode()

    @property
    def told(self) -> tuple[str, str]:
        """Table and operation."""
        return (self.fields["source"]["table"], self.fields["op"]) if self.fields else ("", "tombstone")


class ChangeLog:
    """Reads ``topic`` from its end at the time of creation."""

    def __init__(self, stack: RunningStack, topic: str = "registry-changes") -> None:
        self._reader = TopicReader(KafkaSettings(bootstrap_servers=stack.kafka), topic)
        self._registry_url = stack.schema_registry
        self._position = self._reader.end_offsets()
        self._seen: list[Seen] = []

    async def until(self, enough: Callable[[Sequence[Seen]], bool]) -> Sequence[Seen]:
        """Wait until ``enough``, and return all records so far; each partition's are in order."""
        registry = SchemaRegistry(SchemaRegistrySettings(url=self._registry_url))
        codec, deadline = AvroCodec(registry, {}, change_events=True), time.monotonic() + WITHIN_SECONDS
        try:
            while not enough(self._seen):
                assert time.monotonic() < deadline, f"only this came: {[(each.told) for each in self._seen][-20:]}"
                await asyncio.sleep(POLL_SECONDS)
                await self._read(codec)
        finally:
            await registry.aclose()
        return self._seen

    async def of(self, name: str, *told: tuple[str, str]) -> Sequence[Seen]:
        """Wait for the records of this key, and check their tables and operations."""
        seen = await self.until(lambda seen: sum(each.name == name for each in seen if each.record.key) >= len(told))
        mine = [each for each in seen if each.record.key and each.name == name]
        assert [each.told for each in mine] == list(told)
        return mine

    async def _read(self, codec: AvroCodec) -> None:
        end = await asyncio.to_thread(self._reader.end_offsets)
        records = await asyncio.to_thread(lambda: list(self._reader.between(self._position, end)))
        await codec.prepare(records)
        self._seen += [Seen(record, _fields(codec, record)) for record in records]
        self._position = end


def _fields(codec: AvroCodec, record: ConsumedRecord) -> Mapping[str, Any] | None:
    try:
        return codec.decode(record).fields
    except Dropped:
        return None
