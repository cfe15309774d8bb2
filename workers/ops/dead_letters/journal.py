"""Which dead letters were replayed: a topic beside the dead letters, written in the transaction of each replay."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import uuid4

import msgspec

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.reader import TopicReader
from workers.adapters.kafka.replays import SUFFIX, Replayed, read_entry
from workers.adapters.kafka.topics import create_beside, topic_id
from workers.config.user import user_name
from workers.core.clock import SystemClock
from workers.core.errors import Misconfigured
from workers.core.record import OutgoingRecord
from workers.ops.dead_letters.letter import Letter, Origin
from workers.ops.dead_letters.offsets import Offsets
from workers.ops.dead_letters.scan import DeadLetters


class Who(NamedTuple):
    """Who replays, and why. ``at`` is epoch milliseconds."""

    replay_id: str
    by: str
    why: str
    at: int


def who_does_it(by: str | None, why: str) -> Who:
    """Return a new replay's id, and who does it: the user of this process by default. Raises ``Misconfigured``."""
    if not why.strip():
        raise Misconfigured('--why is missing: write --why "..." with the reason; it is kept with what is done')
    return Who(uuid4().hex[:12], by or user_name("--as"), why.strip(), SystemClock().now_ms())


class Entry(Replayed, frozen=True):
    """A replayed dead letter, with the origin of its record."""

    origin: Origin
    who: Who


_encode = msgspec.json.Encoder().encode
_entry = msgspec.json.Decoder(Entry)
_replayed = msgspec.json.Decoder(Replayed)


class Journal:
    """The dead letters of one topic that were sent to ``target``, which is their source topic by default.

    A letter is in it also if a copy of it was sent: after a crash, a worker may publish a dead letter a second time.
    """

    def __init__(self, dead_letters: DeadLetters, target: str = "") -> None:
        self.topic = dead_letters.topic + SUFFIX
        self._dead_letters = dead_letters
        self._target = target or dead_letters.source
        self._admin = Admin(dead_letters.kafka)
        self._topic_id = topic_id(self._admin, dead_letters.topic)
        self._offsets = Offsets(dead_letters.begins)
        self._origins: set[Origin] = set()
        self._read()

    def __contains__(self, letter: Letter) -> bool:
        return letter.place in self._offsets

    def has_copy_of(self, letter: Letter) -> bool:
        """Tell whether the same record was sent as another dead letter."""
        return letter.origin in self._origins

    def add(self, letter: Letter) -> None:
        """Note a letter as sent, in memory."""
        self._offsets.add(letter.place)
        if letter.origin is not None:
            self._origins.add(letter.origin)

    def create(self) -> None:
        """Create the topic if there is none, kept longer than any dead letter. Raises ``Misconfigured``."""
        create_beside(self._admin, self._dead_letters.topic, self.topic)

    def entries(self, letters: Iterable[Letter], who: Who) -> list[OutgoingRecord]:
        """Return the records that note these letters as sent."""
        return [OutgoingRecord(self.topic, None, _encode(self._entry(letter, who)), 0) for letter in letters]

    def _entry(self, letter: Letter, who: Who) -> Entry:
        origin = letter.origin or Origin("", -1, -1, -1)
        record = letter.record
        return Entry(self._topic_id, record.partition, record.offset, self._target, origin, who)

    def _read(self) -> None:
        if self.topic not in self._admin.topics():
            return
        reader = TopicReader(self._dead_letters.kafka, self.topic)
        for record in reader.between({}, reader.end_offsets()):
            entry = read_entry(_entry, record.value)
            if entry is not None and (entry.topic_id, entry.target) == (self._topic_id, self._target):
                self._offsets.add((entry.partition, entry.offset))
                self._origins.add(entry.origin)


class Sent:
    """The offsets of the dead letters that were sent back to their source topic. Memory: one bit for each letter."""

    def __init__(self, dead_letters: DeadLetters) -> None:
        self.topic_id = topic_id(Admin(dead_letters.kafka), dead_letters.topic)
        self.offsets = Offsets(dead_letters.begins)
        self._dead_letters = dead_letters
        self._reader = TopicReader(dead_letters.kafka, dead_letters.topic + SUFFIX)
        self._read_to: dict[int, int] = {}

    def look(self) -> Offsets:
        """Read what was noted since the last look, and return it. Raises ``Misconfigured``, ``Unreachable``."""
        new = Offsets(self._dead_letters.begins)
        if self._dead_letters.topic + SUFFIX not in Admin(self._dead_letters.kafka).topics():
            return new
        begin, self._read_to = self._read_to, self._reader.end_offsets()
        for messages in self._reader.batches(begin, self._read_to):
            for letter in (read_entry(_replayed, message.value()) for message in messages):
                if letter and (letter.topic_id, letter.target) == (self.topic_id, self._dead_letters.source):
                    self.offsets.add((letter.partition, letter.offset))
                    new.add((letter.partition, letter.offset))
        return new
