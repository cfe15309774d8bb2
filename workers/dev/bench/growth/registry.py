"""What a change of the registry costs a telemetry worker that keeps the prices of many models in memory."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from workers.core.reference import Query
from workers.dev.bench.graph_access import RunGraph
from workers.dev.bench.growth.filled import PROVIDER
from workers.dev.bench.growth.growing import Cost, Growing
from workers.dev.bench.growth.profiled import hits, profiling
from workers.pipelines.telemetry.prices.reference import RegistryReference
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory

CHANGED = 10
MODELS_AT_ONCE = 5_000
REPEATS = 3

REGISTERED = """
UNWIND range($first, $last) AS number
WITH $run + '-r' + number AS id, datetime() - duration({days: 1}) AS at
CREATE (m:Model {model_id: id, provider: $provider, aliases: [id + '-latest'], sync_timestamp: at})
CREATE (m)-[:HAS_PRICE]->(:Price {price_id: id + '@0', effective_from: datetime({epochMillis: 0}), version: '1',
  currency: 'USD', input: '0.001', output: '0.002'})
"""
# Whole days later each time, so that what was changed before is not read again.
TOUCHED = """
UNWIND range(0, $changed - 1) AS number
MATCH (m:Model {model_id: $run + '-r' + number})
SET m.sync_timestamp = datetime() + duration({days: $day})
"""


class Asking:
    """Runs the queries of reference data, and adds up what they and the learning cost."""

    def __init__(self, graph: RunGraph) -> None:
        self._graph = graph
        self.hits = 0
        self.cpu_us = 0.0

    async def refresh(self, reference: RegistryReference) -> None:
        """Do what the engine's ``refresh`` does."""
        more = True
        while more:
            rows = await self._ask(reference.query())
            began = time.process_time_ns()
            more = reference.learn(rows)
            self.cpu_us += (time.process_time_ns() - began) / 1_000

    async def _ask(self, query: Query) -> Sequence[Mapping[str, Any]]:
        rows, plan = await self._graph.profiled(profiling(query.cypher), query.parameters)
        self.hits += hits(plan)
        return rows


class Changing:
    """A registry that grows, and whose models change."""

    def __init__(self, graph: RunGraph, run: str) -> None:
        self._graph = graph
        self._run = run
        self._models = 0
        self._day = 0

    async def grow(self, models: int) -> None:
        """Register models until there are so many."""
        for first in range(self._models, models, MODELS_AT_ONCE):
            last = min(first + MODELS_AT_ONCE, models) - 1
            await self._graph.rows(REGISTERED, run=self._run, provider=PROVIDER, first=first, last=last)
        self._models = models

    async def change(self) -> None:
        """Change ``CHANGED`` of the models."""
        self._day += 2
        await self._graph.rows(TOUCHED, run=self._run, changed=CHANGED, day=self._day)


async def registry_costs(graph: RunGraph, run: str, sizes: Sequence[int]) -> Growing:
    """Register so many models, then change ``CHANGED`` of them."""
    registry = Changing(graph, run)
    idle, changed, cpu = list[float](), list[float](), list[float]()
    for size in sizes:
        await registry.grow(size)
        reference = RegistryReference(RegistryHistory(lambda _provider, _name: None))
        rounds = [await _refreshed(graph, registry, reference) for _ in range(REPEATS + 1)][1:]  # the first reads all
        await (nothing_new := Asking(graph)).refresh(reference)
        idle.append(nothing_new.hits)
        changed.append(rounds[-1].hits / CHANGED)
        cpu.append(min(each.cpu_us for each in rounds) / CHANGED)
    costs = [
        Cost("refresh without a change", "dbhits", 1, idle),
        Cost("refresh, a changed model", "dbhits", CHANGED, changed),
        Cost("worker: learn a changed model", "CPU µs", CHANGED, cpu),
    ]
    return Growing("models in the registry", sizes, costs)


async def _refreshed(graph: RunGraph, registry: Changing, reference: RegistryReference) -> Asking:
    """Change some models; return what it costs to learn that."""
    await registry.change()
    await (asking := Asking(graph)).refresh(reference)
    return asking
