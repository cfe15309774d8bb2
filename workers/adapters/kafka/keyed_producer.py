"""A producer for sources of records: the key decides the partition, reports come as records are confirmed."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from workers.adapters.kafka.client import librdkafka_config
from workers.config.settings import KafkaSettings
from workers.core.errors import Unreachable

LINGER_MS = 5
QUEUE_FULL_POLL_SECONDS = 0.05
DELIVERY_TIMEOUT_MS = 30_000
FLUSH_SECONDS = 60.0


class Sent(NamedTuple):
    """Where a record is in the log, and when it was handed to the producer (``time.monotonic`` seconds)."""

    partition: int
    offset: int
    at: float


class KeyedProducer:
    """An idempotent producer (acks=all, lz4) to one topic; its record timestamps are the time of sending.

    Keys are spread over partitions as Java's clients do it, so that producers of both kinds agree.
    """

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self.topic = topic
        self._kafka = kafka
        self._failed: KafkaError | None = None
        self._producer = Producer(
            {
                **librdkafka_config(kafka),
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": LINGER_MS,
                "compression.type": "lz4",
                "partitioner": "murmur2_random",
                "delivery.timeout.ms": DELIVERY_TIMEOUT_MS,
                "log_level": 2,
            }
        )

    def produce(
        self,
        key: bytes,
        value: bytes | None,
        headers: Sequence[tuple[str, str | bytes | None]] = (),
        on_sent: Callable[[Sent], None] | None = None,
    ) -> None:
        """Queue one record; waits while the queue is full. Raises ``Unreachable``.

        ``on_sent`` is called once the broker has confirmed it, from here or from the thread of ``flush``.
        """
        at = time.monotonic()

        def report(error: KafkaError | None, message: Message) -> None:
            self._failed = self._failed or error
            if error is None and on_sent is not None:
                on_sent(Sent(message.partition() or 0, message.offset() or 0, at))

        while True:
            try:
                self._producer.produce(self.topic, value=value, key=key, headers=list(headers), on_delivery=report)
            except BufferError:  # librdkafka's queue is full: its thread empties it meanwhile
                self._producer.poll(QUEUE_FULL_POLL_SECONDS)
            except KafkaException as error:
                raise self._unreachable() from error
            else:
                break
        self._producer.poll(0)
        if self._failed is not None:
            raise self._unreachable()

    async def flush(self) -> None:
        """Return when the broker has confirmed everything. Raises ``Unreachable``."""
        if await asyncio.to_thread(self._producer.flush, FLUSH_SECONDS) or self._failed is not None:
            raise self._unreachable()

    def poll(self) -> None:
        """Deliver the reports that have arrived; for times when nothing is produced."""
        self._producer.poll(0)

    def _unreachable(self) -> Unreachable:
        reason = f" ({self._failed.str()})" if self._failed else ""
        return Unreachable(
            f"Kafka at {self._kafka.bootstrap_servers} did not take the records{reason}; check that it runs "
            f"(`memory-graph stack status`) and has the topic {self.topic} (`memory-graph topology apply --execute`)"
        )
