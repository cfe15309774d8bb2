"""Records that can never succeed become dead letters; other records reach the graph."""

import json
import time
from collections import Counter
from typing import Any, NamedTuple

import pytest
from confluent_kafka import Message

from tests.end_to_end.bad_records import EVERY_KIND, Bad, Producer
from tests.end_to_end.outsider import Log, Sent, read_all
from tests.end_to_end.program import get, run, until
from tests.end_to_end.scene import Scene

SENT_AT = int(time.time() * 1000) - 3_600_000
"""Brokers delete records by this time, so it is recent."""
HEADERS = [("traceparent", b"00-a-b-01"), ("twice", b"1"), ("twice", b"\xff\xfe"), ("null", None), ("empty", b"")]
OURS = "__dlq.errors."
NEWER, NOT_A_NUMBER = "enum symbol of a newer schema", "LLMInvocationEvent latency_ms nan"
KINDS = ("avro", "value", "key", "field.missing", "number", "timestamp", "event_type")


class Outcome(NamedTuple):
    """The result of one worker run over all bad records."""

    bad: dict[str, Sent]
    good: dict[str, list[str]]
    letters: dict[tuple[int, int], list[Message]]
    invocations: list[str]
    exit_code: int
    lag: int
    shown: list[str]

    def place(self, what: str) -> tuple[int, int]:
        return self.bad[what].partition, self.bad[what].offset


@pytest.fixture(scope="module")
def outcome(scene: Scene) -> Outcome:
    log, serializer = scene.log(), scene.serializer()
    bad, good = {}, {}
    for number, case in enumerate(EVERY_KIND):
        producers = [
            Producer(serializer, scene.settings.schema_registry.url, scene.topic, f"{scene.name}-{number}-{which}")
            for which in ("before", "bad", "after")
        ]
        before, spoiler, after = producers
        good[case.what] = [before.trace_id, after.trace_id]
        for producer in producers:
            key, value = (
                (case.key(spoiler), case.value(spoiler))
                if producer is spoiler
                else (producer.trace_id.encode(), producer.value())
            )
            log.send(key, value, timestamp=SENT_AT + number, partition=number % 2, headers=HEADERS)
        log.flush()
        bad[case.what] = one_between(log)
    with scene.start("worker.log") as worker:
        scene.until_caught_up(worker)
        exit_code = worker.stop()
    letters: dict[tuple[int, int], list[Message]] = {}
    for letter in read_all(scene.settings.kafka.bootstrap_servers, f"{scene.topic}.dlq"):
        place = int(ours(letter)["partition"]), int(ours(letter)["offset"])
        letters.setdefault(place, []).append(letter)
    cypher = "MATCH (i:Invocation) WHERE i.trace_id STARTS WITH $name RETURN i.trace_id AS trace_id"
    invocations = [row["trace_id"] for row in scene.query(cypher, name=scene.name)]
    return Outcome(bad, good, letters, invocations, exit_code, scene.lag(), shown(scene))


def shown(scene: Scene) -> list[str]:
    """Return what ``dlq show`` prints for programs, but of no record of 10 MB."""
    kinds = (option for kind in KINDS for option in ("--reason", kind))
    code, out, err = run(
        ["dlq", "show", "--topic", scene.topic, *kinds, "--limit", "500", "-o", "json"], scene.environment
    )
    assert code == 0, err
    return out.split("\n")[:-1]


def one_between(log: Log) -> Sent:
    """Return the second of the last three sent records."""
    return log.sent[-2]


def ours(letter: Message) -> dict[str, str]:
    """Return our headers, without their prefix."""
    return {
        name.removeprefix(OURS): value.decode() for name, value in headers_of(letter) if name.startswith(OURS) and value
    }


def headers_of(letter: Message) -> list[tuple[str, Any]]:
    headers: Any = letter.headers() or ()
    return list(headers)


every_kind = pytest.mark.parametrize("case", EVERY_KIND, ids=lambda case: case.what)


