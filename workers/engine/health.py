"""Whether this worker is alive and ready, and if not, why."""

from workers.core.clock import Clock

STALLED_AFTER_SECONDS = 120.0
"""Records that wait this long without a finished batch, although every server answers, are a bug."""


class WorkerHealth:
    """Set by the engine, read by ``/healthz`` and ``/readyz``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._unreachable: dict[str, str] = {}
        self._recovered = False
        self._held: str | None = None
        self._waiting_since: float | None = None

    def reachable(self, server: str) -> None:
        self._unreachable.pop(server, None)

    def unreachable(self, server: str, reason: str) -> None:
        self._unreachable[server] = reason

    def ready(self, *, recovered: bool) -> None:
        """Note whether partitions are assigned and the table has been recovered."""
        self._recovered = recovered

    def hold(self, reason: str) -> None:
        """Note why the worker reads nothing more until an operator acts: a restart alone does not help."""
        self._held = reason

    def working(self) -> None:
        """Note that records wait for delivery."""
        self._waiting_since = self._waiting_since or self._clock.monotonic()

    def progressed(self) -> None:
        """Note that a batch is delivered, or that nothing waits any more."""
        self._waiting_since = None

    def unready(self) -> list[str]:
        """Return why the worker is not ready; nothing when it is."""
        reasons = [f"{server} does not answer: {reason}" for server, reason in self._unreachable.items()]
        if self._held:
            reasons.append(self._held)
        if not self._recovered:
            reasons.append("no partitions yet: waiting for the consumer group and the recovery of the table")
        return reasons

    def unhealthy(self) -> list[str]:
        """Return why the process should be restarted. Waiting for a server that is away is no reason."""
        if self._unreachable or self._held or self._waiting_since is None:
            return []
        stalled = self._clock.monotonic() - self._waiting_since
        if stalled < STALLED_AFTER_SECONDS:
            return []
        return [f"no batch was delivered for {stalled:.0f} s although every server answers"]
