"""Compare the cost of every call in the graph with what it must be."""

from collections.abc import Iterable
from decimal import Decimal

from workers.adapters.graph.connection import GraphConnection
from workers.dev.demo.check import Check
from workers.dev.sample.records.costs import expected_costs
from workers.dev.sample.records.poison import Poison
from workers.dev.sample.records.sampled import Sampled

MICRO_CENTS = Decimal(10) ** 8
"""In one US dollar."""
COSTS = """
MATCH (i:Invocation) WHERE i.trace_id IN $traces
RETURN i.trace_id AS trace_id, i.span_id AS span_id, i.cost_usd_exact AS usd
"""


async def check_costs(graph: GraphConnection, items: Iterable[Sampled | Poison]) -> list[Check]:
    """Compare the sum to the micro-cent, and each call's exact cost."""
    expected = expected_costs(items)
    rows = await graph.rows(COSTS, traces=sorted({trace_id for trace_id, _ in expected}))
    return compare_costs(expected, {(row["trace_id"], row["span_id"]): row["usd"] for row in rows})


def compare_costs(
    expected: dict[tuple[str, str], Decimal | None], stored: dict[tuple[str, str], str | None]
) -> list[Check]:
    """Compare costs by span; ``stored`` has those of the graph as decimal strings."""
    found = {span: None if (usd := stored.get(span)) is None else Decimal(usd) for span in expected}
    right = sum(found[span] == usd for span, usd in expected.items())
    sums = [round(sum(usd or 0 for usd in costs.values()) * MICRO_CENTS) for costs in (expected, found)]
    return [("cost_usd in micro-cents", sums[0], sums[1]), ("calls at their exact cost", len(expected), right)]