@every_kind
def test_the_dead_letter_says_where_and_why(case: Bad, scene: Scene, outcome: Outcome) -> None:
    sent = outcome.bad[case.what]
    (letter,) = outcome.letters[sent.partition, sent.offset]

    said = ours(letter)

    assert (said["stage"], said["code"]) == (case.stage, case.code)
    assert case.names in said["message"]
    assert len(said["message"]) < 1_100
    assert said["exception.class.name"].endswith("Rejected")
    assert (said["worker"], said["group"], said["topic"]) == ("telemetry", scene.group, scene.topic)
    assert said["timestamp"] == str(sent.timestamp)
    assert said["first.failed.at"] == said["failed.at"]
    assert said["replay.count"] == "0"
    assert (OURS + "replay.id", b"") in headers_of(letter)


@every_kind
def test_the_dead_letter_is_the_record_byte_for_byte(case: Bad, outcome: Outcome) -> None:
    sent = outcome.bad[case.what]
    (letter,) = outcome.letters[sent.partition, sent.offset]

    assert letter.partition() == sent.partition
    assert letter.key() == sent.key
    assert letter.value() == sent.value
    assert letter.timestamp()[1] == sent.timestamp
    assert headers_of(letter)[: len(HEADERS)] == HEADERS
    assert all(name.startswith(OURS) for name, _ in headers_of(letter)[len(HEADERS) :])


@every_kind
def test_the_records_around_it_arrived(case: Bad, outcome: Outcome) -> None:
    assert set(outcome.good[case.what]) <= set(outcome.invocations)


def test_each_line_for_programs_is_a_dead_letter_with_its_failing_field(scene: Scene, outcome: Outcome) -> None:
    cases = {outcome.place(case.what): case for case in EVERY_KIND if case.code.startswith(KINDS)}
    letters = [json.loads(line, parse_constant=no_json) for line in outcome.shown]
    of = {(each["error"]["from"]["partition"], each["error"]["from"]["offset"]): each for each in letters}
    assert (len(letters), of.keys()) == (len(cases), cases.keys())
    for place, case in cases.items():
        letter, error = of[place], of[place]["error"]
        assert (error["stage"], error["code"], error["from"]["topic"]) == (case.stage, case.code, scene.topic)
        assert case.names in error["message"]
        assert letter["headers"] == [
            ["traceparent", "00-a-b-01"],
            ["twice", "1"],
            ["twice", "\\xff\\xfe"],
            ["null", None],
            ["empty", ""],
        ]
        if case.stage == "VALIDATE" and case.code != "key.mismatch":
            assert (letter["field"], letter["format"]) == (case.names, "avro")
            assert case.names in letter["value"]
    symbol, number = (of[outcome.place(what)] for what in (NEWER, NOT_A_NUMBER))
    assert (symbol["field"], symbol["value"]["status"]) == ("status", "CANCELLED")
    assert (number["field"], number["value"]["latency_ms"]) == ("latency_ms", "NaN")


def no_json(constant: str) -> Any:
    raise AssertionError(f"JSON has no {constant}")


def test_nothing_else_is_in_the_graph_or_in_the_dead_letters(outcome: Outcome) -> None:
    assert sorted(outcome.invocations) == sorted(trace for pair in outcome.good.values() for trace in pair)
    assert sorted(outcome.letters) == sorted((sent.partition, sent.offset) for sent in outcome.bad.values())


def test_the_worker_ends_in_order_and_leaves_no_lag(outcome: Outcome) -> None:
    assert (outcome.exit_code, outcome.lag) == (0, 0)


def test_the_next_worker_shows_how_many_letters_wait_for_which_reason(scene: Scene, outcome: Outcome) -> None:
    codes = Counter(ours(letter)["code"] for letters in outcome.letters.values() for letter in letters)
    lines = {
        f'llm_memory_graph_dead_letters_waiting{{code="{code}",topic="{scene.topic}.dlq"}} {letters}.0'
        for code, letters in codes.items()
    }
    with scene.start("next-worker.log") as worker:
        address = worker.until_ready()
        until(lambda: lines <= {*get(f"{address}/metrics").text.splitlines()}, "all codes in the metrics", worker)
        assert worker.stop() == 0
