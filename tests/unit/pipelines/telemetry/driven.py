"""Drives the worker as the runtime does: batches, dumped states between them, and replays."""

from collections.abc import Iterable, Sequence

from tests.model.traffic import Sent
from workers.core.record import ConsumedRecord
from workers.core.statement import Statement
from workers.core.worker import Decoded, WorkerSpec
from workers.pipelines.telemetry.model import Event
from workers.pipelines.telemetry.trace import Trace
from workers.pipelines.telemetry.worker import WORKER

NOW = 1_800_000_000_000
"""2027-01-15T08:00:00Z, in milliseconds."""


def parsed(log: Iterable[Sent], first_offset: int = 0) -> list[Event]:
    """Parse records with the key and offset that they would have."""
    return [
        WORKER.parse(
            Decoded(name, fields),
            ConsumedRecord("telemetry", 0, offset, 0, (fields["trace_id"] or "any").encode(), b""),
            NOW,
        )
        for offset, (name, fields) in enumerate(log, first_offset)
    ]


class Table:
    """States by key, as bytes, changed a batch at a time."""

    def __init__(self, worker: WorkerSpec[Event, Trace] = WORKER) -> None:
        self.worker = worker
        self.states: dict[str, bytes] = {}

    def plan(self, events: Sequence[Event]) -> tuple[Sequence[Statement], dict[str, bytes]]:
        """Return the batch's plan, and the entries to store once it is in the graph."""
        touched: dict[str, Trace] = {}
        stateless: list[Trace] = []
        for event in events:
            key = self.worker.state_key(event)
            if key is None:
                stateless.append(self.worker.new_state())
                self.worker.fold(stateless[-1], event)
            else:
                if key not in touched:
                    touched[key] = self.load(key)
                self.worker.fold(touched[key], event)
        plan = self.worker.plan([*touched.values(), *stateless])
        return plan, {key: self.worker.dump_state(state) for key, state in touched.items()}

    def load(self, key: str) -> Trace:
        stored = self.states.get(key)
        return self.worker.load_state(stored) if stored else self.worker.new_state()
