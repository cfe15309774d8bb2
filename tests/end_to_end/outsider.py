"""An external program's tools: HTTP to the schema registry, fastavro, confluent_kafka. No code of ours.

They know only the contract, so that errors of our codec or producer cannot hide themselves.
"""

import json
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from fastavro import parse_schema, schemaless_writer

SCHEMAS = Path(__file__).parents[2] / "schemas" / "avro"
TIMEOUT_SECONDS = 30.0
LARGEST_REQUEST_BYTES = 104_857_600


def register(registry_url: str, subject: str, schema: Mapping[str, Any]) -> int:
    """Register a schema by Confluent's API; return its id."""
    request = Request(  # noqa: S310 - the registry of this test run
        f"{registry_url}/subjects/{subject}/versions",
        data=json.dumps({"schema": json.dumps(schema), "schemaType": "AVRO"}).encode(),
        headers={"Content-Type": "application/vnd.schemaregistry.v1+json"},
        method="POST",
    )
    with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - same reason as above
        return int(json.load(answer)["id"])


def framed(schema_id: int, schema: Mapping[str, Any], fields: Mapping[str, Any]) -> bytes:
    """Return a value in Confluent wire format: zero, four bytes of schema id, Avro."""
    target = BytesIO()
    target.write(struct.pack(">BI", 0, schema_id))
    schemaless_writer(target, parse_schema(dict(schema)), fields)
    return target.getvalue()


def read_schema(file: Path) -> dict[str, Any]:
    """Read an ``.avsc`` file."""
    schema: dict[str, Any] = json.loads(file.read_bytes())
    return schema


class Serializer:
    """Serializes with the ``.avsc`` files of one folder, each registered as ``<topic>-<full name>``."""

    def __init__(self, registry_url: str, topic: str, folder: Path) -> None:
        self._schemas: dict[str, tuple[int, dict[str, Any]]] = {}
        for file in sorted(folder.glob("*.avsc")):
            schema = read_schema(file)
            name = f"{schema['namespace']}.{schema['name']}"
            self._schemas[name] = register(registry_url, f"{topic}-{name}", schema), schema

    def __call__(self, record_name: str, fields: Mapping[str, Any]) -> bytes:
        return framed(*self._schemas[record_name], fields)


class Sent(NamedTuple):
    """A sent record, with its partition and offset."""

    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: Sequence[tuple[str, bytes | None]]
    partition: int
    offset: int


@dataclass
class Log:
    """Produces to one topic, and stores what was sent."""

    bootstrap_servers: str
    topic: str
    sent: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": self.bootstrap_servers,
                "enable.idempotence": True,
                "message.max.bytes": LARGEST_REQUEST_BYTES,
                "log_level": 2,
            }
        )

    def send(
        self,
        key: bytes | None,
        value: bytes | None,
        *,
        timestamp: int | None = None,
        partition: int = -1,
        headers: Sequence[tuple[str, bytes | None]] = (),
    ) -> None:
        """Queue a record.

        Without ``partition`` the key decides it; ``timestamp``: epoch milliseconds, default now.
        """
        stamp = timestamp or int(time.time() * 1000)

        def report(error: KafkaError | None, message: Message) -> None:
            assert error is None, error
            self.sent.append(Sent(key, value, stamp, headers, message.partition() or 0, message.offset() or 0))

        produce: Callable[..., None] = self._producer.produce
        while True:
            try:
                produce(self.topic, value, key, partition, timestamp=stamp, headers=list(headers), on_delivery=report)
            except BufferError:  # the queue is full
                self._producer.poll(1)
            else:
                return

    def flush(self) -> None:
        """Wait until the broker has confirmed everything."""
        assert self._producer.flush(TIMEOUT_SECONDS) == 0


def read_all(bootstrap_servers: str, topic: str) -> list[Message]:
    """Return every record of a topic, partition by partition, in log order."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": f"{topic}-outsider",  # the client asks for one; nothing is committed
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "log_level": 2,
        }
    )
    try:
        numbers = consumer.list_topics(topic, timeout=TIMEOUT_SECONDS).topics[topic].partitions
        return [message for number in numbers for message in _read(consumer, TopicPartition(topic, number, 0))]
    finally:
        consumer.close()


def end_offsets(bootstrap_servers: str, topic: str) -> int:
    """Return the sum of the ends of all partitions, open transactions included."""
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": f"{topic}-outsider", "log_level": 2})
    try:
        numbers = consumer.list_topics(topic, timeout=TIMEOUT_SECONDS).topics[topic].partitions
        places = (TopicPartition(topic, number) for number in numbers)
        return sum(consumer.get_watermark_offsets(place, timeout=TIMEOUT_SECONDS)[1] for place in places)
    finally:
        consumer.close()


def _read(consumer: Consumer, partition: TopicPartition) -> Iterator[Message]:
    consumer.assign([partition])
    while True:
        message = consumer.poll(TIMEOUT_SECONDS)
        assert message is not None, f"{partition} does not end"
        error = message.error()
        if error is not None:  # the end has no offset of a record where transactions have ended
            assert error.code() == KafkaError._PARTITION_EOF, error  # noqa: SLF001 - so it is spelled
            return
        yield message
