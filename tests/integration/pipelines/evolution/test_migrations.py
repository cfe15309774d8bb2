"""The worker's Cypher for queries and writes, on the real Neo4j."""

import asyncio

import pytest

from tests.integration.pipelines.evolution.conftest import WAIT_MS, World
from tests.unit.pipelines.evolution.decisions import then
from workers.adapters.graph.connection import GraphConnection
from workers.config.settings import Settings
from workers.core.job import Publish
from workers.ops.model_purge import models_due, purge_models
from workers.ops.schema_approval.listed import listed
from workers.pipelines.evolution.events import Decided, Executed, RolledBack
from workers.pipelines.evolution.jobs.find_versions import FindVersions
from workers.pipelines.evolution.jobs.queries import REPEAT_MS

NARROW, WIDE, OTHER = '{"enum": ["C"]}', '{"enum": ["C", "F"]}', '{"enum": ["K"]}'


async def decide(world: World, version: str, *, approved: bool = True) -> None:
    migration_id = (await world.properties(version))["migration_id"]
    event = then(version, Decided(approved, "ada", "planned"), world.now, world.schema_id)
    await world.log(event._replace(migration_id=migration_id))


async def first(world: World, *models: str) -> None:
    await world.publish("1", NARROW, *models)
    await world.settle()


async def test_a_backward_version_is_migrated_to_with_all_that_used_the_one_before(world: World) -> None:
    await first(world, "a", "b")
    assert await world.show() == (["1"], {"a": "1", "b": "1"}, [["1", "CONFIRMED"]])
    await world.publish("2", WIDE, "a", "c", at=1)
    await world.settle()
    assert await world.show() == (
        ["2"],
        {"a": "2", "b": "2", "c": "2"},
        [["1", "CONFIRMED"], ["2", "CONFIRMED"]],
    )
    kept = await world.properties("2")
    assert (kept["from_version"], kept["change_class"]) == ("1", "backward")
    assert (sorted(kept["moved_models"]), kept["joined_models"]) == (
        [world.model("a"), world.model("b")],
        [world.model("c")],
    )
    times = ("published_at", "validated_at", "scheduled_at", "executed_at", "verified_at", "confirmed_at")
    assert all(kept[time] is not None for time in times)
    confirmed = [each.fields["version"] for each in world.told if isinstance(each, Publish)]
    assert confirmed == ["1", "2"]


async def test_a_forward_version_waits_for_its_models_to_be_known(world: World) -> None:
    await first(world)
    await world.publish("2", WIDE, at=1)
    await world.settle()
    await world.publish("3", NARROW, "a", "b", at=2)
    await world.know("a")
    await world.settle()
    assert (await world.show()).migrations[-1] == ["3", "BUFFERED"]
    await world.know("b")
    await world.settle()
    assert (await world.show()).current == ["3"]
    assert (await world.properties("3"))["decided_why"] == "the registry knows all its models"


async def test_a_forward_version_waits_no_longer_than_it_is_told_to(world: World) -> None:
    await world.publish("1", WIDE)
    await world.settle()
    await world.publish("2", NARROW, "nobody", at=1)
    await world.settle()
    world.now += WAIT_MS - 1
    await world.settle()
    assert (await world.show()).migrations[-1] == ["2", "BUFFERED"]
    world.now += 1
    await world.settle()
    assert (await world.show())[:2] == (["2"], {"nobody": "2"})


@pytest.mark.parametrize("approved", [True, False])
async def test_a_breaking_version_is_notified_once_and_waits(world: World, *, approved: bool) -> None:
    await first(world, "a")
    await world.publish("2", OTHER, "a", at=1)
    await world.settle()
    world.now += 10 * REPEAT_MS
    await world.settle()
    assert await world.show() == (["1"], {"a": "1"}, [["1", "CONFIRMED"], ["2", "AWAITING_APPROVAL"]])
    notified = [each for each in world.told if isinstance(each, Publish) and each.topic == "schema-notifications"]
    assert len(notified) == 1
    await decide(world, "2", approved=approved)
    await world.settle()
    version, state = ("2", "CONFIRMED") if approved else ("1", "REJECTED")
    assert await world.show() == ([version], {"a": version}, [["1", "CONFIRMED"], ["2", state]])
    kept = await world.properties("2")
    assert (kept["decided_by"], kept["decided_why"]) == ("ada", "planned")


async def test_versions_have_their_turn_by_time_then_by_their_numbers(world: World) -> None:
    for version, at in (("1.10", 1), ("1.9", 1), ("2", 0)):
        await world.publish(version, WIDE, at=at)
    seen = []
    while await world.take(world.publishing):
        seen += [version for version, state in (await world.show()).migrations if state == "SCHEDULED"]
        while await world.take(world.migrating):
            pass
    assert seen == ["2", "1.9", "1.10"]


