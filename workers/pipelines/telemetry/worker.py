"""The telemetry worker's spec: all that the runtime needs of this folder."""

from functools import partial
from operator import attrgetter

from workers.core.worker import WorkerSpec
from workers.pipelines.telemetry.fold import fold
from workers.pipelines.telemetry.history import History
from workers.pipelines.telemetry.model import Event
from workers.pipelines.telemetry.parse import parse
from workers.pipelines.telemetry.plan import plan
from workers.pipelines.telemetry.price_book import RegistryBook
from workers.pipelines.telemetry.prices import Catalogue
from workers.pipelines.telemetry.reference import RegistryReference
from workers.pipelines.telemetry.trace import Trace


def trace_of(event: Event) -> str | None:
    """Return the trace, which is what state is kept by; an aggregate may have none."""
    return event.trace_id or None


def telemetry(history: History, catalogue: Catalogue) -> WorkerSpec[Event, Trace]:
    """Make a worker that prices by ``history``, which it keeps up to date, then by ``catalogue``."""
    return WorkerSpec(
        name="telemetry",
        source="observatory",
        parse=parse,
        state_key=trace_of,
        new_state=Trace,
        load_state=Trace.load,
        dump_state=Trace.dump,
        fold=fold,
        plan=partial(plan, book=RegistryBook(history, catalogue)),
        event_type=attrgetter("event_type"),
        trace_of=trace_of,
        reference=RegistryReference(history),
    )


CATALOGUE = Catalogue()
WORKER = telemetry(History(CATALOGUE.named), CATALOGUE)
