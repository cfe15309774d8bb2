"""Sends the stream, and stores the offset of each record in the history."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from tests.chaos.checking.history import History
from tests.chaos.running.stream import Planned
from workers.adapters.kafka.reader import TopicReader
from workers.config.settings import KafkaSettings
from workers.core.record import ConsumedRecord

NUMBER_HEADER = "chaos-number"
PATIENCE_SECONDS = 300


def headers_of(planned: Planned) -> list[tuple[str, str | bytes | None]]:
    """Return the record's number and a repeated header, as dead letters must have them."""
    return [(NUMBER_HEADER, str(planned.number).encode()), ("twice", b"1"), ("twice", b"\xff")]


def page_of(planned: Planned) -> str | None:
    """Return the record's page in the ledger; an audit event has none."""
    if "audit_id" in planned.fields:
        return None
    return planned.fields["trace_id"] or f"{planned.fields['event_id']}#{planned.number}"


class StreamProducer:
    """An idempotent producer for one creation of a topic; it continues after broker restarts."""

    def __init__(self, bootstrap_servers: str, topic: str, life: int, history: History) -> None:
        self._topic = topic
        self._life = life
        self._history = history
        self._reader = TopicReader(KafkaSettings(bootstrap_servers=bootstrap_servers), topic)
        self._without_offset: list[dict[str, Any]] = []
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "enable.idempotence": True,
                "acks": "all",
                "message.timeout.ms": PATIENCE_SECONDS * 1000,
                "log_level": 0,
            }
        )

    def queue(self, stream: Sequence[Planned], values: Sequence[bytes | None]) -> None:
        """Queue these records in order; handle the reports of earlier ones."""
        for planned, value in zip(stream, values, strict=True):
            self._send(planned, value)
        self._producer.poll(0)

    async def flush(self) -> None:
        """Wait until the broker has confirmed every record."""
        left = await asyncio.to_thread(self._producer.flush, PATIENCE_SECONDS)
        assert not left, f"{left} records were never confirmed"
        if self._without_offset:
            await asyncio.to_thread(self._find_offsets)

    async def send(self, stream: Sequence[Planned], values: Sequence[bytes | None]) -> None:
        """Send all records, and wait until they are confirmed."""
        self.queue(stream, values)
        await self.flush()

    def _send(self, planned: Planned, value: bytes | None) -> None:
        def confirmed(error: KafkaError | None, message: Message) -> None:
            assert error is None, f"record {planned.number}: {error}"
            told: dict[str, Any] = {"number": planned.number, "poison": planned.poison, "page": page_of(planned)}
            told["key"] = planned.key.decode()
            told |= {"partition": message.partition(), "offset": message.offset(), "life": self._life}
            if told["offset"] is None:
                self._without_offset.append(told)
            else:
                self._history.note("produced", **told)

        self._producer.produce(
            self._topic,
            value=value,
            key=planned.key,
            partition=planned.partition,
            headers=headers_of(planned),
            on_delivery=confirmed,
        )

    def _find_offsets(self) -> None:
        """Read where the records are that the broker had already when they were sent again: it does not say."""
        numbers = ((dict(each.headers)[NUMBER_HEADER], each.offset) for each in self._all_records())
        offsets = {int(number or b""): offset for number, offset in numbers}
        for told in self._without_offset:
            self._history.note("produced", **told | {"offset": offsets[told["number"]]})
        self._without_offset.clear()

    def _all_records(self) -> Iterator[ConsumedRecord]:
        return self._reader.between({}, self._reader.end_offsets())


def abort(bootstrap_servers: str, topic: str, records: Sequence[tuple[Planned, bytes | None]]) -> None:
    """Send records in a transaction, and abort it."""
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": topic, "log_level": 0})
    producer.init_transactions()
    producer.begin_transaction()
    for planned, value in records:
        producer.produce(topic, value, planned.key, planned.partition, headers=headers_of(planned))
    assert not producer.flush(PATIENCE_SECONDS)
    producer.abort_transaction()
