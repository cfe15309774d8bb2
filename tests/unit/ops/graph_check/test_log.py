"""Which records of a partition are folded: not dead letters, and those of wanted keys."""

from typing import Any

import pytest

from tests.model.traffic import Maker, Sent, seeded
from tests.unit.pipelines.telemetry.driven import WORKER
from workers.adapters.kafka.headers import NAMES, PREFIX
from workers.core.record import TopicPartition
from workers.ops.graph_check.log import Decoding, PartitionLog, dead_letters_of
from workers.testing import JsonDecoder, record

PLACE = TopicPartition("calls", 3)


class Message:
    """A fetched record, as librdkafka has it."""

    def __init__(self, offset: int, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
        self._of = {"offset": offset, "key": key, "value": value, "headers": headers, "partition": 3}

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_000 + self._of["offset"]  # type: ignore[operator]  # it is a number

    def __getattr__(self, name: str) -> Any:
        return lambda: self._of[name]


class Topic:
    """A reader of some messages."""

    def __init__(self, messages: list[Message]) -> None:
        self.messages = messages

    def end_offsets(self) -> dict[int, int]:
        return {3: len(self.messages)}

    def batches(self, begin: dict[int, int], end: dict[int, int]) -> list[list[Message]]:
        return [self.messages[begin.get(3, 0) : end[3]]]


def sent(*logged: Sent) -> Topic:
    return Topic(
        [
            Message(offset, fields["trace_id"].encode(), record(name, fields).value, [])
            for offset, (name, fields) in enumerate(logged)
        ]
    )


async def spans_of(
    topic: Topic, end: int, dead: dict[int, int], *wanted: str
) -> tuple[list[str], PartitionLog[Any, Any]]:
    log = PartitionLog(topic, PLACE, Decoding(WORKER, JsonDecoder()), dead)  # type: ignore[arg-type]  # fakes
    keys = {each.encode() for each in wanted}
    pages = [page async for page in log.events(0, end, keys.__contains__, lambda _: None)]
    return [f"{event.trace_id}/{event.span_id}" for page in pages for _, event in page], log


def calls(*spans: tuple[str, str]) -> list[Sent]:
    maker = Maker(seeded(1), "t")
    for trace, span in spans:
        maker.send("LLMInvocationEvent", maker.invocation(trace, span, [], "start"))
    return maker.log


async def test_only_records_before_the_end_and_of_wanted_keys_are_folded() -> None:
    topic = sent(*calls(("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")))
    assert (await spans_of(topic, 3, {}, "a"))[0] == ["a/1", "a/3"]
    assert (await spans_of(topic, 4, {}, "a", "b"))[0] == ["a/1", "b/2", "a/3", "a/4"]


async def test_a_dead_letter_is_left_out_unless_it_is_of_another_topic_of_this_name() -> None:
    topic = sent(*calls(("a", "1"), ("a", "2"), ("a", "3")))
    found, log = await spans_of(topic, 3, {0: 1_000, 1: 999}, "a")
    assert found == ["a/2", "a/3"]
    assert log.dead_letters == 1


async def test_it_knows_since_when_the_topic_has_records() -> None:
    assert (await spans_of(sent(*calls(("a", "1"), ("a", "2"))), 2, {}, "a"))[1].kept_since == 1_001


def letter(key: bytes, topic: str = "calls", partition: int = 3, offset: str = "7") -> Message:
    values = {"topic": topic, "partition": str(partition), "offset": offset, "timestamp": "1007"}
    return Message(0, key, b"", [(PREFIX + NAMES[name], value.encode()) for name, value in values.items()])


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (letter(b"a"), {7: 1_007}),
        (letter(b"b"), {}),
        (letter(b"a", topic="others"), {}),
        (letter(b"a", partition=4), {}),
        (letter(b"a", offset="seven"), {}),
        (Message(0, b"a", b"", []), {}),
    ],
)
def test_dead_letters_of_this_partition_are_known_by_their_headers(message: Message, found: dict[int, int]) -> None:
    reader: Any = Topic([message])
    assert dead_letters_of(reader, PLACE, {b"a"}.__contains__) == found
