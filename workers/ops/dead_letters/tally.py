"""Count dead letters by topic, code, stage and worker, and later those that came since."""

from collections.abc import Iterable, Mapping

from workers.ops.dead_letters.count import Counts, Group
from workers.ops.dead_letters.journal import Sent
from workers.ops.dead_letters.offsets import Offsets
from workers.ops.dead_letters.parallel import Part, Progress, counted
from workers.ops.dead_letters.scan import DeadLetters
from workers.ops.dead_letters.selection import Selection


def tally(topics: Iterable[DeadLetters], selection: Selection, progress: Progress = lambda *_: None) -> list[Group]:
    """Return the groups of all topics, the largest first. Memory depends on the number of groups, not of letters.

    Raises ``Misconfigured``, ``Unreachable``, ``ProblemsFound``.
    """
    return Tally(topics, selection).refresh(progress)


class Tally:
    """The groups of all topics. Each ``refresh`` reads only what came since the one before."""

    def __init__(self, topics: Iterable[DeadLetters], selection: Selection) -> None:
        self._topics = [TopicTally(topic, selection) for topic in topics]

    def refresh(self, progress: Progress = lambda *_: None) -> list[Group]:
        """Return the groups, the largest first. Raises ``Misconfigured``, ``Unreachable``, ``ProblemsFound``."""
        groups = [group for topic in self._topics for group in topic.refresh(progress)]
        return sorted(groups, key=lambda group: (-group.letters, group.topic, group.code))


class TopicTally:
    """The groups of one topic. It begins again where the topic was purged or created again."""

    def __init__(self, letters: DeadLetters, selection: Selection) -> None:
        self._of, self._selection = letters, selection
        self._counted_of: tuple[str, Mapping[int, int]] | None = None

    def refresh(self, progress: Progress) -> Iterable[Group]:
        """Count what came since the last time, and what was sent back since. Raises as ``Tally.refresh`` does."""
        letters = DeadLetters(self._of.kafka, self._of.source, self._of.topic)
        sent = Sent(letters)
        if self._counted_of != (sent.topic_id, letters.begins):
            self._counted_of = sent.topic_id, letters.begins
            self._sent, self._read_to = sent, dict[int, int]()
            self._counts = Counts(letters.topic, self._selection, sent.offsets)
        begins, ends = letters.range(self._selection)
        self._count_sent(self._sent.look())
        begins = {number: max(begin, self._read_to.get(number, 0)) for number, begin in begins.items()}
        part = Part(letters.kafka, letters.topic, self._selection, self._sent.offsets, begins, ends)
        self._counts.merge(counted(part, progress, self._of.watch).found)
        self._read_to |= ends
        return self._counts.found

    def _count_sent(self, new: Offsets) -> None:
        """Count letters as sent back that were counted before that: they are read again."""
        begins = {number: first for number, (first, _) in new.spans.items()}
        ends = {number: min(last, self._read_to.get(number, 0)) for number, (_, last) in new.spans.items()}
        part = Part(self._of.kafka, self._of.topic, self._selection, new, begins, ends)
        again = counted(part, lambda *_: None, self._of.watch)
        for group in again.found:
            self._counts.groups[group.code, group.stage, group.worker].replayed += group.replayed
