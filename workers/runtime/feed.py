"""What connects the consumer with the partition tasks."""

from dataclasses import dataclass, field

from workers.runtime.acknowledged import Acknowledged
from workers.runtime.assignment import Assignment
from workers.runtime.backlog import Backlog


@dataclass(slots=True)
class Feed:
    """Where chunks go, how much may wait, and what may be committed; one a process."""

    chunk_records: int
    backlog: Backlog
    acknowledged: Acknowledged = field(default_factory=Acknowledged)
    assignment: Assignment = field(init=False)
    """Set once the app is composed: an assignment needs the app's table."""
