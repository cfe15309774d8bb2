"""The circuit breaker: when a server keeps failing, all partitions stop asking, and a few probes find out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import IntEnum

from workers.config.tuning import Breaker as BreakerTuning
from workers.core.clock import Clock
from workers.core.errors import Retryable
from workers.engine.resilience.window import Window


class BreakerState(IntEnum):
    """The value of the metric ``circuit_breaker_state``; 1 is what the alert of the source document waits for."""

    CLOSED = 0
    OPEN = 1
    HALF_OPEN = 2


class Breaker:
    """Guards attempts on one server.

    Own code, because the libraries for it let any number of callers through half-open when they come at
    once; this one never lets more than ``half_open_probes`` be under way.

    Closed, everything passes. It opens when more than ``error_ratio`` of the attempts in the window failed
    (and at least ``minimum_failures``). Open, nobody passes until the next probe is due; as many probes as
    configured then pass, everybody else waits on. A probe's success closes it, a failure opens it again for
    the next, longer wait.
    """

    def __init__(self, tuning: BreakerTuning, clock: Clock, changed: Callable[[BreakerState], None]) -> None:
        self._tuning = tuning
        self._clock = clock
        self._changed = changed
        self._window = Window(tuning.window_seconds, clock)
        self._state = BreakerState.CLOSED
        self._failed_probes = 0
        self._probes_under_way = 0
        self._retry_at = 0.0
        self._moved = asyncio.Condition()
        changed(self._state)

    @property
    def state(self) -> BreakerState:
        return self._state

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """Wait until an attempt may be made, and learn from how it ends: ``Retryable`` is a failure."""
        probing = await self._admitted()
        try:
            yield
        except Retryable:
            await self._ended(probing=probing, failed=True)
            raise
        except BaseException:
            # Refused, fenced, cancelled: no word on whether the server is well.
            await self._gave_up(probing=probing)
            raise
        else:
            await self._ended(probing=probing, failed=False)

    async def _admitted(self) -> bool:
        """Return whether the attempt is a probe."""
        async with self._moved:
            while True:
                if self._state is BreakerState.CLOSED:
                    return False
                wait = self._retry_at - self._clock.monotonic()
                if wait <= 0 and self._probes_under_way < self._tuning.half_open_probes:
                    self._probes_under_way += 1
                    self._turn(BreakerState.HALF_OPEN)
                    return True
                await self._until_moved(wait if wait > 0 else None)

    async def _until_moved(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._moved.wait()

    async def _ended(self, *, probing: bool, failed: bool) -> None:
        async with self._moved:
            self._window.add(all_of=1, bad=int(failed))
            if probing:
                self._probes_under_way -= 1
                self._probed(failed=failed)
            elif failed and self._state is BreakerState.CLOSED:
                self._open_if_too_many()
            self._moved.notify_all()

    async def _gave_up(self, *, probing: bool) -> None:
        if probing:
            async with self._moved:
                self._probes_under_way -= 1
                self._moved.notify_all()

    def _probed(self, *, failed: bool) -> None:
        if not failed:
            self._failed_probes = 0
            self._window.clear()
            self._turn(BreakerState.CLOSED)
        elif self._state is BreakerState.HALF_OPEN:
            self._failed_probes += 1
            self._open()

    def _open_if_too_many(self) -> None:
        if self._window.exceeds(self._tuning.error_ratio, self._tuning.minimum_failures):
            self._open()

    def _open(self) -> None:
        waits = self._tuning.probe_after_seconds
        self._retry_at = self._clock.monotonic() + waits[min(self._failed_probes, len(waits) - 1)]
        self._turn(BreakerState.OPEN)

    def _turn(self, state: BreakerState) -> None:
        if state is not self._state:
            self._state = state
            self._changed(state)
