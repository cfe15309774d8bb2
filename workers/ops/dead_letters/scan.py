"""Read the dead letters of one topic, up to its ends at the start."""

from collections.abc import Iterator, Mapping
from functools import cached_property

from workers.adapters.kafka.reader import TopicReader
from workers.config.settings import KafkaSettings
from workers.config.topics import dead_letter_topic
from workers.ops.dead_letters.letter import Letter, letter_of
from workers.ops.dead_letters.selection import Selection


class DeadLetters:
    """The dead letters of a source topic, or a dead-letter topic of another system, which may have several sources.

    ``source`` is empty for the latter. The end offsets are fixed when they are first asked for. Calls block.
    """

    def __init__(self, kafka: KafkaSettings, source: str, topic: str = "") -> None:
        self.kafka = kafka
        self.source = source
        self.topic = topic or dead_letter_topic(source)
        self._reader = TopicReader(kafka, self.topic)

    @cached_property
    def ends(self) -> Mapping[int, int]:
        """Return the offset after the last dead letter of each partition. Raises ``Misconfigured``, ``Unreachable``."""
        return self._reader.end_offsets()

    @cached_property
    def begins(self) -> Mapping[int, int]:
        """Return the offset of the first dead letter of each partition."""
        return self._reader.begin_offsets()

    def selected(self, selection: Selection, partition: int | None = None) -> Iterator[Letter]:
        """Return the selected letters of all partitions, or of one; order holds in each. Raises as ``ends`` does."""
        begins, ends = self._range(selection)
        only = ends if partition is None else {partition: ends[partition]} if partition in ends else {}
        return (letter for letter in map(letter_of, self._reader.between(begins, only)) if letter in selection)

    def _range(self, selection: Selection) -> tuple[dict[int, int], dict[int, int]]:
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
        return begins, {number: end for number, end in ends.items() if begins[number] < end}
