"""Sends the stream to the topic: slightly ahead of the workers, or at once."""

import asyncio
from collections.abc import Callable, Sequence
from enum import Enum, auto

from tests.chaos.checking.history import History, Line
from tests.chaos.running.producer import StreamProducer, abort
from tests.chaos.running.stream import Planned

AHEAD = 200
"""Records that may wait in the log while the stream follows the workers."""
SLICE = 50
STEP = 20
KEPT_BACK = 0.3
"""Share of the stream sent after the fault, because it shows lost state."""
POLL_SECONDS = 0.05
COPIES = 40


class Pace(Enum):
    """How fast the stream is sent."""

    HELD = auto()
    """Send nothing, while workers share the partitions."""
    STEPS = auto()
    """Send a few, and the next after those are consumed."""
    TRICKLE = auto()
    """Send twenty a second, independently of the workers."""
    FLOW = auto()
    """Stay slightly ahead of the workers."""


class Supply:
    """Sends each record of the stream once."""

    def __init__(
        self,
        bootstrap_servers: str,
        topic: str,
        stream: Sequence[Planned],
        values: Sequence[bytes | None],
        history: History,
    ) -> None:
        self.stream = stream
        self.values = values
        self.life = 0
        """How often the topic was recreated."""
        self.pace = Pace.FLOW
        self.bootstrap_servers = bootstrap_servers
        self._topic = topic
        self._history = history
        self._sent = 0
        self._enough = asyncio.Event()
        self._flowing: asyncio.Task[None] | None = None

    def flow(self, consumed: Callable[[], int]) -> None:
        """Start to send at the workers' pace, without the stream's last part."""
        self._flowing = asyncio.create_task(self._flow(consumed))

    async def stop(self) -> None:
        """Pause sending, and wait until the sent records are confirmed."""
        self._enough.set()
        if self._flowing is not None:
            await self._flowing
            self._flowing = None

    async def send(self, share: float = 1.0) -> None:
        """Send this share of the rest at once, and wait until it is confirmed."""
        producer = self._producer()
        await producer.send(*self._next(round(share * (len(self.stream) - self._sent))))

    async def send_again(self, lost: Sequence[Line]) -> None:
        """Send records again, in their order, that Kafka has lost; wait until it has confirmed them."""
        self._history.note("lost", records=lost)
        numbers = sorted(line["number"] for line in lost)
        await self._producer().send([self.stream[at] for at in numbers], [self.values[at] for at in numbers])

    def abort_copies(self) -> None:
        """Send copies of the first good records in one transaction, and abort it; it returns when Kafka has done so."""
        good = [each for each in zip(self.stream, self.values, strict=True) if each[0].poison is None]
        abort(self.bootstrap_servers, self._topic, good[:COPIES])

    async def _flow(self, consumed: Callable[[], int]) -> None:
        producer = self._producer()
        last = len(self.stream) * (1 - KEPT_BACK)
        while not self._enough.is_set() and self._sent < last:
            producer.queue(*self._next(self._due(self._sent - consumed())))
            await asyncio.sleep(POLL_SECONDS)
        await producer.flush()

    def _due(self, waiting: int) -> int:
        match self.pace:
            case Pace.STEPS if waiting <= 0:
                return STEP
            case Pace.TRICKLE:
                return 1
            case Pace.FLOW if waiting < AHEAD:
                return SLICE
        return 0

    def _next(self, count: int) -> tuple[Sequence[Planned], Sequence[bytes | None]]:
        begin, self._sent = self._sent, min(len(self.stream), self._sent + count)
        return self.stream[begin : self._sent], self.values[begin : self._sent]

    def _producer(self) -> StreamProducer:
        return StreamProducer(self.bootstrap_servers, self._topic, self.life, self._history)
