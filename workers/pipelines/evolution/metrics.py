"""The evolution worker's metrics, and how they report a batch."""

from collections.abc import Iterator

from workers.core.metric import Measurement, counter, gauge
from workers.core.report import BatchReport, LogLine
from workers.pipelines.evolution.fold.schema_migrations import Advanced

MIGRATIONS = counter("schema_migrations_total", "Migrations that have come to a state.", "change_class", "state")
MIGRATIONS_WAITING = gauge(
    "schema_migrations_awaiting_approval", "Breaking changes that wait for approval, by the process with partition 0."
)

METRICS = (MIGRATIONS, MIGRATIONS_WAITING)


def report(batch: BatchReport) -> Iterator[Measurement | LogLine]:
    """Return the measurements and the log lines of a batch that the graph has."""
    for each in batch.observations:
        if isinstance(each, Advanced):
            yield Measurement(MIGRATIONS, 1, (each.change_class, each.state))
            yield LogLine("info", "schema migration", {"migration": each.subject, **each._asdict()})
