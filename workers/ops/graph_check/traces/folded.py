"""Fold the records of some traces of one partition, with the worker's own decoder, rules and fold."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from workers.adapters.avro.codec import AvroCodec
from workers.adapters.kafka.headers import NAMES, PREFIX
from workers.adapters.kafka.reader import TopicReader, consumed
from workers.core.clock import SystemClock
from workers.core.errors import Retryable, Unreachable
from workers.core.node_key import invocation_key
from workers.core.record import ConsumedRecord, Record, TopicPartition
from workers.core.worker import KeyedState, WorkerSpec
from workers.engine.batch.decode import decode_batch
from workers.ops.graph_check.finding import Node
from workers.pipelines.telemetry.events import Event
from workers.pipelines.telemetry.fold.trace import Trace

Wanted = Callable[[bytes], bool]
"""Tells whether the records of a key are folded."""
Name = tuple[str, str]
"""trace_id and an empty text; of an aggregate without a trace an empty text and its event_id."""


class FoldedTrace:
    """One trace as its records make it, and the offset of the record that named each span first.

    An aggregate without a trace is one of its own; its ``trace_id`` is empty.
    """

    __slots__ = ("key", "offsets", "trace", "trace_id")

    def __init__(self, key: bytes, trace_id: str) -> None:
        self.key = key
        self.trace_id = trace_id
        self.trace = Trace()
        self.offsets: dict[Node, int] = {}

    def note(self, event: Event, offset: int) -> None:
        """Note where the span of an event came from."""
        if event.trace_id:
            self.offsets.setdefault(("Invocation", invocation_key(event.trace_id, event.span_id)), offset)


class Decoding(NamedTuple):
    """How the worker reads its topic."""

    spec: WorkerSpec[Event, Trace]
    codec: AvroCodec

    @property
    def state(self) -> KeyedState[Event, Trace]:
        """Return how the worker folds."""
        if self.spec.state is None:
            raise ValueError("the telemetry worker has no state")
        return self.spec.state

    async def events(self, records: Sequence[Record]) -> Sequence[tuple[Record, Event]]:
        """Return the events of the records that the worker takes. Raises ``Unreachable``."""
        try:
            await self.codec.prepare(records)
        except Retryable as error:
            raise Unreachable(f"the schemas of the topic's records cannot be read: {error}") from error
        return decode_batch(self.spec, self.codec, SystemClock(), records).events


DeadLetters = Mapping[int, int]
"""Offsets of records of a partition that became dead letters, and the timestamps of these records."""


class TopicTraces:
    """The records of one partition, by trace.

    ``kept_since``  the newest timestamp among the first records that the topic still has, epoch milliseconds
    """

    def __init__(self, reader: TopicReader, place: TopicPartition, decoding: Decoding, dead: DeadLetters) -> None:
        self._reader = reader
        self._place = place
        self._decoding = decoding
        self._dead = dead
        self.kept_since: int | None = None
        self.dead_letters = 0

    async def fold(
        self, begin: int, end: int, wanted: Wanted, into: dict[Name, FoldedTrace], progress: Callable[[int], None]
    ) -> set[Name]:
        """Fold the records of wanted keys from ``begin`` to before ``end``. Return which traces got any."""
        touched: set[Name] = set()
        topic, partition = self._place
        for messages in self._reader.batches({partition: begin}, {partition: end}):
            records = [consumed(topic, each) for each in messages if wanted(_key(each))]
            if self.kept_since is None and messages:
                self.kept_since = max(each.timestamp()[1] for each in messages)
            touched |= await self._take(records, into)
            progress(len(messages))
        return touched

    async def _take(self, records: Sequence[ConsumedRecord], into: dict[Name, FoldedTrace]) -> set[Name]:
        alive = [each for each in records if self._dead.get(each.offset) != each.timestamp]
        self.dead_letters += len(records) - len(alive)
        return fold_into(into, self._decoding.state, await self._decoding.events(alive)) if alive else set()


def fold_into(
    traces: dict[Name, FoldedTrace], state: KeyedState[Event, Trace], events: Iterable[tuple[Record, Event]]
) -> set[Name]:
    """Fold events over their traces, and add those that are new. Return which traces got any."""
    touched: set[Name] = set()
    for record, event in events:
        trace_id = state.key(event)
        name = (trace_id, "") if trace_id is not None else ("", event.event_id)
        folded = traces.get(name) or traces.setdefault(name, FoldedTrace(record.key or b"", trace_id or ""))
        folded.note(event, record.offset)
        state.fold(folded.trace, event, record.offset)
        touched.add(name)
    return touched


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
                found.update(_origin(dict(message.headers() or ()), place))
    return found


def _origin(headers: Mapping[str, Any], place: TopicPartition) -> dict[int, int]:
    """Return the offset and the timestamp of the record of a dead letter of ours."""
    try:
        said = {name: headers[PREFIX + NAMES[name]].decode() for name in ("topic", "partition", "offset", "timestamp")}
        if (said["topic"], int(said["partition"])) != tuple(place):
            return {}
        return {int(said["offset"]): int(said["timestamp"])}
    except (AttributeError, KeyError, ValueError):
        return {}
