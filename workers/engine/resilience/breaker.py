"""The circuit breaker: while a server keeps failing, only a few probes reach it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import IntEnum

from workers.config.takes_effect import Now
from workers.config.worker_options import Breaker as BreakerOptions
from workers.core.clock import Clock
from workers.core.errors import Contended, NeedsOperator, Retryable
from workers.engine.resilience.window import Window


class BreakerState(IntEnum):
    """The value of the metric ``circuit_breaker_state``; users alert on 1."""

    CLOSED = 0
    OPEN = 1
    HALF_OPEN = 2


class Breaker:
    """Guards attempts on one server.

    It is our own code, because the libraries for it let any number of concurrent callers through when half open.
    This one never has more than ``half_open_probes`` probes at the same time.

    Closed, every attempt passes. It opens when more than ``error_ratio`` of the attempts in the window failed
    (and at least ``minimum_failures``). Open, no attempt passes until the next probe is due; then as many probes as
    configured pass, and the others wait. A successful probe closes it, a failed one opens it again for the next,
    longer wait. ``opened`` is called when a closed breaker opens, and not after a failed probe.
    """

    def __init__(
        self,
        options: Now[BreakerOptions],
        clock: Clock,
        changed: Callable[[BreakerState], None],
        opened: Callable[[], None] = lambda: None,
    ) -> None:
        self._options = options
        self._clock = clock
        self._changed = changed
        self._opened = opened
        self._window = Window(lambda: options().window_seconds, clock)
        self._state = BreakerState.CLOSED
        self._failed_probes = 0
        self._running_probes = 0
        self._retry_at = 0.0
        self._changed_state = asyncio.Condition()
        changed(self._state)

    @property
    def state(self) -> BreakerState:
        return self._state

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """Wait until an attempt may be made, and count its outcome: ``Retryable`` is a failure."""
        probing = await self._admitted()
        try:
            yield
        except (Contended, NeedsOperator):  # no outage: the server has answered
            await self._ended(probing=probing, failed=False)
            raise
        except Retryable:
            await self._ended(probing=probing, failed=True)
            raise
        except BaseException:
            # Refused, fenced, cancelled: this does not show whether the server works.
            await self._abandon(probing=probing)
            raise
        else:
            await self._ended(probing=probing, failed=False)

    async def _admitted(self) -> bool:
        """Return whether the attempt is a probe."""
        async with self._changed_state:
            while True:
                if self._state is BreakerState.CLOSED:
                    return False
                wait = self._retry_at - self._clock.monotonic()
                if wait <= 0 and self._running_probes < self._options().half_open_probes:
                    self._running_probes += 1
                    self._enter(BreakerState.HALF_OPEN)
                    return True
                await self._until_changed(wait if wait > 0 else None)

    async def _until_changed(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed_state.wait()

    async def _ended(self, *, probing: bool, failed: bool) -> None:
        async with self._changed_state:
            self._window.add(attempts=1, failures=int(failed))
            if probing:
                self._running_probes -= 1
                self._probed(failed=failed)
            elif failed and self._state is BreakerState.CLOSED:
                self._open_if_too_many()
            self._changed_state.notify_all()

    async def _abandon(self, *, probing: bool) -> None:
        if probing:
            async with self._changed_state:
                self._running_probes -= 1
                self._changed_state.notify_all()

    def _probed(self, *, failed: bool) -> None:
        if not failed:
            self._failed_probes = 0
            self._window.clear()
            self._enter(BreakerState.CLOSED)
        elif self._state is BreakerState.HALF_OPEN:
            self._failed_probes += 1
            self._open()

    def _open_if_too_many(self) -> None:
        options = self._options()
        if self._window.exceeds(options.error_ratio, options.minimum_failures):
            self._opened()
            self._open()

    def _open(self) -> None:
        waits = self._options().probe_after_seconds
        self._retry_at = self._clock.monotonic() + waits[min(self._failed_probes, len(waits) - 1)]
        self._enter(BreakerState.OPEN)

    def _enter(self, state: BreakerState) -> None:
        if state is not self._state:
            self._state = state
            self._changed(state)
