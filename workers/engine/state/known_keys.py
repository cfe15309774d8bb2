"""Which keys the graph may know: a new key, as nearly all are, needs no reading."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import structlog
from rbloom import Bloom

from workers.core.errors import Retryable

log = structlog.get_logger(__name__)

CAPACITY = 10_000_000
FALSE_POSITIVES = 0.01
"""12 MB in each process. With more keys, every key that is not in memory is read."""
LOOK_EVERY_SECONDS = 1.0

NextKeys = Callable[[str], Awaitable[Sequence[str]]]
"""Returns the next keys of the graph after one, in their order; none at the end. Raises ``Retryable``."""


class KnownKeys:
    """A Bloom filter of the graph's keys.

    It covers a claim once all keys have been read since the claim: what earlier owners wrote was there by then, and
    what this process writes is added. Until then every key may be known.
    """

    def __init__(self, next_keys: NextKeys, capacity: int = CAPACITY) -> None:
        self._next_keys = next_keys
        self._capacity = capacity
        self._filter = Bloom(capacity, FALSE_POSITIVES)
        self._covered = 0

    def covers(self, claim: int) -> bool:
        """Tell whether an answer for this claim is more than "possible"."""
        return claim <= self._covered

    def possible(self, claim: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the keys that the graph may know."""
        return [key for key in keys if key in self._filter] if self.covers(claim) else keys

    def add(self, keys: Iterable[str]) -> None:
        """Add keys that the graph has now."""
        self._filter.update(keys)

    async def read(self, claims: int) -> None:
        """Read all keys, for the claims made before: those up to number ``claims``. Raises ``Retryable``.

        It pauses after each page for as long as the page took, so that batches go on.
        """
        loop, count, after = asyncio.get_running_loop(), 0, ""
        while True:
            started = loop.time()
            keys = await self._next_keys(after)
            if not keys:
                break
            self.add(keys)
            count, after = count + len(keys), keys[-1]
            if count > self._capacity:
                log.info("too many keys for the filter, every key that is not in memory is read", keys=count)
                return
            await asyncio.sleep(loop.time() - started)
        self._covered = claims
        log.debug("keys of the graph are known", keys=count)


async def keep_reading(known: KnownKeys, claims: Callable[[], int]) -> None:
    """Read the keys again after each claim, for ever; ``claims`` returns how many there were."""
    tried = 0
    while True:
        if tried < (number := claims()):
            try:
                await known.read(number)
                tried = number
            except Retryable as reason:
                log.debug("the keys cannot be read yet", reason=str(reason))
        await asyncio.sleep(LOOK_EVERY_SECONDS)
