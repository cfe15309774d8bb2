"""The reported usage is the naive count of calls, after each change."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import pytest

from tests.integration.pipelines.usage.conftest import BEGIN, HOUR, MINUTE, USAGE, World
from tests.model.naive_usage import naive_usage
from tests.model.traffic import seeded
from workers.adapters.graph.connection import GraphConnection
from workers.config.settings import Settings
from workers.core.job import Call
from workers.ops.model_purge import Due, purge_models
from workers.pipelines.registry.jobs import usage_queries as queries
from workers.pipelines.registry.jobs.usage_periods import recent_periods
from workers.pipelines.registry.jobs.usage_reports import SendUsageReports
from workers.pipelines.registry.jobs.usage_windows import CountUsage
from workers.pipelines.registry.options import Usage
from workers.pipelines.registry.times import iso_seconds

Told = dict[tuple[str, str], Any]
OVER = BEGIN + 5 * HOUR
UNUSED: dict[str, Any] = {
    "total_invocations": 0,
    "unique_users": 0,
    "avg_latency_ms": None,
    "error_rate": 0.0,
    "top_use_cases": [],
}


def told(calls: Iterable[Call]) -> Told:
    """Return the latest metrics of each model and window."""
    return {
        (unquote(call.path.split("/")[5]), call.body["time_range"]["start"]): call.body["metrics"] for call in calls
    }


def counted(world: World) -> Told:
    naive = naive_usage(world.calls, USAGE.window_ms, USAGE.top_use_cases)
    return {(model_id, iso_seconds(start)): metrics for (model_id, start), metrics in naive.items()}


@pytest.mark.parametrize("seed", range(6))
async def test_random_calls_and_late_changes_come_to_the_naive_count(world: World, seed: int) -> None:
    random = seeded(seed)
    await world.add(world.drawn(random, 60))
    first = await world.tell(OVER)
    assert told(first) == counted(world)
    assert await world.tell(OVER + 24 * HOUR - 1) == [], "nothing has changed, however often it is counted"
    before = told(first)
    for call in random.sample(world.calls, 15):
        await world.change(call["key"], **world.drawn(random, 1)[0])
    await world.add(world.drawn(random, 10))
    again = await world.tell(OVER + 24 * HOUR)
    now = counted(world) | dict.fromkeys(before.keys() - counted(world).keys(), UNUSED)
    assert told(again) == {window: metrics for window, metrics in now.items() if metrics != before.get(window)}
    assert len({call.idempotency_key for call in [*first, *again]}) == len(first) + len(again)


async def test_a_window_is_told_of_once_it_is_over_and_late_calls_have_had_their_time(world: World) -> None:
    await world.add(world.drawn(seeded(1), 5, hours=1))
    await world.add([{"model_id": f"{world.name}-a", "timestamp": BEGIN + HOUR, "status": "STARTED"}])
    assert await world.tell(BEGIN + HOUR + 10 * MINUTE - 1) == []
    first = told(await world.tell(BEGIN + HOUR + 10 * MINUTE))
    assert {start for _, start in first} == {"2016-01-01T00:00:00Z"}
    second = told(await world.tell(BEGIN + 2 * HOUR + 10 * MINUTE))
    assert (f"{world.name}-a", "2016-01-01T01:00:00Z") in second


async def test_after_its_time_a_window_is_not_restated_but_a_new_one_of_long_ago_is_told(world: World) -> None:
    await world.add(world.drawn(seeded(2), 5, hours=1))
    await world.tell(OVER)
    await world.tell(OVER + 24 * HOUR)
    await world.add(world.drawn(seeded(3), 5, hours=1))
    assert await world.tell(OVER + 25 * HOUR) == []
    old = {"model_id": f"{world.name}-a", "timestamp": BEGIN - 300 * 24 * HOUR, "status": "STARTED"}
    await world.add([old])
    assert list(told(await world.tell(OVER + 25 * HOUR))) == [(f"{world.name}-a", "2015-03-07T00:00:00Z")]


async def test_a_restatement_under_way_is_not_marked_as_posted_by_the_statement_before(world: World) -> None:
    await world.add(world.drawn(seeded(4), 1, hours=1))
    await world.run(recent_periods(USAGE), OVER)
    await world.run(CountUsage(USAGE), OVER)
    reports = SendUsageReports(USAGE, has_api=True)
    (step,) = reports.steps(await world.reader.ask(reports.query(OVER)), OVER)
    await world.change(world.calls[0]["key"], status="TIMEOUT", latency_ms=9.0)
    await world.run(CountUsage(USAGE), OVER + 24 * HOUR)
    assert step.record is not None
    assert step.refused is not None
    await world.recorder.record(step.record)
    await world.recorder.record(step.refused)
    (restated,) = await world.tell(OVER + 24 * HOUR)
    assert restated.body["metrics"]["error_rate"] == 1.0
    assert await world.query("MATCH (w:UsageWindow) WHERE w.posted_at IS NULL RETURN w.id AS id") == []


async def test_a_count_that_another_process_has_made_meanwhile_changes_nothing(world: World) -> None:
    await world.add(world.drawn(seeded(5), 20, hours=1))
    await world.run(recent_periods(USAGE), OVER)
    windows = CountUsage(USAGE)
    (step,) = windows.steps(await world.reader.ask(windows.query(OVER)), OVER)
    assert step.record is not None
    await world.tell(OVER)
    before = await world.query("MATCH (w:UsageWindow) RETURN properties(w) AS w ORDER BY w.id")
    await world.recorder.record(step.record)
    assert await world.query("MATCH (w:UsageWindow) RETURN properties(w) AS w ORDER BY w.id") == before


async def test_a_refused_statement_is_due_again_later(world: World) -> None:
    await world.add(world.drawn(seeded(6), 1, hours=1))
    await world.run(recent_periods(USAGE), OVER)
    await world.run(CountUsage(USAGE), OVER)
    reports = SendUsageReports(USAGE, has_api=True)
    for now, minutes in ((OVER, 1), (OVER + MINUTE, 2)):
        (step,) = reports.steps(await world.reader.ask(reports.query(now)), now)
        assert step.refused is not None
        await world.recorder.record(step.refused)
        assert await world.reader.ask(reports.query(now + minutes * MINUTE - 1)) == []
    assert len(await world.tell(OVER + 3 * MINUTE)) == 1


async def test_windows_of_another_length_do_not_count_anything_twice(world: World) -> None:
    await world.add(world.drawn(seeded(7), 40))
    first = await world.tell(OVER)
    for minutes in (30, 120, 1_440):
        other = Usage(topic="usage", window_minutes=minutes, late_minutes=0, restate_hours=24, top_use_cases=2)
        assert await world.tell(OVER + 48 * HOUR, other) == []
    assert sum(call.body["metrics"]["total_invocations"] for call in first) == 40


DELETED_UNUSED = """
MATCH (m:Model {model_id: $id})
SET m.purge_after = datetime(), m.sync_timestamp = datetime(), m.names_compared_at = datetime() + duration({seconds: 1})
"""


async def test_a_purged_model_takes_its_windows_along(world: World) -> None:
    await world.add(world.drawn(seeded(8), 1, hours=1))
    (call,) = await world.tell(OVER)
    model_id = unquote(call.path.split("/")[5])
    await world.write(DELETED_UNUSED, id=model_id)
    await world.write("MATCH (i:Invocation)-[:USES_MODEL]->(:Model {model_id: $id}) DETACH DELETE i", id=model_id)
    async with GraphConnection(Settings.from_environment().neo4j) as connection:
        assert await purge_models(connection, [Due(model_id, "", ())]) == [model_id]
    assert await world.query("MATCH (n:Model|UsageWindow {model_id: $id}) RETURN n", id=model_id) == []
    assert await world.tell(OVER + 24 * HOUR) == []


@pytest.mark.parametrize(
    ("cypher", "parameters"),
    [
        (queries.NEW_PERIODS, {"since": 0, "until": OVER, "day": 24 * HOUR, "length": HOUR, "page": 9}),
        (queries.PERIODS_FOUND, {"starts": [BEGIN], "length": HOUR, "now": OVER}),
        (queries.PERIOD_DUE, {"now": OVER, "top": 3}),
        (queries.PERIOD_COUNTED, {"start": 0, "now": 0, "counted_at": 0, "count_at": None, "rows": []}),
        (queries.WINDOWS_DUE, {"now": OVER, "page": 9}),
        (queries.WINDOW_POSTED, {"id": "w", "stats_id": "s", "now": 0}),
        (queries.WINDOW_REFUSED, {"id": "w", "stats_id": "s", "refusals": 1, "post_at": 0}),
    ],
)
async def test_every_query_goes_along_indexes(world: World, cypher: str, parameters: dict[str, Any]) -> None:
    result = await world.driver.execute_query(f"EXPLAIN {cypher}", parameters, database_=world.database)
    plan = str(result.summary.plan)
    assert "IndexSeek" in plan
    assert "LabelScan" not in plan
    assert "AllNodesScan" not in plan
    assert "IndexScan" not in plan


async def test_a_question_reads_only(world: World) -> None:
    parameters = {"since": 0, "until": 1, "day": 1, "length": 1, "page": 1, "now": 0, "top": 1}
    for cypher in (queries.NEW_PERIODS, queries.PERIOD_DUE, queries.WINDOWS_DUE):
        result = await world.driver.execute_query(f"EXPLAIN {cypher}", parameters, database_=world.database)
        assert result.summary.query_type == "r"
