"""What is read of a record of a dead-letter topic."""

import pytest

from workers.adapters.kafka.headers import headers_of
from workers.core.dead_letter import DeadLetter
from workers.core.record import ConsumedRecord
from workers.core.stage import Stage
from workers.ops.dead_letters.letter import Origin, letter_of

RECORD = ConsumedRecord("events", 2, 7, 1_700_000_000_000, b"key", b"value")
LETTER = DeadLetter(RECORD, "group", "telemetry", Stage.DECODE, "avro.truncated", "it ends", "Rejected", 99)


def test_the_origin_and_the_reason_are_in_the_headers() -> None:
    letter = letter_of(ConsumedRecord("events.dlq", 2, 3, 5, b"key", b"value", headers_of(LETTER)))
    assert letter.origin == Origin("events", 2, 7, 1_700_000_000_000)
    assert (letter.code, letter.stage, letter.worker, letter.failed_at) == ("avro.truncated", "DECODE", "telemetry", 99)


@pytest.mark.parametrize("headers", [[], [("__dlq.errors.topic", b"events")], [("__connect.errors.partition", b"1")]])
def test_a_record_of_another_program_has_no_origin(headers: list[tuple[str, bytes | None]]) -> None:
    letter = letter_of(ConsumedRecord("events.dlq", 2, 3, 5, b"key", b"value", headers))
    assert letter.origin is None
    assert letter.code == "unknown"
    assert "is missing" in letter.problem
