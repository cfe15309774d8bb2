"""``memory-graph bench --growth`` on a small graph of real servers."""

from uuid import uuid4

from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate
from workers.config.settings import Settings
from workers.dev.bench.graph_access import RunGraph
from workers.dev.bench.growth.run import Sizes, growth
from workers.dev.bench.growth.statements import WATERMARK
from workers.pipelines.telemetry.write.plan import ORDER

LEFT = "MATCH (n) WHERE any(key IN keys(n) WHERE n[key] STARTS WITH $run OR n[key] CONTAINS '/' + $run) RETURN count(n)"


async def test_no_statement_costs_more_in_a_larger_graph() -> None:
    settings, run, said = Settings.from_environment().neo4j, f"bench-{uuid4().hex[:8]}", list[str]()
    async with open_driver(settings) as driver:
        await migrate(driver, settings.database)
    async with RunGraph(settings) as graph:
        sizes = Sizes(calls=(1_000, 10_000), spans=(5, 50), models=(50, 500))
        calls, traces, registry = await growth(graph, run, sizes, said.append)
        left = await graph.values(LEFT, run=run)
    of_statements = {cost.what: cost for cost in calls.costs}
    assert of_statements.keys() >= {WATERMARK, *(template.name for template in ORDER)}
    assert all(cost.costs[0] > 0 for cost in calls.costs)
    assert calls.too_fast == []
    dbhits = [cost for each in (traces, registry) for cost in each.costs if cost.unit == "dbhits"]
    assert len(dbhits) == 4
    assert not [cost for each in (traces, registry) for cost in each.too_fast if cost in dbhits]
    assert all(cost.costs[-1] > 0 for each in (traces, registry) for cost in each.costs)
    assert left == [[0]]
    assert said[-1] == "growth: deleting what was added"
