"""A record that can never succeed, and why."""

from dataclasses import dataclass

from workers.core.record import Record
from workers.core.stage import Stage


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message for ``<topic>.dlq``: the record as it came, and the reason for our headers.

    ``message`` must never quote prompt or completion text. Times are epoch milliseconds.
    """

    record: Record
    group: str
    worker: str
    stage: Stage
    code: str
    message: str
    exception_class: str
    failed_at: int
