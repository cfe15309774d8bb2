"""What this worker can say of itself: is it alive, is it ready, and if not, why."""

from workers.core.clock import Clock

STALLED_AFTER_SECONDS = 120.0
"""Work that has been waiting this long without a batch getting through, every server answering, is a bug."""


class WorkerHealth:
    """Kept by the runtime, read by ``/healthz`` and ``/readyz``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._unreachable: dict[str, str] = {}
        self._recovered = False
        self._flooded: str | None = None
        self._waiting_since: float | None = None

    def reachable(self, server: str) -> None:
        self._unreachable.pop(server, None)

    def unreachable(self, server: str, reason: str) -> None:
        self._unreachable[server] = reason

    def recovered(self, *, done: bool) -> None:
        """Partitions are assigned and the table has been recovered, or no longer."""
        self._recovered = done

    def flooded(self, reason: str) -> None:
        """Too many dead letters: intake has stopped, and a restart alone would only start it again."""
        self._flooded = reason

    def working(self) -> None:
        """Records have arrived that are not through yet."""
        self._waiting_since = self._waiting_since or self._clock.monotonic()

    def progressed(self) -> None:
        """A batch got through, or nothing waits any more."""
        self._waiting_since = None

    def unready(self) -> list[str]:
        """Why no traffic should count on this worker; empty when it is ready."""
        reasons = [f"{server} does not answer: {reason}" for server, reason in self._unreachable.items()]
        if self._flooded:
            reasons.append(self._flooded)
        if not self._recovered:
            reasons.append("no partitions yet: waiting for the consumer group and the recovery of the table")
        return reasons

    def unhealthy(self) -> list[str]:
        """Why this process should be restarted; waiting for a server that is away is no reason."""
        if self._unreachable or self._flooded or self._waiting_since is None:
            return []
        stalled = self._clock.monotonic() - self._waiting_since
        if stalled < STALLED_AFTER_SECONDS:
            return []
        return [f"no batch got through for {stalled:.0f} s although every server answers"]
