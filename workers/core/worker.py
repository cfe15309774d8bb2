"""The worker spec: all that the runtime must know of a worker. A worker folder holds one, and pure functions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from workers.core.job import PeriodicJob
from workers.core.observation import Observation
from workers.core.record import Record
from workers.core.reference import Reference
from workers.core.statement import Statement

EventT = TypeVar("EventT")
StateT = TypeVar("StateT")


class Decoded(NamedTuple):
    """A decoded value: the full name of its record schema, and its fields.

    They have the shape of our reader schema; those of a Debezium change event have the shape of its writer's, as
    columns come and go: ``before``, ``after``, ``source``, ``op``, ``ts_ms``, and whatever else it sends.
    """

    record_name: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WorkerSpec(Generic[EventT, StateT]):
    """A worker, as pure functions over events and per-key state.

    The runtime drives them in this order for each batch of one partition, and may call ``fold`` again on
    the same events after a crash or a bisection, always from the state that the graph already reflects:

    ``parse`` → ``state_key`` → ``load_state`` or ``new_state`` → ``fold`` (once an event, in offset order)
    → ``plan`` (once a batch, over every state touched) → the graph → ``dump_state`` → the table.

    ``parse``       makes the frozen event; raises ``Rejected`` (VALIDATE) with field, value and fix, or
                    ``Dropped`` with the policy's reason.
                    Its arguments are the decoded value, the record, and the time now in epoch milliseconds.
    ``state_key``   names the table entry that the event folds into; ``None`` for an event without state
                    (it then folds into a fresh state that is planned and not kept).
    ``fold``        changes the state in place and marks what must be written; may raise ``Rejected``
                    (ENRICH) before it has changed anything.
    ``plan``        turns the marks of the touched states into statements, in the order they must run;
                    deterministic, and idempotent when run again.
    ``load_state``, ``dump_state``  the state as bytes for the changelog; marks are not part of it.
    ``event_type``  labels metrics; the value's domain must be small.
    ``trace_of``    the trace id for logs and spans, where the event has one.
    ``change_events``  whether the topic holds Debezium's change events, which no reader schema of ours describes,
                    and tombstones, which say nothing that the delete before them has not said.
    ``configure``   makes the worker anew as its own blocks in ``topology.yaml`` say (``merge``, ``accept``, ``usage``),
                    each as plain values; ``None`` for a worker without.
    ``observed``    gives what the fold marked for metrics and logs; asked once a batch, when the graph has it.
                    ``None`` for a worker that observes nothing.
    ``reference``   what ``plan`` looks up: read from the graph before the first batch, then about every second.
                    ``None`` for a worker that needs nothing but its events.
    ``procedures``  what it does that no record triggers; told whether the registry's API can be called.
    """

    name: str
    source: str
    """Label of the ``source`` of received events: ``observatory``, ``registry`` or ``vault``."""
    parse: Callable[[Decoded, Record, int], EventT]
    state_key: Callable[[EventT], str | None]
    new_state: Callable[[], StateT]
    load_state: Callable[[bytes], StateT]
    dump_state: Callable[[StateT], bytes]
    fold: Callable[[StateT, EventT], None]
    plan: Callable[[Iterable[StateT]], Sequence[Statement]]
    event_type: Callable[[EventT], str]
    trace_of: Callable[[EventT], str | None]
    change_events: bool = False
    configure: "Callable[[Mapping[str, Any]], WorkerSpec[EventT, StateT]] | None" = None
    observed: Callable[[StateT], Sequence[Observation]] | None = None
    reference: Reference | None = None
    procedures: Callable[[bool], Sequence[PeriodicJob]] = lambda _: ()
