"""The records of one partition as its worker takes them: decoded, valid, and not among its dead letters."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Generic

from workers.adapters.avro.codec import AvroCodec
from workers.adapters.kafka.headers import NAMES, PREFIX
from workers.adapters.kafka.reader import TopicReader, consumed
from workers.core.clock import SystemClock
from workers.core.errors import Retryable, Unreachable
from workers.core.record import ConsumedRecord, Record, TopicPartition
from workers.core.worker import EventT, KeyedState, StateT, WorkerSpec
from workers.engine.batch.decode import decode_batch

Wanted = Callable[[bytes], bool]
"""Tells whether the records of a key are read."""
DeadLetters = Mapping[int, int]
"""Offsets of records of a partition that became dead letters, and the timestamps of these records."""


class Decoding(Generic[EventT, StateT]):
    """How a worker reads its topic."""

    def __init__(self, spec: WorkerSpec[EventT, StateT], codec: AvroCodec) -> None:
        if spec.state is None:
            raise ValueError(f"the worker {spec.name} has no state, so nothing can be folded again")
        self.spec = spec
        self.state: KeyedState[EventT, StateT] = spec.state
        self._codec = codec

    async def events(self, records: Sequence[Record]) -> Sequence[tuple[Record, EventT]]:
        """Return the events of the records that the worker takes. Raises ``Unreachable``."""
        try:
            await self._codec.prepare(records)
        except Retryable as error:
            raise Unreachable(f"the schemas of the topic's records cannot be read: {error}") from error
        return decode_batch(self.spec, self._codec, SystemClock(), records).events


class PartitionLog(Generic[EventT, StateT]):
    """One partition.

    ``kept_since``  the newest timestamp among the first records that the topic still has, epoch milliseconds
    ``dead_letters``  how many records were left out
    """

    def __init__(
        self, reader: TopicReader, place: TopicPartition, decoding: Decoding[EventT, StateT], dead: DeadLetters
    ) -> None:
        self._reader = reader
        self._place = place
        self._decoding = decoding
        self._dead = dead
        self.kept_since: int | None = None
        self.dead_letters = 0

    async def events(
        self, begin: int, end: int, wanted: Wanted, progress: Callable[[int], None]
    ) -> AsyncIterator[Sequence[tuple[Record, EventT]]]:
        """Yield the events of wanted keys from ``begin`` to before ``end``, in their order."""
        topic, partition = self._place
        for messages in self._reader.batches({partition: begin}, {partition: end}):
            if self.kept_since is None and messages:
                self.kept_since = max(each.timestamp()[1] for each in messages)
            records = self._alive([consumed(topic, each) for each in messages if wanted(_key(each))])
            if records:
                yield await self._decoding.events(records)
            progress(len(messages))

    def _alive(self, records: Sequence[ConsumedRecord]) -> Sequence[ConsumedRecord]:
        alive = [each for each in records if self._dead.get(each.offset) != each.timestamp]
        self.dead_letters += len(records) - len(alive)
        return alive


def _key(message: Any) -> bytes:
    """Return the key; a record without one has a place of its own instead."""
    key: bytes | None = message.key()
    return key if key is not None else f"{message.partition()}/{message.offset()}".encode()


def dead_letters_of(reader: TopicReader, place: TopicPartition, wanted: Wanted) -> dict[int, int]:
    """Return the offsets of a partition's dead letters with their records' timestamps. Blocks. Raises ``Unreachable``.

    The timestamp tells a record from that of another topic of the same name, which was deleted.
    """
    found: dict[int, int] = {}
    ends = reader.end_offsets()
    for messages in reader.batches({}, {place.partition: ends.get(place.partition, 0)}):
        for message in messages:
            if wanted(_key(message)):
                found.update(origin_of(dict(message.headers() or ()), place))
    return found


def origin_of(headers: Mapping[str, Any], place: TopicPartition) -> dict[int, int]:
    """Return the offset and the timestamp of the record of a dead letter of ours; nothing of any other."""
    try:
        said = {name: headers[PREFIX + NAMES[name]].decode() for name in ("topic", "partition", "offset", "timestamp")}
        if (said["topic"], int(said["partition"])) != tuple(place):
            return {}
        return {int(said["offset"]): int(said["timestamp"])}
    except (AttributeError, KeyError, ValueError):
        return {}
