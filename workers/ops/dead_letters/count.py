"""Count dead letters by kind, from messages as librdkafka hands them over: most of them cost no ``Letter``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from workers.adapters.kafka.foreign_headers import FAMILIES
from workers.adapters.kafka.headers import NAMES, PREFIX
from workers.adapters.kafka.reader import Fetched, consumed
from workers.core.stage import Stage
from workers.ops.dead_letters.letter import Letter, letter_of
from workers.ops.dead_letters.offsets import Offsets
from workers.ops.dead_letters.selection import Selection

Kind = tuple[str, str, str]
"""Code, stage and worker."""
CACHED_KINDS = 10_000
DIGITS = 1_000
"""Of seven numbers; Python refuses to read one of more than 4,300."""
NOT_OURS = (AttributeError, LookupError, TypeError, ValueError)
"""What reading in haste raises where the headers are not as our workers send them: these are read with care."""
PREFIXES = tuple(family.prefix for family in FAMILIES)
OURS = tuple(PREFIX + name for name in NAMES.values())
"""The names of our headers, in the order in which our workers write them."""
LAST = OURS[-1]


@dataclass(slots=True)
class Group:
    """The dead letters of one kind. ``oldest`` and ``newest`` failed at, epoch milliseconds.

    ``replayed``  how many of them were sent back to their topic; ``again`` how many came from a replay and failed again
    ``message``   that of the newest; of several in one millisecond, the last in the alphabet
    """

    topic: str
    code: str
    stage: str
    worker: str
    letters: int = 0
    oldest: int = 0
    newest: int = 0
    replayed: int = 0
    again: int = 0
    message: str = ""

    def count(self, *, again: bool, replayed: bool) -> None:
        """Count one letter, after ``see``."""
        self.letters += 1
        self.again += again
        self.replayed += replayed

    def see(self, at: int, message: str) -> None:
        """Note when a letter failed, and why. A time between those that were seen changes nothing."""
        if not self.letters or at < self.oldest:
            self.oldest = at
        if not self.letters or (at, message) > (self.newest, self.message):
            self.newest, self.message = at, message

    def add(self, other: "Group") -> None:
        """Add the letters of another part of the topic. The order of parts does not matter."""
        if not self.letters:
            self.oldest, self.newest, self.message = other.oldest, other.newest, other.message
        self.oldest = min(self.oldest, other.oldest)
        self.newest, self.message = max((self.newest, self.message), (other.newest, other.message))
        self.letters += other.letters
        self.again += other.again
        self.replayed += other.replayed


class Counts:
    """The selected dead letters of a topic, by kind. Memory depends on the number of kinds, not of letters."""

    def __init__(self, topic: str, selection: Selection, sent: Offsets) -> None:
        self.groups: dict[Kind, Group] = {}
        self._topic = topic
        self._selection = selection
        self._by_record = selection.by_record
        self._sent = sent
        self._any_sent = bool(sent)
        self._group_of_bytes = lru_cache(CACHED_KINDS)(self._decoded_group)

    def add(self, messages: Iterable[Fetched]) -> None:
        """Count the selected ones of these messages."""
        for message in messages:
            try:
                self._add_ours(message)
            except NOT_OURS:
                letter = letter_of(consumed(self._topic, message))
                if letter in self._selection:
                    self.count(letter)

    def count(self, letter: Letter) -> None:
        """Count a letter that is selected."""
        group = self._group((letter.code, letter.stage, letter.worker))
        group.see(letter.failed_at, letter.errors.message if letter.errors else letter.problem)
        group.count(again=letter.replays > 0, replayed=letter.place in self._sent)

    @property
    def found(self) -> list[Group]:
        """Return the groups that have letters."""
        return [group for group in self.groups.values() if group.letters]

    def merge(self, groups: Iterable[Group]) -> None:
        """Add what was counted in another part of the topic."""
        for group in groups:
            self._group((group.code, group.stage, group.worker)).add(group)

    def _add_ours(self, message: Fetched) -> None:
        """Count a message with all of our headers. Raises one of ``NOT_OURS`` for another one."""
        headers: Any = message.headers()
        topic, partition, offset, made, by, worker, stage, error, text, code, first, failed, replay, replays, came = (
            _values(headers)
        )
        if topic is None or by is None or error is None or text is None or replay is None:
            raise ValueError
        if not (partition and offset and made and first and failed and replays and came):
            raise ValueError
        numbers = b"".join((partition, offset, made, first, failed, replays, came))
        if not numbers.isdigit() or len(numbers) > DIGITS:
            raise ValueError
        at, again = int(failed), replays != b"0" and int(replays) > 0
        group = self._group_of_bytes(code, stage, worker)
        if group is None or (self._by_record and not self._selection.takes_record(consumed(self._topic, message))):
            return
        if not group.oldest <= at < group.newest:
            group.see(at, text.decode(errors="replace"))
        group.letters += 1
        if again:
            group.again += 1
        if self._any_sent and (message.partition() or 0, message.offset() or 0) in self._sent:
            group.replayed += 1

    def _decoded_group(self, code: bytes, stage: bytes, worker: bytes) -> Group | None:
        """Return the group of these headers, ``None`` where no such letter is selected. Raises ``ValueError``."""
        kind = code.decode(errors="replace"), Stage(stage.decode(errors="replace")), worker.decode(errors="replace")
        return self._group(kind) if self._selection.takes_kind(*kind) else None

    def _group(self, kind: Kind) -> Group:
        return self.groups.setdefault(kind, Group(self._topic, *kind))


def _values(headers: Sequence[tuple[str, Any]]) -> Sequence[Any]:
    """Return the values of our headers. Raises ``ValueError`` where they are not all there, in their order.

    Behind them, only headers of no system that we know may stand. A loop over them would take three times as long.
    """
    while headers[-1][0] != LAST:
        if headers[-1][0].startswith(PREFIXES):
            raise ValueError
        headers = headers[:-1]
    (
        (n1, v1), (n2, v2), (n3, v3), (n4, v4), (n5, v5), (n6, v6), (n7, v7), (n8, v8),
        (n9, v9), (n10, v10), (n11, v11), (n12, v12), (n13, v13), (n14, v14), (n15, v15),
    ) = headers[-len(OURS) :]  # fmt: skip
    if (n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12, n13, n14, n15) != OURS:
        raise ValueError
    return v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15
