"""All of ``memory-graph bench --growth``."""

from collections.abc import Sequence
from typing import NamedTuple

from workers.dev.bench.comparison import Tell
from workers.dev.bench.graph_access import RunGraph
from workers.dev.bench.growth.filled import Names, clear
from workers.dev.bench.growth.growing import Growing
from workers.dev.bench.growth.registry import registry_costs
from workers.dev.bench.growth.statements import statement_costs
from workers.dev.bench.growth.traces import trace_costs


class Sizes(NamedTuple):
    """Calls in the graph, spans in a trace, and models in the registry; each in ascending order."""

    calls: Sequence[int]
    spans: Sequence[int] = (5, 500, 5_000)
    models: Sequence[int] = (1_000, 100_000)


async def growth(graph: RunGraph, run: str, sizes: Sizes, tell: Tell) -> list[Growing]:
    """Measure at all sizes, then delete what was added. ``run`` is the prefix of its nodes."""
    names = Names(run)
    try:
        of_statements = await statement_costs(graph, names, sizes.calls, tell)
        tell(f"growth: traces of {_list(sizes.spans)} spans")
        of_traces = await trace_costs(graph, names, sizes.spans)
        tell(f"growth: registries of {_list(sizes.models)} models")
        of_registry = await registry_costs(graph, run, sizes.models)
    finally:
        tell("growth: deleting what was added")
        await clear(graph, run)
    return [of_statements, of_traces, of_registry]


def _list(sizes: Sequence[int]) -> str:
    return ", ".join(f"{size:,}" for size in sizes)
