"""Which records of a topic the live fleet has made dead letters, and what a rebuild does in place of sending some."""

from collections.abc import Sequence
from typing import NamedTuple

from workers.adapters.graph.connection import GraphConnection
from workers.adapters.graph.watermark import watermark_id
from workers.adapters.kafka.reader import TopicReader
from workers.core.dead_letter import DeadLetter
from workers.core.errors import MemoryGraphError, Rejected
from workers.core.ports import Decoder
from workers.core.record import Decoded, Record, TopicPartition
from workers.core.stage import Stage
from workers.engine.batch.key_order import PARKED_BEHIND
from workers.ops.graph_check.log import origin_of

LEFT_OUT = "rebuild.left_out"
MOST_KEPT = 1_000
"""Of one partition: more say nothing else."""
KEEP = """
MATCH (w:Watermark {id: $id})
WITH w, coalesce(w.rejected, []) AS known
SET w.rejected = (known + [each IN $rejected WHERE NOT each IN known])[..$most]
"""
REJECTED = "MATCH (w:Watermark) WHERE w.rejected IS NOT NULL RETURN w.id AS id, w.rejected AS rejected ORDER BY id"


class Released(MemoryGraphError):
    """The record waits behind a dead letter of its key here, and the live fleet took it: its key was released there."""

    def __init__(self, record: Record) -> None:
        super().__init__(f"offset {record.offset} was taken although its key waits")
        self.record = record


class RejectedHere(NamedTuple):
    """A record that today's rules reject, and that is none of the dead letters that are still kept."""

    worker: str
    topic: str
    partition: int
    offset: int
    code: str


async def rejected_here(graph: GraphConnection) -> list[RejectedHere]:
    """Return those that were kept in the new graph. Raises ``Unreachable``."""
    found: list[RejectedHere] = []
    for row in await graph.rows(REJECTED):
        worker, topic, partition = row["id"].split("/")
        for each in row["rejected"]:
            offset, _, code = each.partition(" ")
            found.append(RejectedHere(worker, topic, int(partition), int(offset), code))
    return found


class SentLetters:
    """The dead letters of a topic, by the place of their record. A call of ``read`` reads what is new; it blocks."""

    def __init__(self, reader: TopicReader, topic: str) -> None:
        self._reader = reader
        self._topic = topic
        self._next: dict[int, int] = {}
        self._timestamps: dict[tuple[int, int], int] = {}

    def read(self) -> None:
        """Read the letters since the last call. Raises ``Unreachable``, ``Misconfigured``."""
        ends = self._reader.end_offsets()
        for messages in self._reader.batches(self._next, ends):
            for message in messages:
                partition = message.partition() or 0
                headers = dict(message.headers() or ())
                for offset, timestamp in origin_of(headers, TopicPartition(self._topic, partition)).items():
                    self._timestamps[partition, offset] = timestamp
        self._next = ends

    def have(self, record: Record) -> bool:
        """Tell whether a record is one; by its timestamp, it is not one of a topic of that name before."""
        return self._timestamps.get((record.partition, record.offset)) == record.timestamp


class LeavingOut(Decoder):
    """A worker's decoder that rejects the records that became dead letters: so strict keys are parked as they were."""

    def __init__(self, decoder: Decoder, letters: SentLetters) -> None:
        self._decoder = decoder
        self._letters = letters

    @property
    def server(self) -> str:
        """Return the server of the worker's decoder."""
        return self._decoder.server

    async def prepare(self, records: Sequence[Record]) -> None:
        """Prepare the worker's decoder."""
        await self._decoder.prepare(records)

    def decode(self, record: Record) -> Decoded:
        """Decode as the worker does. Raises ``Rejected`` and ``Dropped``."""
        if self._letters.have(record):
            raise Rejected(Stage.DECODE, LEFT_OUT, "the live fleet has made it a dead letter")
        return self._decoder.decode(record)


class NotSent:
    """In place of the dead-letter topics: nothing is sent. A letter is left out; what is none is kept on the watermark.

    So a rebuild that goes on after a kill still knows it. ``left_out`` is the number of letters.
    """

    def __init__(self, graph: GraphConnection, worker: str) -> None:
        self._graph = graph
        self._worker = worker
        self._left_out: set[tuple[str, int, int]] = set()

    @property
    def left_out(self) -> int:
        """Return how many dead letters were left out."""
        return len(self._left_out)

    async def publish(self, letters: Sequence[DeadLetter]) -> None:
        """Note letters of one partition; a batch that is split comes twice. Raises ``Released``, ``Unreachable``."""
        rejected: list[str] = []
        for letter in letters:
            if letter.code == LEFT_OUT:
                self._left_out.add((letter.record.topic, letter.record.partition, letter.record.offset))
            elif letter.code == PARKED_BEHIND:
                raise Released(letter.record)
            else:
                rejected.append(f"{letter.record.offset} {letter.code}")
        if rejected:
            place = TopicPartition(letters[0].record.topic, letters[0].record.partition)
            await self._graph.rows(KEEP, id=watermark_id(self._worker, place), rejected=rejected, most=MOST_KEPT)
