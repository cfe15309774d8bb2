from typing import Any

import pytest

from workers.dev.bench.growth.filled import Names
from workers.dev.bench.growth.probes import probed, statements
from workers.dev.bench.growth.profiled import by_statement, hits, profiling
from workers.pipelines.telemetry.write.plan import ORDER


def operator(name: str, db_hits: int, *children: dict[str, Any]) -> dict[str, Any]:
    return {"operatorType": f"{name}@neo4j", "dbHits": db_hits, "children": list(children)}


WATERMARK = operator("EagerAggregation", 6)
FIRST = operator("Merge", 10, operator("Apply", 0, operator("Unwind", 0), operator("NodeUniqueIndexSeek", 3)))
SECOND = operator("Delete", 1)
PLAN = operator(
    "ProduceResults",
    0,
    operator("SubqueryForeach", 0, operator("Eager", 0, operator("SubqueryForeach", 0, WATERMARK, FIRST)), SECOND),
)


def test_the_hits_of_each_statement_are_those_of_its_subquery() -> None:
    assert [hits(part) for part in by_statement(PLAN, 2)] == [6, 13, 1]


def test_a_plan_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="the plan has 2 subqueries in place of 3"):
        by_statement(PLAN, 3)


@pytest.mark.parametrize(
    ("cypher", "profiled"),
    [
        ("CYPHER replan=skip\nMATCH (n) RETURN n", "CYPHER replan=skip PROFILE MATCH (n) RETURN n"),
        ("\nMATCH (n) RETURN n", "PROFILE MATCH (n) RETURN n"),
    ],
)
def test_profile_stands_behind_the_options(cypher: str, profiled: str) -> None:
    assert profiling(cypher) == profiled


def test_every_statement_has_rows_of_its_width() -> None:
    batch = statements(Names("run"), 10_000)
    assert [statement.name for statement in batch] == [template.name for template in ORDER]
    for statement, template in zip(batch, ORDER, strict=True):
        assert statement.rows, statement.name
        assert {len(row) for row in statement.rows} == {len(template.columns)}


def test_changed_traces_are_spread_over_the_graph() -> None:
    assert probed(10_000) == list(range(0, 1_000, 10))
    assert probed(100) == list(range(10))
