"""What the screens ask: the engine of ``dlq list``, ``show`` and ``replay``. Every call blocks: ask in threads."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.core.errors import Rejected
from workers.ops.dead_letters.count import Group
from workers.ops.dead_letters.dry_run import dry_run
from workers.ops.dead_letters.journal import Journal, Who, who_does_it
from workers.ops.dead_letters.letter import Letter
from workers.ops.dead_letters.replaying.carry_out import Order, carry_out, rules_of
from workers.ops.dead_letters.replaying.repair import fix
from workers.ops.dead_letters.replaying.replay import Replay
from workers.ops.dead_letters.replaying.replay_tally import Tally
from workers.ops.dead_letters.replaying.verdict import Rules, Verdict, verdict
from workers.ops.dead_letters.scan import DeadLetters
from workers.ops.dead_letters.selection import Selection
from workers.ops.dead_letters.show import shown
from workers.ops.dead_letters.tally import tally

PAGE_LETTERS = 200
PAGE_BYTES = 32 * 1024 * 1024
"""A page ends where its values are larger than this: a letter may have 16 MiB."""

Offsets = Mapping[int, int]
"""An offset for each partition."""
Place = tuple[int, int]
"""A partition and an offset of the dead-letter topic."""


class Row(NamedTuple):
    """A letter, what a replay would do with it today, and why it would fail again."""

    letter: Letter
    verdict: Verdict
    fault: Rejected | None = None


class Page(NamedTuple):
    """Letters of a group, and where the next page begins; ``None`` after the last one."""

    rows: Sequence[Row]
    next: Offsets | None


class Chosen(NamedTuple):
    """What is sent back: all letters of a group, or those at these places; ``fixes`` are FIELD=VALUE."""

    group: Group
    places: frozenset[Place] | None = None
    fixes: tuple[str, ...] = ()


class Backend(Protocol):
    """Everything raises ``OperatorError`` with a sentence for the screen."""

    def groups(self) -> list[Group]:
        """Count the letters up to now. All other calls see the letters of the last count."""

    def page(self, group: Group, begins: Offsets, ends: Offsets | None) -> Page:
        """Read the page that begins there; ``ends`` is where it ended, if it was read before."""

    def show(self, group: Group, letter: Letter) -> dict[str, Any]:
        """Decode a letter, as ``dlq show`` does."""

    def plan(self, chosen: Chosen) -> Tally:
        """Return what ``send`` would do, and change nothing."""

    def who(self, why: str) -> Who:
        """Return who sends, and why."""

    def send(self, chosen: Chosen, who: Who, progress: Callable[[Tally], None]) -> Tally:
        """Send letters back; ``progress`` is called after each batch and ends the sending by what it raises."""


@dataclass(slots=True)
class KafkaBackend:
    """The real one.

    ``opened``   returns the dead-letter topics that are seen, up to now
    ``allowed``  the topics that records may be sent to
    ``watch``    called for each letter that is read; what it raises ends the reading
    """

    settings: Settings
    topology: Topology
    opened: Callable[[], Sequence[DeadLetters]]
    filters: Selection
    allowed: Collection[str]
    max_replays: int
    order: Order
    by: str | None
    watch: Callable[[], None]
    topics: dict[str, DeadLetters] = field(default_factory=dict)
    journals: dict[str, Journal] = field(default_factory=dict)
    rules: Rules = field(default_factory=lambda: Rules({}))

    def groups(self) -> list[Group]:
        found = self.opened()
        for each in found:
            each.watch = self.watch
        groups = tally(found, self.filters)
        self.rules = rules_of(self.settings.kafka, self.allowed, self.max_replays)
        self.topics = {each.topic: each for each in found}
        self.journals.clear()
        return groups

    def page(self, group: Group, begins: Offsets, ends: Offsets | None) -> Page:
        letters, following = self._read(group, begins, ends)
        faults = asyncio.run(self._faults(group, letters))
        journal = self._journal(group)
        rows = [
            _row(verdict(each, journal, self.rules), each, fault) for each, fault in zip(letters, faults, strict=True)
        ]
        return Page(sorted(rows, key=lambda row: row.letter.place), following)

    def show(self, group: Group, letter: Letter) -> dict[str, Any]:
        return asyncio.run(self._shown(group, letter))

    def plan(self, chosen: Chosen) -> Tally:
        return asyncio.run(self._carried_out(chosen, None, lambda _: None))

    def who(self, why: str) -> Who:
        return who_does_it(self.by, why)

    def send(self, chosen: Chosen, who: Who, progress: Callable[[Tally], None]) -> Tally:
        return asyncio.run(self._carried_out(chosen, who, progress))

    def _read(self, group: Group, begins: Offsets, ends: Offsets | None) -> tuple[list[Letter], Offsets | None]:
        letters: list[Letter] = []
        following, size = dict(begins), 0
        for letter in self.topics[group.topic].selected(self._selection(Chosen(group)), begins, ends):
            if ends is None and (len(letters) == PAGE_LETTERS or size >= PAGE_BYTES):
                return letters, following
            letters.append(letter)
            following[letter.record.partition] = letter.record.offset + 1
            size += len(letter.record.value or b"")
        return letters, ends

    def _selection(self, chosen: Chosen) -> Selection:
        group = chosen.group
        return replace(self.filters, kind=(group.code, group.stage, group.worker), places=chosen.places)

    def _journal(self, group: Group) -> Journal:
        if group.topic not in self.journals:
            self.journals[group.topic] = Journal(self.topics[group.topic])
        return self.journals[group.topic]

    async def _faults(self, group: Group, letters: Sequence[Letter]) -> Sequence[Rejected | None]:
        async with dry_run(self.settings, self.topology, self.topics[group.topic].source) as trial:
            return await trial.faults(letters) if trial else [None] * len(letters)

    async def _shown(self, group: Group, letter: Letter) -> dict[str, Any]:
        async with dry_run(self.settings, self.topology, self.topics[group.topic].source) as trial:
            fault = (await trial.faults([letter]))[0] if trial else None
            return shown(letter, trial.decoded(letter) if trial else None, fault)

    async def _carried_out(self, chosen: Chosen, who: Who | None, progress: Callable[[Tally], None]) -> Tally:
        replay = Replay(self.topics[chosen.group.topic], self._selection(chosen), self.rules)
        order = replace(self.order, who=who, patches=[fix(text) for text in chosen.fixes])
        return await carry_out(self.settings, self.topology, replay, order, progress)


def _row(is_done: Verdict, letter: Letter, fault: Rejected | None) -> Row:
    """Return a letter's row: only what would be sent can fail again."""
    return Row(letter, Verdict.FAILS, fault) if is_done is Verdict.SEND and fault else Row(letter, is_done)
