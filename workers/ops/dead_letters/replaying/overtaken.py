"""Keys whose later records were processed already: a replayed record comes after them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from workers.adapters.kafka.reader import TopicReader
from workers.config.settings import KafkaSettings
from workers.ops.dead_letters.letter import Letter

Place = tuple[int, bytes]
"""A partition of a topic, and a key."""


class LatestOfKeys:
    """Collects the keys of letters, and looks for later records of them in the topics that they came from."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._offsets: defaultdict[str, dict[Place, int]] = defaultdict(dict)

    def add(self, letters: Iterable[Letter]) -> None:
        """Note the letters that have a key."""
        for letter in letters:
            origin, key = letter.origin, letter.record.key
            if origin is not None and key is not None:
                self._offsets[origin.topic].setdefault((origin.partition, key), origin.offset)

    def overtaken(self) -> int:
        """Return the number of keys with a later record than their first letter. Reads the topics from there."""
        return sum(self._overtaken(topic, offsets) for topic, offsets in self._offsets.items())

    def _overtaken(self, topic: str, offsets: Mapping[Place, int]) -> int:
        reader = TopicReader(self._kafka, topic)
        begins: dict[int, int] = {}
        for (partition, _), offset in offsets.items():
            begins[partition] = min(offset + 1, begins.get(partition, offset + 1))
        ends = {number: end for number, end in reader.end_offsets().items() if number in begins}
        found: set[Place] = set()
        for record in reader.between(begins, ends):
            place = record.partition, record.key or b""
            if record.offset > offsets.get(place, record.offset):
                found.add(place)
        return len(found)