async def test_a_late_version_that_is_older_than_the_current_one_is_rejected(world: World) -> None:
    await world.publish("1.10", NARROW, at=5)
    await world.settle()
    await world.publish("1.9", NARROW, at=5)
    await world.publish("1.1", NARROW, at=1)
    await world.settle()
    assert (await world.show()).current == ["1.10"]
    for version in ("1.9", "1.1"):
        kept = await world.properties(version)
        assert (kept["state"], kept["decided_by"]) == ("REJECTED", "memory-graph")
        assert kept["decided_why"] == "it is older than the current version 1.10"


async def test_a_version_that_was_deleted_or_replaced_while_it_waited_is_rejected(world: World) -> None:
    await first(world)
    await world.publish("2", OTHER, at=1)
    await world.settle()
    await world.withdraw("2")
    await world.settle()
    assert (await world.properties("2"))["decided_why"] == "its version was deleted"
    await world.publish("3", OTHER, at=2)
    await world.settle()
    await world.publish("3", WIDE, at=2)
    await world.settle()
    assert await world.show() == (
        ["3"],
        {},
        [["1", "CONFIRMED"], ["2", "REJECTED"], ["3", "CONFIRMED"], ["3", "REJECTED"]],
    )


async def test_the_current_version_with_other_contents_waits_for_approval(world: World) -> None:
    await first(world, "a")
    await world.publish("1", WIDE, "a")
    await world.settle()
    assert (await world.show()).migrations == [["1", "AWAITING_APPROVAL"], ["1", "CONFIRMED"]]


async def test_a_refused_confirmation_is_kept_shown_sent_again_later_and_holds_up_no_version(world: World) -> None:
    world.refuses = "the registry's API answers POST with 404"
    await first(world, "a")
    await world.publish("2", WIDE, "a", at=1)
    await world.settle()
    assert await world.show() == (["2"], {"a": "2"}, [["1", "VERIFIED"], ["2", "VERIFIED"]])
    shown = await listed(Settings.from_environment().neo4j, world.schema_id)
    assert [(each.version, each.refused_why) for each in shown] == [("1", world.refuses), ("2", world.refuses)]
    world.refuses = None
    world.now += 59_999
    await world.settle()
    assert (await world.show()).migrations == [["1", "VERIFIED"], ["2", "VERIFIED"]], "not before its time"
    world.now += 1
    await world.settle()
    assert (await world.show()).migrations == [["1", "CONFIRMED"], ["2", "CONFIRMED"]]
    shown = await listed(Settings.from_environment().neo4j, world.schema_id)
    assert [each.refused_why for each in shown] == [None, None]


async def test_a_schema_that_has_not_changed_lately_is_asked_for_once_and_then_seldom(world: World) -> None:
    await world.publish("1", NARROW)
    long_ago = "MATCH (v:SchemaVersion {schema_id: $id}) SET v.sync_timestamp = datetime() - duration({minutes: 11})"
    await world.query(long_ago, id=world.schema_id)
    before = FindVersions("log")
    assert len(await world.steps(before)) == 1, "a new process looks at all of them"
    assert list(before.steps([], world.now)) == []
    assert await world.steps(before) == []
    await world.publish("1", WIDE)
    assert len(await world.steps(before)) == 1, "it has changed now"


CORRUPTIONS: dict[str, str] = {
    "has the hash": "MATCH (v:SchemaVersion {schema_id: $id, version: '2'}) SET v.json_schema = '{}'",
    "current versions are": """MATCH (s:Schema {schema_id: $id})-[:HAS_VERSION]->(v {version: '1'})
        CREATE (s)-[:CURRENT_VERSION]->(v)""",
    "still use 1": """MATCH (v:SchemaVersion {schema_id: $id, version: '1'})
        CREATE (:Model {model_id: $id})-[:USES_SCHEMA]->(v)""",
    "do not use 2": "MATCH (m:Model)-[u:USES_SCHEMA]->({schema_id: $id, version: '2'}) WITH u LIMIT 1 DELETE u",
}


@pytest.mark.parametrize("reason", CORRUPTIONS)
async def test_what_is_found_wrong_is_rolled_back_to_what_was_before(world: World, reason: str) -> None:
    await first(world, "a", "b")
    await world.publish("2", WIDE, "b", "c", at=1)
    await world.take(world.publishing)
    await world.take(world.migrating)
    assert (await world.show())[:2] == (["2"], {"a": "2", "b": "2", "c": "2"})
    await world.query(CORRUPTIONS[reason], id=world.schema_id)
    await world.settle()
    shown = await world.show()
    assert shown.current == ["1"]
    assert {model: used for model, used in shown.users.items() if model != "tool"} == {"a": "1", "b": "1"}
    kept = await world.properties("2")
    assert (kept["state"], reason in kept["rolled_back_why"]) == ("ROLLED_BACK", True)


