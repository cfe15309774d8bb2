"""What a worker has seen while it folded, for metrics and logs: the runtime tells it once the batch is in the graph."""

from typing import NamedTuple, TypeAlias


class Synced(NamedTuple):
    """A change of another system that the graph now has.

    ``sync_type``   what was changed, such as ``model``
    ``changed_at``  when its source committed the change, epoch milliseconds
    """

    sync_type: str
    changed_at: int


class Skipped(NamedTuple):
    """An event that a named policy has left out of the graph: nothing is wrong with it. ``subject`` names its node."""

    event_type: str
    reason: str
    subject: str


class Conflict(NamedTuple):
    """Changes that contradict each other, what decided between them, and in words what was lost."""

    conflict_type: str
    resolution: str
    subject: str
    explanation: str


class Advanced(NamedTuple):
    """A migration of a schema that has come to another state, and why. ``subject`` names it."""

    change_class: str
    state: str
    subject: str
    explanation: str


Observation: TypeAlias = Synced | Skipped | Conflict | Advanced
