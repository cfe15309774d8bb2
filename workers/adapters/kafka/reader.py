"""Read part of a topic and leave no trace: no group, no committed offsets."""

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from workers.adapters.kafka.access.faults import turned_away
from workers.adapters.kafka.client import librdkafka_config
from workers.config.settings import KafkaSettings
from workers.core.errors import Misconfigured, Unreachable
from workers.core.record import ConsumedRecord

TIMEOUT_SECONDS = 10.0
POLL_SECONDS = 0.1
BATCH_RECORDS = 25
"""More at once do not stay in the cache of a core: 100 cost an eighth more for each dead letter, 500 a half."""
QUEUED_KILOBYTES = 2_048
"""What librdkafka keeps of all partitions before it is read; its default is 64 MiB for each of them."""
QUEUE_FULL_MILLISECONDS = 5
"""How long librdkafka then waits before it fetches again; by default a second. What it saves was not measured."""
FETCHED_BYTES = 262_144
"""Of each partition at once, compressed: unpacked, it may go far beyond what is kept. A larger record still comes."""
Fetched: TypeAlias = Message
"""A record as librdkafka hands it over."""
LEADER_POLL_SECONDS = 0.05
READER_GROUP = "memory-graph-reader"
"""The client asks for a group, and for its coordinator; nothing is committed."""
NO_LEADER_YET = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE}


class TopicReader:
    """Reads one topic between offsets. Its calls block: run them in a thread where a loop must go on."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self._kafka = kafka
        self._topic = topic

    def end_offsets(self) -> dict[int, int]:
        """Return the offset after the last record of each partition. Raises ``Misconfigured``, ``Unreachable``."""
        with self._consumer() as consumer:
            return {number: self._watermarks(consumer, number)[1] for number in self._partitions(consumer)}

    def begin_offsets(self) -> dict[int, int]:
        """Return the offset of the first record of each partition that is kept. Raises as ``end_offsets`` does."""
        with self._consumer() as consumer:
            return {number: self._watermarks(consumer, number)[0] for number in self._partitions(consumer)}

    def offsets_since(self, timestamp: int) -> dict[int, int]:
        """Return the first offset at or after a time in each partition; epoch milliseconds.

        A partition without such a record has its end. Raises as ``end_offsets`` does.
        """
        with self._consumer() as consumer:
            asked = [TopicPartition(self._topic, number, timestamp) for number in self._partitions(consumer)]
            found = {each.partition: each.offset for each in consumer.offsets_for_times(asked, timeout=TIMEOUT_SECONDS)}
            return {
                number: offset if offset >= 0 else self._watermarks(consumer, number)[1]
                for number, offset in found.items()
            }

    def between(self, begin: Mapping[int, int], end: Mapping[int, int]) -> Iterator[ConsumedRecord]:
        """Return the records from ``begin`` up to and without ``end``, offsets by partition; order holds in each.

        A partition that ``begin`` lacks is read from its start. Raises ``Unreachable``.
        """
        return (consumed(self._topic, message) for messages in self.batches(begin, end) for message in messages)

    def batches(self, begin: Mapping[int, int], end: Mapping[int, int]) -> Generator[list[Fetched]]:
        """Return the same as ``between``, as librdkafka hands it over: it copies headers only when asked for them."""
        left = {number: offset for number, offset in end.items() if begin.get(number, 0) < offset}
        if not left:
            return
        with self._consumer() as consumer:
            consumer.assign([TopicPartition(self._topic, number, begin.get(number, 0)) for number in left])
            answered_at = time.monotonic()
            while left:
                if messages := consumer.consume(BATCH_RECORDS, POLL_SECONDS):
                    answered_at = time.monotonic()
                elif time.monotonic() > answered_at + TIMEOUT_SECONDS:
                    raise self._unreachable("no records within ten seconds")
                before = set(left)
                yield [message for message in messages if self._is_before_end(message, left)]
                if ended := before - left.keys():  # what stands behind would be fetched, too
                    consumer.incremental_unassign([TopicPartition(self._topic, number) for number in ended])

    def _is_before_end(self, message: Fetched, left: dict[int, int]) -> bool:
        """Tell whether a message is before the end of its partition; an end that is reached is removed."""
        error, partition, offset = message.error(), message.partition() or 0, message.offset() or 0
        at_end = error is not None and error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001 - so it is spelled
        if error is not None and not at_end:
            raise self._classed(error)
        end = left.get(partition, 0)
        if at_end or offset + 1 >= end:  # offsets may have holes, so an end may never be met
            left.pop(partition, None)
        return not at_end and offset < end

    @contextmanager
    def _consumer(self) -> Iterator[Consumer]:
        consumer = Consumer(
            {
                **librdkafka_config(self._kafka),
                "group.id": READER_GROUP,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "check.crcs": True,  # librdkafka would hand damaged records over as they are
                "queued.max.messages.kbytes": QUEUED_KILOBYTES,
                "fetch.queue.backoff.ms": QUEUE_FULL_MILLISECONDS,
                "fetch.message.max.bytes": FETCHED_BYTES,
                "log_level": 2,
            }
        )
        try:
            yield consumer
        except KafkaException as error:
            raise self._classed(error.args[0]) from error
        finally:
            consumer.close()

    def _partitions(self, consumer: Consumer) -> list[int]:
        topic = consumer.list_topics(self._topic, timeout=TIMEOUT_SECONDS).topics[self._topic]
        if topic.error is not None:
            raise Misconfigured(
                f"there is no topic {self._topic}; create it with `memory-graph topology apply --execute`"
            )
        return list(topic.partitions)

    def _watermarks(self, consumer: Consumer, number: int) -> tuple[int, int]:
        """Return a partition's first offset and its end.

        Ask until the leader answers: just after a topic was created, it may not know it yet.
        """
        partition, deadline = TopicPartition(self._topic, number), time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                begin, end = consumer.get_watermark_offsets(partition, timeout=TIMEOUT_SECONDS)
                return int(begin), int(end)
            except KafkaException as error:
                if error.args[0].code() not in NO_LEADER_YET or time.monotonic() > deadline:
                    raise
                time.sleep(LEADER_POLL_SECONDS)

    def _classed(self, error: KafkaError) -> Misconfigured | Unreachable:
        if sentence := turned_away(self._kafka, [error], f"READ of topic {self._topic}"):
            return Misconfigured(sentence)
        if error.code() == KafkaError._BAD_MSG:  # noqa: SLF001 - so it is spelled
            return Unreachable(
                f"{self._topic} has a damaged batch ({error.str()}): make another replica the leader, or delete the "
                "records up to it, see helm/monitoring/DISASTERS.md#one-partition-unreadable"
            )
        return self._unreachable(error.str())

    def _unreachable(self, reason: str) -> Unreachable:
        return Unreachable(
            f"Kafka at {self._kafka.bootstrap_servers} does not give the records of {self._topic} ({reason}); "
            "check that it runs (`memory-graph stack status`)"
        )


def consumed(topic: str, message: Fetched) -> ConsumedRecord:
    """Return a message as a record. Its headers are as Kafka has them: in order, names may repeat, values are bytes."""
    headers: Any = message.headers() or ()
    return ConsumedRecord(
        topic,
        message.partition() or 0,
        message.offset() or 0,
        message.timestamp()[1],
        message.key(),
        message.value(),
        list(headers),
    )
