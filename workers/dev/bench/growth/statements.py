"""The dbhits of a row, of every statement and of every reading query, in graphs of several sizes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from workers.adapters.graph.watermark import planned_once
from workers.dev.bench.comparison import Tell
from workers.dev.bench.graph_access import RunGraph
from workers.dev.bench.growth.filled import PROVIDER, SPANS, Names, fill
from workers.dev.bench.growth.growing import Cost, Growing
from workers.dev.bench.growth.probes import probed, statements
from workers.dev.bench.growth.profiled import hits, profile_batch, profiling
from workers.pipelines.telemetry.jobs import queries
from workers.pipelines.telemetry.write.statements import STORED_KEYS, STORED_SPANS

WATERMARK = "Watermark"
FORGET_PLANS = "CALL db.clearQueryCaches()"
PAGE = 50
DBHITS = "dbhits/row"


class Read(NamedTuple):
    """A reading query; ``found`` counts what the rows hold."""

    what: str
    cypher: str
    parameters: Mapping[str, Any]
    found: Callable[[Sequence[Mapping[str, Any]]], int]


Measured = dict[str, tuple[int, float]]
"""Rows, and dbhits of one row, by statement or query."""


async def statement_costs(graph: RunGraph, names: Names, sizes: Sequence[int], tell: Tell) -> Growing:
    """Fill the graph to each size, and profile all statements there.

    The plans are those of the first size, as in a server that has grown since it made them; at the last size, others
    are made and measured, too.
    """
    measured: list[Measured] = []
    before = 0
    for size in sizes:
        tell(f"growth: filling the graph with {size:,} calls")
        await fill(graph, names, before, size)
        if not before:  # a plan that names properties before the server knows their names looks them up for each row
            await _measure(graph, names, size)
            await graph.rows(FORGET_PLANS)
        measured.append(await _measure(graph, names, size))
        before = size
    await graph.rows(FORGET_PLANS)
    new_plan = await _measure(graph, names, before)
    return Growing("calls in the graph", sizes, [_cost(what, measured, new_plan) for what in new_plan])


def _cost(what: str, measured: Sequence[Measured], new_plan: Measured) -> Cost:
    return Cost(what, DBHITS, new_plan[what][0], [each[what][1] for each in measured], new_plan[what][1])


async def _measure(graph: RunGraph, names: Names, calls: int) -> Measured:
    batch = statements(names, calls)
    found = await profile_batch(graph, names.run, batch)
    rows = {WATERMARK: 1, **{each.name: len(each.rows) for each in batch}}
    measured = {what: (count, each / count) for (what, count), each in zip(rows.items(), found, strict=True)}
    for read in _reads(names, calls):
        answer, plan = await graph.profiled(profiling(read.cypher), read.parameters)
        count = max(1, read.found(answer))
        measured[read.what] = count, hits(plan) / count
    return measured


def _reads(names: Names, calls: int) -> list[Read]:
    """Return what a telemetry worker asks while it runs: states, keys, and the job about names of models."""
    keys = [names.trace(trace) for trace in probed(calls)]
    return [
        Read("read states, a span", planned_once(STORED_SPANS), {"keys": [keys]}, _parts),
        Read("read keys, a span of a page", STORED_KEYS, {"after": names.run}, _spans_of_keys),
        Read("job: names, a name", queries.NAMES, {"after": f"{PROVIDER}/{names.run}", "page": PAGE}, len),
        Read("job: names that are due", queries.DUE, {"page": PAGE}, len),
        Read("job: deleted Models", queries.UNCOMPARED, {"read_at": "2026-01-01T00:00:00Z", "known_after": 0}, len),
    ]


def _parts(rows: Sequence[Mapping[str, Any]]) -> int:
    return sum(len(row["parts"]) for row in rows)


def _spans_of_keys(rows: Sequence[Mapping[str, Any]]) -> int:
    return SPANS * len(rows[0]["keys"])
