"""Counts by spans of offsets are those of a list of letters, whatever is added, deleted and replayed in between."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.engine.dead_letters import spans as module
from workers.engine.dead_letters.spans import PartitionSpans, Waiting

SMALL_SPAN = 4
CODES = ("a", "b")


@dataclass
class Partition:
    """A partition of dead letters, and what counts them: a hole in the offsets is no letter."""

    letters: dict[int, tuple[str, int]] = field(default_factory=dict)
    begin: int = 0
    end: int = 0
    replayed: set[int] = field(default_factory=set)
    spans: PartitionSpans = field(default_factory=PartitionSpans)
    reads: int = 0

    def append(self, *letters: tuple[str, int]) -> None:
        for letter in letters:
            self.letters[self.end] = letter
            self.end += 1

    def read(self, at_most: int = 1_000_000) -> None:
        """Read what must be read, or the first letters of it, as if Kafka were away then."""
        self.spans.keep(self.begin, self.end)
        for offset in sorted(self.replayed):
            self.spans.replayed(offset)
        while unread := self.spans.unread():
            for offset in range(*unread):
                if offset in self.letters:
                    if at_most == 0:
                        return
                    self.spans.add(offset, *self.letters[offset])
                    self.reads += 1
                    at_most -= 1
            self.spans.finish(*unread)

    def counted(self) -> dict[str, Waiting]:
        found: dict[str, Waiting] = {}
        for span in self.spans.spans.values():
            for code, (letters, oldest) in span.codes.items():
                before = found.get(code, Waiting(0, oldest))
                found[code] = Waiting(before.letters + letters, min(before.oldest, oldest))
        return found

    def expected(self) -> dict[str, Waiting]:
        times: dict[str, list[int]] = {}
        for offset, (code, failed_at) in self.letters.items():
            if self.begin <= offset < self.end and offset not in self.replayed:
                times.setdefault(code, []).append(failed_at)
        return {code: Waiting(len(each), min(each)) for code, each in times.items()}


@pytest.fixture
def partition(monkeypatch: pytest.MonkeyPatch) -> Partition:
    monkeypatch.setattr(module, "SPAN", SMALL_SPAN)
    return Partition()


def test_only_new_letters_are_read(partition: Partition) -> None:
    partition.append(*[("a", 9)] * 10)
    partition.read()
    partition.append(("a", 5))
    partition.read()
    partition.read()
    assert (partition.reads, partition.counted()) == (11, {"a": Waiting(11, 5)})


def test_deleting_the_oldest_shows_the_next_oldest_and_reads_only_what_is_left_of_its_span(
    partition: Partition,
) -> None:
    partition.append(*[("a", at) for at in range(1, 11)])
    partition.read()
    partition.begin = 6
    partition.read()
    assert partition.counted() == {"a": Waiting(4, 7)}
    assert partition.reads == 10 + 2
    partition.begin = 10
    partition.read()
    assert (partition.counted(), partition.spans.unread()) == ({}, None)


def test_a_replay_reads_only_the_span_of_its_letter_once(partition: Partition) -> None:
    partition.append(*[("a", at) for at in range(1, 11)])
    partition.read()
    partition.replayed = {0, 1}
    for _ in range(3):
        partition.read()
    assert partition.counted() == {"a": Waiting(8, 3)}
    assert partition.reads == 10 + SMALL_SPAN


def test_places_that_are_no_letters_are_not_replayed(partition: Partition) -> None:
    partition.append(*[("a", 1)] * 5)
    partition.replayed = {-1, 5, 10**30}
    partition.read()
    assert partition.counted() == {"a": Waiting(5, 1)}
    assert partition.spans.waiting_before(5) == 5


def test_a_partition_that_lost_its_end_is_read_again_there(partition: Partition) -> None:
    partition.append(*[("a", 1)] * 6)
    partition.read()
    partition.end = 5
    partition.read()
    assert partition.counted() == {"a": Waiting(5, 1)}
    partition.append(("b", 2))
    partition.read()
    assert partition.counted() == {"a": Waiting(5, 1), "b": Waiting(1, 2)}


STEPS = st.one_of(
    st.tuples(st.just("append"), st.lists(st.tuples(st.sampled_from(CODES), st.integers(1, 50)), max_size=9)),
    st.tuples(st.just("hole"), st.integers(1, 9)),
    st.tuples(st.just("delete"), st.integers(0, 9)),
    st.tuples(st.just("replay"), st.integers(0, 40)),
    st.tuples(st.just("read"), st.integers(0, 9)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_counts_are_those_of_the_letters(steps: list[tuple[str, object]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SPAN", SMALL_SPAN)
        partition = Partition()
        for step in steps:
            match step:
                case "append", list(letters):
                    partition.append(*letters)
                case "hole", int(length):
                    partition.end += length
                case "delete", int(length):
                    partition.begin = min(partition.end, partition.begin + length)
                case "replay", int(number):
                    kept = [offset for offset in partition.letters if offset >= partition.begin]
                    partition.replayed |= set(kept[number : number + 1])
                case "read", int(at_most):
                    partition.read(at_most)
        partition.read()
        assert partition.counted() == partition.expected()
        for offset in range(partition.begin, partition.end + 1):
            replayed = sum(partition.begin <= each < offset for each in partition.replayed)
            assert partition.spans.waiting_before(offset) == offset - partition.begin - replayed
