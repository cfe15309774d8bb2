"""Tests with a real Kafka at ``KAFKA_BOOTSTRAP_SERVERS``."""

import asyncio
import os
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from workers.adapters.kafka.producer import KafkaProducer
from workers.core.errors import Retryable
from workers.core.record import OutgoingRecord

TIMEOUT_SECONDS = 30.0


class Watched(KafkaProducer):
    """A producer that shows its inner librdkafka producer."""

    @property
    def inner(self) -> Any:
        return self._producer


@pytest.fixture
def admin() -> AdminClient:
    return AdminClient({"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"]})


@pytest.fixture
def missing(admin: AdminClient) -> Iterator[str]:
    """Yield the name of a topic that the test creates."""
    name = f"producer-{uuid.uuid4().hex[:8]}"
    yield name
    for future in admin.delete_topics([name]).values():
        future.result(TIMEOUT_SECONDS)


async def test_after_a_timeout_it_goes_on_with_a_new_producer_and_nobody_waits_for_the_old(
    admin: AdminClient, missing: str
) -> None:
    producer = Watched({"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"], "delivery.timeout.ms": 1_500})
    before = producer.inner
    records = [OutgoingRecord(missing, b"key", b"value", partition=0)]
    try:
        for outcome in await asyncio.gather(producer.send(records), producer.send(records * 2), return_exceptions=True):
            assert isinstance(outcome, Retryable)
        for future in admin.create_topics([NewTopic(missing, 1, 1)]).values():
            future.result(TIMEOUT_SECONDS)
        await asyncio.wait_for(delivered(producer, records), TIMEOUT_SECONDS)
        assert producer.inner is not before
    finally:
        await producer.aclose()


async def delivered(producer: KafkaProducer, records: Sequence[OutgoingRecord]) -> None:
    """Send until confirmed, as the engine does."""
    while True:
        try:
            return await producer.send(records)
        except Retryable:
            continue
