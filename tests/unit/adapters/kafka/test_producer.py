"""What librdkafka refuses before it sends anything, and a producer that it has given up."""

import asyncio

import pytest
from confluent_kafka import KafkaError, KafkaException

from workers.adapters.kafka.producer import KafkaProducer
from workers.core.errors import Refused, Retryable
from workers.core.record import OutgoingRecord


async def test_a_record_that_is_larger_than_kafka_takes_is_refused_and_not_tried_for_ever() -> None:
    producer = KafkaProducer({"bootstrap.servers": "127.0.0.1:9", "log_level": 0})
    try:
        with pytest.raises(Refused, match=r"model-usage: .*[Mm]essage size too large.*max\.message\.bytes"):
            await producer.send([OutgoingRecord("model-usage", b"key", b"x" * 2_000_000)])
    finally:
        await producer.aclose()


class Dead:
    """What librdkafka's producer is after a fatal error."""

    def produce(self, *_: object, **__: object) -> None:
        raise KafkaException(KafkaError(KafkaError._FATAL))  # noqa: SLF001 - librdkafka's own codes are so named

    def poll(self, _seconds: float) -> int:
        return 0

    def purge(self) -> None:
        """Have nothing to give up."""

    def flush(self, _seconds: float) -> int:
        return 0


async def test_a_producer_after_a_fatal_error_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    producer = KafkaProducer({"test.mock.num.brokers": 1, "log_level": 0})
    monkeypatch.setattr(producer, "_producer", Dead())
    record = OutgoingRecord("model-usage", b"key", b"value")
    try:
        async with asyncio.timeout(30):
            with pytest.raises(Retryable, match="did not take a record for model-usage"):
                await producer.send([record])
            while True:
                try:
                    await producer.send([record])
                except Retryable:
                    await asyncio.sleep(0.05)
                else:
                    break
    finally:
        await producer.aclose()
