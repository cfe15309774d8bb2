"""The worker spec: everything that the engine must know about one worker.

A pipeline holds one ``WorkerFactory``, pure functions, and no I/O. The engine drives them for each batch of one
partition, in this order:

``prepare`` → decode → ``parse`` → ``check_key`` → ``fold`` → ``plan`` → dead letters → the graph → ``report``

It may fold the same events again after a crash or when it splits a batch, always from the state that the graph has.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from workers.core.job import PeriodicJob
from workers.core.metric import Measurement, MetricSpec
from workers.core.ports import Preparation
from workers.core.record import Decoded, TopicPartition
from workers.core.reference import Reference
from workers.core.report import BatchReport, LogLine
from workers.core.stage import Stage
from workers.core.statement import Statement

EventT = TypeVar("EventT")
StateT = TypeVar("StateT")
OptionsT_contra = TypeVar("OptionsT_contra", contravariant=True)
OptionsT = TypeVar("OptionsT")


class WireFormat(StrEnum):
    """How the values of a topic are encoded."""

    AVRO = "avro"
    """Avro in Confluent wire format, one of the worker's own schemas, read with our reader schema."""
    DEBEZIUM = "debezium"
    """Debezium change events in Confluent wire format, read with their writer's schema; tombstones are dropped."""


class DeadLetterCode(NamedTuple):
    """A stable reason of a dead letter, and what it says about the record."""

    stage: Stage
    code: str
    meaning: str


@dataclass(frozen=True, slots=True)
class StoredState(Generic[StateT]):
    """State that the worker's own statements write to the graph, in parts.

    ``cypher``   returns a row (``key``, ``parts``: a list) for each of ``$keys`` that the graph knows
    ``restore``  makes the state of these parts, which come in any order
    ``keys``     returns one row (``keys``: a list) with the next keys after ``$after``, in their order, for a filter
                 that spares the reading of new keys; ``None`` for a worker whose keys are mostly known ones
    """

    cypher: str
    restore: Callable[[Sequence[Any]], StateT]
    keys: str | None = None


@dataclass(frozen=True, slots=True)
class SeenEvents(Generic[EventT, StateT]):
    """How a worker recognises an event again whose state has forgotten it, because the graph has it.

    ``id``      the id of an event
    ``cypher``  returns a row (``key``, ``parts``: a list) for each of ``$keys``, which are ids, that the graph has
    ``keys``    returns one row (``keys``: a list) with the next ids after ``$after``, as ``StoredState.keys`` does; a
                worker has one of the two, because a process has one filter
    ``learn``   shows a state what the graph has of the ids of its events, before they are folded
    """

    id: Callable[[EventT], str]
    cypher: str
    keys: str
    learn: Callable[[StateT, Mapping[str, Sequence[Any]]], None]


@dataclass(frozen=True, slots=True)
class KeyedState(Generic[EventT, StateT]):
    """State by key. The graph has it; the worker's table is a cache of it, from which entries may vanish at any time.

    ``key``           names the table entry that an event folds into; ``None`` for an event that needs no state
                      (it folds into a fresh state, which is planned and not kept)
    ``fold``          changes the state in place and marks what must be written; its third argument is the event's
                      offset. It may raise ``Rejected`` (ENRICH) before it has changed anything.
    ``load``, ``dump``  the state as bytes, without marks
    ``stored``        where the graph has the state; ``None`` stores ``dump`` in a node of its own, with each batch
    ``seen``          how events are recognised that were folded long ago; ``None`` where the states know theirs
    ``for_partition``  returns the state of one partition in place of this one, for a worker with a state a partition
    ``on_new_graph``  what to do with a graph that has nothing of a partition whose records were committed before:
                      ``reset`` reads the topic from its beginning; ``fail`` stops the worker, unready, with
                      ``new_graph_fix`` as the advice to the operator
    """

    key: Callable[[EventT], str | None]
    new: Callable[[], StateT]
    fold: Callable[[StateT, EventT, int], None]
    load: Callable[[bytes], StateT]
    dump: Callable[[StateT], bytes]
    stored: StoredState[StateT] | None = None
    seen: SeenEvents[EventT, StateT] | None = None
    for_partition: "Callable[[TopicPartition], KeyedState[EventT, StateT]] | None" = None
    on_new_graph: Literal["reset", "fail"] = "reset"
    new_graph_fix: str = ""


