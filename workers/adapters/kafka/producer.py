"""The one producer: idempotent, acks=all. It sends records and waits for their delivery reports, or queues them."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from workers.adapters.kafka.access.faults import turned_away
from workers.adapters.kafka.client import identity_of, librdkafka_config
from workers.config.settings import KafkaSettings
from workers.core.errors import Misconfigured, NotAllowed, Refused, Retryable
from workers.core.record import OutgoingRecord

POLL_SECONDS = 0.1
LINGER_MS = 2
DELIVERY_TIMEOUT_MS = 30_000
FLUSH_SECONDS = 10.0
JAVA_PARTITIONER = {"partitioner": "murmur2_random"}
"""Keys go to the same partitions as with the default partitioner of Java clients."""

DEFAULTS = {
    "enable.idempotence": True,
    "acks": "all",
    "linger.ms": LINGER_MS,
    "compression.type": "lz4",
    "delivery.timeout.ms": DELIVERY_TIMEOUT_MS,
}
LOOK_SECONDS = 1.0
"""How often it looks for rotated secrets."""
SPENT = {
    KafkaError._MSG_TIMED_OUT,  # noqa: SLF001 - librdkafka's own codes are public, so named
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,  # an idempotent producer that may write no topic at all
    KafkaError._FATAL,  # noqa: SLF001 - same reason as above
}

DeliveryReport = Callable[[KafkaError | None, Message], None]


class Confirmation:
    """Counts the delivery reports of one send, in the producer's thread, and wakes its waiter once.

    ``spent`` is set where only a new producer helps: Kafka has not answered in time, or has refused this one.
    """

    def __init__(self, expected: int, spent: threading.Event, kafka: KafkaSettings | None) -> None:
        self._spent = spent
        self._kafka = kafka
        self._loop = asyncio.get_running_loop()
        self._left = expected
        self._error: KafkaError | None = None
        self._topic: str | None = None
        self.done: asyncio.Future[None] = self._loop.create_future()

    def report(self, error: KafkaError | None, message: Message) -> None:
        """Count librdkafka's delivery report for one record."""
        if self._error is None and error is not None:
            self._error, self._topic = error, message.topic()
        if error is not None and error.code() in SPENT:
            self._spent.set()
        self._left -= 1
        if self._left == 0:
            self._loop.call_soon_threadsafe(self._finish)

    def _finish(self) -> None:
        if self.done.done():  # its waiter was cancelled
            return
        if self._error is None:
            self.done.set_result(None)
        elif self._kafka and (sentence := turned_away(self._kafka, [self._error], f"WRITE to topic {self._topic}")):
            self.done.set_exception(NotAllowed(sentence))
        elif self._error.fatal():  # this producer sends nothing any more: the process must open a new one
            self.done.set_exception(KafkaException(self._error))
        else:
            self.done.set_exception(_not_taken(self._error, "a record"))


class KafkaProducer:
    """Sends records; those of one partition keep their order. ``config`` is librdkafka's.

    ``kafka`` adds address and login. A password or a certificate that is rotated is taken over between two records.

    ``send`` needs an event loop, and a thread that it starts, until ``aclose``. ``queue`` needs neither.
    """

    def __init__(self, config: Mapping[str, Any], kafka: KafkaSettings | None = None) -> None:
        self._config = {**DEFAULTS, **config}
        self._kafka = kafka
        self._opened_with = identity_of(kafka) if kafka else None
        self._producer = self._open()
        self._spent = threading.Event()
        self._queueing = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    async def send(self, records: Sequence[OutgoingRecord]) -> None:
        """Send records; return when the brokers have confirmed all of them.

        Raises ``Retryable``, and ``Refused`` for a record that is too large; some may be in the log by then. Raises
        ``KafkaException`` if only a new producer helps.
        """
        if not records:
            return
        self._start_polling()
        confirmation = Confirmation(len(records), self._spent, self._kafka)
        for record in records:
            while True:
                try:
                    self.queue(record, confirmation.report)
                except BufferError:  # librdkafka's queue is full; its thread empties it meanwhile
                    await asyncio.sleep(POLL_SECONDS)
                else:
                    break
        await confirmation.done

    def queue(self, record: OutgoingRecord, on_delivery: DeliveryReport) -> None:
        """Queue one record. Raises ``BufferError`` while the queue is full, and otherwise as ``send`` does."""
        topic, key, value, partition, headers, timestamp = record
        try:
            with self._queueing:
                self._producer.produce(
                    topic, value, key, partition, on_delivery=on_delivery, timestamp=timestamp, headers=list(headers)
                )
        except KafkaException as error:
            if self._kafka and (sentence := turned_away(self._kafka, [error.args[0]], f"WRITE to topic {topic}")):
                self._spent.set()
                raise NotAllowed(sentence) from error
            if error.args[0].code() in SPENT:  # of this one: what Kafka reported before was fatal
                self._spent.set()
            elif error.args[0].fatal():
                raise
            raise _not_taken(error.args[0], f"a record for {topic}") from error

    def poll(self, seconds: float = 0) -> None:
        """Call the delivery reports that have arrived, for a caller that only queues."""
        self._producer.poll(seconds)

    def flush(self, seconds: float = FLUSH_SECONDS) -> int:
        """Wait until everything is confirmed or the time is over; return how many records are left."""
        return self._producer.flush(seconds)

    async def aclose(self) -> None:
        """Flush what was sent, and stop the thread."""
        await asyncio.to_thread(self.flush)
        self._closing.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _start_polling(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._poll_until_closed, name="kafka-producer", daemon=True)
            self._thread.start()

    def _poll_until_closed(self) -> None:
        looked_at = time.monotonic()
        while not self._closing.is_set():
            self._producer.poll(POLL_SECONDS)
            if self._spent.is_set():
                self._renew()
            elif time.monotonic() > looked_at + LOOK_SECONDS:
                looked_at = time.monotonic()
                self.follow()

    def follow(self) -> None:
        """Continue with a new producer once a password or a certificate was rotated and nothing is on its way."""
        if self._kafka is None or identity_of(self._kafka) == self._opened_with:
            return
        with self._queueing, suppress(Misconfigured):  # such as a certificate whose key is not written yet
            if not len(self._producer):
                self._producer = self._open()

    def _open(self) -> Producer:
        if self._kafka is None:
            return Producer(self._config)
        self._opened_with = identity_of(self._kafka)
        return Producer({**librdkafka_config(self._kafka), **self._config})

    def _renew(self) -> None:
        """Continue with a new producer; sends that wait for the old one fail with ``Retryable``.

        After records had timed out while Kafka was away, an idempotent producer delivered nothing any more, although
        Kafka was back (a chaos test found it). A new producer delivered at once.
        """
        renewed = self._open()
        with self._queueing:
            given_up, self._producer = self._producer, renewed
            self._spent.clear()
        given_up.purge()
        given_up.flush(FLUSH_SECONDS)


def _not_taken(error: KafkaError, what: str) -> Retryable | Refused:
    """Sort an error: a record that is too large is so at every attempt."""
    message = f"Kafka did not take {what}: {error.str()}"
    too_large = error.code() == KafkaError.MSG_SIZE_TOO_LARGE
    return Refused("kafka.size", f"{message}; raise the topic's max.message.bytes") if too_large else Retryable(message)
