"""Where records go that can never succeed: ``<topic>.dlq``, confirmed before anything is acknowledged."""

from collections.abc import Mapping, Sequence
from typing import Any

from workers.adapters.kafka.headers import headers_of
from workers.adapters.kafka.producer import ConfirmedProducer
from workers.config.topics import DEAD_LETTER_RETENTION_HOURS, dead_letter_topic
from workers.core.dead_letter import DeadLetter
from workers.core.errors import Retryable

LARGEST_RECORD_BYTES = 104_857_600
"""Kafka's ``socket.request.max.bytes``: what no broker takes by default. The topic's own limit decides below it."""

KEEP_TIMESTAMP_MS = (DEAD_LETTER_RETENTION_HOURS - 24) * 3_600_000
"""A dead letter keeps its record's timestamp if that leaves it at least a day before retention deletes it."""


class KafkaDeadLetters(ConfirmedProducer):
    """``DeadLetters`` in Kafka, to the same partition as the record's: both topics have the same count.

    ``config`` is librdkafka's (``client.librdkafka_config``). Letters of one partition keep their order.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__({"message.max.bytes": LARGEST_RECORD_BYTES, **config})

    async def publish(self, letters: Sequence[DeadLetter]) -> None:
        """Return when the broker has confirmed every letter. Raises ``Retryable``; some may be there by then.

        Published again they are there twice, told apart by nothing but their place: topic, partition and
        offset in the headers name the same record.
        """
        if not letters:
            return
        try:
            await self._send_all(letters)
        except Retryable as error:
            topics = ", ".join(sorted({dead_letter_topic(letter.record.topic) for letter in letters}))
            fix = "it must exist, with its source's partitions and a little more than its max.message.bytes"
            raise Retryable(f"{topics}: {error}; {fix}: `memory-graph topology apply`") from error

    async def _send_all(self, letters: Sequence[DeadLetter]) -> None:
        confirmation = self._confirmation(len(letters))
        for letter in letters:
            topic = dead_letter_topic(letter.record.topic)
            await self._produce(topic, {**_message(letter), "on_delivery": confirmation.report})
        await confirmation.done


def _message(letter: DeadLetter) -> dict[str, Any]:
    record = letter.record
    message = {"key": record.key, "value": record.value, "partition": record.partition, "headers": headers_of(letter)}
    # Brokers delete by a record's own timestamp: a dead letter as old as the retention would be gone in minutes.
    # Then it gets today's, and the original's is in our header alone; so, too, for 0 and -1, which are no time.
    kept = record.timestamp > letter.failed_at - KEEP_TIMESTAMP_MS
    return message | {"timestamp": record.timestamp if kept else letter.failed_at}
