"""The dead letters of this run, by reason."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping

from workers.adapters.kafka.headers import parse
from workers.adapters.kafka.reader import TopicReader
from workers.config.settings import KafkaSettings
from workers.config.topics import dead_letter_topic
from workers.core.record import ConsumedRecord
from workers.dev.demo.report import DeadLetterCount


class DeadLettersOfRun:
    """The dead letters of ``topic`` produced since this was created. Its calls block."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self._reader = TopicReader(kafka, dead_letter_topic(topic))
        self._begin: Mapping[int, int] = self._reader.end_offsets()

    def counts(self, sent: Container[tuple[int, int]]) -> list[DeadLetterCount]:
        """Count the new dead letters of the records ``sent``, most frequent reason first.

        ``sent`` holds the partition and offset of each. Raises ``Unreachable``.
        """
        return by_reason(self._reader.between(self._begin, self._reader.end_offsets()), sent)


def by_reason(letters: Iterable[ConsumedRecord], sent: Container[tuple[int, int]]) -> list[DeadLetterCount]:
    """Count dead letters of ``sent`` by code and stage, with the first message.

    Raises ``ValueError`` for dead letters that our workers did not write.
    """
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for letter in letters:
        reason = parse(letter.headers)
        if (reason.partition, reason.offset) not in sent:
            continue
        key = (reason.code, str(reason.stage))
        counts[key] += 1
        examples.setdefault(key, reason.message)
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [DeadLetterCount(code, stage, count, examples[code, stage]) for (code, stage), count in ordered]
