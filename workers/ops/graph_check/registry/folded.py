"""The changes of one model or schema, folded by the worker's own fold."""

from collections.abc import Iterable

from workers.core.errors import Rejected
from workers.core.record import Record
from workers.core.worker import KeyedState
from workers.pipelines.registry.events import Event
from workers.pipelines.registry.fold.state import RegistryState


class FoldedSubject:
    """One model or schema as its changes make it. ``name`` is its state's key, ``offset`` that of its first change."""

    __slots__ = ("key", "name", "offset", "state")

    def __init__(self, name: str, key: bytes, offset: int) -> None:
        self.name = name
        self.key = key
        self.offset = offset
        self.state = RegistryState()


def fold_into(
    subjects: dict[str, FoldedSubject], state: KeyedState[Event, RegistryState], events: Iterable[tuple[Record, Event]]
) -> set[str]:
    """Fold changes over their subjects, and add those that are new. Return which got any."""
    touched: set[str] = set()
    for record, event in events:
        if (name := state.key(event)) is None:
            continue
        folded = subjects.get(name) or subjects.setdefault(name, FoldedSubject(name, record.key or b"", record.offset))
        try:
            state.fold(folded.state, event, record.offset)
        except Rejected:  # a dead letter that was deleted meanwhile: the fold has changed nothing
            continue
        touched.add(name)
    return touched
