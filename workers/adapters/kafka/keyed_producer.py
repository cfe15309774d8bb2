"""A producer for sources of records: the key decides the partition, and nothing waits for a single record."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message

from workers.adapters.kafka.client import librdkafka_config
from workers.adapters.kafka.producer import JAVA_PARTITIONER, KafkaProducer
from workers.config.settings import KafkaSettings
from workers.core.errors import Retryable, Unreachable
from workers.core.record import OutgoingRecord

LINGER_MS = 5
QUEUE_FULL_POLL_SECONDS = 0.05
FLUSH_SECONDS = 60.0


class Sent(NamedTuple):
    """Where a record is in the log, and when it was queued (``time.monotonic`` seconds)."""

    partition: int
    offset: int
    at: float


class KeyedProducer:
    """Sends records to one topic, with the time of sending as their timestamps."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self.topic = topic
        self._kafka = kafka
        self._failed: KafkaError | None = None
        self._producer = KafkaProducer(
            librdkafka_config(kafka) | JAVA_PARTITIONER | {"linger.ms": LINGER_MS, "log_level": 2}
        )

    def produce(
        self,
        key: bytes,
        value: bytes | None,
        headers: Sequence[tuple[str, str | bytes | None]] = (),
        on_sent: Callable[[Sent], None] | None = None,
    ) -> None:
        """Queue one record; wait while the queue is full. Raises ``Unreachable``.

        ``on_sent`` is called when the brokers have confirmed it, from here or from the thread of ``flush``.
        """
        at = time.monotonic()

        def report(error: KafkaError | None, message: Message) -> None:
            self._failed = self._failed or error
            if error is None and on_sent is not None:
                on_sent(Sent(message.partition() or 0, message.offset() or 0, at))

        self._queue(OutgoingRecord(self.topic, key, value, headers=headers), report)
        self._producer.poll()
        if self._failed is not None:
            raise self._unreachable()

    async def flush(self) -> None:
        """Return when the brokers have confirmed everything. Raises ``Unreachable``."""
        if await asyncio.to_thread(self._producer.flush, FLUSH_SECONDS) or self._failed is not None:
            raise self._unreachable()

    def poll(self) -> None:
        """Call the delivery reports that have arrived; for times when nothing is produced."""
        self._producer.poll()

    def _queue(self, record: OutgoingRecord, report: Callable[[KafkaError | None, Message], None]) -> None:
        while True:
            try:
                return self._producer.queue(record, report)
            except BufferError:  # librdkafka's queue is full; polling empties it
                self._producer.poll(QUEUE_FULL_POLL_SECONDS)
            except (Retryable, KafkaException) as error:
                raise self._unreachable() from error

    def _unreachable(self) -> Unreachable:
        reason = f" ({self._failed.str()})" if self._failed else ""
        return Unreachable(
            f"Kafka at {self._kafka.bootstrap_servers} did not take the records{reason}; check that it runs "
            f"(`memory-graph stack status`) and has the topic {self.topic} (`memory-graph topology apply --execute`)"
        )
