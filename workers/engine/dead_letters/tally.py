"""The dead letters of one topic that wait, by code."""

from collections.abc import Iterator, Mapping

from workers.adapters.kafka.headers import parse
from workers.core.ports import DeadLetterTopicState
from workers.core.record import Record
from workers.engine.dead_letters.spans import PartitionSpans, Waiting
from workers.observe.series import MAX_VALUES, ORDINARY, OTHER

UNKNOWN = "unknown"
"""The code of a record without our headers, as ``memory-graph dlq list`` shows it."""
MAX_CODES = MAX_VALUES - 1
"""Distinct codes beside ``OTHER``: anybody can write headers."""


class Tally:
    """The letters of a topic as it was created with ``topic_id``. Its size depends on offsets, not on letters."""

    def __init__(self, topic_id: str = "") -> None:
        self.topic_id = topic_id
        self._partitions: dict[int, PartitionSpans] = {}
        self._codes: set[str] = set()

    def keep(self, state: DeadLetterTopicState) -> None:
        """Forget what Kafka has deleted, and note what is new."""
        for number, end in state.ends.items():
            self._partitions.setdefault(number, PartitionSpans()).keep(min(state.begins.get(number, 0), end), end)
        self._codes = set(self.waiting()) - {OTHER}

    def replayed(self, partition: int, offset: int) -> None:
        """Note that a letter was replayed."""
        if partition in self._partitions:
            self._partitions[partition].replayed(offset)

    def unread(self) -> Mapping[int, tuple[int, int]]:
        """Return offsets that must be read, from and up to, by partition; more of them may follow."""
        found = ((number, partition.unread()) for number, partition in self._partitions.items())
        return {number: offsets for number, offsets in found if offsets is not None}

    def add(self, letter: Record, now_ms: int) -> None:
        """Count a letter. A time that cannot be is taken for now."""
        try:
            errors = parse(letter.headers)
        except ValueError:
            code, failed_at = UNKNOWN, letter.timestamp
        else:
            code, failed_at = errors.code, errors.failed_at
        failed_at = failed_at if 0 < failed_at <= now_ms else now_ms
        self._partitions[letter.partition].add(letter.offset, self._bounded(code), failed_at)

    def finish(self, read: Mapping[int, tuple[int, int]]) -> None:
        """Note that what ``unread`` returned was read."""
        for number, offsets in read.items():
            self._partitions[number].finish(*offsets)

    def waiting(self) -> dict[str, Waiting]:
        """Return the letters that were not replayed, by code."""
        total: dict[str, Waiting] = {}
        for code, (letters, oldest) in self._counted():
            before = total.get(code, Waiting(0, oldest))
            total[code] = Waiting(before.letters + letters, min(before.oldest, oldest))
        return total

    def share_before(self, offsets: Mapping[int, int]) -> float:
        """Return the share of the letters before these offsets, by partition; 0 without letters."""
        partitions = self._partitions.items()
        total = sum(each.waiting_before(each.end) for _, each in partitions)
        before = sum(each.waiting_before(offsets.get(number, 0)) for number, each in partitions)
        return before / total if total else 0.0

    def _counted(self) -> Iterator[tuple[str, Waiting]]:
        for partition in self._partitions.values():
            for span in partition.spans.values():
                yield from span.codes.items()

    def _bounded(self, code: str) -> str:
        if code in self._codes:
            return code
        if len(self._codes) >= MAX_CODES or not ORDINARY.fullmatch(code):
            return OTHER
        self._codes.add(code)
        return code
