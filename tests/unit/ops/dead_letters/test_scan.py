"""How far a dead-letter topic is read: as far as the selection and the page need it."""

from collections import Counter
from collections.abc import Iterator, Mapping

import pytest

from workers.config.settings import KafkaSettings
from workers.core.record import ConsumedRecord
from workers.ops.dead_letters import scan
from workers.ops.dead_letters.scan import DeadLetters
from workers.ops.dead_letters.selection import Selection

OFFSETS = 10


class Topic:
    """Two partitions of ten records, in place of the reader of a topic."""

    def __init__(self, kafka: KafkaSettings, name: str) -> None:
        self.name = name

    def begin_offsets(self) -> dict[int, int]:
        return {0: 0, 1: 0}

    def end_offsets(self) -> dict[int, int]:
        return {0: OFFSETS, 1: OFFSETS}

    def between(self, begin: Mapping[int, int], end: Mapping[int, int]) -> Iterator[ConsumedRecord]:
        for partition, last in end.items():
            for offset in range(begin.get(partition, 0), last):
                yield ConsumedRecord(self.name, partition, offset, 5, b"key", b"value")


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> DeadLetters:
    monkeypatch.setattr(scan, "TopicReader", Topic)
    return DeadLetters(KafkaSettings(), "events")


@pytest.mark.parametrize(
    ("selection", "selected", "read"),
    [
        (Selection(), 20, 20),
        (Selection(partition=1, offsets=(2, 4)), 3, 3),
        (Selection(places={(1, 3), (1, 5)}), 2, 3),
        (Selection(places={(0, 9), (1, 0), (7, 1)}), 2, 2),
        (Selection(places={(0, 1), (0, 8)}, offsets=(4, 20)), 1, 5),
        (Selection(places=()), 0, 0),
    ],
)
def test_no_more_is_read_than_the_selection_needs(
    letters: DeadLetters, selection: Selection, selected: int, read: int
) -> None:
    watched = Counter[str]()
    letters.watch = lambda: watched.update(["read"])
    assert len(list(letters.selected(selection))) == selected
    assert watched["read"] == read


def test_a_page_has_the_letters_between_its_offsets(letters: DeadLetters) -> None:
    def places(begins: Mapping[int, int], ends: Mapping[int, int] | None) -> list[tuple[int, int]]:
        return [each.place for each in letters.selected(Selection(offsets=(1, 8)), begins, ends)]

    assert places({}, {0: 3}) == [(0, 1), (0, 2)]
    assert places({0: 3}, {0: 5, 1: 2}) == [(0, 3), (0, 4), (1, 1)]
    assert places({0: 7, 1: 8}, None) == [(0, 7), (0, 8), (1, 8)]
    assert places({0: 9, 1: 9}, None) == []
