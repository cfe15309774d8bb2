"""Compute the chain of one partition again, from the records of its topic."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from rbloom import Bloom

from workers.core.errors import Dropped, Rejected
from workers.core.record import Decoded, Headers
from workers.pipelines.audit.chain.canonical import canonical
from workers.pipelines.audit.chain.link import Head, link

FALSE_POSITIVES = 1e-9
MOST_KEYS = 50_000_000
"""Above it the filter errs more often, which costs a second pass: it has 270 MB then."""
Identity = tuple[str, str]
"""``audit_id`` and ``event_type``: a second record with the same ones is a duplicate."""
NONE: frozenset[Identity] = frozenset()


class Computed(NamedTuple):
    """An event of the topic, with its place in the chain."""

    sequence: int
    audit_id: str
    event_type: str
    hash: str
    offset: int


class Fetched(Protocol):
    """A fetched record, as librdkafka has it."""

    def offset(self) -> int | None: ...
    def key(self) -> Any: ...
    def value(self) -> Any: ...
    def headers(self) -> Any: ...


class Logged(NamedTuple):
    """What is needed of a record of the log; the writer's schema may be named in a header."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    @classmethod
    def of(cls, message: Fetched) -> "Logged":
        """Return that of a fetched record."""
        return cls(message.offset() or 0, message.key(), message.value(), message.headers() or [])


class Seen:
    """Which events came before. Memory: about five bytes for each record of the partition.

    The filter may take a new event for a seen one, once in 10⁹. So ``suspects`` has what it recognised, and for a pass
    after that, these are ``exact``: recognised only at their second time. ``older`` are events whose first record the
    topic does not have any more.
    """

    def __init__(self, records: int, exact: frozenset[Identity] = NONE, older: frozenset[Identity] = NONE) -> None:
        self.suspects: set[Identity] = set()
        self._filter = Bloom(max(1, min(records, MOST_KEYS)), FALSE_POSITIVES)
        self._exact = exact
        self._older = older
        self._met: set[Identity] = set()

    def came(self, identity: Identity) -> bool:
        """Tell whether the event came before, and note that it has come now."""
        if identity in self._older:
            return True
        if identity in self._exact:
            again = identity in self._met
            self._met.add(identity)
            return again
        if identity in self._filter:
            self.suspects.add(identity)
            return True
        self._filter.add(identity)
        return False


class Recomputing:
    """Links the valid events of a partition after ``head``, in the order of the log.

    ``dead_letters``  offsets of records that became dead letters: they are outside of the chain
    ``accept``        raises ``Rejected`` or ``Dropped`` for a record that the worker does not take, by its fields and
                      key. ``None`` takes every record that can be decoded: each other one is a dead letter
    """

    def __init__(
        self,
        head: Head,
        seen: Seen,
        decode: Callable[[Any], Decoded],
        accept: Callable[[Decoded, bytes | None], object] | None,
        dead_letters: frozenset[int] = frozenset(),
    ) -> None:
        self.head = head
        self.seen = seen
        self._decode = decode
        self._accept = accept
        self._dead_letters = dead_letters

    def events(self, records: Sequence[Logged]) -> Iterator[Computed]:
        """Return the events of these records, without invalid ones and duplicates."""
        for record in records:
            if record.offset in self._dead_letters:
                continue
            try:
                decoded = self._decode(record)
                if self._accept is not None:
                    self._accept(decoded, record.key)
                fields = decoded.fields
                content = canonical(fields)
            except (Rejected, Dropped, KeyError, ValueError):
                continue
            identity = (fields["audit_id"], fields["event_type"])
            if self.seen.came(identity):
                continue
            self.head = link(self.head, content)
            yield Computed(self.head.sequence, *identity, self.head.hash.hex(), record.offset)
