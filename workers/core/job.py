"""Periodic jobs: work that no record triggers. What is due is read from the graph, done elsewhere, and stored there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from workers.core.metric import Measurement, MetricSpec
from workers.core.reference import Query
from workers.core.report import LogLine


class Publish(NamedTuple):
    """An Avro record for a topic, confirmed by the brokers. ``record_name`` is the full name in the schema's file.

    The key decides the partition. A repeated step sends the record again: ``fields`` need an id, so that readers
    recognise a duplicate. ``baggage`` goes into the record's W3C baggage header while spans are exported.
    """

    topic: str
    key: bytes
    record_name: str
    fields: Mapping[str, Any]
    baggage: Mapping[str, str] | None = None


class Call(NamedTuple):
    """A request with a JSON body to the HTTP API; ``path`` begins with a slash, and its parts are quoted.

    A repeated step sends the same ``idempotency_key``, so that the API recognises a duplicate.
    """

    method: str
    path: str
    body: Mapping[str, Any]
    idempotency_key: str


class AskConnector(NamedTuple):
    """Set a gauge to 1 where a connector of Kafka Connect and all its tasks run, otherwise to 0.

    It does nothing where the settings name no Kafka Connect.
    """

    connector: str
    gauge: MetricSpec


class AskReplication(NamedTuple):
    """Set gauges to what a replication slot of the registry's database has not confirmed: for how long, how many bytes.

    It does nothing where the settings name no database.
    """

    slot: str
    seconds: MetricSpec
    bytes: MetricSpec


class PublishSigned(NamedTuple):
    """A value for a topic, with its signature by a key of the vault's Transit in the header ``signature``.

    ``mount``, ``signing_key``  the key in Transit, Ed25519: the same value has the same signature again
    ``hold``      wait while the vault cannot sign; otherwise the value is published unsigned
    ``unsigned``  a gauge: 1 where the last value was published unsigned. It is also while the settings name no vault

    The ``record`` of its step gets the signature as the parameter ``signature``; an empty text for an unsigned value.
    """

    topic: str
    key: bytes
    value: bytes
    mount: str
    signing_key: str
    hold: bool
    unsigned: MetricSpec


Effect: TypeAlias = Publish | Call | Measurement | LogLine | AskConnector | AskReplication | PublishSigned


FIRST_WAIT_MS = 60_000
LONGEST_WAIT_MS = 7 * 86_400_000


def wait_after_refusals_ms(refusals: int) -> int:
    """Return how long a step that the API has refused is left alone: a minute, doubled each time, at most a week."""
    return min(FIRST_WAIT_MS << min(refusals - 1, 16), LONGEST_WAIT_MS)


class Step(NamedTuple):
    """Effects in their order, then ``record``: Cypher that stores in the graph that they are done.

    After a crash between the two, the step is due and done again: effects and ``record`` must be idempotent.
    Steps must not depend on one another: when one fails, others may run first. ``refused`` stores that the API (with
    a 4xx) or the graph refused the step, so that the job's query can leave it out for a while. Its parameter
    ``refused_why`` is what they answered.
    """

    effects: Sequence[Effect]
    record: Query | None
    refused: Query | None = None


class FetchStep(NamedTuple):
    """A step that reads a JSON object from the HTTP API and stores what follows from it.

    ``record`` returns the Cypher that stores it, or raises ``RequestRejected`` for an object that makes no sense.
    """

    path: str
    record: Callable[[Mapping[str, Any]], Query]
    refused: Query | None = None


class DeadLettersStep(NamedTuple):
    """A step that reads which records of a partition have become dead letters, and stores what follows from it.

    ``begin``   offset in the partition's dead-letter topic to read from
    ``record``  is called with the offsets of the records, ascending, and the offset to read from the next time
    """

    topic: str
    partition: int
    begin: int
    record: Callable[[Sequence[int], int], Query]


class ObjectStoreAt(NamedTuple):
    """Where objects are kept, and whether they are locked there.

    ``url``        ``file:///folder``, ``s3://bucket/prefix``, ``gs://bucket/prefix``, ``az://account/container/prefix``
    ``lock``       ``none``, or the mode of S3 Object Lock that each new object gets
    ``lock_days``  for how long it is locked then
    """

    url: str
    lock: Literal["none", "governance", "compliance"] = "none"
    lock_days: int = 0


class ObjectStep(NamedTuple):
    """A step that puts an object into a store, or reads one, and stores what follows. Its functions run in a thread.

    ``subject``  what ``/readyz`` says while it waits begins with this
    ``content``  returns the bytes to put under ``name``; ``None`` only reads it. An object that is there is never
                 overwritten
    ``record``   is called with the bytes that the store has by then. Returns Cypher, each in a transaction of its own

    Both raise ``RequestRejected`` where a person must look at it.
    """

    subject: str
    store: ObjectStoreAt
    name: str
    content: Callable[[], bytes] | None
    record: Callable[[bytes], Sequence[Query]]
    refused: Query | None = None


AnyStep: TypeAlias = Step | FetchStep | DeadLettersStep | ObjectStep


class PeriodicJob(Protocol):
    """Says what is due and which steps that takes. Pure: the engine queries, acts and stores.

    It runs in one process of the worker at a time, except for the moment in which partitions move.
    """

    @property
    def name(self) -> str:
        """Label of metrics and logs."""
        ...

    @property
    def every_seconds(self) -> float:
        """Pause between two rounds; there is none while a round finds steps."""
        ...

    def query(self, now_ms: int) -> Query:
        """Return the read-only query for what is due at ``now_ms`` (epoch milliseconds), one page of it."""
        ...

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[AnyStep]:
        """Return what to do about the query's rows."""
        ...
