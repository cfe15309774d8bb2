"""What one more span costs in traces of several lengths: dbhits, and the worker's own CPU time."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from workers.adapters.graph.watermark import planned_once
from workers.core.statement import Statement
from workers.dev.bench.graph_access import RunGraph
from workers.dev.bench.growth.filled import PROVIDER, Names
from workers.dev.bench.growth.growing import Cost, Growing
from workers.dev.bench.growth.profiled import hits, profile_batch, profiling
from workers.pipelines.telemetry.events import COMPLETE, Event, Invocation
from workers.pipelines.telemetry.fold.trace import Trace
from workers.pipelines.telemetry.options import TelemetryOptions
from workers.pipelines.telemetry.worker import build
from workers.pipelines.telemetry.write.statements import STORED_SPANS

REPEATS = 15
AT = 1_700_000_000_000
SPANS_AT_ONCE = 500
CPU_EVENT, CPU_LOAD = "worker: fold, plan, dump an event", "worker: load the state"
HITS_EVENT, HITS_READ = "all statements, an event", "read states, a span"


class LongTrace:
    """A trace of calls of the hot model, all children of the first one, as the worker folds and plans it."""

    def __init__(self, names: Names, length: int) -> None:
        spec = build(TelemetryOptions(topic="bench", group="bench"), has_api=False)
        if spec.state is None:
            raise TypeError("telemetry has state by key")
        self.trace_id = f"{names.run}-l{length}"
        self.length = length
        self._plan, self._state = spec.plan, spec.state
        self._names = names

    def batches(self) -> tuple[list[Sequence[Statement]], bytes]:
        """Return the plans of the whole trace, batch by batch, and its state."""
        plans, state = [], self._state.dump(Trace())
        for first in range(0, self.length, SPANS_AT_ONCE):
            trace = self._state.load(state)
            for number in range(first, min(first + SPANS_AT_ONCE, self.length)):
                self._state.fold(trace, self._event(number), number)
            plans.append(self._plan([trace]))
            state = self._state.dump(trace)
        return plans, state

    def one_more(self, trace: Trace) -> Sequence[Statement]:
        """Do with one more span what the worker does; return the plan."""
        self._state.fold(trace, self._event(self.length), self.length)
        planned = self._plan([trace])
        self._state.dump(trace)
        return planned

    def load(self, state: bytes) -> Trace:
        """Return the trace of its state."""
        return self._state.load(state)

    def _event(self, number: int) -> Event:
        parent = f"{self.trace_id}-0" if number else None
        call = Invocation(self._names.hot, PROVIDER, parent, None, None, None, "SUCCESS", 100, 0.0, 60, 40)
        span = f"{self.trace_id}-{number}"
        return Event(span, COMPLETE, AT + number, self.trace_id, span, call)


async def trace_costs(graph: RunGraph, names: Names, lengths: Sequence[int]) -> Growing:
    """Write traces of these lengths, and measure one more span of each."""
    costs: dict[str, list[float]] = {HITS_EVENT: [], HITS_READ: [], CPU_LOAD: [], CPU_EVENT: []}
    for length in lengths:
        trace = LongTrace(names, length)
        plans, state = trace.batches()
        for statement in (each for planned in plans for each in planned if each.rows):
            await graph.rows(statement.cypher, rows=statement.rows)
        found = await profile_batch(graph, names.run, trace.one_more(trace.load(state)))
        costs[HITS_EVENT].append(sum(found))
        _, plan = await graph.profiled(profiling(planned_once(STORED_SPANS)), {"keys": [[trace.trace_id]]})
        costs[HITS_READ].append(hits(plan) / length)
        loaded = [trace.load(state) for _ in range(REPEATS)]
        costs[CPU_LOAD].append(min(_cpu_us(partial(trace.load, state)) for _ in range(REPEATS)))
        costs[CPU_EVENT].append(min(_cpu_us(partial(trace.one_more, each)) for each in loaded))
    units = {HITS_EVENT: "dbhits", HITS_READ: "dbhits", CPU_LOAD: "CPU µs", CPU_EVENT: "CPU µs"}
    return Growing("spans in the trace", lengths, [Cost(what, units[what], 1, each) for what, each in costs.items()])


def _cpu_us(work: Callable[[], object]) -> float:
    """Return the CPU time of one execution, in microseconds. The least of several is the one that nothing disturbed."""
    began = time.process_time_ns()
    work()
    return (time.process_time_ns() - began) / 1_000
