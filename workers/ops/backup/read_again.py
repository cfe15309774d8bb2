"""What the workers read again after a restore, and what of it Kafka no longer has."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.reader import TopicReader
from workers.adapters.kafka.topic_state import topic_state
from workers.config.settings import KafkaSettings
from workers.ops.backup.manifest import Mark

FROM_PRODUCERS = "have its producers send them again"
COMMANDS = {"registry": 'memory-graph registry resnapshot --execute --why "restored from a backup"'}


class ReadAgain(NamedTuple):
    """One worker's topic, in records, each the sum of its partitions. Markers of transactions count as records.

    ``again``      at most so many are read and folded once more
    ``gone``       at least so many came after the backup, and Kafka no longer has them
    ``recreated``  the topic was deleted and created again since: it is read from its beginning
    ``command``    what brings back what is gone, if anything is
    """

    worker: str
    topic: str
    again: int
    gone: int
    recreated: bool
    command: str | None


class Log(NamedTuple):
    """A topic as Kafka has it: its id, and of each partition the first offset and the end."""

    topic_id: str
    begins: Mapping[int, int]
    ends: Mapping[int, int]


def read_again(kafka: KafkaSettings, topics: Mapping[str, str], marks: Iterable[Mark]) -> Iterator[ReadAgain]:
    """Return what each worker reads again; ``topics`` has the topic of each worker. Blocks.

    Raises ``Misconfigured`` for a topic that is not there, ``Unreachable``.
    """
    admin, of = Admin(kafka), list(marks)
    for worker, topic in topics.items():
        begins = TopicReader(kafka, topic).begin_offsets()
        state = topic_state(admin, topic)
        log = Log(state.id, begins, {number: state.ends[number] for number in begins})
        yield counted(worker, topic, log, [mark for mark in of if (mark.worker, mark.topic) == (worker, topic)])


def counted(worker: str, topic: str, log: Log, marks: Iterable[Mark]) -> ReadAgain:
    """Compare a topic with its marks. A partition without a mark is read from its beginning."""
    known = list(marks)
    recreated = any(mark.topic_id != log.topic_id for mark in known)
    after = {} if recreated else {mark.partition: mark.offset + 1 for mark in known}
    again = sum(max(0, end - max(after.get(number, 0), log.begins[number])) for number, end in log.ends.items())
    gone = sum(max(0, log.begins[number] - after.get(number, 0)) for number in log.ends)
    command = COMMANDS.get(worker, FROM_PRODUCERS) if gone or recreated else None
    return ReadAgain(worker, topic, again, gone, recreated, command)
