from collections.abc import Sequence
from typing import Any

import pytest

from tests.unit.observe.collected import TRACEPARENT, Collected, consumed, traceparent
from workers.adapters.kafka import dead_letters as module
from workers.adapters.kafka.dead_letters import KafkaDeadLetters
from workers.adapters.kafka.headers import PREFIX, headers_of
from workers.core.dead_letter import DeadLetter
from workers.core.record import OutgoingRecord
from workers.core.stage import Stage

BAGGAGE = ("baggage", b"model_id=gpt-4o,provider=openai,event_type=request.started")


class Brokers:
    """Take every record."""

    def __init__(self) -> None:
        self.sent: list[OutgoingRecord] = []

    async def send(self, records: Sequence[OutgoingRecord]) -> None:
        self.sent += records


@pytest.fixture
def brokers(monkeypatch: pytest.MonkeyPatch) -> Brokers:
    it = Brokers()
    monkeypatch.setattr(module, "KafkaProducer", lambda _config, _kafka: it)
    return it


def letter(*headers: tuple[str, bytes | None]) -> DeadLetter:
    return DeadLetter(consumed(7, *headers), "group", "toy", Stage.VALIDATE, "field.missing", "no id", "Rejected", 9)


def foreign(record: OutgoingRecord) -> list[Any]:
    return [header for header in record.headers if not header[0].startswith(PREFIX)]


async def test_a_letter_goes_on_in_the_trace_of_its_record_or_else_of_its_batch(brokers: Brokers) -> None:
    tracing = Collected()
    own = [("tracestate", b"vendor=1"), TRACEPARENT, BAGGAGE]
    with tracing.batch("toy", "group", [consumed(7)]):
        await KafkaDeadLetters({}, tracing).publish([letter(*own), letter(BAGGAGE), letter()])

    (batch,) = tracing.spans()
    assert [foreign(sent) for sent in brokers.sent] == [own, [BAGGAGE, traceparent(batch)], [traceparent(batch)]]


async def test_a_letter_that_is_sent_again_names_its_batch_once(brokers: Brokers) -> None:
    tracing = Collected()
    letters, one = KafkaDeadLetters({}, tracing), letter()
    with tracing.batch("toy", "group", [consumed(7)]):
        await letters.publish([one])
        await letters.publish([one])

    (batch,) = tracing.spans()
    assert [foreign(sent) for sent in brokers.sent] == [[traceparent(batch)]] * 2


async def test_without_a_collector_a_letter_has_its_records_headers_and_ours(brokers: Brokers) -> None:
    await KafkaDeadLetters({}).publish([letter(BAGGAGE)])

    assert [sent.headers for sent in brokers.sent] == [headers_of(letter(BAGGAGE))]
