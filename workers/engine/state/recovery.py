"""Faust's recovery of tables, which waits for Kafka for as long as it is away."""

from typing import Any

from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery

from workers.engine.faust_logger import QUIET


class PatientRecovery(Recovery):
    """Recovery without a deadline for its steps.

    Faust takes a step that is too slow for a stopped service: the recovery's task ended without an error, and no
    partition of the process was ever read.
    """

    logger = QUIET

    async def _wait(self, coro: Any, timeout: Any = None) -> None:  # noqa: ARG002, ASYNC109 - Faust's signature
        """Wait until the step is done, another rebalance begins, or the service stops."""
        await super()._wait(coro)


class CacheManager(TableManager):
    """Faust's manager of tables with our recovery."""

    @property
    def recovery(self) -> Recovery:
        """Return the recovery, created once."""
        if self._recovery is None:
            self._recovery = PatientRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
