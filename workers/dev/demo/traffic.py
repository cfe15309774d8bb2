"""The demo's records: from a public trace if present, otherwise imitated."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from workers.dev.sample.calls.source import Source, from_file, imitated
from workers.dev.sample.calls.spellings import with_spellings
from workers.dev.sample.records.late import with_late
from workers.dev.sample.records.poison import Poison, strew
from workers.dev.sample.records.sampled import Sampled
from workers.dev.sample.stream import telemetry

PUBLIC_TRACE = Path("../shared/data/AzureLLMInferenceTrace_code.csv")
"""Where the demo looks for the Azure trace, relative to ``topology.yaml``."""
SEED = 1
POISON_PERCENT = 1.0


def choose_source(project: Path, from_path: Path | None, count: int, today: datetime) -> Source:
    """Return the calls to replay.

    Both kinds can be produced again: a file's records are always the same, and an imitation's are the same for
    a whole day, because it begins at noon of the day before. Raises ``Misconfigured``.
    """
    public = project / PUBLIC_TRACE
    if from_path is not None or public.exists():
        return with_spellings(from_file(from_path or public, count))
    noon = datetime.combine(today.date() - timedelta(days=1), time(12), UTC)
    return with_spellings(imitated(count, SEED, noon.timestamp() * 1000))


@dataclass(slots=True)
class Traffic:
    """The demo's records, taken in parts; keeps the traces of the records taken."""

    source: Source
    trace_ids: set[str] = field(default_factory=set)

    def items(self) -> Iterator[Sampled | Poison]:
        """Return every record, including bad ones, in the order of event time but for a few late ones."""
        records = telemetry(self.source.calls, source=self.source.name, seed=SEED)
        return strew(with_late(self._noted(records), SEED), POISON_PERCENT, SEED)

    def _noted(self, records: Iterable[Sampled]) -> Iterator[Sampled]:
        for record in records:
            if record.fields["trace_id"] is not None:
                self.trace_ids.add(record.key)
            yield record
