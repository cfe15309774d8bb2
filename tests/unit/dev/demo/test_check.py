from workers.dev.demo.check import compare, problems_of
from workers.dev.demo.report import DeadLetterCount

LETTERS = [DeadLetterCount("avro.enum", "DECODE", 2, ""), DeadLetterCount("field.missing", "VALIDATE", 1, "")]


def test_what_agrees_is_no_problem() -> None:
    checks = compare({"Invocation": 10, "CHILD_OF": 4}, {"Invocation": 10, "CHILD_OF": 4}, 3, LETTERS)
    assert checks == [("Invocation", 10, 10), ("CHILD_OF", 4, 4), ("dead letters", 3, 3)]
    assert problems_of(checks) == []


def test_every_difference_is_told_with_both_numbers() -> None:
    checks = compare({"Invocation": 8_819}, {"Invocation": 8_818}, 4, LETTERS)
    assert problems_of(checks) == [
        "Invocation: the records sent come to 8,819, found 8,818",
        "dead letters: the records sent come to 4, found 3",
    ]


def test_what_nobody_expected_is_a_difference_and_so_is_what_is_missing() -> None:
    checks = compare({"Invocation SUCCESS": 1}, {"Invocation STARTED": 1}, 0, [])
    assert problems_of(checks) == [
        "Invocation SUCCESS: the records sent come to 1, found 0",
        "Invocation STARTED: the records sent come to 0, found 1",
    ]
