"""Which records of a topic the live fleet has made dead letters, and what a rebuild does in place of sending some."""

from collections.abc import Sequence
from typing import NamedTuple

from workers.adapters.kafka.reader import TopicReader
from workers.core.dead_letter import DeadLetter
from workers.core.errors import MemoryGraphError, Rejected
from workers.core.ports import Decoder
from workers.core.record import Decoded, Record, TopicPartition
from workers.core.stage import Stage
from workers.engine.batch.key_order import PARKED_BEHIND
from workers.ops.graph_check.log import origin_of

LEFT_OUT = "rebuild.left_out"


class Released(MemoryGraphError):
    """The record waits behind a dead letter of its key here, and the live fleet took it: its key was released there."""

    def __init__(self, record: Record) -> None:
        super().__init__(f"offset {record.offset} was taken although its key waits")
        self.record = record


class RejectedHere(NamedTuple):
    """A record that today's rules reject, and that is none of the dead letters."""

    topic: str
    partition: int
    offset: int
    code: str
    message: str


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
    """In place of the dead-letter topics: counts what is one already, keeps what is not, and sends nothing."""

    def __init__(self) -> None:
        self._left_out: set[tuple[str, int, int]] = set()
        self._rejected: dict[tuple[str, int, int], RejectedHere] = {}

    @property
    def left_out(self) -> int:
        """Return how many dead letters were left out."""
        return len(self._left_out)

    @property
    def rejected(self) -> list[RejectedHere]:
        """Return the records that only today's rules reject."""
        return list(self._rejected.values())

    async def publish(self, letters: Sequence[DeadLetter]) -> None:
        """Note them; a batch that is split comes twice. Raises ``Released``."""
        for letter in letters:
            record = letter.record
            place = record.topic, record.partition, record.offset
            if letter.code == LEFT_OUT:
                self._left_out.add(place)
            elif letter.code == PARKED_BEHIND:
                raise Released(record)
            else:
                self._rejected[place] = RejectedHere(*place, letter.code, letter.message)
