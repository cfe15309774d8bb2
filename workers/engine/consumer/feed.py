"""What connects the consumer with the partition tasks."""

from dataclasses import dataclass, field

from workers.engine.assignment import Assignment
from workers.engine.consumer.acknowledged import Acknowledged
from workers.engine.consumer.buffer import RecordBuffer


@dataclass(slots=True)
class Feed:
    """Where chunks go, how much may wait, and what may be committed; one a process."""

    chunk_records: int
    backlog: RecordBuffer
    acknowledged: Acknowledged = field(default_factory=Acknowledged)
    assignment: Assignment = field(init=False)
    """Set once the app is composed: an assignment needs the app's table."""
