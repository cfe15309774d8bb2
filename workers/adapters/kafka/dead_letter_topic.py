"""What is in a dead-letter topic, and which of it was replayed."""

from collections.abc import Iterator, Mapping

import msgspec
from confluent_kafka import KafkaException

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.reader import TopicReader
from workers.adapters.kafka.replays import SUFFIX, Replayed, read_entry
from workers.adapters.kafka.topic_state import ANSWER_SECONDS, topic_state
from workers.adapters.kafka.topics import present_topics
from workers.config.settings import KafkaSettings
from workers.config.topics import dead_letter_topic
from workers.core.errors import Misconfigured, Unreachable
from workers.core.ports import DeadLetterTopicState, TopicState
from workers.core.record import ConsumedRecord

DAY_MS = 24 * 3_600_000

_replayed = msgspec.json.Decoder(Replayed)


class KafkaDeadLetterTopic:
    """``DeadLetterTopic`` in Kafka. It keeps how far it has read the journal of replays."""

    def __init__(self, kafka: KafkaSettings, source: str) -> None:
        self._source = source
        self._topic = dead_letter_topic(source)
        self._journal = self._topic + SUFFIX
        self._admin = Admin(kafka, timeout_seconds=ANSWER_SECONDS)
        self._letters = TopicReader(kafka, self._topic)
        self._entries = TopicReader(kafka, self._journal)
        self._written: TopicState | None = None
        self._read_for = "", ""
        self._positions: dict[int, int] = {}

    def state(self, now_ms: int) -> DeadLetterTopicState:
        """Ask Kafka: for the journal first, so that every entry is about a letter before ``ends``."""
        try:
            return self._state(now_ms)
        except KafkaException as error:  # such as a partition that has no leader at the moment
            raise Unreachable(f"Kafka cannot describe {self._topic}: {error.args[0].str()}") from error

    def replayed(self, topic_id: str) -> Iterator[tuple[int, int]]:
        """Return what the journal has up to the last ``state``. What is no entry of ours is left out."""
        if self._written is None:
            return
        if self._read_for != (self._written.id, topic_id):
            self._read_for, self._positions = (self._written.id, topic_id), {}
        for record in self._entries.between(self._positions, self._written.ends):
            self._positions[record.partition] = record.offset + 1
            entry = read_entry(_replayed, record.value)
            if entry is not None and (entry.topic_id, entry.target) == (topic_id, self._source):
                yield entry.partition, entry.offset
        self._positions |= self._written.ends  # after the last entry is the marker of its transaction

    def between(self, begin: Mapping[int, int], end: Mapping[int, int]) -> Iterator[ConsumedRecord]:
        """Return the letters between offsets."""
        return self._letters.between(begin, end)

    def _state(self, now_ms: int) -> DeadLetterTopicState:
        present = present_topics(self._admin, [self._topic, self._journal])
        if self._topic not in present:
            raise Misconfigured(
                f"there is no topic {self._topic}; create it with `memory-graph topology apply --execute`"
            )
        self._written = topic_state(self._admin, self._journal) if self._journal in present else None
        begins = self._letters.begin_offsets()
        state = topic_state(self._admin, self._topic)
        retention_ms = int(present[self._topic].config.get("retention.ms", "-1"))
        kept_since = now_ms + DAY_MS - retention_ms
        forever = retention_ms < 0 or kept_since < 0
        expiring = begins if forever else self._letters.offsets_since(kept_since)
        return DeadLetterTopicState(state.id, begins, state.ends, expiring)
