"""Profile our worker over one record set at saturation."""

import json
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.core.errors import ProblemsFound
from workers.dev.bench.contestants import Contestant, Start, worker_environment
from workers.dev.bench.field import Field
from workers.dev.bench.ground import Ground
from workers.dev.bench.round import Measured, play
from workers.dev.bench.running import Running

NANOSECONDS = 1e3


@dataclass(frozen=True, slots=True)
class Profile:
    """CPU microseconds per event: by stage, by function, and by function with its calls."""

    records: str
    measured: Measured
    stages: Mapping[str, float]
    functions: Mapping[str, float]
    cumulative: Mapping[str, float]


@dataclass(slots=True)
class _Window:
    """The samples from the first events seen to the last."""

    first: int = 0
    last: int = 0

    def seen(self, processes: Running, events: int, done: bool) -> None:  # noqa: FBT001 - ``play`` calls it so
        if events and not self.first:
            self.first = events
            processes.signal(signal.SIGUSR1)
        if done:
            self.last = events
            processes.signal(signal.SIGUSR2)


async def profile(ground: Ground, field: Field) -> Profile:
    """Play one round with the sampler in the worker. Raises ``ProblemsFound``."""
    file = ground.folder / f"{field.topic}.profile.json"

    def starts(ground: Ground, field: Field, group: str) -> Sequence[Start]:
        environment = worker_environment(ground, field.topic, group, field.partitions)
        return [
            Start([sys.executable, "-m", "workers.dev.bench.profile.worker", ground.worker, str(file)], environment)
        ]

    window = _Window()
    group = f"{field.topic}-profile"
    measured = await play(ground, field, Contestant("profiled", starts), group, window.seen)
    return _per_event(field, measured, file, window.last - window.first)


def _per_event(field: Field, measured: Measured, file: Path, events: int) -> Profile:
    if not file.exists() or not events:
        raise ProblemsFound("the worker was over before it could be sampled: profile more --events")
    data = json.loads(file.read_text())
    each = {
        part: {name: round(spent / NANOSECONDS / events, 2) for name, spent in data[part].items()}
        for part in ("stages", "functions", "cumulative")
    }
    return Profile(field.records.name, measured, **each)
