"""How far a rebuild is, in records and time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

from workers.engine.health import WorkerHealth


@dataclass
class Part:
    """The records of one worker: ``done`` of ``of``. ``health`` says what it waits for."""

    worker: str
    show: Callable[[str], None]
    clock: Callable[[], float]
    done: int = 0
    of: int = 0
    health: WorkerHealth | None = None

    def expect(self, records: int) -> None:
        """Note how many records are to be folded from now on."""
        self._began, self._before, self.of = self.clock(), self.done, self.done + records

    def add(self, records: int) -> None:
        """Count folded records."""
        self.done += records
        waits = {wait.outage for wait in self.health.waits().values() if wait.outage} if self.health else set()
        suffix = f"; waits: {', '.join(sorted(waits))}" if waits else self._left()
        self.show(f"{self.worker}: {self.done:,} of {self.of:,} records{suffix}")

    def _left(self) -> str:
        seconds = (self.clock() - self._began) / (self.done - self._before) * (self.of - self.done)
        return f", {timedelta(seconds=round(seconds))} left" if seconds > 0 else ""


@dataclass
class Progress:
    """The parts of all workers."""

    show: Callable[[str], None]
    clock: Callable[[], float] = monotonic
    parts: dict[str, Part] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Return how many records were folded."""
        return sum(part.done for part in self.parts.values())

    def of(self, worker: str) -> Part:
        """Return the part of a worker."""
        return self.parts.setdefault(worker, Part(worker, self.show, self.clock))
