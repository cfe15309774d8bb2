"""Compare the Model that each call uses in the graph with the one that its name means."""

from collections.abc import Iterable, Mapping, Sequence

from workers.adapters.graph.connection import GraphConnection
from workers.dev.demo.check import Check
from workers.dev.sample.records.costs import SpanKey
from workers.dev.sample.records.poison import Poison
from workers.dev.sample.records.sampled import Sampled
from workers.dev.sample.records.used_models import UsedModel, expected_models

USED = """
MATCH (i:Invocation)-[:USES_MODEL]->(m:Model) WHERE i.trace_id IN $traces
RETURN i.trace_id AS trace_id, i.span_id AS span_id, collect([m.model_id, m.stub]) AS models
"""


async def check_used_models(graph: GraphConnection, items: Iterable[Sampled | Poison]) -> list[Check]:
    """Count the calls at their one Model: of the registry, or a stub where the name means none."""
    expected = expected_models(items)
    rows = await graph.rows(USED, traces=sorted({trace_id for trace_id, _ in expected}))
    used = {(row["trace_id"], row["span_id"]): [UsedModel(*model) for model in row["models"]] for row in rows}
    return compare_used_models(expected, used)


def compare_used_models(
    expected: Mapping[SpanKey, UsedModel], used: Mapping[SpanKey, Sequence[UsedModel]]
) -> list[Check]:
    """Compare Models by span; ``used`` has those of the graph."""
    right = sum(used.get(span) == [model] for span, model in expected.items())
    return [("calls at their Model", len(expected), right)]
