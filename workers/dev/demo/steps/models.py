"""Write real models to the registry's database; wait for them in the graph."""

import asyncio
import time
from collections.abc import Callable, Sequence

from workers.adapters.graph.connection import GraphConnection
from workers.core.errors import ProblemsFound
from workers.dev.demo.check import Check
from workers.dev.demo.steps.fleet import Fleet
from workers.dev.sample.registry.catalogue import catalogue
from workers.dev.sample.registry.change import Change, Kind
from workers.dev.sample.registry.database import open_database

STUCK_SECONDS = 120.0
POLL_SECONDS = 0.3
FOUND = """
UNWIND $prices AS price
MATCH (m:Model {model_id: price[0]}) WHERE NOT m.stub
OPTIONAL MATCH (m)-[:HAS_PRICE]->(p:Price) WHERE p.effective_from = datetime({epochMillis: price[1]})
RETURN count(DISTINCT m) AS models, count(p) AS prices
"""
Prices = list[tuple[str, int]]
"""Each model with the start of each of its prices, in epoch milliseconds."""


async def load_models(
    database_url: str, graph: GraphConnection, fleet: Fleet, progress: Callable[[int, int], None]
) -> list[Check]:
    """Write every model of genai-prices, price by price; wait for them in the graph.

    Raises ``Unreachable``, and ``ProblemsFound`` when a worker ends or no more prices arrive.
    """
    changes = list(catalogue())
    prices = prices_of(changes)
    async with open_database(database_url) as database:
        await database.write(changes)
    found, arrived_at = -1, time.monotonic()
    while True:
        checks = await _compare(graph, prices)
        if checks[-1][2] > found:
            found, arrived_at = checks[-1][2], time.monotonic()
        progress(found, len(prices))
        if all(expected == there for _, expected, there in checks):
            return checks
        fleet.check()
        if time.monotonic() - arrived_at > STUCK_SECONDS:
            raise ProblemsFound(f"{len(prices) - found:,} prices of the registry never came; is its connector running?")
        await asyncio.sleep(POLL_SECONDS)


def prices_of(changes: Sequence[Change]) -> Prices:
    """Return the prices that these changes create, one per model and time."""
    models = (change.columns for change in changes if change.kind is Kind.MODEL)
    return sorted({(each["model_id"], round(each["effective_from"].timestamp() * 1000)) for each in models})


async def _compare(graph: GraphConnection, prices: Prices) -> list[Check]:
    row = (await graph.rows(FOUND, prices=[list(price) for price in prices]))[0]
    models = len({model_id for model_id, _ in prices})
    return [("Model of the registry", models, row["models"]), ("Price", len(prices), row["prices"])]
