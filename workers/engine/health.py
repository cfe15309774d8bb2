"""Whether this worker is alive and ready, and if not, why. Every wait has a name."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from workers.core.clock import Clock
from workers.core.record import TopicPartition

FOR_A_TRANSACTION = "writers"
"""The wait for one of the transactions at once: in an outage, those that have one keep it."""
STALLED_AFTER_SECONDS = 120.0
"""A partition whose records wait for this long without a finished batch, for no reason from outside, is a bug."""


@dataclass(slots=True)
class Wait:
    """What a partition waits for.

    ``reason``    a short name, label of the metric ``waiting``: a server, or a step of the engine
    ``outage``    why it cannot go on, in a sentence, as long as the reason is outside of this process
    ``needs_operator``  whether the server answers, and refuses us as we are configured
    """

    reason: str
    outage: str = ""
    needs_operator: bool = False


class PartitionHealth:
    """The progress of one partition. It ends with the partition's task."""

    def __init__(self, clock: Clock, outage_over: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._outage_over = outage_over
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
            if wait.outage:
                self._outage_over()

    def wait(self) -> Wait | None:
        """Return the innermost wait."""
        return self._waits[-1] if self._waits else None

    def stalled_seconds(self) -> float:
        """Return for how long records have waited although nothing outside prevents their delivery."""
        wait = self.wait()
        if self._records_wait_since is None or (wait and wait.outage):
            return 0.0
        return self._clock.monotonic() - self._records_wait_since


class Unready(StrEnum):
    """Reasons why a worker is not ready, beside the servers: labels of the metric ``unready``."""

    OPERATOR = "operator"
    DEAD_LETTER_LIMIT = "dead_letter_limit"
    NEW_GRAPH = "new_graph"
    NO_PARTITIONS = "no_partitions"
    UNREADABLE = "unreadable"


class WorkerHealth:
    """Set by the engine, read by ``/healthz`` and ``/readyz``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._partitions: dict[TopicPartition, PartitionHealth] = {}
        self._unreachable: dict[str, Wait] = {}
        self._held: Wait | None = None
        self._unreadable: Sequence[str] = ()
        self._recovered = False
        self._assigned_at: float | None = None
        self._notes: dict[str, str] = {}
        self._outage_over_at: float | None = None

    def note(self, name: str, sentence: str) -> None:
        """Keep a sentence for who asks whether the worker is ready; an empty one forgets it."""
        self._notes.pop(name, None)
        if sentence:
            self._notes[name] = sentence

    def notes(self) -> list[str]:
        """Return what to know about a worker, be it ready or not."""
        return list(self._notes.values())

    def partition(self, topic_partition: TopicPartition) -> PartitionHealth:
        """Begin to watch a partition."""
        health = self._partitions[topic_partition] = PartitionHealth(self._clock, self._note_outage_over)
        return health

    def _note_outage_over(self) -> None:
        self._outage_over_at = self._clock.monotonic()

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

    def server(self, name: str, outage: str = "", *, needs_operator: bool = False) -> None:
        """Note whether a server answers that no partition may be waiting for: its ``outage``, or none.

        An assignment that waits meanwhile gets its time again: an outage is no reason for a restart.
        """
        if outage:
            self._unreachable[name] = Wait(name, outage, needs_operator)
            if self._assigned_at is not None:
                self._assigned_at = self._clock.monotonic()
        else:
            self._unreachable.pop(name, None)

    def hold(self, reason: Unready, sentence: str) -> None:
        """Note why the worker reads nothing more until an operator acts: a restart alone does not help."""
        self._held = Wait(reason, sentence)

    def unreadable(self, sentences: Sequence[str]) -> None:
        """Note why partitions wait whose next records cannot be read; no sentence, when all can."""
        self._unreadable = sentences

    def waits(self) -> dict[TopicPartition, Wait]:
        """Return what each partition waits for."""
        return {partition: wait for partition, health in self._partitions.items() if (wait := health.wait())}

    def unready(self) -> list[str]:
        """Return why the worker is not ready; nothing when it is."""
        outages = {each.reason: each.outage for each in self._outages()}
        reasons = [f"{name} does not answer: {outage}" for name, outage in outages.items()]
        reasons += self._unreadable
        if self._held:
            reasons.append(self._held.outage)
        if not self._recovered:
            reasons.append("no partitions yet: waiting for the consumer group")
        return reasons

    def unready_reasons(self) -> set[str]:
        """Return the same as a few fixed names, for the metric ``unready``."""
        reasons = {Unready.OPERATOR if each.needs_operator else each.reason for each in self._outages()}
        if self._held:
            reasons.add(self._held.reason)
        if self._unreadable:
            reasons.add(Unready.UNREADABLE)
        return reasons if self._recovered else {*reasons, Unready.NO_PARTITIONS}

    def recovery_seconds(self) -> float:
        """Return how long ago partitions were assigned of which no record is accepted yet; otherwise 0."""
        return 0.0 if self._assigned_at is None else self._clock.monotonic() - self._assigned_at

    def _outages(self) -> list[Wait]:
        return [*self._unreachable.values(), *(wait for wait in self.waits().values() if wait.outage)]

    def unhealthy(self) -> Sequence[str]:
        """Return why the process should be restarted. What waits for a server that is away is no reason."""
        if self._held:
            return []
        reasons = []
        for partition, health in self._partitions.items():
            if (seconds := self._stalled_seconds(health)) >= STALLED_AFTER_SECONDS:
                wait = health.wait()
                during = f", during: {wait.reason}" if wait else ""
                reasons.append(f"{partition}: no batch was delivered for {seconds:.0f} s, without an outage{during}")
        if (seconds := self.recovery_seconds()) >= STALLED_AFTER_SECONDS:
            reasons.append(f"partitions were assigned {seconds:.0f} s ago, and no record is accepted yet")
        return reasons

    def _stalled_seconds(self, health: PartitionHealth) -> float:
        """Return for how long a partition has stalled, and not been held up by another's outage."""
        seconds, wait = health.stalled_seconds(), health.wait()
        if wait and wait.reason == FOR_A_TRANSACTION and any(each.outage for each in self.waits().values()):
            return 0.0
        if self._outage_over_at is None:
            return seconds
        return min(seconds, self._clock.monotonic() - self._outage_over_at)
