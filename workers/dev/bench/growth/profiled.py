"""What the server touches for a query (dbhits), by statement: ``PROFILE``, in a transaction that is rolled back."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workers.adapters.graph.group_commit import Batch
from workers.adapters.graph.watermark import guarded, watermark_id
from workers.adapters.graph.writer import joined_rows
from workers.core.ports import Claim
from workers.core.record import TopicPartition
from workers.core.statement import Statement
from workers.dev.bench.graph_access import RunGraph

Plan = Mapping[str, Any]
PREPARE = "CREATE (:Watermark {id: $id, token: $token, offset: 0})"
SUBQUERY = "SubqueryForeach"


def profiling(cypher: str) -> str:
    """Return the query with ``PROFILE``, behind its options."""
    return re.sub(r"^\s*(CYPHER replan=skip)?\s*", lambda options: f"{options[1] or ''} PROFILE ".lstrip(), cypher)


def hits(plan: Plan) -> int:
    """Return the dbhits of all operators of a plan."""
    return sum(each.get("dbHits", 0) for each in _operators(plan))


def by_statement(plan: Plan, statements: int) -> list[Plan]:
    """Return the parts of the plan of a guarded query: that of the watermark, then that of each statement.

    Raises ``ValueError`` where the plan has another form.
    """
    parts: list[Plan] = []
    while len(parts) < statements:
        children = plan.get("children", [])
        if plan["operatorType"].startswith(SUBQUERY):
            parts.append(children[1])
        if not children:
            raise ValueError(f"the plan has {len(parts)} subqueries in place of {statements}")
        plan = children[0]
    return [plan, *reversed(parts)]


async def profile_batch(graph: RunGraph, run: str, statements: Sequence[Statement]) -> list[int]:
    """Return the dbhits of the watermark and of each statement, in one transaction as the worker's. Nothing changes."""
    claim = Claim("telemetry", TopicPartition(run, 0), run, 0, 0)
    id_ = watermark_id(claim.worker, claim.topic_partition)
    batch = Batch(claim, 1, statements)
    claims = [{"id": id_, "token": run, "after": 0, "through": 1}]
    parameters = {"claims": [claims], "rows": list(joined_rows([batch]))}
    query = profiling(guarded(batch.cyphers))
    rows, plan = await graph.profiled(query, parameters, prepare=(PREPARE, {"id": id_, "token": run}))
    if not rows:
        raise ValueError("the watermark let no batch past")
    return [hits(each) for each in by_statement(plan, len(statements))]


def _operators(plan: Plan) -> Iterator[Plan]:
    yield plan
    for child in plan.get("children", ()):
        yield from _operators(child)
