from workers.adapters.kafka.headers import headers_of
from workers.core.dead_letter import DeadLetter
from workers.core.record import ConsumedRecord
from workers.core.stage import Stage
from workers.dev.demo.steps.dead_letters import by_reason


def letter(offset: int, code: str, stage: Stage = Stage.VALIDATE) -> ConsumedRecord:
    record = ConsumedRecord("events", 2, offset, 0, b"key", b"value")
    dead = DeadLetter(record, "group", "telemetry", stage, code, f"offset {offset}", "workers.Rejected", 1)
    return ConsumedRecord("events.dlq", 2, offset + 100, 0, b"key", b"value", headers_of(dead))


def test_letters_are_counted_by_code_and_stage_with_the_first_message() -> None:
    letters = [letter(1, "a"), letter(2, "b", Stage.DECODE), letter(3, "b", Stage.DECODE)]
    counts = by_reason(letters, {(2, 1), (2, 2), (2, 3)})
    assert [(each.code, each.stage, each.count, each.example) for each in counts] == [
        ("b", "DECODE", 2, "offset 2"),
        ("a", "VALIDATE", 1, "offset 1"),
    ]


def test_letters_of_records_that_others_sent_do_not_count() -> None:
    assert [each.count for each in by_reason([letter(1, "a"), letter(2, "a")], {(2, 2), (1, 1)})] == [1]
