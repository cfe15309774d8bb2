"""The limit on dead letters: a bad deploy must not send a whole topic to the dead letters."""

import structlog

from workers.config.takes_effect import Now
from workers.config.worker_options import DeadLetterLimit
from workers.core.clock import Clock
from workers.core.errors import MemoryGraphError
from workers.engine.health import Unready, WorkerHealth
from workers.engine.resilience.window import Window

log = structlog.get_logger(__name__)


class DeadLetterLimitExceeded(MemoryGraphError):
    """Too many records were rejected: deliver nothing more."""


class DeadLetterLimiter:
    """Counts rejected records. Above the limit the worker stands still until it is restarted.

    The limit is a share of the records of the last seconds; or ``minimum`` rejected records with no good one between
    them, however many good ones were before. Nothing is lost: records that are not dead letters yet are not
    acknowledged, and are read again.
    """

    def __init__(self, limit: Now[DeadLetterLimit], clock: Clock, health: WorkerHealth) -> None:
        self._limit = limit
        self._window = Window(lambda: limit().window_seconds, clock)
        self._consecutive = Window(lambda: limit().window_seconds, clock)
        self._health = health
        self._stopped = False

    def received(self, records: int) -> None:
        """Count the records of a batch, once."""
        self._window.add(attempts=records, failures=0)

    def accepted(self) -> None:
        """Note that the graph has taken an event."""
        self._consecutive.clear()

    def admit(self, rejected: int) -> None:
        """Count rejected records before they are sent. Raises ``DeadLetterLimitExceeded``, from then on always."""
        self._window.add(attempts=0, failures=rejected)
        self._consecutive.add(attempts=0, failures=rejected)
        limit = self._limit()
        too_many = self._window.exceeds(limit.ratio, limit.minimum)
        in_a_row = self._consecutive.exceeds(0, limit.minimum)
        if rejected and not self._stopped and (too_many or in_a_row):
            self._stop()
        if self._stopped:
            raise DeadLetterLimitExceeded

    def _stop(self) -> None:
        self._stopped = True
        reason = (
            f"{self._window.failures} records were rejected within {self._limit().window_seconds} s, "
            f"{self._consecutive.failures} of them without a good one between: fix their producer or deploy the schema "
            "that they need, then restart this worker (or raise dead_letter_limit in topology.yaml, so that they all "
            "become dead letters)"
        )
        self._health.hold(Unready.DEAD_LETTER_LIMIT, reason)
        log.error("too many dead letters, the worker stands still", reason=reason)
