"""Which records a rebuild leaves out, and what it does in place of sending dead letters."""

from typing import Any

import pytest

from tests.unit.ops.graph_check.test_log import Message
from workers.adapters.kafka.headers import NAMES, PREFIX
from workers.core.dead_letter import DeadLetter
from workers.core.errors import Rejected
from workers.core.record import ConsumedRecord
from workers.core.stage import Stage
from workers.ops.rebuild.sent_letters import (
    LEFT_OUT,
    REJECTED,
    LeavingOut,
    NotSent,
    RejectedHere,
    Released,
    SentLetters,
    rejected_here,
)
from workers.testing import JsonDecoder, record


class Letters:
    """A dead-letter topic, whose partition 3 has the letters of these offsets. A record's timestamp is its offset."""

    def __init__(self, *offsets: int) -> None:
        self.offsets = list(offsets)
        self.asked: list[dict[int, int]] = []

    def end_offsets(self) -> dict[int, int]:
        return {3: len(self.offsets)}

    def batches(self, begin: dict[int, int], end: dict[int, int]) -> list[list[Message]]:
        self.asked.append(dict(begin))
        return [[Message(0, None, None, _headers(each)) for each in self.offsets[begin.get(3, 0) : end[3]]]]


def _headers(offset: int) -> list[tuple[str, bytes]]:
    place = {"topic": "calls", "partition": 3, "offset": offset, "timestamp": offset}
    return [(PREFIX + NAMES[name], str(value).encode()) for name, value in place.items()]


def at(offset: int, timestamp: int | None = None) -> ConsumedRecord:
    return ConsumedRecord("calls", 3, offset, offset if timestamp is None else timestamp, b"k", record("r", {}).value)


def read(*offsets: int) -> SentLetters:
    letters = SentLetters(Letters(*offsets), "calls")  # type: ignore[arg-type]  # it only reads
    letters.read()
    return letters


def test_a_record_is_a_letter_by_its_place_and_its_timestamp() -> None:
    letters = read(5, 7)
    assert [letters.have(at(each)) for each in (5, 6, 7)] == [True, False, True]
    assert not letters.have(at(5, timestamp=9)), "of a topic of that name before"
    assert not letters.have(at(5)._replace(partition=2))


def test_only_what_is_new_is_read() -> None:
    topic = Letters(5)
    letters = SentLetters(topic, "calls")  # type: ignore[arg-type]  # it only reads
    letters.read()
    topic.offsets.append(8)
    letters.read()
    assert letters.have(at(5))
    assert letters.have(at(8))
    assert topic.asked == [{}, {3: 1}]


async def test_the_decoder_rejects_letters_and_decodes_all_else() -> None:
    decoder = LeavingOut(JsonDecoder(), read(5))
    await decoder.prepare([at(4)])
    assert decoder.server == JsonDecoder.server
    assert decoder.decode(at(4)) == ("r", {})
    with pytest.raises(Rejected) as rejected:
        decoder.decode(at(5))
    assert rejected.value.code == LEFT_OUT


def letter(offset: int, code: str) -> DeadLetter:
    named: Any = {"group": "g", "worker": "w", "exception_class": "x", "failed_at": 1}
    return DeadLetter(record=at(offset), stage=Stage.DECODE, code=code, message="why", **named)


class Graph:
    """Keeps what is kept on watermarks."""

    def __init__(self) -> None:
        self.kept: dict[str, list[str]] = {}

    async def rows(self, cypher: str, **values: Any) -> list[dict[str, Any]]:
        if cypher == REJECTED:
            return [{"id": id_, "rejected": rejected} for id_, rejected in self.kept.items()]
        known = self.kept.setdefault(values["id"], [])
        known += [each for each in values["rejected"] if each not in known]
        return []


async def test_nothing_is_sent_and_each_record_counts_once() -> None:
    graph: Any = Graph()
    sink = NotSent(graph, "telemetry")
    for _ in range(2):  # a batch that is split
        await sink.publish([letter(1, LEFT_OUT), letter(2, "field.missing")])
    assert sink.left_out == 1
    assert await rejected_here(graph) == [RejectedHere("telemetry", "calls", 3, 2, "field.missing")]


async def test_what_waits_here_and_is_no_letter_was_released() -> None:
    graph: Any = Graph()
    letters = [letter(1, LEFT_OUT), letter(2, "field.missing"), letter(4, "parked.behind"), letter(6, "parked.behind")]
    with pytest.raises(Released) as released:
        await NotSent(graph, "telemetry").publish(letters)
    assert released.value.record.offset == 4
