"""A producer whose sends return when the broker has confirmed them."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from workers.core.errors import Retryable

POLL_SECONDS = 0.1
LINGER_MS = 2
DELIVERY_TIMEOUT_MS = 30_000
FLUSH_SECONDS = 10.0
BY_KEY = -1
"""The partition that the key decides, spread as the config's ``partitioner`` does it."""


class Confirmation:
    """Counts the delivery reports of one send, in the producer's thread, and wakes its waiter once.

    ``timed_out`` is set where Kafka has not answered in time.
    """

    def __init__(self, expected: int, timed_out: threading.Event) -> None:
        self._timed_out = timed_out
        self._loop = asyncio.get_running_loop()
        self._left = expected
        self._error: KafkaError | None = None
        self.done: asyncio.Future[None] = self._loop.create_future()

    def report(self, error: KafkaError | None, _message: Message) -> None:
        """Librdkafka's delivery report for one message."""
        self._error = self._error or error
        if error is not None and error.code() == KafkaError._MSG_TIMED_OUT:  # noqa: SLF001 - librdkafka's own codes are public, so named
            self._timed_out.set()
        self._left -= 1
        if self._left == 0:
            self._loop.call_soon_threadsafe(self._finish)

    def _finish(self) -> None:
        if self.done.done():  # its waiter was cancelled
            return
        if self._error is None:
            self.done.set_result(None)
        elif self._error.fatal():  # this producer takes nothing any more: the process must make a new one
            self.done.set_exception(KafkaException(self._error))
        else:
            self.done.set_exception(Retryable(f"Kafka did not take a record: {self._error.str()}"))


class ConfirmedProducer:
    """An idempotent producer (acks=all) for asyncio: per partition in order, each send confirmed as a whole."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = {
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": LINGER_MS,
            "compression.type": "lz4",
            "delivery.timeout.ms": DELIVERY_TIMEOUT_MS,
            **config,
        }
        self._producer = Producer(self._config)
        self._timed_out = threading.Event()
        self._queueing = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="confirmed-producer", daemon=True)
        self._thread.start()

    async def send(self, topic: str, partition: int, messages: Sequence[tuple[bytes, bytes | None]]) -> None:
        """Send keys and values to one partition; return when all are confirmed.

        Raises ``Retryable``, or ``KafkaException`` when the producer is done for and only a new one helps.
        """
        if not messages:
            return
        confirmation = self._confirmation(len(messages))
        for key, value in messages:
            message = {"value": value, "key": key, "partition": partition, "on_delivery": confirmation.report}
            try:
                self._queue(topic, message)
            except BufferError:
                await self._produce(topic, message)
        await confirmation.done

    def _confirmation(self, expected: int) -> Confirmation:
        return Confirmation(expected, self._timed_out)

    async def _produce(self, topic: str, message: Mapping[str, Any]) -> None:
        """Queue a message as soon as there is room."""
        while True:
            try:
                self._queue(topic, message)
            except BufferError:  # librdkafka's queue is full: its thread empties it meanwhile
                await asyncio.sleep(POLL_SECONDS)
            else:
                return

    def _queue(self, topic: str, message: Mapping[str, Any]) -> None:
        try:
            with self._queueing:
                self._producer.produce(topic, **message)
        except KafkaException as error:
            if error.args[0].fatal():
                raise
            raise Retryable(f"Kafka did not take a record for {topic}: {error}") from error

    def _poll(self) -> None:
        while not self._closing.is_set():
            self._producer.poll(POLL_SECONDS)
            if self._timed_out.is_set():
                self._renew()

    def _renew(self) -> None:
        """Go on with a new producer; who waits for the old one is told to try again.

        An idempotent producer was seen to deliver nothing any more: messages had timed out while Kafka was away,
        and every later one did, too, although Kafka was back (chaos found it; a new producer delivered at once).
        """
        renewed = Producer(self._config)
        with self._queueing:
            given_up, self._producer = self._producer, renewed
            self._timed_out.clear()
        given_up.purge()
        given_up.flush(FLUSH_SECONDS)

    async def aclose(self) -> None:
        """Flush what is under way and stop the thread."""
        await asyncio.to_thread(self._producer.flush, FLUSH_SECONDS)
        self._closing.set()
        await asyncio.to_thread(self._thread.join)