@dataclass(frozen=True, slots=True)
class WorkerSpec(Generic[EventT, StateT]):
    """One worker, as pure functions over events and, where it needs it, state by key.

    ``source``        label of the metric ``events_received_total``, such as ``observatory``
    ``parse``         returns the event of a decoded value at a time (epoch milliseconds); needs no Kafka record.
                      Raises ``Rejected`` (VALIDATE) with field, value and fix, or ``Dropped`` with a policy's reason.
    ``plan``          returns the statements for the touched states (for the events, where there is no ``state``), in
                      the order in which they must run; deterministic, and idempotent when run again
    ``event_type``    label of metrics; it has few different values
    ``state``         state by key; ``None`` for a worker that writes each event by itself
    ``check_key``     compares an event with its record's key; raises ``Rejected`` (VALIDATE)
    ``trace_id``      the trace of an event, for logs and spans
    ``preparations``  asynchronous steps before a batch is parsed, beside the fetching of schemas
    ``observations``  what a fold has marked on a state for ``report``; asked once the graph has the batch
    ``report``        turns a batch's facts into measurements and log lines
    ``reference``     data that ``plan`` looks up: read from the graph before the first batch, then every second
    ``jobs``          periodic work that no record triggers
    """

    name: str
    source: str
    parse: Callable[[Decoded, int], EventT]
    plan: Callable[[Sequence[StateT]], Sequence[Statement]]
    event_type: Callable[[EventT], str]
    state: KeyedState[EventT, StateT] | None = None
    check_key: Callable[[EventT, bytes | None], None] | None = None
    trace_id: Callable[[EventT], str | None] | None = None
    preparations: Sequence[Preparation] = ()
    observations: Callable[[StateT], Sequence[Any]] | None = None
    report: Callable[[BatchReport], Iterable[Measurement | LogLine]] | None = None
    reference: Reference | None = None
    jobs: Sequence[PeriodicJob] = ()


class Build(Protocol[OptionsT_contra]):
    """Builds a worker for one deployment."""

    def __call__(self, options: OptionsT_contra, /, *, has_api: bool) -> WorkerSpec[Any, Any]:
        """Build the worker. ``has_api`` says whether jobs can call the HTTP API of the settings."""
        ...


def nothing_published(_options: object) -> Sequence[str]:
    """Return no topic: the worker's jobs write none."""
    return ()


@dataclass(frozen=True, slots=True)
class WorkerFactory(Generic[OptionsT]):
    """What the fleet knows about a worker before it runs.

    ``options``            the pydantic model of its entry in ``topology.yaml``, a ``WorkerOptions``
    ``build``              builds the worker with these options; again when one that is ``Live`` changes, for its
                           ``parse`` and its ``jobs``. The other parts stay, so their options are ``Restart``
    ``wire_format``        how its topic is encoded
    ``writes_own_topic``   its own jobs write its topic, and register the schemas when they first need them
    ``publishes``          the topics that its jobs write, by its options
    ``servers``            the groups of settings of the servers that its jobs ask, beside Kafka, Neo4j and the schema
                           registry, such as ``vault``; a process that others start has the secrets of no other server
    ``metrics``            the metrics that ``report`` and ``jobs`` measure
    ``dead_letter_codes``  the codes that ``parse``, ``check_key`` and ``fold`` reject with
    """

    name: str
    options: type[OptionsT]
    build: Build[OptionsT]
    wire_format: WireFormat = WireFormat.AVRO
    writes_own_topic: bool = False
    publishes: Callable[[OptionsT], Sequence[str]] = nothing_published
    servers: Sequence[str] = ()
    metrics: Sequence[MetricSpec] = ()
    dead_letter_codes: Sequence[DeadLetterCode] = ()
