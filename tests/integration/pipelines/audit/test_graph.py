"""The worker's Cypher on the real Neo4j: contents that heal, alerts, and what keeps a chain from forking."""

from typing import Any

import neo4j
import pytest

from tests.integration.pipelines.audit.conftest import World
from tests.model import naive_chain
from tests.unit.pipelines.audit.records import AT, fields
from workers.core.errors import NewGraph
from workers.ops.audit.archive.known import CHAINS
from workers.ops.audit.archive.search import OBJECTS
from workers.ops.audit.expire import WAITING
from workers.pipelines.audit.alerts.options import Alerts, Denials, ManyContents, UnusualHour
from workers.pipelines.audit.archive.queries import EXPIRING
from workers.pipelines.audit.fold.chain import Chain
from workers.pipelines.audit.jobs.heal_contents import HEAL_COMPLETIONS, HEAL_PROMPTS
from workers.pipelines.audit.jobs.key_age import MeasureKeyAge
from workers.pipelines.audit.jobs.security_alerts import CountAlerts, RaiseAlerts
from workers.pipelines.audit.write.plan import plan
from workers.pipelines.audit.write.statements import SEEN_IDS

MINUTE, HOUR = 60_000, 3_600_000
MIDNIGHT = 1_762_387_200_000
"""2025-11-06T00:00:00Z, the day of AT."""

CONTENTS = """
MATCH (n:Prompt|Completion) WHERE n.id STARTS WITH $name
RETURN labels(n) AS labels, n.id AS id, n.stub AS stub, n.classification AS classification,
  COUNT { (:AuditEvent)-[:CONCERNS]->(n) } AS events
"""
REAL = "MERGE (n:{label} {{id: $id}}) SET n.content_ref = 'vault://internal/x/' + $id"
ALERTS = """
MATCH (a:SecurityAlert)-[:ABOUT]->(u:User) WHERE a.user_id STARTS WITH $name
RETURN a.rule AS rule, u.user_id AS user, a.classification AS classification, a.events AS events,
  a.timestamp.epochMillis AS at ORDER BY rule, at
"""
OPTIONS = Alerts(
    denials=Denials(count=3),
    many_contents=ManyContents(count=4),
    unusual_hour=UnusualHour(history_events=5),
)


def contents(found: list[dict[str, Any]]) -> list[tuple[list[str], bool | None, int]]:
    return [(each["labels"], each["stub"], each["events"]) for each in found]


async def test_a_stub_becomes_the_content_that_comes_later_and_the_other_order_gives_the_same(world: World) -> None:
    for number, label in enumerate(("Prompt", "Completion")):
        content = f"{world.name}-{number}"
        await world.query(REAL.format(label=label), id=content)
        await world.take(fields(audit_id=f"{content}-e", content_id=content))
        later = f"{content}-later"
        await world.take(fields(audit_id=f"{later}-e", content_id=later))
        await world.query(REAL.format(label=label), id=later)
    for job in (HEAL_PROMPTS, HEAL_COMPLETIONS):
        assert await world.take_steps(job) == (2 if job is HEAL_PROMPTS else 0)
    found = contents(await world.query(CONTENTS))
    assert sorted(found, key=str) == [(["Completion"], None, 1)] * 2 + [(["Prompt"], None, 1)] * 2


async def test_a_stub_of_a_guessed_kind_takes_the_kind_that_a_later_event_says(world: World) -> None:
    content = f"{world.name}-c"
    await world.take(fields(audit_id=f"{content}-1", content_id=content, classification="pii"))
    assert contents(await world.query(CONTENTS)) == [(["Prompt"], True, 1)]
    said = fields(audit_id=f"{content}-2", content_id=content, details={"content_kind": "completion"})
    await world.take(said)
    await world.take(fields(audit_id=f"{content}-3", content_id=content))
    (found,) = await world.query(CONTENTS)
    assert (found["labels"], found["stub"], found["events"]) == (["Completion"], True, 3)
    assert found["classification"] == "pii"


async def test_a_chain_goes_on_from_the_graph_and_a_duplicate_adds_nothing(world: World) -> None:
    sent = [fields(audit_id=f"{world.name}-{number}") for number in range(4)]
    await world.take(*sent[:2], partition=3)
    await world.take(sent[0], sent[2], partition=3)
    chain = await world.take(sent[3], sent[3], partition=3)
    assert chain.head.sequence == 4
    assert chain.head.hash.hex() == naive_chain.hashes(world.name, 3, sent)[-1]
    (page,) = await world.query(SEEN_IDS, after=world.name)
    assert page["keys"][:4] == [each["audit_id"] for each in sent]


async def test_a_new_chain_continues_the_one_before_and_leaves_it_as_it_was(world: World) -> None:
    await world.take(fields(audit_id=f"{world.name}-1"))
    await world.take(fields(audit_id=f"{world.name}-2"), chain_id="2")
    await world.take(fields(audit_id=f"{world.name}-3"), chain_id="3")
    follows = "MATCH (c:AuditChain {topic: $name})-[:CONTINUES]->(o) RETURN c.chain_id AS new, o.chain_id AS old"
    assert sorted((each["new"], each["old"]) for each in await world.query(follows)) == [("2", "1"), ("3", "2")]
    lengths = "MATCH (c:AuditChain {topic: $name}) RETURN c.length AS length, c.began_at IS NOT NULL AS dated"
    assert await world.query(lengths) == [{"length": 1, "dated": True}] * 3