async def test_a_first_version_that_is_rolled_back_leaves_nothing_current(world: World) -> None:
    await world.publish("1", NARROW, "a")
    await world.take(world.publishing)
    await world.take(world.migrating)
    await world.query("MATCH (v:SchemaVersion {schema_id: $id}) SET v.json_schema = '{}'", id=world.schema_id)
    await world.settle()
    assert await world.show() == ([], {}, [["1", "ROLLED_BACK"]])


async def test_a_plan_that_runs_again_moves_and_forgets_nothing(world: World) -> None:
    await first(world, "a", "b")
    await world.publish("2", WIDE, "b", "c", at=1)
    await world.take(world.publishing)
    (migration,) = [each for each in world.table.state(world.schema_id).migrations if "@2#" in each]
    event = then("2", Executed(), world.now, world.schema_id)._replace(migration_id=migration)
    plan = world.table.take([event])
    await world.run(plan)
    once, kept = await world.show(), await world.properties("2")
    await world.run(plan)
    assert (await world.show(), await world.properties("2")) == (once, kept)
    back = world.table.take([event._replace(change=RolledBack("odd"))])
    for _ in range(2):
        await world.run(back)
        assert (await world.show())[:2] == (["1"], {"a": "1", "b": "1"})


async def test_a_log_that_is_folded_at_once_into_an_empty_graph_comes_to_the_same(world: World) -> None:
    await first(world, "a", "b")
    for version, contents, at in (("2", WIDE, 1), ("3", OTHER, 2)):
        await world.publish(version, contents, "a", "c", at=at)
        await world.settle()
    await decide(world, "3")
    await world.settle()
    before, kept = await world.show(), [await world.properties(version) for version in ("1", "2", "3")]
    await world.query("MATCH (n) WHERE n.schema_id = $id DETACH DELETE n", id=world.schema_id)
    world.table.states.clear()
    await world.run(world.table.take(world.events))
    assert await world.show() == before
    clocks = ("announced_at", "announced_state", "notified_at")
    for version, was in zip(("1", "2", "3"), kept, strict=True):
        now = await world.properties(version)
        assert {key: now.get(key) for key in was if key not in clocks} == {
            key: value for key, value in was.items() if key not in clocks
        }
    assert await world.steps(world.migrating) == [], "and nothing is due before the registry has told of its versions"


async def test_a_step_that_was_told_is_not_told_again_until_its_time(world: World) -> None:
    await world.publish("1", NARROW)
    (step,) = await world.steps(world.publishing)
    assert step.record is not None
    await world.query(step.record.cypher, **step.record.parameters)
    assert await world.steps(world.publishing) == []
    world.now += REPEAT_MS + 1
    assert len(await world.steps(world.publishing)) == 1


async def test_a_step_announced_while_the_worker_writes_the_next_state_delays_nothing(world: World) -> None:
    """The announcement reads the old state, waits for the worker's locks, and is written over the new state."""
    await world.publish("1", NARROW)
    await world.take(world.publishing)
    (scheduled,) = await world.steps(world.migrating)
    assert scheduled.record is not None
    migration = await world.properties("1")
    async with world.driver.session(database=world.database) as session:
        writing = await session.begin_transaction()
        executed = "MATCH (m:SchemaMigration {migration_id: $id}) SET m.state = 'EXECUTED'"
        await (await writing.run(executed, id=migration["migration_id"])).consume()
        announcing = asyncio.create_task(world.query(scheduled.record.cypher, **scheduled.record.parameters))
        await asyncio.sleep(1)
        assert not announcing.done(), "it waits for the lock"
        await writing.commit()
    await announcing
    assert len(await world.steps(world.migrating)) == 1, "the step of the new state is due at once"


async def test_a_model_that_a_schema_ties_goes_with_its_tie(world: World) -> None:
    await world.know("a")
    await first(world, "a")
    await world.query(
        """MATCH (m:Model {model_id: $id})<-[named:COMPATIBLE_WITH]-()
        SET m.deleted_at = datetime(), m.purge_after = datetime(), m.sync_timestamp = datetime(),
          m.names_compared_at = datetime() + duration({seconds: 1})
        DELETE named""",
        id=world.model("a"),
    )
    async with GraphConnection(Settings.from_environment().neo4j) as connection:
        due = [each for each in await models_due(connection) if each.model_id == world.model("a")]
        assert [each.used_by for each in due] == [()]
        assert await purge_models(connection, due) == [world.model("a")]
    assert (await world.show())[:2] == (["1"], {})
