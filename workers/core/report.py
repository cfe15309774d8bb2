"""What a worker reports about a batch, once the graph has the batch: metrics and log lines."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple


class Skipped(NamedTuple):
    """An event that a named policy leaves out of the graph. It is not an error.

    The engine counts it as ``events_dropped_total{event_type, reason}``. ``subject`` names the node that it is about.
    """

    event_type: str
    reason: str
    subject: str


class LogLine(NamedTuple):
    """One structured log line."""

    level: Literal["debug", "info", "warning"]
    event: str
    fields: Mapping[str, Any]


class BatchReport(NamedTuple):
    """The facts of one batch, for the metrics and log lines of its worker.

    ``received``         how many events of each event type were decoded and valid
    ``observations``     what ``WorkerSpec.observations`` returned for each touched state, except ``Skipped``
    ``dead_letter_codes``  one code for each dead letter of the batch
    ``plan_seconds``     the time of folding and planning
    ``graph_seconds``    from the first folding until the graph has the batch
    ``now_ms``           epoch milliseconds
    """

    received: Mapping[str, int]
    observations: Sequence[Any]
    dead_letter_codes: Sequence[str]
    plan_seconds: float
    graph_seconds: float
    now_ms: int
