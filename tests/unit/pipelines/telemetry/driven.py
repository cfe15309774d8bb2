"""Runs the worker as the engine does: batches, dumped states between them, and replays."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tests.model.traffic import Sent
from workers.config.worker_options import WorkerOptions
from workers.core.record import Decoded
from workers.core.statement import Statement
from workers.core.worker import KeyedState, WorkerSpec
from workers.pipelines.telemetry.events import Event
from workers.pipelines.telemetry.fold.trace import Trace
from workers.pipelines.telemetry.worker import build

WORKER = build(WorkerOptions(topic="llm-telemetry-events", group="telemetry"), has_api=False)

NOW = 1_800_000_000_000
"""2027-01-15T08:00:00Z, in milliseconds."""


class Logged(NamedTuple):
    """An event with its offset."""

    offset: int
    event: Event


def parsed(log: Iterable[Sent], first_offset: int = 0) -> list[Logged]:
    """Parse records, with the offsets that they have in the log."""
    return [
        Logged(offset, WORKER.parse(Decoded(name, fields), NOW))
        for offset, (name, fields) in enumerate(log, first_offset)
    ]


def keyed(worker: WorkerSpec[Event, Trace]) -> KeyedState[Event, Trace]:
    """The worker's state, which it has."""
    assert worker.state is not None
    return worker.state


class Table:
    """States by key, as bytes, changed a batch at a time."""

    def __init__(self, worker: WorkerSpec[Event, Trace] = WORKER) -> None:
        self.worker = worker
        self.states: dict[str, bytes] = {}

    def plan(self, events: Sequence[Logged]) -> tuple[Sequence[Statement], dict[str, bytes]]:
        """Return the batch's plan, and the entries to store once it is in the graph."""
        touched: dict[str, Trace] = {}
        stateless: list[Trace] = []
        state = keyed(self.worker)
        for offset, event in events:
            key = state.key(event)
            if key is None:
                stateless.append(state.new())
                state.fold(stateless[-1], event, offset)
            else:
                if key not in touched:
                    touched[key] = self.load(key)
                state.fold(touched[key], event, offset)
        plan = self.worker.plan([*touched.values(), *stateless])
        return plan, {key: state.dump(trace) for key, trace in touched.items()}

    def load(self, key: str) -> Trace:
        stored = self.states.get(key)
        return keyed(self.worker).load(stored) if stored else keyed(self.worker).new()
