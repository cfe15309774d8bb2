"""The evolution worker: joins reading, folding, writing and the jobs that decide."""

from operator import attrgetter

from workers.core.worker import KeyedState, WorkerFactory, WorkerSpec
from workers.pipelines.evolution.dead_letter_codes import DEAD_LETTER_CODES
from workers.pipelines.evolution.events import Event
from workers.pipelines.evolution.fold.fold import fold
from workers.pipelines.evolution.fold.schema_migrations import SchemaMigrations
from workers.pipelines.evolution.jobs.advance_migrations import AdvanceMigrations
from workers.pipelines.evolution.jobs.count_waiting import CountWaiting
from workers.pipelines.evolution.jobs.find_versions import FindVersions
from workers.pipelines.evolution.metrics import METRICS, report
from workers.pipelines.evolution.options import EvolutionOptions
from workers.pipelines.evolution.read.parse import check_key, parse
from workers.pipelines.evolution.records import CONFIRMATIONS, NOTIFICATIONS
from workers.pipelines.evolution.write.plan import plan


def build(options: EvolutionOptions, *, has_api: bool) -> WorkerSpec[Event, SchemaMigrations]:
    """Build the worker with the options of ``topology.yaml``."""
    topic, forward_wait_ms = options.topic, options.migrate.forward_wait_seconds * 1_000
    return WorkerSpec(
        name="evolution",
        source="registry",
        parse=parse,
        plan=plan,
        event_type=attrgetter("event_type"),
        state=KeyedState(
            key=attrgetter("schema_id"),
            new=SchemaMigrations,
            fold=fold,
            load=SchemaMigrations.load,
            dump=SchemaMigrations.dump,
        ),
        check_key=check_key,
        observations=attrgetter("observations"),
        report=report,
        jobs=(FindVersions(topic), AdvanceMigrations(topic, forward_wait_ms, has_api), CountWaiting()),
    )


EVOLUTION = WorkerFactory(
    name="evolution",
    options=EvolutionOptions,
    build=build,
    writes_own_topic=True,
    publishes=lambda options: (options.topic, NOTIFICATIONS, CONFIRMATIONS),
    servers=("registry_api",),
    metrics=METRICS,
    dead_letter_codes=DEAD_LETTER_CODES,
)
