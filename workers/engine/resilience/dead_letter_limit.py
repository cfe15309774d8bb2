"""The limit on dead letters: one bad deploy must not drain a topic into its dead letters."""

import structlog

from workers.config.tuning import DeadLetterLimit
from workers.core.clock import Clock
from workers.engine.health import WorkerHealth
from workers.engine.resilience.window import Window

log = structlog.get_logger(__name__)


class DeadLetterLimitExceeded(Exception):
    """The limit is passed: deliver nothing more."""


class DeadLetterLimiter:
    """Watches how many records are turned away. Beyond the limit the worker stands still until it is restarted.

    Nothing is lost by that: what is not dead-lettered is not acknowledged, and is read again.
    """

    def __init__(self, limit: DeadLetterLimit, clock: Clock, condition: WorkerHealth) -> None:
        self._limit = limit
        self._window = Window(limit.window_seconds, clock)
        self._condition = condition
        self._stopped = False

    def admit(self, records: int, rejected: int) -> None:
        """Count a batch before its dead letters are sent. Raises ``DeadLetterLimitExceeded``, from then on always."""
        self._window.add(all_of=records, bad=rejected)
        if not self._stopped and rejected and self._window.exceeds(self._limit.ratio, self._limit.minimum):
            self._stop()
        if self._stopped:
            raise DeadLetterLimitExceeded

    def _stop(self) -> None:
        self._stopped = True
        reason = (
            f"{self._window.bad} records were turned away within {self._limit.window_seconds} s, more than "
            f"{self._limit.ratio:.0%} of all: mend what produces them or deploy the schema they need, then restart "
            "this worker (or raise dead_letter_limit in topology.yaml to let them go to the dead letters)"
        )
        self._condition.flooded(reason)
        log.error("too many dead letters, intake stopped", reason=reason)
