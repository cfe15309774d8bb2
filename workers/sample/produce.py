"""Send sampled records to Kafka."""

import asyncio
import time
from collections.abc import AsyncIterable, Callable
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from workers.config.settings import KafkaSettings
from workers.core.errors import Unreachable
from workers.kafka.client import librdkafka_config
from workers.sample.poison import Poison
from workers.sample.sampled import Sampled
from workers.sample.tally import Tally
from workers.sample.wire import Encoder, value_of

LINGER_MS = 5
QUEUE_FULL_POLL_SECONDS = 0.05
DELIVERY_TIMEOUT_MS = 30_000
FLUSH_SECONDS = 60.0


class Sent(NamedTuple):
    """Where a record is in the log, and when it was handed to the producer (``time.monotonic`` seconds)."""

    partition: int
    offset: int
    at: float


class TelemetryProducer:
    """An idempotent producer (acks=all, lz4) of sampled records; Kafka's timestamps are the time of sending.

    Each record of a trace carries that trace's W3C ``traceparent`` in its headers, as an instrumented producer's does.
    """

    def __init__(self, kafka: KafkaSettings, topic: str, encoder: Encoder) -> None:
        self._topic = topic
        self._encoder = encoder
        self._kafka = kafka
        self._failed: KafkaError | None = None
        self._producer = Producer(
            {
                **librdkafka_config(kafka),
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": LINGER_MS,
                "compression.type": "lz4",
                "delivery.timeout.ms": DELIVERY_TIMEOUT_MS,
                "log_level": 2,
            }
        )

    async def send(
        self, items: AsyncIterable[Sampled | Poison], tally: Tally, on_sent: Callable[[Sent], None] | None = None
    ) -> None:
        """Send all items and return when the broker has confirmed every one.

        ``on_sent`` is called for each record as it is confirmed, not always in this thread. Raises ``Unreachable``,
        and what the encoder raises.
        """
        async for item in items:
            self._produce(item, await value_of(item, self._topic, self._encoder), on_sent)
            tally.count(item)
            self._producer.poll(0)
        if await asyncio.to_thread(self._producer.flush, FLUSH_SECONDS) or self._failed:
            raise self._unreachable()

    def _produce(self, item: Sampled | Poison, value: bytes | None, on_sent: Callable[[Sent], None] | None) -> None:
        sampled = item.sampled if isinstance(item, Poison) else item
        at = time.monotonic()

        def report(error: KafkaError | None, message: Message) -> None:
            self._failed = self._failed or error
            if error is None and on_sent is not None:
                on_sent(Sent(message.partition() or 0, message.offset() or 0, at))

        while True:
            try:
                self._producer.produce(
                    self._topic,
                    key=sampled.key.encode(),
                    value=value,
                    headers=_trace_context(sampled),
                    on_delivery=report,
                )
            except BufferError:  # librdkafka's queue is full: its thread empties it meanwhile
                self._producer.poll(QUEUE_FULL_POLL_SECONDS)
            except KafkaException as error:
                raise self._unreachable() from error
            else:
                break
        if self._failed is not None:
            raise self._unreachable()

    def _unreachable(self) -> Unreachable:
        reason = f" ({self._failed.str()})" if self._failed else ""
        return Unreachable(
            f"Kafka at {self._kafka.bootstrap_servers} did not take the records{reason}; check that it runs "
            f"(`memory-graph stack status`) and has the topic {self._topic} (`memory-graph topology apply --execute`)."
        )


def _trace_context(sampled: Sampled) -> list[tuple[str, str | bytes | None]]:
    trace_id, span_id = sampled.fields["trace_id"], sampled.fields["span_id"]
    return [("traceparent", f"00-{trace_id}-{span_id}-01".encode())] if trace_id and span_id else []
