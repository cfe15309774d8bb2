"""The telemetry worker: joins reading, folding, pricing and writing."""

from functools import partial
from operator import attrgetter

from workers.core.worker import KeyedState, StoredState, WorkerFactory, WorkerSpec
from workers.pipelines.telemetry.dead_letter_codes import DEAD_LETTER_CODES
from workers.pipelines.telemetry.events import Event
from workers.pipelines.telemetry.fold.fold import fold
from workers.pipelines.telemetry.fold.trace import Trace
from workers.pipelines.telemetry.jobs.settle_names import SettleNames
from workers.pipelines.telemetry.metrics import METRICS, report
from workers.pipelines.telemetry.options import TelemetryOptions
from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.reference import RegistryReference
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory
from workers.pipelines.telemetry.prices.registry_price_book import RegistryPriceBook
from workers.pipelines.telemetry.read.parse import check_key, parse
from workers.pipelines.telemetry.write.plan import plan
from workers.pipelines.telemetry.write.statements import STORED_KEYS, STORED_SPANS


def trace_id(event: Event) -> str | None:
    """Return the trace, which is also the key of its state; an aggregate may have none."""
    return event.trace_id or None


def build_with(history: RegistryHistory, catalogue: Catalogue, options: TelemetryOptions) -> WorkerSpec[Event, Trace]:
    """Build a worker that prices by ``history``, which it keeps up to date, then by ``catalogue``."""
    book = RegistryPriceBook(history, catalogue)
    return WorkerSpec(
        name="telemetry",
        source="observatory",
        parse=partial(parse, accept=options.accept),
        plan=partial(plan, book=book, conventions=options.conventions),
        event_type=attrgetter("event_type"),
        state=KeyedState(
            key=trace_id,
            new=Trace,
            fold=fold,
            load=Trace.load,
            dump=Trace.dump,
            stored=StoredState(STORED_SPANS, Trace.restore, STORED_KEYS),
        ),
        check_key=check_key,
        trace_id=trace_id,
        observations=attrgetter("observations"),
        report=partial(report, book=book, conventions=options.conventions),
        reference=RegistryReference(history),
        jobs=[SettleNames(RegistryHistory(catalogue.named), catalogue.entry)],
    )


def build(options: TelemetryOptions, *, has_api: bool) -> WorkerSpec[Event, Trace]:  # noqa: ARG001 - it calls no API
    """Build the worker with the options of ``topology.yaml``."""
    catalogue = Catalogue()
    return build_with(RegistryHistory(catalogue.named), catalogue, options)


TELEMETRY = WorkerFactory(
    name="telemetry", options=TelemetryOptions, build=build, metrics=METRICS, dead_letter_codes=DEAD_LETTER_CODES
)
