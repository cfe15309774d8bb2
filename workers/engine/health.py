"""Whether this worker is alive and ready, and if not, why. Every wait has a name."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from workers.core.clock import Clock
from workers.core.record import TopicPartition

STALLED_AFTER_SECONDS = 120.0
"""A partition whose records wait for this long without a finished batch, for no reason from outside, is a bug."""


@dataclass(slots=True)
class Wait:
    """What a partition waits for.

    ``reason``    a short name, label of the metric ``waiting``: a server, or a step of the engine
    ``outage``    why it cannot go on, in a sentence, as long as the reason is outside of this process
    """

    reason: str
    outage: str = ""


class PartitionHealth:
    """The progress of one partition. It ends with the partition's task."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waits: list[Wait] = []
        self._records_wait_since: float | None = None

    def working(self) -> None:
        """Note that records wait for delivery."""
        if self._records_wait_since is None:
            self._records_wait_since = self._clock.monotonic()

    def progressed(self, *, more: bool) -> None:
        """Note a delivered batch; ``more`` says whether other records wait."""
        self._records_wait_since = self._clock.monotonic() if more else None

    @contextmanager
    def waiting(self, reason: str) -> Iterator[Wait]:
        """Name what is waited for inside."""
        wait = Wait(reason)
        self._waits.append(wait)
        try:
            yield wait
        finally:
            self._waits.remove(wait)

    def wait(self) -> Wait | None:
        """Return the innermost wait."""
        return self._waits[-1] if self._waits else None

    def stalled_seconds(self) -> float:
        """Return for how long records have waited although nothing outside prevents their delivery."""
        wait = self.wait()
        if self._records_wait_since is None or (wait and wait.outage):
            return 0.0
        return self._clock.monotonic() - self._records_wait_since


class WorkerHealth:
    """Set by the engine, read by ``/healthz`` and ``/readyz``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._partitions: dict[TopicPartition, PartitionHealth] = {}
        self._unreachable: dict[str, str] = {}
        self._held: str | None = None
        self._recovered = False
        self._assigned_at: float | None = None

    def partition(self, topic_partition: TopicPartition) -> PartitionHealth:
        """Begin to watch a partition."""
        health = self._partitions[topic_partition] = PartitionHealth(self._clock)
        return health

    def drained(self) -> None:
        """Forget every partition, because all were drained."""
        self._partitions.clear()
        self._recovered = False

    def assigned(self) -> None:
        """Note an assignment, which ``recovered`` must follow."""
        self._assigned_at = self._clock.monotonic()

    def recovered(self) -> None:
        """Note that records of the assignment are accepted."""
        self._recovered, self._assigned_at = True, None

    def server(self, name: str, outage: str = "") -> None:
        """Note whether a server answers that no partition may be waiting for: its ``outage``, or none.

        An assignment that waits meanwhile gets its time again: an outage is no reason for a restart.
        """
        if outage:
            self._unreachable[name] = outage
            if self._assigned_at is not None:
                self._assigned_at = self._clock.monotonic()
        else:
            self._unreachable.pop(name, None)

    def hold(self, reason: str) -> None:
        """Note why the worker reads nothing more until an operator acts: a restart alone does not help."""
        self._held = reason

    def waits(self) -> dict[TopicPartition, Wait]:
        """Return what each partition waits for."""
        return {partition: wait for partition, health in self._partitions.items() if (wait := health.wait())}

    def unready(self) -> list[str]:
        """Return why the worker is not ready; nothing when it is."""
        outages = {**self._unreachable, **{w.reason: w.outage for w in self.waits().values() if w.outage}}
        reasons = [f"{name} does not answer: {outage}" for name, outage in outages.items()]
        if self._held:
            reasons.append(self._held)
        if not self._recovered:
            reasons.append("no partitions yet: waiting for the consumer group")
        return reasons

    def unhealthy(self) -> Sequence[str]:
        """Return why the process should be restarted. What waits for a server that is away is no reason."""
        if self._held:
            return []
        reasons = []
        for partition, health in self._partitions.items():
            if (seconds := health.stalled_seconds()) >= STALLED_AFTER_SECONDS:
                wait = health.wait()
                during = f", during: {wait.reason}" if wait else ""
                reasons.append(f"{partition}: no batch was delivered for {seconds:.0f} s, without an outage{during}")
        if self._assigned_at is not None:
            seconds = self._clock.monotonic() - self._assigned_at
            if seconds >= STALLED_AFTER_SECONDS:
                reasons.append(f"partitions were assigned {seconds:.0f} s ago, and no record is accepted yet")
        return reasons
