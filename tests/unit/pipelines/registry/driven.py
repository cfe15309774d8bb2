"""Runs the worker as the engine does: batches, dumped states between them, and replays."""

from collections.abc import Iterable, Sequence
from typing import Any

from tests.model.registry_source import Change
from workers.core.record import Decoded
from workers.core.statement import Statement
from workers.core.worker import KeyedState, WorkerSpec
from workers.pipelines.registry.events import Event
from workers.pipelines.registry.fold.state import RegistryState
from workers.pipelines.registry.options import RegistryOptions
from workers.pipelines.registry.worker import build

Spec = WorkerSpec[Event, RegistryState]


def worker(*, has_api: bool = False, **options: Any) -> Spec:
    """Build the worker with some options; the others are the defaults."""
    return build(RegistryOptions(topic="registry-changes", group="registry", **options), has_api=has_api)


WORKER = worker()


def keyed(spec: Spec) -> KeyedState[Event, RegistryState]:
    """The worker's state, which it has."""
    assert spec.state is not None
    return spec.state


def events(log: Iterable[Change], spec: Spec = WORKER) -> list[Event]:
    """Parse change events."""
    return [spec.parse(Decoded("any.Envelope", sent.fields), 0) for sent in log]


class Table:
    """States by key, as bytes, changed a batch at a time; ``observations`` are those of the last batch."""

    def __init__(self, spec: Spec = WORKER) -> None:
        self.spec = spec
        self.states: dict[str, bytes] = {}
        self.observations: list[Any] = []

    def plan(self, batch: Sequence[Event]) -> tuple[Sequence[Statement], dict[str, bytes]]:
        """Return the batch's plan, and the entries to store once it is in the graph."""
        touched: dict[str, RegistryState] = {}
        for event in batch:
            key = keyed(self.spec).key(event)
            assert key is not None
            if key not in touched:
                touched[key] = self.load(key)
            keyed(self.spec).fold(touched[key], event, 0)
        self.observations = [each for state in touched.values() for each in state.observations]
        return self.spec.plan(list(touched.values())), {
            key: keyed(self.spec).dump(state) for key, state in touched.items()
        }

    def load(self, key: str) -> RegistryState:
        stored = self.states.get(key)
        return keyed(self.spec).load(stored) if stored else keyed(self.spec).new()

    def take(self, log: Iterable[Change]) -> Sequence[Statement]:
        """Plan a log as one batch, and store what it came to."""
        plan, entries = self.plan(events(log, self.spec))
        self.states.update(entries)
        return plan
