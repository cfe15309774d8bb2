"""Keys whose later records were processed already: a replayed record comes after them."""

from collections.abc import Iterable

from workers.adapters.kafka.reader import TopicReader
from workers.config.settings import KafkaSettings
from workers.ops.dead_letters.letter import Letter

Place = tuple[int, bytes]
"""A partition of the source topic, and a key."""


class LatestOfKeys:
    """Collects the keys of letters, and looks for later records of them in the source topic."""

    def __init__(self, kafka: KafkaSettings, source: str) -> None:
        self._reader = TopicReader(kafka, source)
        self._source = source
        self._offsets: dict[Place, int] = {}

    def add(self, letters: Iterable[Letter]) -> None:
        """Note the letters of the source topic that have a key."""
        for letter in letters:
            origin, key = letter.origin, letter.record.key
            if origin is not None and origin.topic == self._source and key is not None:
                self._offsets.setdefault((origin.partition, key), origin.offset)

    def overtaken(self) -> int:
        """Return the number of keys with a later record than their first letter. Reads the topic from there."""
        if not self._offsets:
            return 0
        begins: dict[int, int] = {}
        for (partition, _), offset in self._offsets.items():
            begins[partition] = min(offset + 1, begins.get(partition, offset + 1))
        ends = {number: end for number, end in self._reader.end_offsets().items() if number in begins}
        found: set[Place] = set()
        for record in self._reader.between(begins, ends):
            place = record.partition, record.key or b""
            if record.offset > self._offsets.get(place, record.offset):
                found.add(place)
        return len(found)
