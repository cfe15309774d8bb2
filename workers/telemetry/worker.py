"""The telemetry worker's spec: all that the runtime needs of this folder."""

from collections.abc import Iterable, Sequence
from operator import attrgetter

from workers.core.statement import Statement
from workers.core.worker import WorkerSpec
from workers.telemetry.fold import fold
from workers.telemetry.model import Event
from workers.telemetry.parse import parse
from workers.telemetry.plan import plan
from workers.telemetry.prices import Catalogue
from workers.telemetry.trace import Trace

CATALOGUE = Catalogue()


def plan_with_catalogue(traces: Iterable[Trace]) -> Sequence[Statement]:
    """Plan with prices from the catalogue."""
    return plan(traces, CATALOGUE)


def trace_of(event: Event) -> str | None:
    """Return the trace, which is what state is kept by; an aggregate may have none."""
    return event.trace_id or None


WORKER: WorkerSpec[Event, Trace] = WorkerSpec(
    name="telemetry",
    source="observatory",
    parse=parse,
    state_key=trace_of,
    new_state=Trace,
    load_state=Trace.load,
    dump_state=Trace.dump,
    fold=fold,
    plan=plan_with_catalogue,
    event_type=attrgetter("event_type"),
    trace_of=trace_of,
)
