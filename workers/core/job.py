"""Work that no record triggers: what is due is asked of the graph, done elsewhere, and written down in the graph."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from workers.core.reference import Query


class Publish(NamedTuple):
    """An Avro record to a topic, confirmed by the brokers. ``record_name`` is the full name, as in the schema's file.

    The key decides the partition. Sent again it is in the topic twice: ``fields`` need an id by which readers tell.
    """

    topic: str
    key: bytes
    record_name: str
    fields: Mapping[str, Any]


class Call(NamedTuple):
    """A request with a JSON body to the registry's API, where ``path`` begins with a slash, its parts quoted.

    Sent again it has the same ``idempotency_key``, by which the API tells.
    """

    method: str
    path: str
    body: Mapping[str, Any]
    idempotency_key: str


class Awaiting(NamedTuple):
    """How many migrations of schemas wait for somebody's approval, for the metrics."""

    migrations: int


Effect: TypeAlias = Publish | Call | Awaiting


class Step(NamedTuple):
    """Effects in their order, then ``record``, Cypher that writes down in the graph that they are done.

    Killed between the two, the step is found due and done again: effects must be idempotent, and so must ``record``.
    Steps must not rely on one another: one that fails lets the others go first. ``refused`` writes down that it is
    refused (by the API with a 4xx, or by the graph), so that ``question`` can leave it out until it may be tried again.
    """

    effects: Sequence[Effect]
    record: Query | None
    refused: Query | None = None


class FetchSchema(NamedTuple):
    """A step that asks the registry's API for its present row of a schema's version, where there is an API.

    ``record`` returns the Cypher that stores this row, or raises ``RequestRejected`` for one that makes no sense.
    """

    schema_id: str
    version: str
    record: Callable[[Mapping[str, Any]], Query]
    refused: Query | None = None


class PeriodicJob(Protocol):
    """Says what is due and which steps that takes. Pure: the runtime asks, acts and writes.

    It runs in one process of the worker at a time, but for the moment in which partitions move.
    """

    @property
    def name(self) -> str:
        """Label of metrics and logs."""
        ...

    @property
    def every_seconds(self) -> float:
        """How long after one round the next begins; at once while there are steps."""
        ...

    def question(self, now_ms: int) -> Query:
        """Ask what is due at ``now_ms`` (epoch milliseconds), a page at most. It only reads."""
        ...

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step | FetchSchema]:
        """Return what to do about the answer's rows."""
        ...
