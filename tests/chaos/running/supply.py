"""The stream on its way into the topic: a little ahead of the workers, or all at once."""

import asyncio
from collections.abc import Callable, Sequence
from enum import Enum, auto

from tests.chaos.checking.history import History
from tests.chaos.running.producer import StreamProducer, abort
from tests.chaos.running.stream import Planned

AHEAD = 200
"""Records that may wait in the log while the stream is sent as it is consumed."""
SLICE = 50
STEP = 20
KEPT_BACK = 0.3
"""Share of the stream that comes after the fault: what a state has lost shows only when it is built upon."""
POLL_SECONDS = 0.05
COPIES = 40


class Pace(Enum):
    """How fast the stream is sent."""

    HELD = auto()
    """Nothing, for as long as workers take to share the partitions out."""
    STEPS = auto()
    """A little, and the next when all of that has been consumed: does not run dry while workers are away."""
    TRICKLE = auto()
    """Twenty a second, whatever the workers do: for faults that need not wait for a record."""
    FLOW = auto()
    """A little ahead of the workers."""


class Supply:
    """Sends each record of the stream once. ``consumed`` tells how many have been acknowledged."""

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
        """How often the topic has been made anew."""
        self.pace = Pace.FLOW
        self._servers = bootstrap_servers
        self._topic = topic
        self._history = history
        self._sent = 0
        self._enough = asyncio.Event()
        self._flowing: asyncio.Task[None] | None = None

    def flow(self, consumed: Callable[[], int]) -> None:
        """Begin to send as the workers consume; the last part of the stream is kept back."""
        self._flowing = asyncio.create_task(self._flow(consumed))

    async def stop(self) -> None:
        """Send no more for now, and wait until what was sent is confirmed."""
        self._enough.set()
        if self._flowing is not None:
            await self._flowing
            self._flowing = None

    async def send(self, share: float = 1.0) -> None:
        """Send this share of what is left at once, and wait until it is confirmed."""
        producer = self._producer()
        await producer.send(*self._next(round(share * (len(self.stream) - self._sent))))

    def abort_copies(self) -> None:
        """Send copies of the first good records in one transaction, and abort it; it returns when Kafka has done so."""
        good = [each for each in zip(self.stream, self.values, strict=True) if each[0].poison is None]
        abort(self._servers, self._topic, good[:COPIES])

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
        return StreamProducer(self._servers, self._topic, self.life, self._history)
