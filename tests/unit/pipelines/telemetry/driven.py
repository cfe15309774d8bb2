"""Runs the worker as the engine does: batches, dumped states between them, and replays."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import NamedTuple

from tests.model.traffic import Sent
from tests.unit.pipelines.telemetry.applied_plan import AppliedGraph
from workers.core.record import Decoded
from workers.core.statement import Statement
from workers.core.worker import KeyedState, WorkerSpec
from workers.pipelines.telemetry.events import Event
from workers.pipelines.telemetry.fold.trace import Trace
from workers.pipelines.telemetry.options import TelemetryOptions
from workers.pipelines.telemetry.worker import build

WORKER = build(TelemetryOptions(topic="llm-telemetry-events", group="telemetry"), has_api=False)

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
    """States by key, as bytes, changed a batch at a time. What it does not have is restored from ``graph``."""

    def __init__(self, worker: WorkerSpec[Event, Trace] = WORKER, graph: AppliedGraph | None = None) -> None:
        self.worker = worker
        self.states: dict[str, bytes] = {}
        self.graph = graph or AppliedGraph()

    def evict(self, random: Random) -> None:
        """Forget any of the states, all of them or none."""
        share = random.choice((0.0, 0.3, 1.0))
        self.states = {key: state for key, state in self.states.items() if random.random() >= share}

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
        state = keyed(self.worker)
        if (cached := self.states.get(key)) is not None:
            return state.load(cached)
        parts = list(self.graph.folded.get(key, {}).values())
        assert state.stored
        return state.stored.restore(parts) if parts else state.new()
