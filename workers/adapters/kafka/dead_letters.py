"""The dead-letter topics: ``<topic>.dlq``, confirmed before anything is acknowledged."""

from collections.abc import Mapping, Sequence
from typing import Any

from workers.adapters.kafka.headers import headers_of
from workers.adapters.kafka.producer import KafkaProducer
from workers.config.settings import KafkaSettings
from workers.config.topics import DEAD_LETTER_RETENTION_HOURS, dead_letter_topic
from workers.core.dead_letter import DeadLetter
from workers.core.errors import NeedsOperator, NotAllowed, Refused, Retryable
from workers.core.record import OutgoingRecord
from workers.observe.tracing import NO_TRACING, Tracing

LARGEST_RECORD_BYTES = 104_857_600
"""Kafka's ``socket.request.max.bytes``: no broker takes more by default. The topic's own limit is below it."""

KEEP_TIMESTAMP_MS = (DEAD_LETTER_RETENTION_HOURS - 24) * 3_600_000
"""A dead letter keeps its record's timestamp if retention leaves it at least a day."""


class KafkaDeadLetters:
    """``DeadLetters`` in Kafka, in the partition of the record: both topics have the same number of partitions.

    ``config`` is librdkafka's; with ``kafka`` its address and login are added. Letters of one partition keep their
    order. A letter goes on in the trace of its record, or in the trace of its batch if the record names none.
    """

    def __init__(
        self, config: Mapping[str, Any], tracing: Tracing = NO_TRACING, *, kafka: KafkaSettings | None = None
    ) -> None:
        self._tracing = tracing
        self._producer = KafkaProducer({"message.max.bytes": LARGEST_RECORD_BYTES, **config}, kafka)

    async def publish(self, letters: Sequence[DeadLetter]) -> None:
        """Return when the brokers have confirmed every letter. Raises ``Retryable``; some may be in the log by then.

        A letter that is too large for its topic raises ``NeedsOperator``: it must not be lost, and others get through.

        A letter that is published again is in the log twice, with the same topic, partition and offset in its headers.
        """
        try:
            await self._producer.send([_outgoing(letter, self._tracing) for letter in letters])
        except NotAllowed:
            raise
        except (Retryable, Refused) as error:
            topics = ", ".join(sorted({dead_letter_topic(letter.record.topic) for letter in letters}))
            fix = "it must exist, with its source's partitions and a little more than its max.message.bytes"
            kind = NeedsOperator if isinstance(error, Refused) else Retryable
            raise kind(f"{topics}: {error}; {fix}: `memory-graph topology apply --execute`") from error

    async def aclose(self) -> None:
        """Flush and close the producer."""
        await self._producer.aclose()


def _outgoing(letter: DeadLetter, tracing: Tracing) -> OutgoingRecord:
    record, headers = letter.record, headers_of(letter)
    tracing.inject(headers)
    # Brokers delete by a record's own timestamp: a dead letter as old as the retention would be gone in minutes.
    # Such a letter gets the time of its failure, and the original's time is in its header. The same holds for 0 and -1.
    kept = record.timestamp > letter.failed_at - KEEP_TIMESTAMP_MS
    return OutgoingRecord(
        topic=dead_letter_topic(record.topic),
        key=record.key,
        value=record.value,
        partition=record.partition,
        headers=headers,
        timestamp=record.timestamp if kept else letter.failed_at,
    )
