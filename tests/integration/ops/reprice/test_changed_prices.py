"""A price that the registry changes under an unchanged effective_from, and what calls cost once repriced."""

from typing import Any

import pytest

from tests.integration.ops.reprice.test_join import WINDOW, World, world
from tests.model.registry_source import BEGINS, Source, jsonb
from tests.model.traffic import NAMESPACE
from tests.unit.pipelines.registry.driven import Table, worker
from tests.unit.pipelines.telemetry.records import fields
from workers.adapters.graph.connection import GraphConnection
from workers.config.settings import Neo4jSettings
from workers.engine.reference_data import refresh
from workers.ops.reprice.run import compare, execute
from workers.pipelines.registry.options import Merge

__all__ = ["world"]  # the fixture
FOUND = """
MATCH (i:Invocation {model_id: $model_id}) RETURN i.cost_usd_exact AS exact, i.price_source AS source
ORDER BY i.timestamp
"""


class Registry:
    """One model of the registry, whose row the worker writes with each of its prices."""

    def __init__(self, world: World, policy: str) -> None:
        merge = Merge.model_validate({"prices": {"same_effective_from": policy}})
        self.world, self.table, self.source = world, Table(worker(merge=merge)), Source()
        self.model_id = f"m-{world.name}"

    async def sells_at(self, prompt: float, completion: float) -> int:
        """Write the price, have telemetry read it, and return when it was committed, in epoch milliseconds."""
        cost = jsonb({"input": prompt, "output": completion})
        row = {"model_id": self.model_id, "provider": "acme", "cost_per_1k_tokens": cost, "metadata": "{}"}
        self.source.put("models", row | {"effective_from": "2023-10-01T00:00:00Z"})
        await self.world.run(self.table.take(self.source.log[-1:]))
        await refresh(self.world.reference, self.world.reader.ask)
        return BEGINS + self.source.lsn

    async def is_called(self, *times: int) -> None:
        """Fold a call of 1,000 and 500 tokens at each time, without a latency: it begins when it ends."""
        about: dict[str, Any] = {"model_id": self.model_id, "provider": "acme", "trace_id": self.world.name}
        about |= {"prompt_tokens": 1_000, "completion_tokens": 500, "latency_ms": 0.0}
        calls = [fields(event_id=f"e{at}", span_id=f"s{at}", timestamp=at, **about) for at in times]
        await self.world.fold([(f"{NAMESPACE}.LLMInvocationEvent", call) for call in calls], 0)

    async def billed(self) -> list[tuple[str, str]]:
        """Return what the calls cost, and by whose price, in the order of time."""
        found = await self.world.driver.execute_query(FOUND, model_id=self.model_id, database_=self.world.database)
        return [(record["exact"], record["source"]) for record in found.records]


@pytest.mark.parametrize(
    ("policy", "before_it", "differing"), [("append", "2.00000000", 1), ("correct", "5.00000000", 2)]
)
async def test_only_a_correction_bills_the_past_again(
    world: World, settings: Neo4jSettings, policy: str, before_it: str, differing: int
) -> None:
    registry = Registry(world, policy)
    first = await registry.sells_at(1, 2)
    await registry.is_called(first + 5, first + 15)
    assert await registry.billed() == [("2.00000000", "registry")] * 2
    assert await registry.sells_at(3, 4) == first + 10, "between the calls"
    async with GraphConnection(settings) as graph:
        difference = (await compare(graph, world.book, WINDOW, lambda _: None)).by_model[registry.model_id]
        assert (difference.invocations, difference.differing) == (2, differing)
        await execute(graph, world.book, WINDOW, lambda _: None)
    assert await registry.billed() == [(before_it, "registry"), ("5.00000000", "registry")]
