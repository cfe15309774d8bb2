"""The registry worker: joins reading, folding, writing and jobs."""

from collections.abc import Sequence
from operator import attrgetter

from workers.core.job import PeriodicJob
from workers.core.worker import KeyedState, WireFormat, WorkerFactory, WorkerSpec
from workers.pipelines.registry.dead_letter_codes import DEAD_LETTER_CODES
from workers.pipelines.registry.events import Event
from workers.pipelines.registry.fold.fold import folder
from workers.pipelines.registry.fold.state import RegistryState, state_key
from workers.pipelines.registry.jobs.count_models import CountModels
from workers.pipelines.registry.jobs.deleted_in_use import DeletedInUse
from workers.pipelines.registry.jobs.purge_models import PurgeModels
from workers.pipelines.registry.jobs.schema_contents import SchemaContents
from workers.pipelines.registry.jobs.usage_periods import past_periods, recent_periods
from workers.pipelines.registry.jobs.usage_reports import SendUsageReports
from workers.pipelines.registry.jobs.usage_windows import CountUsage
from workers.pipelines.registry.jobs.watch_connector import WatchConnector, WatchReplication
from workers.pipelines.registry.metrics import METRICS, report
from workers.pipelines.registry.options import RegistryOptions
from workers.pipelines.registry.read.change_event import check_key, parser
from workers.pipelines.registry.write.plan import planner


def build(options: RegistryOptions, *, has_api: bool) -> WorkerSpec[Event, RegistryState]:
    """Build the worker with the options of ``topology.yaml``."""
    return WorkerSpec(
        name="registry",
        source="registry",
        parse=parser(options.accept),
        plan=planner(options.merge),
        event_type=attrgetter("event_type"),
        state=KeyedState(
            key=state_key,
            new=RegistryState,
            fold=folder(options.merge),
            load=RegistryState.load,
            dump=RegistryState.dump,
        ),
        check_key=check_key,
        observations=attrgetter("observations"),
        report=report,
        jobs=_jobs(options, has_api=has_api),
    )


def _jobs(options: RegistryOptions, *, has_api: bool) -> Sequence[PeriodicJob]:
    jobs: tuple[PeriodicJob, ...] = (CountModels(), DeletedInUse(), PurgeModels(), WatchConnector(), WatchReplication())
    if has_api:
        jobs += (SchemaContents(),)
    if options.usage is None:
        return jobs
    usage = options.usage
    return (*jobs, recent_periods(usage), past_periods(usage), CountUsage(usage), SendUsageReports(usage, has_api))


REGISTRY = WorkerFactory(
    name="registry",
    options=RegistryOptions,
    build=build,
    wire_format=WireFormat.DEBEZIUM,
    publishes=lambda options: (options.usage.topic,) if options.usage else (),
    servers=("registry_api", "kafka_connect", "registry_database"),
    metrics=METRICS,
    dead_letter_codes=DEAD_LETTER_CODES,
)