async def test_a_chain_whose_head_is_gone_is_not_begun_again(world: World) -> None:
    await world.take(fields(audit_id=f"{world.name}-1"))
    await world.query("MATCH (c:AuditChain {topic: $name}) DETACH DELETE c")
    with pytest.raises(NewGraph, match="its AuditChain is gone"):
        await world.take(fields(audit_id=f"{world.name}-2"))
    chain = await world.take(fields(audit_id=f"{world.name}-2"), partition=1)
    assert chain.head.sequence == 1, "another partition has its own"


async def test_the_graph_refuses_a_second_event_at_a_place_of_a_chain(world: World) -> None:
    before = Chain.new((await world.take(fields(audit_id=f"{world.name}-1"))).name)
    fork = await _forked(world, before)
    with pytest.raises(neo4j.exceptions.ConstraintError):
        await world.run(plan([fork]))
    assert [each["n"] for each in await world.query("MATCH (e:AuditEvent {topic: $name}) RETURN count(e) AS n")] == [1]


async def _forked(world: World, chain: Chain) -> Chain:
    """Return a chain that links another event to the chain's beginning, as a worker with an outdated head would."""
    other = World(world._driver, world._database)  # noqa: SLF001 - the same graph, another topic
    made = await other.take(fields(audit_id=f"{world.name}-fork"))
    await other.query("MATCH (n:AuditEvent|AuditChain {topic: $name}) DETACH DELETE n")
    made.name = chain.name
    return made


async def test_denials_in_several_partitions_raise_one_alert_however_often_they_are_examined(world: World) -> None:
    user = f"{world.name}-mallory"
    job = RaiseAlerts(world.name, OPTIONS)
    for number in range(3):
        denial = fields("access.denied", audit_id=f"{world.name}-{number}", user_id=user, classification="restricted")
        await world.take({**denial, "timestamp": AT + number * MINUTE}, partition=number % 2)
        assert await world.take_steps(job) == 1
        assert len(await world.query(ALERTS)) == (number == 2)
    await world.query("MATCH (c:AuditChain {topic: $name}) SET c.examined = null")
    assert await world.take_steps(job) == 1
    assert await world.query(ALERTS) == [
        {"rule": "denial_burst", "user": user, "classification": "restricted", "events": 3, "at": AT + 2 * MINUTE}
    ]
    assert await world.take_steps(job) == 0


async def test_many_contents_and_an_unusual_hour_are_seen_and_usual_work_is_not(world: World) -> None:
    job = RaiseAlerts(world.name, OPTIONS)
    usual, thief = f"{world.name}-usual", f"{world.name}-thief"
    office = [
        fields(audit_id=f"{user}-{day}", user_id=user, timestamp=MIDNIGHT - day * 24 * HOUR + 10 * HOUR)
        for user in (usual, thief)
        for day in range(1, 7)
    ]
    await world.take(*office)
    assert await world.take_steps(job) == 1
    assert await world.query(ALERTS) == []
    await world.take(fields(audit_id=f"{usual}-today", user_id=usual, timestamp=MIDNIGHT + 11 * HOUR))
    night = MIDNIGHT + 3 * HOUR
    stolen = [
        fields(
            audit_id=f"{thief}-s{number}", user_id=thief, content_id=f"{world.name}-{number}", timestamp=night + number
        )
        for number in range(4)
    ]
    await world.take(*stolen, partition=1)
    assert await world.take_steps(job) == 1
    found = [(each["rule"], each["user"], each["events"]) for each in await world.query(ALERTS)]
    assert found == [("many_contents", thief, 4), ("unusual_hour", thief, 0)]


async def test_the_gauges_ask_for_the_oldest_key_and_for_the_alerts_of_the_last_hour(world: World) -> None:
    user, key = f"{world.name}-u", f"{world.name}-key"
    long_ago = 1_420_070_400_000
    rotated = [fields("key.rotated", audit_id=f"{key}-{at}", key_id=key, timestamp=long_ago + at) for at in (0, 7)]
    await world.take(*rotated)
    (age,) = await world.reader.ask(MeasureKeyAge().query(AT))
    assert age == {"rotated": long_ago + 7}, "no other key was rotated before"
    edit = "MATCH (e:AuditEvent {id: $id}) SET e.timestamp = 'yesterday' RETURN e.id AS id"
    await world.query(edit, id=f"{key}-7")
    (age,) = await world.reader.ask(MeasureKeyAge().query(AT))
    assert age == {"rotated": long_ago}, "an edited event is no rotation, and no error"
    denials = [fields("access.denied", audit_id=f"{user}-{number}", user_id=user) for number in range(3)]
    await world.take(*denials)
    assert await world.take_steps(RaiseAlerts(world.name, OPTIONS)) == 1
    (raised,) = await world.query(
        "MATCH (a:SecurityAlert {user_id: $user}) RETURN a.raised_at.epochMillis AS at", user=user
    )
    for late, found in ((0, True), (2, False)):
        rows = await world.reader.ask(CountAlerts().query(raised["at"] + HOUR * late + 60_000))
        counted = sum(row["alerts"] for row in rows if row["rule"] == "denial_burst")
        assert (counted > 0) is found


@pytest.mark.parametrize(
    "cypher", [CHAINS, OBJECTS, WAITING, EXPIRING], ids=("CHAINS", "OBJECTS", "WAITING", "EXPIRING")
)
async def test_the_objects_of_a_chain_are_found_along_an_index(world: World, cypher: str) -> None:
    steps = await world.plan_of(cypher, topic="t", url="u", now=0, before=0, since=None, until=None)
    assert "INDEX b:AuditBatch(" in steps
    assert "b:AuditBatch'" not in steps, "a label scan"
