"""What librdkafka refuses before it sends anything."""

import pytest

from workers.adapters.kafka.producer import KafkaProducer
from workers.core.errors import Refused
from workers.core.record import OutgoingRecord


async def test_a_record_that_is_larger_than_kafka_takes_is_refused_and_not_tried_for_ever() -> None:
    producer = KafkaProducer({"bootstrap.servers": "127.0.0.1:9", "log_level": 0})
    try:
        with pytest.raises(Refused, match=r"model-usage: .*[Mm]essage size too large.*max\.message\.bytes"):
            await producer.send([OutgoingRecord("model-usage", b"key", b"x" * 2_000_000)])
    finally:
        await producer.aclose()
