"""How far the graph has each partition, beside what Kafka has of it: lag is no difference, the rest is."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from workers.adapters.graph.connection import GraphConnection
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.lag import group_lag
from workers.adapters.kafka.reader import TopicReader
from workers.adapters.kafka.topic_state import topic_state
from workers.config.settings import KafkaSettings
from workers.core.ports import NOTHING_WRITTEN
from workers.ops.graph_check.finding import Finding, Kind, Place

MARKS = """
MATCH (w:Watermark) WHERE w.id STARTS WITH $prefix
WITH toInteger(substring(w.id, size($prefix))) AS partition, w.offset AS offset, w.topic_id AS topic_id
WHERE partition IS NOT NULL AND offset IS NOT NULL  // not deleted while it was read
RETURN partition, offset, topic_id
"""
COUNTED = 1_000
"""The largest difference of offsets whose records are counted: the end of a transaction has an offset, too."""
READ_AGAIN = "start the worker: it reads again from the graph's watermark; after a restore this is expected"


class Mark(NamedTuple):
    """The graph's watermark: the last offset that it has, of the topic with this id."""

    offset: int
    topic_id: str | None


class Log(NamedTuple):
    """A partition as Kafka has it: its topic's id, the first offset that is kept, and the offset after the last one."""

    topic_id: str
    low: int
    end: int


class PartitionMark(NamedTuple):
    """One partition of one worker's topic.

    ``mark``   ``None`` where the graph has none
    ``log``    ``None`` where Kafka has no such partition
    ``committed``  the group's committed offset; ``again`` how many records from the watermark to it come again
    ``lag``    records that the graph does not have yet; ``gone`` at least so many were removed before it had them
    """

    worker: str
    topic: str
    partition: int
    mark: Mark | None
    log: Log | None
    committed: int | None = None
    again: int = 0
    lag: int = 0
    gone: int = 0

    @property
    def next(self) -> int:
        """Return the first offset that the graph does not have."""
        return (self.mark.offset if self.mark else NOTHING_WRITTEN) + 1

    @property
    def low(self) -> int:
        """Return the first offset that Kafka still has."""
        return self.log.low if self.log else 0

    @property
    def written(self) -> int:
        """Return how many offsets Kafka still has up to the watermark."""
        return max(0, self.next - self.low)

    @property
    def is_comparable(self) -> bool:
        """Tell whether the records up to the watermark are those that the graph was made of."""
        return self.mark is not None and self.log is not None and self.fault is None

    @property
    def fault(self) -> tuple[str, str] | None:
        """Return what is wrong with the watermark, and what to do."""
        if self.log is None:
            return "the topic has no such partition", "find out who removed it; its records cannot be compared"
        if self.mark is None:
            return self._of_unmarked(self.log)
        if self.mark.topic_id not in {None, self.log.topic_id}:
            fix = "start the worker: it reads the new topic from its beginning"
            return "it is of another topic of this name, which was deleted", fix
        if self.mark.offset >= self.log.end:
            fix = "restore the graph that belongs to this topic (`memory-graph graph restore`), or set it back"
            return f"it is beyond the topic's end, {self.log.end:,}: new records would be skipped", fix
        if self.again:
            return f"it is behind what the group has committed, {self.committed:,}", READ_AGAIN
        return None

    def _of_unmarked(self, log: Log) -> tuple[str, str] | None:
        if self.committed and log.end:
            return f"the graph has none, and the group has committed {self.committed:,}", READ_AGAIN
        return None

    def finding(self) -> Finding | None:
        """Return the fault as a finding."""
        if self.fault is None:
            return None
        what, fix = self.fault
        subject = f"{self.worker}/{self.topic}/{self.partition}"
        found = None if self.mark is None else self.mark.offset
        place = Place(self.topic, self.partition, found)
        return Finding(Kind.WATERMARK, subject, "offset", what, found, fix, place)


async def marks_of(
    graph: GraphConnection, kafka: KafkaSettings, worker: str, topic: str, group: str
) -> list[PartitionMark]:
    """Return every partition that Kafka or the graph has. Raises ``Unreachable``, ``Misconfigured``.

    The group first, then the graph, then the ends: a worker that writes meanwhile has committed less than the graph
    has, and the graph has less than the topic.
    """
    there = topic in Admin(kafka).topics()
    committed = {number: each.committed for number, each in group_lag(kafka, group, topic).items()} if there else {}
    prefix = f"{worker}/{topic}/"
    found = {row["partition"]: Mark(row["offset"], row["topic_id"]) for row in await graph.rows(MARKS, prefix=prefix)}
    logs = _logs(kafka, topic) if there else {}
    every = sorted(found.keys() | logs.keys())
    reader = TopicReader(kafka, topic)
    return [
        counted(
            PartitionMark(worker, topic, number, found.get(number), logs.get(number), committed.get(number)), reader
        )
        for number in every
    ]


def _logs(kafka: KafkaSettings, topic: str) -> Mapping[int, Log]:
    begins, state = TopicReader(kafka, topic).begin_offsets(), topic_state(Admin(kafka), topic)
    return {number: Log(state.id, begins[number], state.ends[number]) for number in begins}


def counted(found: PartitionMark, reader: TopicReader) -> PartitionMark:
    """Return the partition with its numbers of records."""
    if found.log is None:
        return found
    log, following = found.log, found.next
    own = found.mark is None or found.mark.topic_id in {None, log.topic_id}
    begin = max(following if own else 0, log.low)
    again = _records(reader, found.partition, begin, min(found.committed or 0, log.end))
    lag = _records(reader, found.partition, begin, log.end)
    gone = max(0, log.low - following) if own and found.mark is not None else 0
    return found._replace(again=again, lag=lag, gone=gone)


def _records(reader: TopicReader, partition: int, begin: int, end: int) -> int:
    """Return the number of records between offsets; of many, about."""
    if not 0 < end - begin <= COUNTED:
        return max(0, end - begin)
    return sum(1 for _ in reader.between({partition: begin}, {partition: end}))


async def offset_now(graph: GraphConnection, mark: PartitionMark) -> int:
    """Return the graph's watermark of a partition by now; what it was where it is gone or of another topic."""
    found = await graph.rows(MARKS, prefix=f"{mark.worker}/{mark.topic}/")
    own = {row["partition"]: row["offset"] for row in found if mark.mark and row["topic_id"] == mark.mark.topic_id}
    return int(own.get(mark.partition, mark.next - 1))


def findings(marks: list[PartitionMark]) -> Iterator[Finding]:
    """Yield what is wrong with watermarks."""
    yield from (finding for mark in marks if (finding := mark.finding()))
