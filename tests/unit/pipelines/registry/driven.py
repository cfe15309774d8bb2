"""Drives the worker as the runtime does: batches, dumped states between them, and replays."""

from collections.abc import Iterable, Sequence

from workers.core.observation import Observation

from tests.model.registry_source import Change
from workers.core.record import ConsumedRecord
from workers.core.statement import Statement
from workers.core.worker import Decoded, WorkerSpec
from workers.pipelines.registry.model import Event
from workers.pipelines.registry.state import RegistryState
from workers.pipelines.registry.worker import WORKER

Spec = WorkerSpec[Event, RegistryState]


def events(log: Iterable[Change], spec: Spec = WORKER) -> list[Event]:
    """Parse change events."""
    return [
        spec.parse(Decoded("any.Envelope", sent.fields), ConsumedRecord("registry", 0, offset, 0, sent.key, b""), 0)
        for offset, sent in enumerate(log)
    ]


class Table:
    """States by key, as bytes, changed a batch at a time; ``observed`` is what the last batch observed."""

    def __init__(self, spec: Spec = WORKER) -> None:
        self.spec = spec
        self.states: dict[str, bytes] = {}
        self.observed: list[Observation] = []

    def plan(self, batch: Sequence[Event]) -> tuple[Sequence[Statement], dict[str, bytes]]:
        """Return the batch's plan, and the entries to store once it is in the graph."""
        touched: dict[str, RegistryState] = {}
        for event in batch:
            key = self.spec.state_key(event)
            assert key is not None
            if key not in touched:
                touched[key] = self.load(key)
            self.spec.fold(touched[key], event)
        self.observed = [each for known in touched.values() for each in known.observed]
        return self.spec.plan(touched.values()), {key: self.spec.dump_state(state) for key, state in touched.items()}

    def load(self, key: str) -> RegistryState:
        stored = self.states.get(key)
        return self.spec.load_state(stored) if stored else self.spec.new_state()

    def take(self, log: Iterable[Change]) -> Sequence[Statement]:
        """Plan a log as one batch, and store what it came to."""
        plan, entries = self.plan(events(log, self.spec))
        self.states.update(entries)
        return plan
