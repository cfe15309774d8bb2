"""Read the dead letters of one topic, up to its ends at the start."""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property

from workers.adapters.kafka.reader import TopicReader
from workers.config.settings import KafkaSettings
from workers.config.topics import dead_letter_topic
from workers.ops.dead_letters.letter import Letter, letter_of
from workers.ops.dead_letters.selection import Selection


class DeadLetters:
    """The dead letters of a source topic, or a dead-letter topic of another system, which may have several sources.

    ``source`` is empty for the latter. The end offsets are fixed when they are first asked for. Calls block.

    ``watch`` is called again and again while letters are read, selected or not; what it raises ends the reading.
    """

    def __init__(self, kafka: KafkaSettings, source: str, topic: str = "") -> None:
        self.kafka = kafka
        self.source = source
        self.topic = topic or dead_letter_topic(source)
        self.watch: Callable[[], object] = lambda: None
        self._reader = TopicReader(kafka, self.topic)

    @cached_property
    def ends(self) -> Mapping[int, int]:
        """Return the offset after the last dead letter of each partition. Raises ``Misconfigured``, ``Unreachable``."""
        return self._reader.end_offsets()

    @cached_property
    def begins(self) -> Mapping[int, int]:
        """Return the offset of the first dead letter of each partition."""
        return self._reader.begin_offsets()

    def selected(
        self, selection: Selection, begins: Mapping[int, int] | None = None, ends: Mapping[int, int] | None = None
    ) -> Iterator[Letter]:
        """Return the selected letters; order holds in each partition. Raises as ``ends`` does.

        ``begins`` and ``ends`` narrow it to the offsets of one page. A partition that ``ends`` lacks is not read.
        """
        first, last = self.range(selection)
        first = {number: max(offset, (begins or {}).get(number, 0)) for number, offset in first.items()}
        last = {number: min(offset, (last if ends is None else ends).get(number, 0)) for number, offset in last.items()}
        return (letter for letter in self._letters(first, last) if letter in selection)

    def _letters(self, begins: Mapping[int, int], ends: Mapping[int, int]) -> Iterator[Letter]:
        for record in self._reader.between(begins, ends):
            self.watch()
            yield letter_of(record)

    def range(self, selection: Selection) -> tuple[dict[int, int], dict[int, int]]:
        """Return the offsets to read from and up to, by partition, as far as the selection says."""
        begins, ends = dict(self.begins), dict(self.ends)
        if selection.since is not None:
            begins = self._reader.offsets_since(selection.since)
        if selection.partition is not None:
            ends = {number: end for number, end in ends.items() if number == selection.partition}
        if selection.offsets is not None:
            first, last = selection.offsets
            begins = {number: max(begin, first) for number, begin in begins.items()}
            ends = {number: min(end, last + 1) for number, end in ends.items()}
        if selection.places is not None:
            first_places, last_places = _outermost(selection.places)
            begins = {number: max(begin, first_places.get(number, 0)) for number, begin in begins.items()}
            ends = {number: min(ends[number], last + 1) for number, last in last_places.items() if number in ends}
        return begins, {number: end for number, end in ends.items() if begins[number] < end}


def _outermost(places: Collection[tuple[int, int]]) -> tuple[dict[int, int], dict[int, int]]:
    """Return the first and the last offset of each partition."""
    ordered = sorted(places)
    return dict(reversed(ordered)), dict(ordered)
