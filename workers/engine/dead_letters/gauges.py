"""The gauges of the dead letters that wait, shown by the process that has the topic's first partition."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from threading import Event
from typing import NamedTuple, TypeVar

import structlog

from workers.config.topics import dead_letter_topic
from workers.core.clock import Clock
from workers.core.errors import MemoryGraphError, Misconfigured, Unreachable
from workers.core.ports import DeadLetterTopic
from workers.engine.dead_letters.spans import Waiting
from workers.engine.dead_letters.tally import Tally
from workers.observe.metrics import Metrics

log = structlog.get_logger(__name__)
ItemT = TypeVar("ItemT")

ROUND_SECONDS = 30.0
LEADER_CHECK_SECONDS = 1.0
"""How soon a process notices that it has the first partition, or has it no more."""
STEP_RECORDS = 500
STEP_PAUSE_SECONDS = 0.1
"""At most 5,000 records a second are read, in a tenth of the process's time: the rest belongs to the batches."""


class Count(NamedTuple):
    """The letters that wait, by code, and the share of them that Kafka deletes within a day."""

    waiting: dict[str, Waiting]
    near_retention: float


class GivenUp(MemoryGraphError):
    """The process ends, or another one has the first partition now."""


class DeadLetterGauges:
    """Counts in a thread, a round every 30 seconds. A round reads what is new, and the spans that have changed.

    While Kafka is away the last counts stay, because nobody can replay or delete letters then; their ages go on.
    Without the topic, or without its source's first partition, there are no gauges. The tally outlives a rebalance.
    """

    def __init__(
        self, topic: DeadLetterTopic, source: str, leads: Callable[[], bool], metrics: Metrics, clock: Clock
    ) -> None:
        self._topic = topic
        self._name = dead_letter_topic(source)
        self._leads = leads
        self._metrics = metrics
        self._clock = clock
        self._tally = Tally()
        self._shown: Count | None = None
        self._due = 0.0
        self._failing = False
        self._stopping = Event()

    async def run(self) -> None:
        """Count until cancelled. The thread ends soon after that, and the event loop waits for it when it closes."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(LEADER_CHECK_SECONDS)
        finally:
            self._stopping.set()

    async def look(self) -> None:
        """Count if a round is due; clear the gauges without leadership."""
        if not self._leads():
            self._show(None)
            self._due = 0.0
        elif self._clock.monotonic() >= self._due:
            await self._round()
            self._due = self._clock.monotonic() + ROUND_SECONDS

    async def _round(self) -> None:
        try:
            count = await asyncio.to_thread(self._count)
        except Unreachable as reason:
            self._failed(reason)
            self._show(self._shown)
        except Misconfigured as reason:
            self._failed(reason)
            self._show(None)
        else:
            self._failing = False
            self._show(count or self._shown)

    def _count(self) -> Count | None:
        """Count; return ``None`` when it is given up. Blocks. Raises ``Unreachable``, ``Misconfigured``."""
        try:
            return self._up_to_date()
        except GivenUp:  # handled in this thread, so that the consumer is closed in it
            return None

    def _up_to_date(self) -> Count:
        """Read what the tally does not have. Raises as ``_count`` does, and ``GivenUp``."""
        now_ms = self._clock.now_ms()
        state = self._topic.state(now_ms)
        if state.id != self._tally.topic_id:
            self._tally = Tally(state.id)
        tally = self._tally
        tally.keep(state)
        for place in self._slowly(self._topic.replayed(state.id)):
            tally.replayed(*place)
        while unread := tally.unread():
            begin, end = ({number: offsets[side] for number, offsets in unread.items()} for side in (0, 1))
            for letter in self._slowly(self._topic.between(begin, end)):
                tally.add(letter, now_ms)
            tally.finish(unread)
        return Count(tally.waiting(), tally.share_before(state.expiring))

    def _slowly(self, items: Iterable[ItemT]) -> Iterator[ItemT]:
        for number, item in enumerate(items, 1):
            yield item
            if number % STEP_RECORDS == 0 and (self._stopping.wait(STEP_PAUSE_SECONDS) or not self._leads()):
                raise GivenUp

    def _failed(self, reason: Exception) -> None:
        """Log once that the letters cannot be counted."""
        if not self._failing:
            log.warning("dead letters cannot be counted", topic=self._name, reason=str(reason))
        self._failing = True

    def _show(self, count: Count | None) -> None:
        """Set all gauges, and remove those of codes of which no letter waits; all of them for ``None``."""
        waiting = count.waiting if count else {}
        for code in (self._shown.waiting if self._shown else {}).keys() - waiting.keys():
            self._metrics.dead_letters_gone(self._name, code)
        for code, (letters, oldest) in waiting.items():
            age = max(0.0, (self._clock.now_ms() - oldest) / 1000)
            self._metrics.dead_letters_waiting(self._name, code, letters, age)
        self._metrics.dead_letters_near_retention(self._name, count.near_retention if count else None)
        self._shown = count
