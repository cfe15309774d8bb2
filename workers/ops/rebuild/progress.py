"""How far a rebuild is, in records and time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

from workers.engine.health import WorkerHealth


@dataclass
class Part:
    """The records of one worker; ``health`` says what it waits for."""

    worker: str
    changed: Callable[["Part"], None]
    done: int = 0
    of: int = 0
    health: WorkerHealth | None = None

    def add(self, records: int) -> None:
        """Count folded records."""
        self.done += records
        self.changed(self)


@dataclass
class Progress:
    """``of`` records were there at the beginning; more come while it runs."""

    of: int
    show: Callable[[str], None]
    clock: Callable[[], float] = monotonic
    parts: dict[str, Part] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._started = self.clock()

    @property
    def done(self) -> int:
        """Return how many records were folded."""
        return sum(part.done for part in self.parts.values())

    def of_worker(self, worker: str) -> Part:
        """Return the part of a worker."""
        return self.parts.setdefault(worker, Part(worker, self._shown))

    def expect(self, worker: str, records: int) -> None:
        """Note how many records of a worker are still to fold."""
        part = self.of_worker(worker)
        part.of = part.done + records
        self._shown(part)

    def _shown(self, part: Part) -> None:
        waits = {wait.outage for wait in part.health.waits().values() if wait.outage} if part.health else set()
        suffix = f"; waits: {', '.join(sorted(waits))}" if waits else self._left()
        self.show(f"{part.worker}: {part.done:,} of {part.of:,} records{suffix}")

    def _left(self) -> str:
        done, seconds = self.done, self.clock() - self._started
        left = max(self.of, sum(part.of for part in self.parts.values())) - done
        if not done or left <= 0:
            return ""
        return f", {timedelta(seconds=round(seconds / done * left))} left"
